"""A compiler for one language and target, as found on this machine: what to run, and what it needs to see."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rlm_ls.errors import CompileFailed

Language = Literal["rust", "c", "wat"]
Target = Literal["wasm", "native"]


@dataclass(frozen=True, slots=True)
class ToolchainStatus:
    """Whether programs in `language` can be made for `target` here, and with what.

    `why_not` is empty when `works`; else `remedy` is the command that would mend it on this system.
    """

    language: Language
    target: Target
    version: str
    works: bool
    why_not: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """`argv` compiles `main` (or, where there is no prelude, `program`) to `made`, all names in its working folder.

    `{source}` and `{folder}` in `argv` and `variables` are replaced. `readable` and `writable` are the compiler's own
    files; `stamped` are those whose change asks for a new proof.
    """

    language: Language
    target: Target
    title: str
    argv: tuple[str, ...]
    main: str
    program: str
    made: str
    version_argv: tuple[str, ...]
    first_error: Callable[[bytes, str], CompileFailed]
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    stamped: tuple[str, ...] = ()
    proof_seconds: float = 30.0

    def identity(self, sandbox: str) -> str:
        """The same as long as the compiler's files, its flags and the sandbox are."""
        parts = [self.language, self.target, sandbox, *self.argv, *(f"{k}={v}" for k, v in self.variables.items())]
        return fingerprint(parts, self.stamped)


def fingerprint(parts: Sequence[str], files: Iterable[str]) -> str:
    """A digest of some texts, and of which of the files there are, their times and sizes."""
    stamps = []
    for path in files:
        try:
            status = os.stat(path)
            stamps.append(f"{path} {status.st_mtime_ns} {status.st_size}")
        except OSError:
            stamps.append(f"{path} missing")
    return hashlib.sha256("\0".join([*parts, *stamps]).encode()).hexdigest()


def beside(tool: Path, *names: str) -> tuple[str, ...]:
    """Folders of the installation that a tool belongs to (its `bin` folder's siblings), where they exist."""
    prefix = tool.resolve().parent.parent
    return tuple(str(prefix / name) for name in names if (prefix / name).is_dir())
