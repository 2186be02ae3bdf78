"""`rlm-ls doctor --report`: enough for a bug report, and nothing of the user's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SECRET = "Zq9vLw2mXk71pQ"


def rlm(tmp_path: Path, *arguments: str, **variables: str) -> str:
    environment = {**os.environ, "HOME": str(tmp_path / "home"), "RLM_STATE_DIR": str(tmp_path / "home" / "state")}
    environment |= variables
    call = [sys.executable, "-P", "-m", "rlm_ls", *arguments]
    done = subprocess.run(call, capture_output=True, timeout=240, cwd=tmp_path, env=environment, check=False)
    return (done.stdout + done.stderr).decode()


def test_a_report_tells_of_installation_settings_and_runs(tmp_path: Path) -> None:
    (tmp_path / "salaries.log").write_text("one ERROR line\n", encoding="utf-8")
    rlm(tmp_path, "ask", "How many lines contain ERROR?", "salaries.log")
    told = rlm(tmp_path, "doctor", "--report", RLM_BUDGET_TURNS="7")
    assert "✓ sandbox: works" in told
    assert "litellm 1." in told
    assert "budget.turns: 7" in told
    assert "answered: offline, offline, 1 turns" in told


def test_a_report_holds_no_secret_no_text_and_no_name(tmp_path: Path) -> None:
    (tmp_path / "salaries.log").write_text(f"one ERROR line, {SECRET}\n", encoding="utf-8")
    rlm(tmp_path, "ask", f"How many lines contain ERROR, not {SECRET}?", "salaries.log")
    told = rlm(
        tmp_path,
        "doctor",
        "--report",
        OPENAI_API_KEY=SECRET,
        RLM_MODELS_ROOT="openai/gpt-4o-mini",
        RLM_MODELS_API_BASE=f"http://{SECRET.lower()}.example/v1",
        RLM_CONTEXT_DENY=f"*{SECRET}*",
        RLM_MODELS_API_KEY_ENV=f"sk-{SECRET}{SECRET}",
    )
    assert "OPENAI_API_KEY" in told
    assert "models.api_base: (set)" in told
    assert SECRET.lower() not in told.lower()
    assert "salaries" not in told
    assert "ERROR" not in told
    assert str(tmp_path / "home") not in told
