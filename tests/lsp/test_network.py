"""`--tcp` and `--ws`: real sockets, one process, a server for each client, and who is let in."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.lsp.editor import Editor, RpcError, document
from tests.patience import PATIENCE
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

TOKEN = "a-token-that-is-long-enough"
TEXT = "ERROR one\nINFO two\n" * 20
QUESTION = {"question": "How many lines contain ERROR?", "scope": document("file:///app.log")}


class TcpEditor(Editor):
    """An editor whose server is at the other end of a socket."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = urlsplit(url)

    async def __aenter__(self) -> TcpEditor:
        self.incoming, self._outgoing = await asyncio.open_connection(self._url.hostname, self._url.port)
        self._reading = asyncio.ensure_future(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._outgoing.close()
        await asyncio.wait_for(self._reading, PATIENCE)

    def send_raw(self, body: bytes) -> None:
        self._outgoing.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def closed(self) -> None:
        """Wait until the server has closed the connection."""
        await asyncio.wait_for(asyncio.shield(self._reading), PATIENCE)


class WsEditor(Editor):
    def __init__(self, url: str, **options: Any) -> None:
        super().__init__()
        self._url, self._options = url, options
        self._sending: asyncio.Queue[bytes] = asyncio.Queue()

    async def __aenter__(self) -> WsEditor:
        self._socket: ClientConnection = await connect(self._url, max_size=None, **self._options)
        self._tasks = [asyncio.ensure_future(self._listen()), asyncio.ensure_future(self._send())]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()
        self._tasks[1].cancel()
        await asyncio.wait(self._tasks)

    def send_raw(self, body: bytes) -> None:
        self._sending.put_nowait(body)

    async def closed(self) -> None:
        await asyncio.wait_for(asyncio.shield(self._tasks[0]), PATIENCE)

    async def _send(self) -> None:
        while True:
            await self._socket.send((await self._sending.get()).decode())

    async def _listen(self) -> None:
        try:
            async for message in self._socket:
                self._take(json.loads(message))
                async with self._arrival:
                    self._arrival.notify_all()
        except ConnectionClosed:
            return


class Listening:
    """A `rlm-ls --tcp` or `--ws` on a free port of this machine."""

    def __init__(self, url: str, process: asyncio.subprocess.Process) -> None:
        self.url = url
        self.process = process

    def editor(self, **options: Any) -> Any:
        return WsEditor(self.url, **options) if self.url.startswith("ws") else TcpEditor(self.url)


Listen = Callable[..., Awaitable[Listening]]


@asynccontextmanager
async def _listening(*arguments: str) -> AsyncIterator[Listening]:
    command = [sys.executable, "-P", "-m", "rlm_ls", *arguments]
    env = {**os.environ, "MY_TOKEN": TOKEN}
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, env=env)
    assert process.stderr is not None
    try:
        line = (await asyncio.wait_for(process.stderr.readline(), PATIENCE)).decode()
        assert line.startswith("rlm-ls: listening on "), line + (await process.stderr.read()).decode()
        yield Listening(line.split()[-1], process)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.communicate(), PATIENCE)


@pytest.fixture
async def listen(state_dir: Path) -> AsyncIterator[Listen]:
    async with AsyncExitStack() as stack:
        yield lambda *arguments: stack.enter_async_context(_listening(*arguments))


KINDS = pytest.mark.parametrize("kind", ["--tcp", "--ws"])


@KINDS
async def test_clients_are_served_side_by_side_each_with_its_own_texts(listen: Listen, kind: str) -> None:
    listening = await listen(kind, "0")
    async with listening.editor() as one, listening.editor() as other:
        for editor, text in ((one, TEXT), (other, "ERROR three é 日本\n" * 5)):
            await editor.initialize()
            editor.open("file:///app.log", text)
        answers = await asyncio.gather(one.request("rlm/ask", QUESTION), other.request("rlm/ask", QUESTION))
        assert ["20" in answers[0]["answer"], "5" in answers[1]["answer"]] == [True, True]
        assert answers[1]["citations"][0]["quote"] == "ERROR three é 日本"
        assert await one.request("shutdown") is None
        one.notify("exit")
        await one.closed()
        # One client's end is not the other's.
        assert "5" in (await other.request("rlm/ask", QUESTION))["answer"]
    async with listening.editor() as later:
        await later.initialize()
    assert listening.process.returncode is None


