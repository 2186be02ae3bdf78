"""Standard input, pipes and devices named on the command line: each is read to its end into a private file.

They can be read only once and have no size. As private files they are treated like any file: the same detection of
compression, encoding and binary data.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import BinaryIO

from rlm_ls.context.scope import Stream
from rlm_ls.context.snapshot.pack import Pack
from rlm_ls.errors import BadRequest, DocumentUnreadable

STDIN = "-"
CHUNK = 1 << 20

_DESCRIPTOR = re.compile(r"/dev/stdin|(?:/dev|/proc/(?:self|\d+))/fd/\d+")
"""What only the process itself can open by this name: a worker has other descriptors."""


def is_stream(path: str) -> bool:
    """Whether a path must be read to its end to know what is in it: a pipe, a device, a file of the kernel's, or
    whatever is open here under a number."""
    if path == STDIN:
        return True
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return False
    whole = os.path.abspath(path)
    if stat.S_ISREG(status.st_mode):
        return bool(_DESCRIPTOR.fullmatch(whole)) or (not status.st_size and whole.startswith(("/proc/", "/sys/")))
    return stat.S_ISFIFO(status.st_mode) or stat.S_ISCHR(status.st_mode)


@asynccontextmanager
async def read_whole(paths: list[str], most: int) -> AsyncIterator[dict[str, Stream]]:
    """Reads those of the `paths` that are streams, `most` bytes together. Returns their copies by path; the copies are
    deleted when the `with` block ends."""
    packs: list[Pack] = []
    try:
        found: dict[str, Stream] = {}
        for path in dict.fromkeys(paths):
            if is_stream(path):
                packs.append(Pack(None))
                size = await _in_daemon(partial(_copy, path, packs[-1], most))
                most -= size
                found[path] = Stream(_uri(path), _name(path), packs[-1].path, size)
        yield found
    finally:
        for pack in packs:
            pack.release()


async def _in_daemon(work: Callable[[], int]) -> int:
    """Runs `work` in a daemon thread: when Ctrl-C ends the command, a pipe that never ends must not be waited for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[int] = loop.create_future()

    def settle(size: int, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(size)
        else:
            done.set_exception(error)

    def run() -> None:
        size, error = 0, None
        try:
            size = work()
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the command has ended meanwhile
            loop.call_soon_threadsafe(settle, size, error)

    threading.Thread(target=run, name="rlm-stream", daemon=True).start()
    return await done


def _copy(path: str, pack: Pack, most: int) -> int:
    size = 0
    with _opened(path) as stream:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > most:
                raise DocumentUnreadable(
                    f"{_name(path)} gives more than {most / (1 << 20):,.0f} MiB.",
                    "Filter it first, save it to a file, or raise the setting context.unpackMb.",
                )
            pack.append(chunk)
    return size


def _opened(path: str) -> BinaryIO:
    if path == STDIN:
        if sys.stdin.isatty():
            raise BadRequest("- means standard input, and nothing is piped in.", "Try: journalctl | rlm-ls ask … -")
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    try:
        return open(path, "rb")
    except OSError as error:
        raise DocumentUnreadable(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from None


def _uri(path: str) -> str:
    return "stdin:///standard-input.txt" if path == STDIN else f"stream://{os.path.abspath(path)}"


def _name(path: str) -> str:
    return "standard-input.txt" if path == STDIN else os.path.abspath(path)
