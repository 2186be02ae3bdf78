"""A state folder that cannot be used: the editor hears of it, and questions are answered all the same."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest
from tests.lsp.editor import Connect, RpcError, document

from rlm_ls.lsp.stdio import TextlessFormatter
from rlm_ls.store.schema import FILE_NAME

QUESTION = {"question": "How many lines contain ERROR?", "scope": document("file:///app.log")}


def test_the_log_says_where_and_what_kind_and_nothing_that_an_exception_quotes() -> None:
    try:
        try:
            int("MARK of a text")
        except ValueError as error:
            raise KeyError("MARK again") from error
    except KeyError:
        record = logging.LogRecord("rlm_ls", logging.ERROR, "", 0, "a request failed", (), sys.exc_info())
    line = TextlessFormatter("%(levelname)s %(message)s").format(record)
    assert "MARK again" not in line.replace('raise KeyError("MARK again")', "")
    assert "invalid literal" not in line
    assert ["KeyError" in line, "ValueError" in line, "test_no_history.py" in line] == [True] * 3


async def test_questions_are_answered_without_a_history_and_the_editor_hears_why(
    editor: Connect, state_dir: Path
) -> None:
    (state_dir / FILE_NAME).mkdir(parents=True)
    client = await editor()
    client.open("file:///app.log", "ERROR one\nINFO two\n" * 20)
    answer = await client.request("rlm/ask", QUESTION)
    assert answer["status"] == "answered"
    assert [warning for warning in answer["warnings"] if "4402" in warning]
    shown = [message["message"] for message in client.all("window/showMessage")]
    assert len([text for text in shown if "4402" in text]) == 1
    trace = await client.request("rlm/trace", {"runId": answer["runId"]})
    assert trace["events"][0]["type"] == "runStarted"
    with pytest.raises(RpcError) as refused:
        await client.request("rlm/runs", {})
    assert refused.value.code == 4402