@KINDS
async def test_a_client_that_leaves_takes_its_runs_with_it(listen: Listen, kind: str, tmp_path: Path) -> None:
    listening = await listen(kind, "0")
    (tmp_path / "large.log").write_text("x" * 100 + "\n")
    async with listening.editor() as leaving:
        await leaving.initialize(options={"events": True})
        leaving.open("file:///app.log", TEXT * 2000)
        leaving.start("rlm/ask", QUESTION)
        await leaving.until(lambda: leaving.all("rlm/event"))
    async with listening.editor() as editor:
        await editor.initialize()
        async with asyncio.timeout(PATIENCE):
            while (await editor.request("rlm/runs"))["runs"][0]["status"] == "running":  # noqa: ASYNC110
                await asyncio.sleep(0.05)


@KINDS
async def test_a_signal_ends_the_process_cleanly_with_clients_connected(listen: Listen, kind: str) -> None:
    listening = await listen(kind, "127.0.0.1:0")
    async with listening.editor() as editor:
        await editor.initialize()
        listening.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(listening.process.wait(), PATIENCE) == 0
        await editor.closed()
    assert listening.process.stderr is not None
    assert (await listening.process.stderr.read()).decode() == ""


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", 5])
async def test_over_tcp_a_wrong_token_is_told_and_let_go(listen: Listen, token: Any) -> None:
    listening = await listen("--tcp", "0", "--token-env", "MY_TOKEN")
    async with listening.editor() as editor:
        with pytest.raises(RpcError, match="token") as caught:
            await editor.initialize(options={"token": token})
        assert caught.value.code == -32600
        await editor.closed()


async def test_over_tcp_the_right_token_comes_with_initialize(listen: Listen) -> None:
    listening = await listen("--tcp", "0", "--token-env=MY_TOKEN")
    async with listening.editor() as editor:
        with pytest.raises(RpcError) as caught:
            await editor.request("rlm/runs")
        assert caught.value.code == -32002
        await editor.initialize(options={"token": TOKEN})
        assert (await editor.request("rlm/runs")) == {"runs": []}


async def test_over_ws_the_token_comes_with_the_handshake(listen: Listen) -> None:
    listening = await listen("--ws", "0", "--token-env", "MY_TOKEN")
    for url, headers in (
        (listening.url, {}),
        (listening.url, {"Authorization": "Bearer wrong"}),
        (listening.url + "/?token=wrong", {}),
    ):
        with pytest.raises(InvalidStatus) as caught:
            await connect(url, additional_headers=headers)
        assert caught.value.response.status_code == 401
    for url, headers in (
        (listening.url, {"Authorization": f"Bearer {TOKEN}"}),
        (f"{listening.url}/?token={TOKEN}", {"Origin": "https://example.org"}),
    ):
        async with WsEditor(url, additional_headers=headers) as editor:
            await editor.initialize()


async def test_a_web_page_cannot_use_the_port(listen: Listen) -> None:
    by_socket = await listen("--ws", "0")
    with pytest.raises(InvalidStatus) as caught:
        await connect(by_socket.url, additional_headers={"Origin": "https://example.org"})
    assert caught.value.response.status_code == 403
    by_tcp = await listen("--tcp", "0")
    url = urlsplit(by_tcp.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}})
    writer.write(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
    writer.close()


async def test_before_the_token_no_large_message_is_taken_in(listen: Listen) -> None:
    listening = await listen("--tcp", "0", "--token-env", "MY_TOKEN")
    async with listening.editor() as editor:
        editor.send_raw(b" " * (2 << 20))
        await editor.closed()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--tcp", "0.0.0.0:0"], 2, "--token-env"),
        (["--ws", "0.0.0.0:0"], 2, "--token-env"),
        (["--tcp", "example.org:4711"], 2, "loopback"),
        (["--tcp", "port"], 2, "[HOST:]PORT"),
        (["--tcp"], 2, "[HOST:]PORT"),
        (["--tcp", "1", "--ws", "2"], 2, "either"),
        (["--tcp", "0", "--stdio"], 2, "--stdio"),
        (["--tcp", "0", "--token-env", "NO_SUCH_VARIABLE"], 2, "NO_SUCH_VARIABLE"),
    ],
)
def test_what_is_not_done_is_explained(arguments: list[str], code: int, told: str) -> None:
    command = [sys.executable, "-P", "-m", "rlm_ls", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_port_in_use_is_explained(listen: Listen) -> None:
    listening = await listen("--tcp", "0")
    command = [sys.executable, "-P", "-m", "rlm_ls", "--tcp", str(urlsplit(listening.url).port)]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 1
    assert "cannot listen" in done.stderr


def test_without_the_package_ws_says_what_to_install() -> None:
    code = "import sys; sys.modules['websockets'] = None; sys.argv = ['rlm-ls', '--ws', '0']; import runpy\n"
    code += "runpy.run_module('rlm_ls', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 1
    assert "rlm-ls[ws]" in done.stderr
