"""`rlm/estimate` and `rlm.server.clearCache`, as an editor sees them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lsp.editor import Connect, RpcError, document, settings_for
from tests.scripted import TEXT

from rlm_ls.store.calls import CachedReply
from rlm_ls.store.database import Store

URI = "file:///app.log"


async def test_an_estimate_is_of_the_open_text_and_calls_no_model(editor: Connect, models: Connect) -> None:
    server = await models()
    connected = await editor(options=settings_for(server.base_url, budget={"askAboveUsd": 0.5}))
    connected.open(URI, TEXT)
    found = await connected.request("rlm/estimate", {"question": "What failed?", "scope": document(URI)})
    assert (found["route"], found["documents"], found["characters"]) == ("rlm", 1, len(TEXT))
    assert found["likely"]["turns"] == 2
    assert found["high"]["tokens"] > found["likely"]["tokens"] > 1000
    assert found["askAbove"] == 0.5
    assert server.requests == []
    assert (await connected.request("rlm/runs"))["runs"] == []


async def test_an_estimate_fails_as_the_question_would(editor: Connect) -> None:
    connected = await editor()
    with pytest.raises(RpcError) as error:
        await connected.request("rlm/estimate", {"question": "What?", "scope": document("file:///nowhere.log")})
    assert error.value.code == 4101


async def test_the_command_clears_what_was_kept(editor: Connect, state_dir: Path) -> None:
    store = await Store.open(state_dir)
    await store.cache_reply("key", CachedReply("yes", "m", 1, 1, None))
    for folder in ("programs", "remote"):
        (state_dir / folder).mkdir()
        (state_dir / folder / "kept").write_bytes(b"x" * 100)
    (state_dir / "line-index.json").write_text("[]")
    connected = await editor()
    cleared = await connected.request("workspace/executeCommand", {"command": "rlm.server.clearCache"})
    assert (cleared["entries"], cleared["programs"], cleared["copies"]) == (1, 1, 1)
    assert cleared["bytes"] > 200
    assert await store.cached_replies(["key"]) == {}
    assert not any((state_dir / name).exists() for name in ("programs/kept", "remote/kept", "line-index.json"))
    await store.close()
