"""`rlm/data`: what an answer holds for a spreadsheet."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lsp.editor import Connect, RpcError, document, settings_for
from tests.scripted import script


async def test_data_and_tables_of_a_stored_answer(editor: Connect, models: Connect, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("one\n")
    served = await models([script("submit('| n |\\n| --- |\\n| =2 |', cite=[], data={'hosts': [{'name': 'pay'}]})")])
    connected = await editor(options=settings_for(served.base_url))
    scope = document((tmp_path / "a.log").as_uri())
    run = (await connected.request("rlm/ask", {"question": "q", "scope": scope}))["runId"]
    found = await connected.request("rlm/data", {"runId": run})
    assert found == {"text": "name\npay\n\nn\n'=2\n", "tables": 2}
    found = await connected.request("rlm/data", {"runId": run, "format": "json"})
    assert '"name": "pay"' in found["text"]
    found = await connected.request("rlm/data", {"runId": run, "format": "markdown"})
    assert found["text"].startswith("# q\n")
    with pytest.raises(RpcError) as error:
        await connected.request("rlm/data", {"runId": "none"})
    assert error.value.code == 4401
    with pytest.raises(RpcError, match="csv, json, markdown"):
        await connected.request("rlm/data", {"runId": run, "format": "xls"})


async def test_charts_are_pictures_whose_points_are_citations(editor: Connect, models: Connect, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("x=1\nx=2\nx=2\n")
    served = await models([script("chart('bars', r'x=(.)', 'X')\nchart('table', [['a', 1]])\nsubmit('see', cite=[1])")])
    connected = await editor(options=settings_for(served.base_url))
    scope = document((tmp_path / "a.log").as_uri())
    answer = await connected.request("rlm/ask", {"question": "q", "scope": scope})
    assert [[row["cells"], row["cited"]] for row in answer["charts"][0]["rows"]] == [[["2", 2], 1], [["1", 1], 0]]
    assert [one["charted"] for one in answer["citations"]] == [False, True]
    assert [one["location"]["range"]["start"]["line"] for one in answer["citations"]] == [0, 1]
    (picture,) = (await connected.request("rlm/charts", {"runId": answer["runId"]}))["charts"]
    assert (picture["title"], picture["note"]) == ("X", "")
    assert 'data-citation="1"' in picture["svg"]
    page = f"rlm:/answer/{answer['runId']}.md"
    whole, drawn = [
        (await connected.request("workspace/textDocumentContent", {"uri": uri}))["text"]
        for uri in (page, f"{page}?drawn")
    ]
    assert ("### X" in whole, "### X" in drawn) == (True, False)
    assert "| a | 1 |" in drawn  # a table is no picture
    targets = [link["target"] for link in await connected.request("textDocument/documentLink", document(page))]
    assert len(targets) == 3  # a bar each, and the list's
    with pytest.raises(RpcError) as error:
        await connected.request("rlm/charts", {"runId": "none"})
    assert error.value.code == 4401
