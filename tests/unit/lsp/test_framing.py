"""Messages are found in the bytes of a pipe however these are cut, and nothing is taken for a message that is none."""

from __future__ import annotations

import json
import threading

import pytest

from rlm_ls.lsp.transport.framing import HEADER_LIMIT, Malformed, Reader, Writer

PATIENCE = 10.0


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
