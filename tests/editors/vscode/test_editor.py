"""The extension in a real VS Code, in a real browser, with the real server: what a user does, and what comes of it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.editors.vscode.code import running
from tests.editors.vscode.replies import ANSWER, FOLLOW_UP, LOOK, held, model_settings, requests, serving

QUESTION = "Why did charges fail in the night, and since when?"


def test_a_question_from_the_palette_to_the_selected_line(
    vsix: Path, tmp_path: Path, small_log: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_KEY", "sk-test")
    replies = [held(LOOK), ANSWER, held(FOLLOW_UP)]
    with serving(tmp_path, replies) as base_url:
        settings = {**model_settings(base_url), "editor.minimap.enabled": False}
        with running(tmp_path, settings=settings, options=("--disable-workspace-trust",), vsix=vsix) as code:
            shutil.copy(small_log(20_000), code.workspace / "shop.log")
            found = code.drive("ui", question=QUESTION, followUp="How many orders failed?", model=base_url)
    lines = (tmp_path / "workspace" / "shop.log").read_text("utf-8").splitlines()
    cited = next(number for number, line in enumerate(lines, 1) if "config reload" in line and "db.pool.size" in line)

    assert "I look at which errors" in found["streamed"]
    assert re.search(r"RLM turn \d", found["status"])
    assert "turn" in found["notification"]
    assert found["focused"]
    assert found["focusedAfter"]
    assert f"shop.log:{cited}" in found["answer"]
    assert "1 document in scope, 1 searched" in found["answer"]
    assert "Cost: 2 turns" in found["answer"]
    assert found["selection"].startswith(f"Ln {cited}, ")
    assert f"({len(lines[cited - 1].encode('utf-16-le')) // 2} selected)" in found["selection"]
    assert "shop.log" in found["peeked"]
    assert "orders failed" in found["followed"]
    assert "I count" in found["live"]
    assert "Answer" not in found["live"]
    assert "count('OrderFailed')" in found["trace"]
    assert found["keyboard"] == ["SUMMARY", False]
    assert "How many orders failed?" in found["history"]
    assert "answered" in found["history"]
    assert "about shop.log" in found["offline"]


def test_an_untrusted_workspace_is_asked_about_without_its_own_endpoint(
    vsix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_KEY", "sk-test")
    own, foreign = tmp_path / "own", tmp_path / "foreign"
    with serving(own, [FOLLOW_UP]) as base_url, serving(foreign, [FOLLOW_UP]) as elsewhere:
        with running(tmp_path, settings=model_settings(base_url), vsix=vsix) as code:
            (code.workspace / "shop.log").write_text("OrderFailed\nfine\n")
            (code.workspace / ".vscode").mkdir()
            stolen = {"rlm.models.apiBase": elsewhere, "rlm.levels": ["dsl", "native"]}
            (code.workspace / ".vscode" / "settings.json").write_text(json.dumps(stolen))
            found = code.drive("restricted")
        asked, stolen_from = requests(base_url), requests(elsewhere)
    assert "restricted" in found["title"]
    assert "not trusted" in found["tooltip"]
    assert "1 orders failed." in found["answer"]
    assert len(asked) == 1
    assert stolen_from == []
