"""Messages are found in the bytes of a pipe however these are cut, and nothing is taken for a message that is none."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable

import pytest

from rlm_ls.lsp.transport import framing
from rlm_ls.lsp.transport.framing import HEADER_LIMIT, LARGEST, Malformed, Reader, Writer

PATIENCE = 2.0 if "MUTANT_UNDER_TEST" in os.environ else 60.0
"""Seconds. Half the changes of a mutation run are noticed by waiting for nothing."""


def received(*chunks: bytes, **options: object) -> list[object]:
    """What the reader hands on of these chunks, until its end."""
    got: list[object] = []
    ended = threading.Event()
    waiting = [chunk for chunk in chunks if chunk]

    def read(size: int) -> bytes:
        if not waiting:
            return b""
        chunk = waiting.pop(0)
        if len(chunk) > size:
            waiting.insert(0, chunk[size:])
        return chunk[:size]

    Reader(read, got.append, ended.set, **options).start()  # type: ignore[arg-type]
    assert ended.wait(PATIENCE)
    return got


def framed(value: object, head: bytes = b"Content-Length: %d") -> bytes:
    body = json.dumps(value).encode()
    return head % len(body) + b"\r\n\r\n" + body


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
def test_messages_are_the_same_however_the_bytes_are_cut(size: int) -> None:
    wanted: list[object] = [{"a": "ü" * 40}, [], {"b": [1, 2, 3]}]
    stream = b"".join(framed(one) for one in wanted)
    assert received(*(stream[start : start + size] for start in range(0, len(stream), size))) == wanted


@pytest.mark.parametrize(
    "head",
    [
        b"content-length: %d",
        b"CONTENT-LENGTH:%d  ",
        b"Content-Type: x; charset=utf-8\r\nContent-Length: %d",
        b"Content-Length: %d\r\nX-Other: 5",
        b"no colon\r\nContent-Length: %d",
    ],
)
def test_headers_may_be_written_in_many_ways(head: bytes) -> None:
    assert received(framed({"x": 1}, head), framed({"y": 2})) == [{"x": 1}, {"y": 2}]


def test_headers_without_a_length_are_skipped() -> None:
    assert received(b"X: 1\r\n\r\n" + framed({"x": 1})) == [{"x": 1}]


@pytest.mark.parametrize("body", [b"{", b"[" * 200_000, b"\xff", b"", b"1" * 5_000])
def test_what_is_not_json_is_malformed_and_the_next_message_is_read(body: bytes) -> None:
    first, second = received(b"Content-Length: %d\r\n\r\n" % len(body) + body + framed({"x": 1}))
    assert isinstance(first, Malformed)
    assert second == {"x": 1}


def test_a_message_that_is_not_whole_at_the_end_is_no_message() -> None:
    assert received(framed({"x": 1}), b"Content-Length: 100\r\n\r\n{}") == [{"x": 1}]
    assert received(b"Content-Length: 2\r\n") == []


def test_bytes_that_are_no_headers_end_it_at_the_limit() -> None:
    read: list[int] = []

    def more(size: int) -> bytes:
        read.append(size)
        return b"x" * size

    ended = threading.Event()
    Reader(more, lambda _: None, ended.set).start()
    assert ended.wait(PATIENCE)
    assert HEADER_LIMIT < sum(read) <= 3 * HEADER_LIMIT


def test_who_decides_what_is_taken_sees_headers_and_length_and_ends_it_by_a_no() -> None:
    seen: list[tuple[bytes, int]] = []

    def takes(head: bytes, length: int) -> bool:
        seen.append((head, length))
        return b"Bad" not in head

    stream = framed({"x": 1}) + framed({"y": 2}, b"Bad: 1\r\nContent-Length: %d") + framed({"z": 3})
    assert received(stream, takes=takes) == [{"x": 1}]
    assert seen == [(b"Content-Length: 8", 8), (b"Bad: 1\r\nContent-Length: 8", 8)]
    assert received(b"Bad: no length\r\n\r\n" + framed({"x": 1}), takes=takes) == []


def test_a_pipe_that_breaks_is_an_end() -> None:
    def more(_: int) -> bytes:
        raise OSError("gone")

    ended = threading.Event()
    Reader(more, lambda _: None, ended.set).start()
    assert ended.wait(PATIENCE)


def test_all_that_is_written_is_sent_in_order_in_as_many_pieces_as_it_takes() -> None:
    sent = bytearray()

    def send(view: memoryview) -> int:
        sent.extend(view[:3])
        return min(3, len(view))

    writer = Writer(send, lambda: None)
    writer.start()
    for number in range(100):
        writer.write(b"<%d>" % number)
    writer.close(PATIENCE)
    assert sent == b"".join(b"<%d>" % number for number in range(100))


def test_nobody_reading_is_told_once() -> None:
    broken = threading.Event()

    def send(_: memoryview) -> int:
        raise BrokenPipeError

    writer = Writer(send, broken.set)
    writer.start()
    writer.write(b"x")
    assert broken.wait(PATIENCE)
    writer.close(PATIENCE)


def test_a_body_in_pieces_of_every_size_is_whole() -> None:
    wanted = {"text": "".join(f"{number}," for number in range(100_000))}
    stream, sizes = framed(wanted) + framed({"next": 1}), [100_000, 3, 5, 70_000, 1, 1, 2]
    assert received(*_cut(stream, sizes)) == [wanted, {"next": 1}]
    assert received(stream[:30], *_cut(stream[30:], sizes)) == [wanted, {"next": 1}]


def _cut(stream: bytes, sizes: list[int]) -> list[bytes]:
    pieces: list[bytes] = []
    while stream:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(stream[:size])
        stream = stream[size:]
    return pieces


@pytest.mark.parametrize(
    "value", [b"", b"x", b"-1", b"+1", b"1.0", b"5:6", b"1 2", b"1" * 20, b"1" * 5_000, b"2\r\nContent-Length: 3"]
)
def test_a_length_that_cannot_be_used_is_said_and_ends_it(value: bytes) -> None:
    [refused] = received(b"Content-Length: " + value + b"\r\n\r\n" + framed({"x": 1}))
    assert isinstance(refused, Malformed)
    assert str(refused) == "The Content-Length is not one whole number."


def test_the_same_length_twice_is_one() -> None:
    assert received(b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n[]") == [[]]


def test_a_message_has_a_largest_length() -> None:
    lengths: list[int] = []

    def takes(_: bytes, length: int) -> bool:
        lengths.append(length)
        return False

    assert received(b"Content-Length: %d\r\n\r\n" % LARGEST, takes=takes) == []
    assert lengths == [LARGEST]
    [refused] = received(b"Content-Length: %d\r\n\r\n" % (LARGEST + 1), takes=takes)
    assert str(refused) == "A message of 1,073,741,825 bytes is too large; the limit is 1,073,741,824."


def test_numbers_are_numbers_and_those_of_no_json_are_malformed() -> None:
    assert received(framed([1.5, -2e10, 3])) == [[1.5, -2e10, 3]]
    for text in (b"[NaN]", b"[Infinity]", b"[-Infinity]", b"[1e999]", b"[-1e999]"):
        [refused] = received(b"Content-Length: %d\r\n\r\n" % len(text) + text)
        assert str(refused) == "The message is not JSON."


class Client:
    """Takes what is written to it only when it is told to."""

    def __init__(self) -> None:
        self.reads, self.broken = threading.Semaphore(0), 0
        self.got = bytearray()
        self.writer = Writer(self.send, self.was_let_go)
        self.writer.start()

    def send(self, view: memoryview) -> int:
        assert self.reads.acquire(timeout=PATIENCE)
        self.got.extend(view)
        return len(view)

    def was_let_go(self) -> None:
        self.broken += 1

    def read(self, count: int = 1) -> None:
        self.reads.release(count)


def test_a_client_that_does_not_read_is_let_go_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "UNREAD_LIMIT", 10)
    client = Client()
    for _ in range(2):
        client.writer.write(b"12345")
    assert client.broken == 0  # exactly the limit waits
    client.writer.write(b"6")
    assert client.broken == 1
    client.writer.write(b"7")  # is dropped: nobody reads
    assert client.broken == 1
    client.read(5)
    client.writer.close(PATIENCE)
    assert client.got == b"12345123456"


def test_what_was_read_does_not_count_as_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "UNREAD_LIMIT", 10)
    client = Client()
    for number in range(1, 20):
        client.writer.write(b"123456")
        client.read()
        _until(lambda sent=6 * number: len(client.got) == sent and client.writer._unread == 0)  # type: ignore[misc]
    assert client.broken == 0
    client.writer.write(b"1234")
    client.writer.write(b"123456")
    client.read()  # the first of two: six wait
    _until(lambda: client.writer._unread == 6)
    client.writer.write(b"12345")
    assert client.broken == 1
    client.read(5)
    client.writer.close(PATIENCE)


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_closing_waits_for_a_client_that_does_not_read_no_longer_than_it_is_told() -> None:
    client = Client()
    client.writer.write(b"x")
    client.writer.close(0.01)
    assert client.got == b""
    client.read(5)
    client.writer.close(PATIENCE)
    assert client.got == b"x"
    Writer(client.send, client.was_let_go).close(PATIENCE)  # one that never started


def test_headers_without_a_length_are_skipped_also_when_they_are_empty() -> None:
    assert received(b"\r\n\r\n" + framed(1)) == [1]
    assert received(b"X-Other: 5\r\n\r\n" + framed(2)) == [2]


def test_headers_without_a_length_are_refused_by_who_looks_at_them() -> None:
    seen: list[tuple[bytes, int]] = []

    def takes(head: bytes, length: int) -> bool:
        seen.append((head, length))
        return False

    assert received(b"GET / HTTP/1.1\r\n\r\n" + framed(1), takes=takes) == []
    assert seen == [(b"GET / HTTP/1.1", 0)]


@pytest.mark.parametrize(("error", "said"), [(RuntimeError("the loop is closed"), 0), (KeyError("x"), 1)])
def test_a_message_that_nobody_can_take_ends_the_reading_and_is_logged_unless_the_server_is_ending(
    error: Exception, said: int, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(message: object) -> None:
        raise error

    ended = threading.Event()
    chunks = [framed(1), b""]
    Reader(lambda size: chunks.pop(0), refuse, ended.set).start()
    assert ended.wait(PATIENCE)
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == said


def test_an_end_that_nobody_can_be_told_of_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    faults: list[object] = []
    monkeypatch.setattr(threading, "excepthook", faults.append)
    told = threading.Event()

    def gone() -> None:
        told.set()
        raise RuntimeError("the loop is closed")

    Reader(lambda size: b"", lambda message: None, gone).start()
    assert told.wait(PATIENCE)
    for thread in threading.enumerate():
        if thread.name == "rlm-read":
            thread.join(PATIENCE)
    assert faults == []
