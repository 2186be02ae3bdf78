"""`rlm/runs` with a search, and `rlm/deleteRuns`."""

from __future__ import annotations

from typing import Any

import pytest
from tests.lsp.editor import Connect, Editor, RpcError, document


async def asked(client: Editor, question: str) -> str:
    client.open("file:///app.log", "ERROR one\nINFO two\n" * 20)
    answer = await client.request("rlm/ask", {"question": question, "scope": document("file:///app.log")})
    return str(answer["runId"])


async def listed(client: Editor, **params: Any) -> list[str]:
    return [run["runId"] for run in (await client.request("rlm/runs", params))["runs"]]


async def test_runs_are_searched_and_deleted(editor: Connect) -> None:
    client = await editor()
    first = await asked(client, "How many lines contain ERROR?")
    client.notify("textDocument/didClose", {"textDocument": {"uri": "file:///app.log"}})
    second = await asked(client, "How many lines contain INFO?")
    assert await listed(client) == [second, first]
    assert await listed(client, search="error MANY") == [first]
    assert await listed(client, search="nothing of it") == []
    assert await client.request("rlm/deleteRuns", {"runIds": [first]}) == {"deleted": 1}
    assert await listed(client) == [second]
    uri = f"rlm:/answer/{first}.md"
    for method, params in (
        ("rlm/trace", {"runId": first}),
        ("workspace/textDocumentContent", {"uri": uri}),
        ("rlm/deleteRuns", {"runIds": [first]}),
    ):
        with pytest.raises(RpcError) as refused:
            await client.request(method, params)
        assert refused.value.code == 4401
    assert await client.request("rlm/deleteRuns", {"olderThanDays": 1}) == {"deleted": 0}
    for params in ({}, {"all": True, "runIds": [second]}, {"all": False}, {"olderThanDays": -1}):
        with pytest.raises(RpcError) as refused:
            await client.request("rlm/deleteRuns", params)
        assert refused.value.code == 4002
    deleting = {"command": "rlm.server.deleteRuns", "arguments": [{"all": True}]}
    assert await client.request("workspace/executeCommand", deleting) == {"deleted": 1}
    assert await listed(client) == []
