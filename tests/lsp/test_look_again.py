"""`rlm/ask` with `again`: the question of an earlier run, of its texts as they are now."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lsp.editor import Connect, RpcError, document, settings_for
from tests.scripted import script

ERRORS = script('submit(f"{count(\'ERROR\')} errors", cite=find("ERROR", limit=1))')


async def test_a_question_is_asked_again_of_what_has_come(editor: Connect, models: Connect, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("ERROR one\n")
    served = await models([ERRORS, ERRORS])
    connected = await editor(options=settings_for(served.base_url, directTokens=0))
    first = await connected.request("rlm/ask", {"question": "How many?", "scope": document(log.as_uri())})
    assert first["coverage"]["upTo"][0]["line"] == 1
    with log.open("a") as file:
        file.write("ERROR two\n")
    asked = {"question": "", "scope": {"kind": "workspace"}, "again": first["runId"]}
    second = await connected.request("rlm/ask", asked)
    assert second["answer"] == "2 errors"
    assert second["runId"] != first["runId"]
    told = served.requests[-1].messages[-1]["content"]
    assert "a.log goes on: lines 2 to 2 are new" in told
    assert "How many?" in told


async def test_by_a_command_and_of_the_open_text(editor: Connect, models: Connect, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("ERROR one\n")
    served = await models([ERRORS, ERRORS])
    connected = await editor(options=settings_for(served.base_url))
    first = await connected.request("rlm/ask", {"question": "How many?", "scope": document(log.as_uri())})
    connected.open(log.as_uri(), "ERROR one\nERROR not saved\nERROR three\n")
    asked = {"command": "rlm.server.ask", "arguments": [{"again": first["runId"], "show": False}]}
    assert (await connected.request("workspace/executeCommand", asked))["answer"] == "3 errors"


async def test_of_a_run_that_is_unknown_there_is_no_more(editor: Connect) -> None:
    connected = await editor()
    with pytest.raises(RpcError) as error:
        await connected.request("rlm/ask", {"question": "", "scope": {"kind": "workspace"}, "again": "none"})
    assert error.value.code == 4401
