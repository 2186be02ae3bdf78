"""Which sandbox works here, proved by trying; and running programs in it."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from rlm_ls.errors import SandboxUnavailable
from rlm_ls.executors.jail.bubblewrap import Bubblewrap, filter_descriptor
from rlm_ls.executors.jail.launcher import Launcher
from rlm_ls.executors.jail.policy import Policy, for_compiling
from rlm_ls.executors.jail.process import ProcessResult, run_to_end
from rlm_ls.executors.jail.sandbox_exec import SandboxExec
from rlm_ls.private import private_folder

REFUSED = 125
"""The launcher's status when it could not lock itself in."""


class Kind(Protocol):
    name: str

    async def prepare(self) -> str:
        """Empty, or why it cannot be used here."""

    def command(self, policy: Policy, argv: Sequence[str], program: Path | None) -> tuple[list[str], bytes | None]: ...


class Jail:
    """The sandbox for compilers and native programs. One a state folder; it needs no closing.

    Nothing is built or run before the first need. What was found holds for this process's life.
    """

    def __init__(self, state_dir: Path, kinds: Sequence[Kind] = ()) -> None:
        """`kinds`: only these, the best first."""
        self._folder = state_dir / "jail"
        self._kinds = tuple(kinds) or (Launcher(self._folder), Bubblewrap(), SandboxExec())
        self._kind: Kind | None = None
        self._why_not: str | None = None
        self._choosing = asyncio.Lock()

    async def available(self) -> str:
        """Empty when a sandbox works here, else why none does."""
        async with self._choosing:
            if self._why_not is None:
                self._why_not = await self._choose()
        return self._why_not

    @property
    def name(self) -> str:
        """The sandbox in use, once `available()` has found one."""
        return self._kind.name if self._kind else ""

    async def run(
        self, policy: Policy, argv: Sequence[str], *, program: Path | None = None, stdin: int | None = None
    ) -> ProcessResult:
        """Run a command locked in; `program` is the file to execute where argv[0] is only its name.

        Raises SandboxUnavailable: nothing is ever run without a sandbox.
        """
        if why_not := await self.available():
            raise unavailable(why_not)
        assert self._kind is not None
        return await _run(self._kind, policy, argv, program, stdin)

    async def _choose(self) -> str:
        reasons = []
        for kind in self._kinds:
            try:
                why_not = await kind.prepare() or await self._try(kind)
            except OSError as error:  # a state folder that cannot be written, a bwrap that cannot be started
                why_not = str(error)
            if not why_not:
                self._kind = kind
                return ""
            if not why_not.endswith(("is for Linux", "is for macOS")):
                reasons.append(f"{kind.name}: {why_not}")
        return "; ".join(reasons) or f"there is no sandbox for {sys.platform}"

    async def _try(self, kind: Kind) -> str:
        """Try a sandbox: a program in it must see one file and not another."""
        await asyncio.to_thread(private_folder, self._folder)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="try-") as folder:
            shown, hidden = Path(folder, "shown"), Path(folder, "hidden")
            shown.mkdir()
            (shown / "file").write_text("seen")
            hidden.write_text("seen")
            policy = for_compiling(shown, readable=system_files(), seconds=10)
            for path, wanted in ((shown / "file", b"seen"), (hidden, b"")):
                ended = await _run(kind, policy, ["/bin/cat", str(path)], None, None)
                if ended.output != wanted:
                    said = ended.errors.decode("utf-8", "replace").strip().splitlines()
                    return said[-1][:200] if said else f"it did not {'show' if wanted else 'hide'} a file"
        return ""


async def _run(
    kind: Kind, policy: Policy, argv: Sequence[str], program: Path | None, stdin: int | None
) -> ProcessResult:
    command, instructions = kind.command(policy, argv, program)
    passed = None if instructions is None else filter_descriptor(instructions)
    try:
        if passed is not None:
            command = [str(passed) if part == "{filter}" else part for part in command]
        ended = await run_to_end(
            command,
            seconds=policy.seconds,
            output=policy.output,
            stdin=stdin,
            pass_fds=() if passed is None else (passed,),
        )
    finally:
        if passed is not None:
            os.close(passed)
    if ended.status == REFUSED and ended.errors.startswith(b"rlm-jail: "):
        raise unavailable(ended.errors.decode("utf-8", "replace").removeprefix("rlm-jail: ").strip())
    if kind.name == "bubblewrap" and ended.status > 128:
        return replace(ended, status=128 - ended.status)  # its way of saying that a signal ended the program
    return ended


def system_files() -> tuple[str, ...]:
    """The parts of this system that programs need to run at all: libraries and commands, no one's data."""
    places = ("/bin", "/lib", "/lib32", "/lib64", "/usr/bin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec")
    # Debian's /usr/bin/cc is a link into /etc/alternatives, which holds nothing but links.
    others = ("/etc/alternatives", "/etc/ld.so.cache", "/nix/store", "/gnu/store")
    return tuple(place for place in (*places, *others) if os.path.exists(place))


def unavailable(why_not: str) -> SandboxUnavailable:
    if sys.platform == "linux":
        remedy = "It takes a C compiler and a kernel with Landlock (5.13 or later), or bubblewrap. See: rlm-ls doctor."
    else:
        remedy = "Programs that are compiled need Linux, or macOS's sandbox-exec."
    return SandboxUnavailable(f"No sandbox works here ({why_not}), so no compiler or native program is run.", remedy)
