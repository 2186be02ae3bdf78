"""The child process: reads one request at a time from stdin, runs it, writes the result to stdout.

Started as `python -P -m rlm_ls.context.workers.worker`. Frames are an 8-byte big-endian length and a pickle; the other
side is our own parent. A thread watches stdin so that the process ends with its parent, even in the middle of a search.
"""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import queue
import signal
import struct
import sys
import threading
from typing import Any, BinaryIO

from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.errors import RlmError
from rlm_ls.visible import guard_stderr

HEADER = struct.Struct(">Q")

Request = tuple[str, dict[str, object], float]
"""Operation, keyword arguments, seconds it may take."""

Reply = tuple[str, Any]
"""("done", result), ("error", (class name, message, remedy)) or ("crash", what)."""


def frame(value: object) -> bytes:
    body = pickle.dumps(value, protocol=5)
    return HEADER.pack(len(body)) + body


def read_frame(stream: BinaryIO) -> object | None:
    """The next value, or None when the other side has gone."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (length,) = HEADER.unpack(header)
    body = stream.read(length)
    return pickle.loads(body) if len(body) == length else None


def answer(request: Request, package: str) -> Reply:
    operation, arguments, seconds = request
    module, _, function = operation.rpartition(".")
    try:
        run = getattr(importlib.import_module(f"{package}.{module}"), function)
        return "done", run(Deadline(seconds), **arguments)
    except RlmError as error:
        return "error", (type(error).__name__, error.message, error.remedy)
    except Exception as error:
        return "crash", f"{operation}: {type(error).__name__}: {error}"


def main(package: str = "rlm_ls.context.ops") -> None:
    """Serve the functions of `package`'s modules until the parent has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    guard_stderr()
    gc.set_threshold(50_000, 20, 20)  # results are many small objects without cycles
    # Whatever a library prints must not reach the pipe that carries the frames.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests: queue.SimpleQueue[Request] = queue.SimpleQueue()

    def watch() -> None:
        while (request := read_frame(sys.stdin.buffer)) is not None:
            requests.put(request)  # type: ignore[arg-type]
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    while True:
        reply = frame(answer(requests.get(), package))
        out.write(reply)
        out.flush()


if __name__ == "__main__":
    main()
