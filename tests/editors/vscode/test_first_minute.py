"""A new user: nothing is configured, and that is a choice with buttons, not an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.editors.vscode.code import running
from tests.editors.vscode.replies import FOLLOW_UP, requests, serving


def test_who_has_chosen_no_model_is_offered_those_that_are_there(
    vsix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path, [FOLLOW_UP]) as base_url:
        # Its usual address would be a port that is not ours to take.
        monkeypatch.setenv("HOSTED_VLLM_API_BASE", base_url)
        settings = {"rlm.context.directTokens": 0}
        with running(tmp_path, settings=settings, options=("--disable-workspace-trust",), vsix=vsix) as code:
            (code.workspace / "shop.log").write_text("OrderFailed\nfine\n" * 40)
            found = code.drive("first", question="How many lines contain OrderFailed?")
        asked = requests(base_url)
    assert "not a language model" in found["rules"]
    assert "No language model is chosen yet" in found["rules"]
    assert "vLLM: scripted" in found["offers"]
    assert found["offers"][-2:] == ["A key…", "Rules will do"]
    assert "40 orders failed." in found["answer"]
    assert [request["body"]["model"] for request in asked] == ["scripted"]
    assert found["offersAfter"] == 0
    assert found["now"] == "Now: hosted_vllm/scripted"
    assert "vLLM, at http://127.0.0.1:" in found["list"]
