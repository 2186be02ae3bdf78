"""The sandbox of choice on Linux: our own launcher, built once from launcher.c by the C compiler that is here."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from rlm_ls.executors.jail.filter import filter_for
from rlm_ls.executors.jail.policy import NOBODY, Policy
from rlm_ls.executors.jail.process import run_to_end
from rlm_ls.private import private_folder, set_mode

SOURCE = Path(__file__).with_name("launcher.c")

BUILD_SECONDS = 120.0
"""zig builds its C library the first time."""


class Launcher:
    """`command(...)` once `prepare()` has said that nothing is in the way."""

    name = "launcher"

    def __init__(self, folder: Path) -> None:
        digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
        self._path = folder / f"launcher-{digest}"

    async def prepare(self) -> str:
        """Build it unless it is there. Empty, or why it cannot be used."""
        if sys.platform != "linux":
            return "the launcher is for Linux"
        if filter_for("run") is None:
            return f"the system calls of this machine ({os.uname().machine}) are not known to it"
        try:
            await asyncio.to_thread(private_folder, self._path.parent)  # or it might be another's launcher
        except OSError as error:
            return f"its folder {self._path.parent} cannot be used: {error.strerror}"
        if self._path.exists():
            return ""
        compilers = c_compilers()
        if not compilers:
            return "there is no C compiler to build it with"
        reasons = []
        for compiler in compilers:
            if not (why_not := await self._build(compiler)):
                return ""
            reasons.append(why_not)
        return "it cannot be built: " + "; ".join(reasons)

    async def _build(self, compiler: tuple[str, ...]) -> str:
        why_not = ""
        with tempfile.TemporaryDirectory(dir=self._path.parent, prefix="build-") as folder:
            made = os.path.join(folder, "launcher")
            # This source is ours and trusted: the compiler gets the user's environment, and no sandbox (there is none).
            environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder}
            for static in (["-static"], []):
                argv = [*compiler, "-O2", *static, "-o", made, str(SOURCE)]
                try:
                    ended = await run_to_end(argv, seconds=BUILD_SECONDS, output=1 << 20, environment=environment)
                except OSError as error:
                    return f"{compiler[0]}: {error.strerror}"
                if ended.status == 0 and os.path.exists(made):
                    set_mode(made, 0o700)
                    os.replace(made, self._path)
                    return ""
                said = ended.errors.decode("utf-8", "replace").strip().splitlines()
                why_not = f"{compiler[0]}: {said[0][:200] if said else f'ended with {ended.status}'}"
        return why_not

    def command(self, policy: Policy, argv: Sequence[str], program: Path | None) -> tuple[list[str], bytes | None]:
        """What to run. `program` is executed in place of argv[0], by descriptor."""
        instructions = filter_for(policy.kind)
        assert instructions is not None
        command = [str(self._path), "--parent", str(os.getpid()), "--filter", instructions.hex()]
        if policy.kind == "run":
            command += ["--user", str(NOBODY)]
        for path in policy.see:
            command += ["--see", path]
        for path in policy.change:
            command += ["--change", path]
        if policy.kind == "compile":
            for device in ("/dev/null", "/dev/zero", "/dev/urandom"):
                command += ["--device", device]
        for name, value in policy.limits.items():
            command += ["--limit", f"{name}={value}"]
        for name, text in policy.variables.items():
            command += ["--variable", f"{name}={text}"]
        if program is not None:
            command += ["--program", str(program)]
        return [*command, "--folder", policy.folder, "--", *argv], None


def c_compilers() -> list[tuple[str, ...]]:
    """Commands that may compile C for this machine, best first. Nothing is run."""
    found: list[tuple[str, ...]] = []
    for name in ("cc", "gcc", "clang"):
        path = shutil.which(name)
        if path and (path,) not in found:
            found.append((path,))
    if zig := find_zig():
        found.append((zig, "cc"))
    return found


def find_zig() -> str:
    """The zig of the ziglang wheel (extra `c`), else one on the PATH; empty if there is none."""
    spec = find_spec("ziglang")
    if spec is not None and spec.origin:
        path = Path(spec.origin).with_name("zig.exe" if os.name == "nt" else "zig")
        if path.exists():
            return str(path)
    return shutil.which("zig") or ""
