"""How the process starts, and that it ends when it should."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.lsp.editor import Editor
from tests.patience import PATIENCE

from rlm_ls import __version__

DRIVER = """\
import sys, rlm_ls.lsp.features.lifecycle as part
before = part.register
def register(server, services):
    before(server, services)
{lines}
part.register = register
sys.argv = ['rlm-ls']
from rlm_ls.__main__ import main
main()
"""
HEAVY = ("pydantic", "litellm", "typer", "rich", "sqlite3", "wasmtime", "pydantic_monty", "rlm_ls.engine.engine")


def registering(*lines: str) -> list[str]:
    """The command line of a server that runs these lines of code as it registers its features."""
    return [sys.executable, "-c", DRIVER.format(lines="\n".join(f"    {line}" for line in lines))]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--stdio", f"--clientProcessId={os.getpid()}"],
        ["--clientProcessId", str(os.getpid()), "--stdio"],
    ],
)
async def test_what_language_clients_add_starts_the_server(arguments: list[str]) -> None:
    async with Editor(*arguments) as editor:
        result = await editor.initialize()
        assert result["serverInfo"] == {"name": "rlm-ls", "version": __version__}
        assert await editor.shutdown() == 0


@pytest.fixture
def _unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is loaded to measure coverage is not ours."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.mark.usefixtures("_unmeasured")
def test_version_needs_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['rlm-ls', '--version']; import rlm_ls.__main__ as m; m.main();"
        f"print([name for name in {(*HEAVY, 'pygls')!r} if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines() == [f"rlm-ls {__version__}", "[]"]


def test_a_bad_process_id_is_explained() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "rlm_ls", "--clientProcessId=me"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "process id" in done.stderr
    assert done.stdout == ""


@pytest.mark.usefixtures("_unmeasured")
async def test_nothing_heavy_is_imported_on_the_way_to_initialize(tmp_path: Path) -> None:
    report = tmp_path / "modules"
    command = registering(
        "@server.feature('test/modules')",
        "def modules(_):",
        f"    open({str(report)!r}, 'w').write(' '.join(sys.modules))",
    )
    async with Editor(command=command) as editor:
        await editor.initialize()
        await editor.request("test/modules")
        assert await editor.shutdown() == 0
    loaded = set(report.read_text().split())
    assert "rlm_ls.lsp.requests.ask" in loaded
    assert loaded.isdisjoint(HEAVY)


async def test_trap_a_stray_print_never_reaches_the_protocol() -> None:
    command = registering(
        "import os, subprocess",
        "print('stray print', flush=True)",
        "os.write(1, b'stray write\\n')",
        "subprocess.run([sys.executable, '-c', 'print(\"stray child\"); print(input())'], check=False)",
    )
    async with Editor(command=command) as editor:
        await editor.initialize()
        assert await editor.shutdown() == 0
    errors = await editor.stderr()
    assert editor.garbage == b""
    for stray in ("stray print", "stray write", "stray child"):
        assert stray in errors


async def test_exit_without_shutdown_is_code_1() -> None:
    async with Editor() as editor:
        await editor.initialize()
        editor.notify("exit")
        assert await asyncio.wait_for(editor.process.wait(), PATIENCE) == 1


async def test_the_server_ends_when_stdin_closes() -> None:
    async with Editor() as editor:
        await editor.initialize()
        editor.process.stdin.close()
        assert await asyncio.wait_for(editor.process.wait(), PATIENCE) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_server_ends_cleanly_by_a_signal(number: signal.Signals) -> None:
    async with Editor() as editor:
        await editor.initialize()
        editor.process.send_signal(number)
        assert await asyncio.wait_for(editor.process.wait(), PATIENCE) == 0
    assert "Traceback" not in await editor.stderr()


@pytest.mark.parametrize("by", ["argument", "initialize"])
async def test_the_server_ends_when_the_client_process_dies(by: str) -> None:
    client = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(600)")
    try:
        arguments = [f"--clientProcessId={client.pid}"] if by == "argument" else []
        async with Editor(*arguments) as editor:
            await editor.initialize(processId=client.pid if by == "initialize" else None)
            assert await editor.request("rlm/stop", {"runId": "none"}) == {"stopped": False}
            client.kill()
            # Its stdin is still open: the test holds it.
            assert await asyncio.wait_for(editor.process.wait(), PATIENCE) == 1
    finally:
        if client.returncode is None:
            client.kill()
        await client.wait()


async def test_a_client_process_that_cannot_be_seen_does_not_end_the_server() -> None:
    dead = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await dead.wait()
    async with Editor() as editor:
        await editor.initialize(processId=dead.pid)
        assert await editor.request("rlm/stop", {"runId": "none"}) == {"stopped": False}
        assert await editor.shutdown() == 0


def test_a_client_that_never_reads_does_not_stop_the_server() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-P", "-m", "rlm_ls"], stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin is not None
        body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}'
        process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        # Answers worth several pipes, which nobody takes.
        body = b'{"jsonrpc":"2.0","id":2,"method":"textDocument/codeAction"}'
        process.stdin.write((b"Content-Length: %d\r\n\r\n" % len(body) + body) * 3000)
        process.stdin.close()
        try:
            assert process.wait(PATIENCE) == 1
        finally:
            process.kill()


async def test_no_process_is_left_behind(tmp_path: Path, state_dir: Path) -> None:
    text = tmp_path / "a.log"
    text.write_text("ERROR one\nINFO two\n" * 1000)
    async with Editor() as editor:
        await editor.initialize()
        scope = {"kind": "document", "textDocument": {"uri": text.as_uri()}}
        await editor.request("rlm/ask", {"question": "How many lines contain ERROR?", "scope": scope})
        children = psutil.Process(editor.process.pid).children(recursive=True)
        editor.process.kill()
        await editor.process.wait()
        _, alive = psutil.wait_procs(children, timeout=PATIENCE)
        assert alive == []


async def test_trap_exit_does_not_wait_for_a_running_thread() -> None:
    command = registering(
        "import threading, time",
        "server.thread_pool.submit(time.sleep, 600)",
        "threading.Thread(target=time.sleep, args=[600]).start()",
    )
    async with Editor(command=command) as editor:
        await editor.initialize()
        assert await editor.shutdown() == 0
