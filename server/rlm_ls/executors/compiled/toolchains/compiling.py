"""One call of a compiler: its folder, its limits, what it made or why it did not."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from rlm_ls.errors import CompileFailed
from rlm_ls.executors.compiled.toolchains.toolchain import Toolchain
from rlm_ls.executors.jail.jail import Jail
from rlm_ls.executors.jail.policy import Policy, for_compiling
from rlm_ls.executors.jail.process import ProcessResult
from rlm_ls.private import private_folder

MOST_MADE = 64 << 20
"""Bytes of a compiled program."""

OUT_OF_MEMORY = (b"memory allocation of", b"out of memory", b"bad_alloc", b"OutOfMemory", b"Cannot allocate memory")


def policy_of(toolchain: Toolchain, folder: Path, seconds: float) -> Policy:
    """What the compiler may do, working in `folder`."""
    return for_compiling(
        folder,
        readable=toolchain.readable,
        writable=toolchain.writable,
        variables={name: text.replace("{folder}", str(folder)) for name, text in toolchain.variables.items()},
        seconds=seconds,
    )


async def compile_with(
    toolchain: Toolchain, jail: Jail, state_dir: Path, source: str, prelude: str, seconds: float
) -> bytes:
    """What the compiler made. Raises CompileFailed, SandboxUnavailable."""
    try:
        folder = await asyncio.to_thread(_folder, toolchain, state_dir, source, prelude)
    except OSError as error:
        raise CompileFailed(f"The compiler's folder cannot be made: {error.strerror}.", remedy="Make room.") from None
    try:
        policy = policy_of(toolchain, folder, seconds)
        root = toolchain.main if prelude else toolchain.program
        argv = [part.replace("{source}", root) for part in toolchain.argv]
        ended = await jail.run(policy, argv)
        if failure := _failure(toolchain, ended, seconds):
            raise failure
        return await asyncio.to_thread(_made, folder / toolchain.made, ended)
    finally:
        # Some small files: no thread, which a cancelled caller would have to wait for.
        shutil.rmtree(folder, ignore_errors=True)


def _folder(toolchain: Toolchain, state_dir: Path, source: str, prelude: str) -> Path:
    place = state_dir / "compiling"
    private_folder(place)
    folder = Path(tempfile.mkdtemp(dir=place)).resolve()
    (folder / toolchain.program).write_bytes(source.encode("utf-8", "replace"))
    if prelude:
        (folder / toolchain.main).write_text(prelude, "utf-8")
    return folder


def _failure(toolchain: Toolchain, ended: ProcessResult, seconds: float) -> CompileFailed | None:
    if ended.stopped == "time":
        return CompileFailed(
            f"The compiler was stopped after {seconds:g} s.", remedy="Write less: no macros or types that grow."
        )
    if ended.stopped == "output":
        return CompileFailed("The compiler was stopped: it wrote without an end.", remedy="Write less.")
    if ended.status == 0:
        return None
    if any(words in ended.errors for words in OUT_OF_MEMORY):
        return CompileFailed("The compiler ran out of memory.", remedy="Write less: no macros or types that grow.")
    error = toolchain.first_error(ended.errors, toolchain.program)
    if ended.status < 0 and error.line == 0:
        return CompileFailed(f"The compiler was ended by signal {-ended.status}.", remedy="Write the program plainly.")
    return error


def _made(path: Path, ended: ProcessResult) -> bytes:
    try:
        # Whatever a compiler was made to put there: a link would be followed out of the folder.
        if path.is_symlink() or not path.is_file():
            raise CompileFailed("The compiler made nothing.", note=ended.errors.decode("utf-8", "replace")[:300])
        size = path.stat().st_size
        if size > MOST_MADE:
            raise CompileFailed(f"The compiled program has {size:,} bytes; {MOST_MADE:,} are allowed.")
        return path.read_bytes()
    except OSError as error:
        raise CompileFailed(f"What the compiler made cannot be read: {error.strerror}.") from None
