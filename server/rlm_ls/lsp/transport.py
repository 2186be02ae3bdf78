"""JSON-RPC messages over two pipes or a socket, a daemon thread for each direction.

pygls reads through the pool that also runs handlers, so that a busy pool reads no cancellation, and writes on the event
loop, so that a client that does not read stops the server. Neither can happen here.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

READ = 1 << 16
HEADER_LIMIT = 1 << 16
"""Bytes of headers after which the other side does not speak this protocol."""


class Malformed(ValueError):
    """A message whose frame is right and whose content is not JSON."""


class Reader:
    """Calls `on_message` with each decoded message (or Malformed), and `on_end` once; both from the reading thread.

    `read` blocks for at most so many bytes, and gives none at the end. A message whose headers and length `takes`
    refuses is the end.
    """

    def __init__(
        self,
        read: Callable[[int], bytes],
        on_message: Callable[[object], None],
        on_end: Callable[[], None],
        *,
        takes: Callable[[bytes, int], bool] = lambda head, length: True,
    ) -> None:
        self._more = read
        self._takes = takes
        self._on_message = on_message
        self._on_end = on_end
        self._read = bytearray()

    def start(self) -> None:
        threading.Thread(target=self._run, name="rlm-read", daemon=True).start()

    def _run(self) -> None:
        try:
            while (length := self._headers()) is not None:
                body = self._body(length)
                if body is None:
                    break
                self._on_message(decode(body))
        except OSError:
            log.debug("the client's end is gone", exc_info=True)
        except RuntimeError:
            return  # the event loop has been closed: the server is ending
        try:
            self._on_end()
        except RuntimeError:
            return

    def _headers(self) -> int | None:
        """Content length of the next message; None at the end of the stream."""
        while True:
            end = self._read.find(b"\r\n\r\n")
            if end < 0:
                if len(self._read) > HEADER_LIMIT:
                    log.error("the client does not speak the language server protocol")
                    return None
                data = self._more(READ)
                if not data:
                    return None
                self._read += data
                continue
            head = bytes(self._read[:end])
            del self._read[: end + 4]
            length = _content_length(head)
            if length is not None:
                return length if self._takes(head, length) else None
            if not self._takes(head, 0):
                return None
            log.warning("headers without a Content-Length were skipped")

    def _body(self, length: int) -> bytes | None:
        if len(self._read) >= length:
            body = bytes(self._read[:length])
            del self._read[:length]
            return body
        parts, missing = [bytes(self._read)], length - len(self._read)
        self._read.clear()
        while missing > 0:
            data = self._more(min(missing, 1 << 20))
            if not data:
                return None
            parts.append(data)
            missing -= len(data)
        return b"".join(parts)


class Writer:
    """Writes whole messages in order. `write` returns at once, from any thread; `on_broken` tells that nobody reads.

    `send` blocks, and says how many bytes it has taken.
    """

    def __init__(self, send: Callable[[memoryview], int], on_broken: Callable[[], None]) -> None:
        self._send = send
        self._on_broken = on_broken
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="rlm-write", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def write(self, data: bytes) -> None:
        self._queue.put(data)

    def close(self, timeout: float = 0.5) -> None:
        """Write what is queued; `timeout` seconds at most, for a client that does not read."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            while (data := self._queue.get()) is not None:
                view = memoryview(data)
                while view:
                    view = view[self._send(view) :]
        except OSError:
            try:
                self._on_broken()
            except RuntimeError:
                return  # the event loop has been closed: the server is ending


def _content_length(head: bytes) -> int | None:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return None


def decode(body: bytes) -> object:
    """The message, or Malformed."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        # The text of the error may quote the message; its kind is enough.
        log.warning("a message is not JSON (%s)", type(error).__name__)
        return Malformed("The message is not JSON.")
