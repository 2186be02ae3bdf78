"""Opening a folder in a real VS Code runs nothing of it, trusted or not, and sends nothing where it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.editors.vscode.code import installed, running
from tests.editors.vscode.replies import FOLLOW_UP, model_settings, requests, serving
from tests.hostile_folder import HostileFolder


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "restricted"])
def test_a_folder_that_is_opened_and_asked_about_runs_nothing(
    vsix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    monkeypatch.setenv("SCRIPTED_KEY", "sk-test")
    hostile = HostileFolder(tmp_path / "workspace", tmp_path / "marks")
    for name, value in hostile.environment.items():
        monkeypatch.setenv(name, value)
    installed(tmp_path, vsix)
    with serving(tmp_path / "foreign", [FOLLOW_UP]) as elsewhere:
        theirs = {
            **model_settings(elsewhere),
            "rlm.server.path": str(hostile.path / "rlm-ls"),
            "rlm.server.python": str(hostile.path / "python3"),
            "rlm.workspace": {},
        }
        (hostile.path / ".vscode").mkdir()
        (hostile.path / ".vscode" / "settings.json").write_text(json.dumps(theirs))
        options = ("--disable-workspace-trust",) if trusted else ()
        with running(tmp_path, settings={"rlm.server.path": None}, options=options, vsix=vsix) as code:
            found = code.drive("hostile")
        asked = requests(elsewhere)
    assert "rules, not a language model" in found["answer"]
    assert asked == []
    assert hostile.ran() == []
