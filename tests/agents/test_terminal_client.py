"""A terminal client of the Agent Client Protocol that others wrote (acpx), against the real process."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from tests.fakes.model_server import ModelServer
from tests.npm import command
from tests.patience import PATIENCE

ACPX = ("acpx", "dist/cli.js")
SERVER = f"{sys.executable} -P -m rlm_ls acp"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "app.log").write_text("".join(f"{'ERROR' if n % 10 == 3 else 'INFO'} took={n}\n" for n in range(400)))
    return folder


async def shown(folder: Path, *words: str, env: dict[str, str] | None = None) -> str:
    """What the client shows of one question, in a home of its own."""
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        *(*command(*ACPX), "--agent", SERVER, *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        stdin=asyncio.subprocess.DEVNULL,
        env={**os.environ, "HOME": str(home), **(env or {})},
        cwd=folder,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return out.decode()


async def test_a_question_shows_plan_program_and_answer_with_its_citations(folder: Path) -> None:
    screen = await shown(folder, "exec", "How many lines contain ERROR in app.log?")
    assert "[tool] n = count(" in screen, screen
    assert "40 lines hold ERROR." in screen
    assert f"[app.log:4]({(folder / 'app.log').as_uri()}#L4): `ERROR took=3`" in screen
    assert "[completed] Check what is cited, and answer" in screen
    assert screen.rstrip().endswith("[done] end_turn")


@pytest.mark.parametrize(("policy", "calls"), [("--approve-all", 1), ("--deny-all", 0)])
async def test_the_clients_permission_decides_whether_money_is_spent(folder: Path, policy: str, calls: int) -> None:
    async with ModelServer(['```python\nsubmit("forty", cite=[])\n```']) as models:
        env = {
            "RLM_MODELS_ROOT": "openai/gpt-4o",
            "RLM_MODELS_API_BASE": models.base_url,
            "OPENAI_API_KEY": "sk-x",
            "RLM_BUDGET_ASK_ABOVE_USD": "0.000001",
        }
        screen = await shown(folder, policy, "exec", "How many?", env=env)
        assert "[done]" in screen, screen
        assert ("forty" in screen) == bool(calls)
        assert len(models.requests) == calls
