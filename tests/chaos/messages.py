"""Malformed, misordered, oversized and duplicated messages, among them good requests that have to be answered."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from tests.chaos.tally import Tally
from tests.chaos.watched import PING_SECONDS, Watched, served, warm

BATCH = 200
END_SECONDS = 15.0
URI = "untitled:chaos.log"
METHODS = [
    "initialize",
    "initialized",
    "textDocument/didOpen",
    "textDocument/didChange",
    "textDocument/didClose",
    "textDocument/didSave",
    "textDocument/codeAction",
    "textDocument/codeLens",
    "textDocument/documentLink",
    "workspace/executeCommand",
    "workspace/textDocumentContent",
    "workspace/didChangeConfiguration",
    "workspace/didChangeWatchedFiles",
    "workspace/didChangeWorkspaceFolders",
    "window/workDoneProgress/cancel",
    "$/cancelRequest",
    "$/setTrace",
    "$/unknown",
    "rlm/ask",
    "rlm/estimate",
    "rlm/resume",
    "rlm/stop",
    "rlm/runs",
    "rlm/trace",
    "rlm/citations",
    "rlm/sampleText",
    "no/such.method",
]

Maker = Callable[[random.Random], bytes]


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _scalar(rng: random.Random) -> Any:
    return rng.choice(
        [
            None,
            True,
            -1,
            0,
            2**31,
            2**64,
            1e308,
            float("nan"),
            "",
            "x",
            "\ud800",
            "../../etc/passwd",
            [],
            {},
            [[]],
            {"": 0},
        ]
    )


def _anything(rng: random.Random, depth: int = 3) -> Any:
    if depth == 0 or rng.random() < 0.3:
        return _scalar(rng)
    if rng.random() < 0.5:
        return [_anything(rng, depth - 1) for _ in range(rng.randrange(4))]
    names = ["textDocument", "uri", "range", "start", "end", "line", "character", "scope", "kind", "question", "runId"]
    names += [
        "contentChanges",
        "text",
        "version",
        "id",
        "command",
        "arguments",
        "context",
        "settings",
        "budget",
        "token",
    ]
    return {rng.choice(names): _anything(rng, depth - 1) for _ in range(rng.randrange(5))}


def not_json(rng: random.Random) -> bytes:
    return rng.choice(
        [
            rng.randbytes(rng.randrange(1, 300)),
            b"",
            b"{",
            b"\xef\xbb\xbf{}",
            b"\xff\xfe{\x00}\x00",
            b'{"jsonrpc": "2.0", "id": 1, "method": ',
            b"[" * rng.randrange(1, 100_000),
            b'{"a":' * 20_000,
            b"1" * 5_000,
            b'{"jsonrpc": "2.0", "id": ' + b"9" * 5_000 + b', "method": "rlm/runs"}',
            b'{"jsonrpc": "2.0", "method": "\xc3"}',
            b"null",
            b'"text"',
            b"NaN",
        ]
    )


def no_message(rng: random.Random) -> bytes:
    """JSON that is no message, or one with odd parts."""
    odd = {
        "jsonrpc": rng.choice(["2.0", "2.0", "1.0", 2, None]),
        "id": rng.choice([None, "x" * 10_000, 1.5, -1, True, [], {}, {"a": 1}, "\ud800"]),
        "method": rng.choice([None, 1, [], {}, "", "rlm/runs", "\x00", "x" * 10_000]),
        "params": _anything(rng),
        "result": _anything(rng),
        "error": rng.choice([None, 1, {"code": "x"}, {"code": 1, "message": []}]),
    }
    message = {name: value for name, value in odd.items() if rng.random() < 0.6}
    return _json(rng.choice([message, message, [message], [message] * 50, [], 7]))


def wrong_params(rng: random.Random) -> bytes:
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": rng.choice(METHODS), "params": _anything(rng, 4)}
    if rng.random() < 0.5:
        message["id"] = f"w{rng.randrange(1000)}"  # duplicates on purpose
    return _json(message)


def misordered(rng: random.Random) -> bytes:
    """Good form at the wrong moment: edits of closed texts, versions backwards, answers to nothing, ids used twice."""
    document = {
        "uri": rng.choice([URI, URI + "2", "file:///nowhere/x", "nonsense", "http://127.0.0.1:9/x"]),
        "version": rng.randrange(-5, 5),
    }
    place = {"line": rng.choice([0, 1, 2**31 - 1, 10**9]), "character": rng.choice([0, 5, 2**31 - 1])}
    spot = {"start": place, "end": {"line": rng.choice([0, 1, 50]), "character": 0}}
    changes = [{"range": spot, "text": rng.choice(["", "x", "\n" * 50, "\ud83d"])} for _ in range(rng.randrange(1, 5))]
    whole = [{"text": "ERROR anew\n" * rng.randrange(3)}]
    opened = {**document, "languageId": "log", "text": "ERROR one\nINFO two\n"}
    name, params = rng.choice(
        [
            ("textDocument/didChange", {"textDocument": document, "contentChanges": rng.choice([changes, whole, []])}),
            ("textDocument/didOpen", {"textDocument": opened}),
            ("textDocument/didClose", {"textDocument": document}),
            ("textDocument/didSave", {"textDocument": document, "text": "x"}),
            ("initialized", {}),
            ("$/cancelRequest", {"id": rng.choice([1, 10**6, "w1", "none"])}),
            ("window/workDoneProgress/cancel", {"token": rng.choice(["none", 0, 1])}),
            (
                "workspace/didChangeConfiguration",
                {"settings": rng.choice([None, {"rlm": 3}, {"rlm": {"budget": {"turns": -1}}}])},
            ),
            (
                "workspace/didChangeWorkspaceFolders",
                {
                    "event": {
                        "added": [{"uri": "file:///nowhere", "name": "n"}],
                        "removed": [{"uri": "file:///nowhere", "name": "n"}],
                    }
                },
            ),
            (
                "workspace/didChangeWatchedFiles",
                {"changes": [{"uri": document["uri"], "type": rng.choice([1, 2, 3])}] * rng.randrange(1, 100)},
            ),
        ]
    )
    if rng.random() < 0.2:
        return _json({"jsonrpc": "2.0", "id": rng.choice([1, 2, "none", None]), "result": _scalar(rng)})
    return _json({"jsonrpc": "2.0", "method": name, "params": params})


def oversized(rng: random.Random) -> bytes:
    long = "x" * rng.choice([10_000, 300_000])
    return _json(
        rng.choice(
            [
                {"jsonrpc": "2.0", "method": "no/such", "params": long},
                {"jsonrpc": "2.0", "method": long},
                {"jsonrpc": "2.0", "id": "big", "method": "rlm/trace", "params": {"runId": long}},
                {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": long}},
                {
                    "jsonrpc": "2.0",
                    "method": "textDocument/didClose",
                    "params": {"textDocument": {"uri": "file:///" + long}},
                },
                {"jsonrpc": "2.0", "method": "x", "params": {str(n): n for n in range(len(long) // 100)}},
                {
                    "jsonrpc": "2.0",
                    "id": "big",
                    "method": "workspace/executeCommand",
                    "params": {"command": long, "arguments": [long] * 3},
                },
            ]
        )
    )


KINDS: tuple[tuple[Maker, float], ...] = (
    (not_json, 0.2),
    (no_message, 0.25),
    (wrong_params, 0.25),
    (misordered, 0.27),
    (oversized, 0.03),
)


def framed(body: bytes, rng: random.Random) -> bytes:
    """In a good frame, or in one that is odd and still says where it ends."""
    length = b"%d" % len(body)
    head = rng.choice(
        [
            b"Content-Length: " + length,
            b"Content-Length: " + length,
            b"content-length:" + length,
            b"CONTENT-LENGTH:   " + length + b"  ",
            b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: " + length,
            b"X-Junk: " + b"j" * 3000 + b"\r\nContent-Length: " + length,
            b"no colon here\r\nContent-Length: " + length,
            b"\xff\xfe: \x00\r\nContent-Length: " + length,
        ]
    )
    return head + b"\r\n\r\n" + body


async def messages(number: int, seed: int, folder: Path, bound: float) -> Tally:
    """`number` bad messages, a good request after each twenty; all good ones have to be answered, once."""
    tally = Tally(bound)
    rng = random.Random(seed)
    path = folder / "chaos.log"
    path.write_text("ERROR one\nINFO two\n")
    makers, weights = zip(*KINDS, strict=True)
    async with served(tally) as editor:
        before = await warm(editor, path)
        while tally.messages < number:
            good: list[asyncio.Future[Any]] = []
            for _ in range(BATCH):
                editor.process.stdin.write(framed(rng.choices(makers, weights)[0](rng), rng))  # type: ignore[union-attr]
                tally.messages += 1
                if tally.messages % 20 == 0:
                    good.append(editor.start("rlm/runs", {"limit": 1})[1])
            await editor.process.stdin.drain()  # type: ignore[union-attr]
            started = time.monotonic()
            _, late = await asyncio.wait(good, timeout=PING_SECONDS)
            if late or any(one.exception() for one in good):
                tally.lost.append(
                    f"message {tally.messages}: {len(late)} unanswered after {time.monotonic() - started:.0f} s"
                )
                break
            editor.received.clear()
            await editor.ping(f"message {tally.messages}")
        await editor.settled(before, f"{tally.messages} messages", megabytes=60)
        answer = await editor.request(
            "rlm/ask",
            {
                "question": "How many lines contain ERROR?",
                "scope": {"kind": "document", "textDocument": {"uri": path.as_uri()}},
            },
        )
        if answer["status"] != "answered":
            tally.lost.append(
                f"a question after {tally.messages} messages ended as {answer['status']}: {answer['reason']}"
            )
    return tally


FATAL = (
    b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n",
    b"Content-Length: 999999999999\r\n\r\n{",
    b"Content-Length: -5\r\n\r\n{}",
    b"Content-Length: 5\r\nContent-Length: 70\r\n\r\n{}   ",
    b"Content-Length: \xb2\r\n\r\n",
    b"Content-Length: 0x10\r\n\r\n",
    b"Content-Length: 10\r\n\r\n{",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\r\n" * 100_000,
    b"\x00" * 200_000,
    b"X: " + b"y" * 200_000,
    bytes(range(256)) * 1_000,
)
"""After which no message can be told from the next, or of which the rest never comes."""


async def frames(folder: Path, bound: float) -> Tally:
    """Whatever the frame: the server goes on or ends, and ends at the latest when its client goes."""
    tally = Tally(bound)
    for number, bad in enumerate(FATAL):
        async with Watched(tally) as editor:
            await editor.initialize()
            before = editor.footprint()
            editor.process.stdin.write(bad)  # type: ignore[union-attr]
            tally.messages += 1
            await asyncio.sleep(0.1)
            with suppress(psutil.NoSuchProcess):  # it may end at any moment
                if (grown := editor.footprint().megabytes - before.megabytes) > 60:
                    tally.leaked.append(f"frame {number} took {grown:.0f} MB")
            editor.process.stdin.close()  # type: ignore[union-attr]
            started = time.monotonic()
            try:
                await asyncio.wait_for(editor.process.wait(), END_SECONDS)
            except TimeoutError:
                tally.frozen.append(f"frame {number}: the server did not end with its client")
                await editor.kill()
            if time.monotonic() - started > max(2.0, bound):
                tally.frozen.append(f"frame {number}: the server took {time.monotonic() - started:.1f} s to end")
    return tally
