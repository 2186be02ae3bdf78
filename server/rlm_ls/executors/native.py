"""L3: a native program, locked in. The text is its descriptor 0, its result what it wrote to descriptor 1."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
from pathlib import Path

from rlm_ls.errors import DocumentChanged, ProgramCrashed, ProgramLimit
from rlm_ls.executors.jail import Ended, Jail, for_running
from rlm_ls.private import set_mode

MEMORY = 1 << 30
SECONDS = 60.0
OUTPUT = 16 << 20

TRAILER = 8
"""Bytes after the result that hold its length (preludes/)."""

PANIC = re.compile(r"rlm-panic (\d+): (.*)", re.DOTALL)
NO_MEMORY = re.compile(r"memory allocation of (\d+) bytes failed|out of memory|Cannot allocate memory")


async def run_native(
    binary: Path,
    text_fd: int,
    *,
    jail: Jail,
    offset: int = 0,
    size: int | None = None,
    memory: int = MEMORY,
    seconds: float = SECONDS,
    output: int = OUTPUT,
) -> bytes:
    """The result of a program over `size` bytes (None: all) from `offset` of the file that `text_fd` reads: UTF-8 text.

    Of a file that holds more than those bytes they are copied first: a program reads all that its descriptor gives.
    `memory` are bytes beside the text, `seconds` wall time, `output` bytes of the result and of all it prints. The
    caller keeps and closes the descriptor. A cancelled call has killed the program when it returns.

    Raises ProgramCrashed, ProgramLimit, DocumentChanged, SandboxUnavailable.
    """
    there = os.fstat(text_fd).st_size
    size = max(0, there - offset) if size is None else size
    # Root runs it as nobody, who must be allowed to execute it; the folder it lies in is private.
    set_mode(binary, 0o755)
    policy = for_running(memory=memory, seconds=seconds, output=output + TRAILER, text=size)
    if (offset, size) == (0, there) or not size:
        ended = await jail.run(policy, ["program", str(offset), str(size)], program=binary, stdin=text_fd)
    else:
        with tempfile.TemporaryFile() as file:
            await asyncio.to_thread(_copy, text_fd, offset, size, file.fileno())
            # Opened anew where that can be done: the program's descriptor is for reading only.
            through = f"/proc/self/fd/{file.fileno()}"
            alone = os.open(through, os.O_RDONLY) if os.path.exists(through) else os.dup(file.fileno())
            try:
                ended = await jail.run(policy, ["program", "0", str(size)], program=binary, stdin=alone)
            finally:
                os.close(alone)
    if ended.stopped == "time":
        raise ProgramLimit(f"The program was stopped after {seconds:g} s.", "Do less, or search with verbs first.")
    if ended.stopped == "output":
        raise ProgramLimit(f"The program was stopped: its result has more than {output:,} bytes.", "Return less.")
    if ended.status:
        raise _crashed(ended, memory)
    return _result(ended.output)


def _copy(source: int, offset: int, size: int, target: int) -> None:
    """By pread: whoever else reads the descriptor does not notice."""
    while size:
        raw = os.pread(source, min(size, 1 << 20), offset)
        if not raw:
            raise DocumentChanged("The text was cut off on disk while it was copied for a program.", "Ask again.")
        os.write(target, raw)
        offset += len(raw)
        size -= len(raw)


def _result(written: bytes) -> bytes:
    length = int.from_bytes(written[-TRAILER:], "little") if len(written) >= TRAILER else -1
    if not 0 <= length <= len(written) - TRAILER:
        raise ProgramCrashed("The program ended before its result was written.", "It must return, not exit.")
    result = written[len(written) - TRAILER - length : len(written) - TRAILER]
    try:
        result.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProgramCrashed(
            f"The program's result is not UTF-8 text (byte {error.start} of {length}).", "Return text."
        ) from None
    return result


def _crashed(ended: Ended, memory: int) -> ProgramCrashed | ProgramLimit:
    said = ended.errors.decode("utf-8", "replace").strip()
    if found := NO_MEMORY.search(said):
        wanted = f" when it asked for {int(found[1]):,} more bytes" if found[1] else ""
        return ProgramLimit(f"The program ran out of its memory of {memory:,} bytes{wanted}.", "Keep less at a time.")
    if "has overflowed its stack" in said:
        return ProgramLimit("The program recursed too deeply for its stack.", "Use a loop.")
    if panic := PANIC.search(said):
        line = f" at line {panic[1]}" if panic[1] != "0" else ""
        return ProgramCrashed(f"The program panicked{line}: {_cut(panic[2])}", _hint(panic[2]))
    if ended.status == -signal.SIGXCPU:
        return ProgramLimit("The program was stopped: it used up its time.", "Do less, or search with verbs first.")
    if ended.status == -signal.SIGBUS:
        return ProgramCrashed("The text changed on disk while the program read it.", "Ask again.")
    if ended.status == -signal.SIGKILL:
        return ProgramLimit("The program was killed: the system ran out of memory, or someone ended it.")
    last = f" It said: {_cut(said.splitlines()[-1])}" if said else ""
    if ended.status < 0:
        name = signal.Signals(-ended.status).name if -ended.status in set(signal.Signals) else str(-ended.status)
        deep = " Recursion without end does that, too." if ended.status == -signal.SIGSEGV else ""
        return ProgramCrashed(f"The program crashed ({name}).{last}{deep}")
    return ProgramCrashed(f"The program exited with status {ended.status} and no result.{last}", "It must return.")


def _hint(said: str) -> str:
    if "Operation not permitted" in said or "PermissionDenied" in said or "Permission denied" in said:
        return "Programs have no files, network, threads or other processes: only the text that `analyze` is given."
    return ""


def _cut(text: str, most: int = 500) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
