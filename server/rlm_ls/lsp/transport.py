"""JSON-RPC messages over two pipes or a socket, a daemon thread for each direction.

pygls reads through the pool that also runs handlers, so that a busy pool reads no cancellation, and writes on the event
loop, so that a client that does not read stops the server. Neither can happen here.
"""

from __future__ import annotations

import json
import logging
import math
import queue
import re
import threading
from collections.abc import Callable
from contextlib import suppress

log = logging.getLogger(__name__)

READ = 1 << 16
HEADER_LIMIT = 1 << 16
"""Bytes of headers after which the other side does not speak this protocol."""
LARGEST = 1 << 30
"""Bytes of one message: a document that is opened comes in one. It is taken in as it arrives, never allocated ahead."""
UNREAD_LIMIT = 1 << 28
"""Bytes that wait for a client that does not read: then it is taken to be gone."""


class Malformed(ValueError):
    """What was received is no message: its content is not JSON, or its frame says no length that can be used."""


class Reader:
    """Calls `on_message` with each decoded message (or Malformed), and `on_end` once; both from the reading thread.

    `read` blocks for at most so many bytes, and gives none at the end. A message whose headers and length `takes`
    refuses is the end; so is, after a Malformed that says so, a length that cannot be used: where the next message
    begins is then not known. Whatever happens, `on_end` is called: no connection is left without a reader.
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
            self._read_all()
        except OSError:
            log.debug("the client's end is gone", exc_info=True)
        except Exception as error:  # also the event loop's, which has been closed when the server is ending
            log.debug("reading ended", exc_info=True)
            if not isinstance(error, RuntimeError):
                log.error("reading from the client failed (%s)", type(error).__name__)
        with suppress(RuntimeError):
            self._on_end()

    def _read_all(self) -> None:
        try:
            while (length := self._headers()) is not None:
                body = self._body(length)
                if body is None:
                    return
                self._on_message(decode(body))
        except Malformed as refused:
            log.warning("a client was let go: %s", refused)
            self._on_message(refused)

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
        parts: list[bytes | bytearray] = [bytes(self._read)]
        missing = length - len(self._read)
        self._read.clear()
        while missing > 0:
            data = self._more(min(missing, 1 << 20))
            if not data:
                return None
            if len(parts) > 1 and len(parts[-1]) < READ:
                # A byte at a time: each as an object of its own would take forty times the memory.
                small = parts[-1]
                if not isinstance(small, bytearray):
                    parts[-1] = small = bytearray(small)
                small += data
            else:
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
        self._lock = threading.Lock()
        self._unread = 0
        self._thread = threading.Thread(target=self._run, name="rlm-write", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def write(self, data: bytes) -> None:
        with self._lock:
            if self._unread > UNREAD_LIMIT:
                return
            self._unread += len(data)
            full = self._unread > UNREAD_LIMIT
        self._queue.put(data)
        if full:
            log.warning("a client that does not read was let go")
            self._on_broken()

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
                with self._lock:
                    self._unread -= len(data)
        except OSError:
            try:
                self._on_broken()
            except RuntimeError:
                return  # the event loop has been closed: the server is ending


def _content_length(head: bytes) -> int | None:
    """None where the headers have none. Raises Malformed for one that cannot be used."""
    values = set()
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            values.add(value.strip())
    if not values:
        return None
    # Two lengths are two readings of what follows. (A number of thousands of digits is none that int() takes.)
    if len(values) > 1 or not re.fullmatch(rb"[0-9]{1,19}", value := values.pop()):
        raise Malformed("The Content-Length is not one whole number.")
    if int(value) > LARGEST:
        raise Malformed(f"A message of {int(value):,} bytes is too large; the limit is {LARGEST:,}.")
    return int(value)


def decode(body: bytes) -> object:
    """The message, or Malformed."""
    try:
        return json.loads(body, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        # The text of the error may quote the message; its kind is enough.
        log.warning("a message is not JSON (%s)", type(error).__name__)
        return Malformed("The message is not JSON.")


def _no_number(name: str) -> float:
    raise ValueError(name)  # NaN and infinities are Python's JSON, nobody else's, and would pass every limit


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number
