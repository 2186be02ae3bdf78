"""What a locked-in process may use: two policies, one for compilers, one for the programs they make."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rlm_ls.executors.jail.filter import Kind

NOBODY = 65534

MEBI = 1 << 20


@dataclass(frozen=True, slots=True)
class Policy:
    """Paths, an environment and limits. Nothing else is there: no network, no other files, no other processes.

    `readable` may be read and executed, `writable` read and changed; `folder` is where the process works. `limits` are
    bytes, seconds and counts by the names of setrlimit. `seconds` is wall time, `output` bytes of standard output,
    after which the process and all its children are killed.
    """

    kind: Kind
    seconds: float
    output: int
    limits: dict[str, int]
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    folder: str = "/"


def for_running(*, memory: int, seconds: float, output: int, text: int) -> Policy:
    """One process, no files: the text (so many bytes, mapped) on descriptor 0, the result on descriptor 1."""
    limits = {
        "as": memory + text + 16 * MEBI,
        "cpu": int(seconds) + 2,
        "fsize": 0,
        "stack": min(64 * MEBI, memory // 2),
        "nofile": 16,
        "core": 0,
    }
    return Policy("run", seconds, output, limits)


def for_compiling(
    folder: Path,
    *,
    readable: tuple[str, ...],
    writable: tuple[str, ...] = (),
    variables: dict[str, str] | None = None,
    seconds: float = 30.0,
    memory: int = 3 << 30,
) -> Policy:
    """The toolchain's files, and `folder` to work in. Threads and children, but no one outside."""
    limits = {
        # Not the address space: compilers map their own libraries and reserve more than they use.
        "data": memory,
        "cpu": 4 * int(seconds) + 2,
        "fsize": 256 * MEBI,
        "stack": 64 * MEBI,
        "nofile": 4096,
        "core": 0,
    }
    return Policy(
        "compile", seconds, 4 * MEBI, limits, readable, (str(folder), *writable), dict(variables or {}), str(folder)
    )
