"""A server or a command whose event loop is stuck for good still ends when it is told to, with all its children."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.lsp.editor import Editor, eventually
from tests.patience import PATIENCE
from tests.processes import alive

STUCK = {
    "asleep": "__import__('time').sleep(1_000_000)",
    "computing": "sum(1 for _ in iter(int, 1))",
    "in a regular expression": "__import__('re').search('^(a+)+$', 'a' * 60 + '!')",
}

SERVER = "import rlm_ls.lsp.requests.stop as m\nm.stop = lambda *_: {stuck}\n"
COMMAND = "import rlm_ls.engine.loop.run as m\nm._plan = lambda *_: {stuck}\n"
MAIN = "from rlm_ls.__main__ import main\nmain()\n"


def driver(part: str, stuck: str, marker: Path, *arguments: str) -> list[str]:
    """The command line of rlm-ls with one of its functions replaced by one that makes the marker and never ends."""
    sticking = f"(open({str(marker)!r}, 'w').close(), {stuck})"
    return [sys.executable, "-c", part.format(stuck=sticking) + MAIN, *arguments]


def framed(message: dict[str, Any]) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


async def ended(process: asyncio.subprocess.Process, children: list[psutil.Process]) -> int:
    code = await asyncio.wait_for(process.wait(), PATIENCE)
    await eventually(lambda: not any(alive(child) for child in children))
    return code


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "stuck"


@asynccontextmanager
async def stuck_server(stuck: str, marker: Path) -> Any:
    async with Editor(command=driver(SERVER, stuck, marker)) as editor:
        await editor.initialize()
        editor.start("rlm/stop", {"runId": "x"})
        await eventually(marker.exists)
        _, unanswered = editor.start("rlm/runs", {})
        await asyncio.sleep(0.3)
        assert not unanswered.done(), "the loop is not stuck"
        yield editor


@pytest.mark.parametrize("stuck", STUCK.values(), ids=STUCK)
async def test_a_stuck_server_ends_at_a_signal(state_dir: Path, marker: Path, stuck: str) -> None:
    async with stuck_server(stuck, marker) as editor:
        editor.process.send_signal(signal.SIGTERM)
        assert await ended(editor.process, []) in (0, 1)


@pytest.mark.parametrize("stuck", ["asleep", "computing"])
async def test_a_stuck_server_ends_when_its_client_has_gone(state_dir: Path, marker: Path, stuck: str) -> None:
    async with stuck_server(STUCK[stuck], marker) as editor:
        editor.process.stdin.close()
        assert await ended(editor.process, []) == 1


@pytest.mark.parametrize("stuck", STUCK.values(), ids=STUCK)
async def test_a_stuck_server_that_listens_ends_at_a_signal(state_dir: Path, marker: Path, stuck: str) -> None:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*driver(SERVER, stuck, marker, "--tcp", "0"), stderr=pipe)
    try:
        assert process.stderr is not None
        port = int((await process.stderr.readline()).rsplit(b":", 1)[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        hello = {"processId": None, "rootUri": None, "capabilities": {}}
        writer.write(framed({"id": 1, "method": "initialize", "params": hello}))
        # Before it sticks: what holds the interpreter holds the thread that writes, too.
        await asyncio.wait_for(reader.readuntil(b"positionEncoding"), PATIENCE)
        writer.write(framed({"method": "initialized", "params": {}}))
        writer.write(framed({"id": 2, "method": "rlm/stop", "params": {"runId": "x"}}))
        await eventually(marker.exists)
        process.send_signal(signal.SIGTERM)
        assert await ended(process, []) in (0, 1)
        writer.close()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize(
    ("numbers", "code"),
    [((signal.SIGTERM,), -signal.SIGTERM), ((signal.SIGINT, signal.SIGINT), 130), ((signal.SIGINT,) * 3, 130)],
    ids=["end", "Ctrl-C twice", "three times"],
)
@pytest.mark.parametrize("stuck", STUCK.values(), ids=STUCK)
async def test_a_stuck_command_ends_with_its_children(
    state_dir: Path, tmp_path: Path, marker: Path, stuck: str, numbers: tuple[signal.Signals, ...], code: int
) -> None:
    path = tmp_path / "app.log"
    path.write_text("ERROR one\n" * 100)
    command = driver(COMMAND, stuck, marker, "ask", "How many lines contain ERROR?", str(path))
    devnull = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdout=devnull, stderr=devnull)
    try:
        await eventually(marker.exists)
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        for number in numbers:
            process.send_signal(number)
            await asyncio.sleep(0.2)
        assert await ended(process, children) == code
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
