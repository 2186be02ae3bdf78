"""`rlm-ls ask` before it spends more than `budget.askAboveUsd`: the question at a terminal, --yes, and nobody there."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.fakes.model_server import ModelServer, Scripted
from tests.patience import PATIENCE

SUBMIT = Scripted("```python\nsubmit('Done.', cite=[])\n```", prompt_tokens=1000, completion_tokens=20)


@pytest.fixture
async def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    (tmp_path / "app.log").write_text("ERROR one\nINFO two\n")
    async with ModelServer(lambda _: SUBMIT) as server:
        for name, value in {
            "RLM_MODEL": "openai/gpt-4o-mini",
            "RLM_MODELS_API_BASE": server.base_url,
            "OPENAI_API_KEY": "sk-test",
            "RLM_BUDGET_ASK_ABOVE_USD": "0.00001",
        }.items():
            monkeypatch.setenv(name, value)
        yield [sys.executable, "-P", "-m", "rlm_ls", "ask", "What failed?", str(tmp_path / "app.log")]


async def ran(command: list[str], *more: str) -> tuple[int | None, str]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, *more, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
    )
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode, (out + err).decode()


async def test_where_nobody_can_be_asked_the_answer_names_the_setting(command: list[str]) -> None:
    code, said = await ran(command)
    assert code == 3, said
    assert "budget.askAboveUsd" in said


async def test_yes_agrees_beforehand(command: list[str]) -> None:
    code, said = await ran(command, "--yes")
    assert code == 0, said
    assert "Done." in said


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")
@pytest.mark.parametrize(("typed", "code"), [(b"y\n", 0), (b"\n", 3), (b"\x03", 130)])
async def test_at_a_terminal_the_user_is_asked(command: list[str], typed: bytes, code: int) -> None:
    master, slave = os.openpty()
    process = await asyncio.create_subprocess_exec(
        *command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=_own_terminal
    )
    os.close(slave)
    shown = b""
    try:
        async with asyncio.timeout(PATIENCE):
            while b"[y/N]" not in shown:
                shown += await asyncio.to_thread(os.read, master, 4096)
            os.write(master, typed)
            reading = asyncio.ensure_future(asyncio.to_thread(_rest, master))
            assert await process.wait() == code, shown
            shown += await reading
    finally:
        os.close(master)
    assert b"Go on?" in shown
    assert b"Traceback" not in shown
    assert (b"Done." in shown) == (code == 0)


def _own_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C, typed, is a signal


def _rest(master: int) -> bytes:
    shown = b""
    try:
        while data := os.read(master, 4096):
            shown += data
    except OSError:  # Linux's way to say that the other end is closed
        return shown
    return shown
