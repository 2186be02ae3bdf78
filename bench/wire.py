"""The least of a language client: starts a server on pipes, sends requests, waits for their answers."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

INITIALIZE: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": {}}


class Wire:
    """One server process with a state folder of its own. Use as a context manager: it is killed at the end."""

    def __init__(self, command: Sequence[str], **environ: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="rlm-ls-bench-")
        environment = {**os.environ, **environ, "RLM_STATE_DIR": str(Path(self._folder.name) / "state")}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        self._ids = itertools.count(1)

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()
        self._folder.cleanup()

    def request(
        self, method: str, params: Any = None, on_notification: Callable[[dict[str, Any]], None] | None = None
    ) -> Any:
        """The result. Messages that arrive before it go to `on_notification`. Raises RuntimeError for an error."""
        number = self.start(method, params)
        while (message := self.receive()).get("id") != number or "method" in message:
            if on_notification:
                on_notification(message)
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        return message["result"]

    def start(self, method: str, params: Any = None) -> int:
        """Send a request without waiting; the id that its answer will have."""
        number = next(self._ids)
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return number

    def notify(self, method: str, params: Any = None) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """The next message, whatever it is. Raises RuntimeError when the server has gone."""
        assert self.process.stdout is not None
        length = 0
        while (line := self.process.stdout.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = self.process.stdout.read(length)
        if not body:
            raise RuntimeError(f"the server ended with {self.process.wait()}")
        message = json.loads(body)
        assert isinstance(message, dict)
        return message
