"""An editor as the server sees one: raw JSON-RPC over the pipes of a real `python -P -m rlm_ls`.

pytest-lsp is used where it can be; it raises on partial results, checks capabilities of methods it does not know, and
cannot send what a broken client sends.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.patience import PATIENCE

Handler = Callable[[Any], Any]
Connect = Callable[..., Any]
HANDLERS: dict[str, Handler] = {
    "window/workDoneProgress/create": lambda _: None,
    "window/showDocument": lambda _: {"success": True},
    "workspace/configuration": lambda params: [None] * len(params["items"]),
    "client/registerCapability": lambda _: None,
}


class RpcError(Exception):
    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: Any = error.get("data")


class Refuse(Exception):
    """Raised by a handler to answer the server's request with an error."""


class Editor:
    """`received` holds every notification and request of the server in order, with the loop's time."""

    def __init__(self, *arguments: str, env: dict[str, str] | None = None, command: list[str] | None = None) -> None:
        self._command = command or [sys.executable, "-P", "-m", "rlm_ls", *arguments]
        self._env = {**os.environ, **(env or {})}
        self.received: list[tuple[float, dict[str, Any]]] = []
        self.handlers: dict[str, Handler] = dict(HANDLERS)
        self.silent: set[str] = set()
        """Requests of the server that are not answered."""
        self._open: set[str] = set()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._arrival = asyncio.Condition()
        self._next_id = 0
        self.initialized: dict[str, Any] = {}
        self.garbage = b""

    async def __aenter__(self) -> Editor:
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, stderr=pipe, env=self._env, limit=1 << 30
        )
        self.incoming = self.process.stdout
        self._reading = asyncio.ensure_future(self._read())
        self._errors = asyncio.ensure_future(self.process.stderr.read())  # type: ignore[union-attr]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.returncode is None:
            self.process.stdin.close()  # type: ignore[union-attr]
            try:
                await asyncio.wait_for(self.process.wait(), PATIENCE)
            except TimeoutError:
                self.process.kill()
                raise
        await asyncio.wait([self._reading, self._errors], timeout=5)
        print((await self._errors).decode("utf-8", "replace"), file=sys.stderr)
        assert self.garbage == b"", self.garbage

    # -- the protocol ---------------------------------------------------------------------------------------------

    async def initialize(
        self,
        *,
        capabilities: dict[str, Any] | None = None,
        options: Any = None,
        folders: list[Path] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        workspace = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders or []]
        params = {
            "processId": os.getpid(),
            "rootUri": None,
            "capabilities": capabilities or {},
            "workspaceFolders": workspace,
            **more,
        }
        if options is not None:
            params["initializationOptions"] = options
        self.initialized = await self.request("initialize", params)
        self.notify("initialized", {})
        return self.initialized

    async def shutdown(self) -> int:
        assert await self.request("shutdown") is None
        self.notify("exit")
        return await asyncio.wait_for(self.process.wait(), PATIENCE)

    async def request(self, method: str, params: Any = None) -> Any:
        return await asyncio.wait_for(self.start(method, params)[1], PATIENCE)

    def start(self, method: str, params: Any = None) -> tuple[int, asyncio.Future[Any]]:
        """Send a request without waiting: its id, and the future of its result (RpcError)."""
        self._next_id += 1
        future = self._waiting[self._next_id] = asyncio.get_running_loop().create_future()
        message = {"jsonrpc": "2.0", "id": self._next_id, "method": method}
        self.send(message if params is None else {**message, "params": params})
        return self._next_id, future

    def notify(self, method: str, params: Any = None) -> None:
        if method == "textDocument/didClose":
            self._open.discard(params["textDocument"]["uri"])
        message = {"jsonrpc": "2.0", "method": method}
        self.send(message if params is None else {**message, "params": params})

    def send(self, message: Any) -> None:
        self.send_raw(json.dumps(message).encode())

    def send_raw(self, body: bytes) -> None:
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)  # type: ignore[union-attr]

    def open(self, uri: str, text: str, version: int = 1, language: str = "plaintext") -> None:
        self._open.add(uri)
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, version: int, *changes: dict[str, Any]) -> None:
        params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)}
        self.notify("textDocument/didChange", params)

    def renew(self) -> None:
        """For the next test that uses this server: no text is open, and nothing has been received or arranged."""
        for uri in list(self._open):
            self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        self.received.clear()
        self.silent.clear()
        self.handlers = dict(HANDLERS)

    # -- what came ------------------------------------------------------------------------------------------------

    def all(self, method: str) -> list[Any]:
        return [message.get("params") for _, message in self.received if message["method"] == method]

    def progress(self, token: Any) -> list[Any]:
        return [params["value"] for params in self.all("$/progress") if params["token"] == token]

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Wait until `condition` holds for what has been received, and return its value."""
        async with asyncio.timeout(PATIENCE), self._arrival:
            while not (value := condition()):
                await self._arrival.wait()
            return value

    async def message(self, method: str) -> Any:
        return (await self.until(lambda: self.all(method)))[0]

    async def stderr(self) -> str:
        """Everything that the server wrote to stderr; to be called after its end."""
        return (await asyncio.wait_for(asyncio.shield(self._errors), PATIENCE)).decode("utf-8", "replace")

    async def _read(self) -> None:
        stream = self.incoming
        assert stream is not None
        with suppress(asyncio.IncompleteReadError):
            while True:
                head = await stream.readuntil(b"\r\n\r\n")
                if not head.startswith(b"Content-Length: "):
                    self.garbage += head
                    return
                body = await stream.readexactly(int(head.split(b":")[1].split(b"\r\n")[0]))
                self._take(json.loads(body))
                async with self._arrival:
                    self._arrival.notify_all()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("the server has gone"))
                future.exception()

    def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            future = self._waiting.pop(message["id"], None) if message.get("id") is not None else None
            if future is None:
                message["method"] = "(answer)"
                self.received.append((asyncio.get_running_loop().time(), message))
            elif not future.done():
                if "error" in message:
                    future.set_exception(RpcError(message["error"]))
                else:
                    future.set_result(message["result"])
            return
        self.received.append((asyncio.get_running_loop().time(), message))
        if "id" in message and message["method"] not in self.silent:
            self._answer(message)

    def _answer(self, message: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
        handler = self.handlers.get(message["method"])
        try:
            if handler is None:
                raise Refuse(f"no handler for {message['method']}")
            answer["result"] = handler(message.get("params"))
        except Refuse as refusal:
            answer["error"] = {"code": -32601, "message": str(refusal)}
        except RpcError as error:
            answer["error"] = {"code": error.code, "message": error.message}
        self.send(answer)


def settings_for(base_url: str, **more: Any) -> dict[str, Any]:
    # `directTokens` 0: small test texts take the same way as large ones.
    return {
        "models": {"root": "openai/scripted", "apiBase": base_url, "apiKeyEnv": "SCRIPTED_KEY"},
        "context": {"directTokens": 0},
        **more,
    }


def document(uri: str) -> dict[str, Any]:
    return {"kind": "document", "textDocument": {"uri": uri}}


async def eventually(condition: Callable[[], Any]) -> None:
    """Wait for something that another process does and tells nobody."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
