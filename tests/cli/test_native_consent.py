"""`rlm-ls ask` before a native program runs: the question at a terminal, and nobody there."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import needed
from tests.fakes.model_server import ModelServer
from tests.patience import PATIENCE

from rlm_ls.executors.compiled.toolchains.installed import Toolchains

PROGRAM = "```rust native length\nfn analyze(text: &str) -> String { text.len().to_string() }\n```\n"
USES = "```python\nsubmit('it has ' + length() + ' bytes', cite=[])\n```\n"
WITHOUT = "```python\nsubmit('not allowed', cite=[])\n```\n"


def reply(body: Mapping[str, Any]) -> str:
    said = [one for one in body["messages"] if one["role"] == "user"]
    return f"{PROGRAM}{USES}" if len(said) == 1 else WITHOUT


@pytest.fixture
async def command(
    tmp_path: Path, toolchains: Toolchains, compilers: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[str]]:
    await needed(toolchains, "rust", "native")
    (tmp_path / "app.log").write_text("twelve bytes")
    (compilers / "native-consent.json").unlink(missing_ok=True)
    async with ModelServer(reply) as server:
        for name, value in {
            "RLM_MODEL": "openai/scripted",
            "RLM_MODELS_API_BASE": server.base_url,
            "OPENAI_API_KEY": "sk-test",
            "RLM_LEVELS": "dsl,native",
            "RLM_CONTEXT_DIRECT_TOKENS": "0",
            "RLM_STATE_DIR": str(compilers),
        }.items():
            monkeypatch.setenv(name, value)
        yield [sys.executable, "-P", "-m", "rlm_ls", "ask", "How long?", str(tmp_path / "app.log")]


async def test_where_nobody_can_be_asked_none_is_run(command: list[str]) -> None:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe)
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert b"not allowed" in out, err


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")
async def test_at_a_terminal_the_user_is_asked_and_may_be_remembered(command: list[str], tmp_path: Path) -> None:
    shown = await at_a_terminal(command, b"2\n")
    assert b"[1] Allow once, [2] Allow in this workspace, [3] Deny" in shown
    assert b"it has 12 bytes" in shown
    assert b"it has 12 bytes" in await at_a_terminal(command, None)


async def at_a_terminal(command: list[str], typed: bytes | None) -> bytes:
    master, slave = os.openpty()
    process = await asyncio.create_subprocess_exec(*command, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = bytearray()

    def read_until(end: bytes | None) -> None:
        while end is None or end not in shown:
            try:
                shown.extend(os.read(master, 4096))
            except OSError:  # the other side is closed
                return

    try:
        async with asyncio.timeout(PATIENCE):
            if typed is not None:
                await asyncio.to_thread(read_until, b"[3] Deny: ")
                os.write(master, typed)
            await asyncio.to_thread(read_until, None)
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
        os.close(master)
    return b" ".join(bytes(shown).split())
