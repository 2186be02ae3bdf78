"""Seccomp filters: which system calls a locked-in process may make, as the kernel's own little programs (cBPF).

Both sandboxes of Linux use them: our launcher takes them as digits, bubblewrap from a descriptor.
"""

from __future__ import annotations

import platform
import struct
from collections.abc import Iterable
from typing import Literal

from rlm_ls.executors.jail.calls import AARCH64, COMPILE, RUN, X86_64

Kind = Literal["run", "compile"]

MACHINES = {"x86_64": (0xC000003E, X86_64), "aarch64": (0xC00000B7, AARCH64)}
"""The kernel's name of the machine (AUDIT_ARCH) and its calls."""

LOAD, JUMP_EQUAL, JUMP_FROM, JUMP_ANY, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOWED, KILLED = 0x7FFF0000, 0x80000000
NO_PERMISSION, NO_SUCH_CALL = 0x00050001, 0x00050026

X32 = 0x40000000
"""Calls from here on belong to another ABI, whose numbers mean other calls."""

EXECUTABLE = 4
"""PROT_EXEC of mmap and mprotect."""

NEW_NAMESPACES = 0x7E020000
"""clone: all flags CLONE_NEW…"""

EMPTY_PATH = 0x1000


def filter_for(kind: Kind, *, by_name: bool = False) -> bytes | None:
    """The filter's instructions (8 bytes each) for this machine; None where its calls are not known.

    A call outside the list fails: for a program with EPERM, which it can tell its user; for a compiler with ENOSYS, so
    that its C library does without. `by_name`: bubblewrap starts the program by its path and, under the same
    filter, waits for it.
    """
    machine = MACHINES.get({"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine()))
    if machine is None:
        return None
    name, numbers = machine
    made = [_do(LOAD, 4), _do(JUMP_EQUAL, name, 1, 0), _do(RETURN, KILLED), _do(LOAD, 0)]
    if numbers is X86_64:
        made += [_do(JUMP_FROM, X32, 0, 1), _do(RETURN, KILLED)]
    plain = (
        [*RUN, *COMPILE, "mmap", "mprotect"] if kind == "compile" else [*RUN, *(["execve", "wait4"] if by_name else [])]
    )
    for number in _known(plain, numbers):
        made += [_do(JUMP_EQUAL, number, 0, 1), _do(RETURN, ALLOWED)]
    # One's own limits may be read; nobody's may be set.
    made += _when(numbers["prlimit64"], _zero(0, 0xFFFFFFFF), _zero(2, 0xFFFFFFFF), _zero(2, 0xFFFFFFFF, high=True))
    if kind == "compile":
        made += _when(numbers["clone"], _zero(0, NEW_NAMESPACES))
        return b"".join([*made, _do(RETURN, NO_SUCH_CALL)])
    made += _when(numbers["mmap"], _zero(2, EXECUTABLE))
    made += _when(numbers["mprotect"], _zero(2, EXECUTABLE))
    # The launcher's last step. Its descriptor is closed by that, so the program has nothing to execute in turn.
    made += _when(numbers["execveat"], [_do(LOAD, _argument(4)), _do(JUMP_EQUAL, EMPTY_PATH, 0, 1)])
    return b"".join([*made, _do(RETURN, NO_PERMISSION)])


def _do(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def _known(names: Iterable[str], numbers: dict[str, int]) -> Iterable[int]:
    return (numbers[name] for name in dict.fromkeys(names) if name in numbers)


def _argument(index: int, *, high: bool = False) -> int:
    """Where an argument's lower or upper half lies in struct seccomp_data (both machines are little-endian)."""
    return 16 + 8 * index + 4 * high


def _zero(index: int, bits: int, *, high: bool = False) -> list[bytes]:
    """Go on if those bits of an argument are 0, else skip the instruction that follows."""
    return [_do(LOAD, _argument(index, high=high)), _do(JUMP_ANY, bits, 1, 0)]


def _when(number: int, *tests: list[bytes]) -> list[bytes]:
    """Allow the call if every test goes on. Each ends in a jump that, when it fails, skips one instruction."""
    body: list[bytes] = []
    remaining = sum(len(test) for test in tests)
    for test in tests:
        remaining -= len(test)
        code, yes, no, value = struct.unpack("=HBBI", test[-1])
        body += [*test[:-1], _do(code, value, yes and remaining + 1, no and remaining + 1)]
    made = [*body, _do(RETURN, ALLOWED)]
    # The number is loaded again: a test that failed left an argument in its place.
    return [_do(JUMP_EQUAL, number, 0, len(made)), *made, _do(LOAD, 0)]
