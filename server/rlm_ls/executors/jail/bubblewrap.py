"""The second sandbox on Linux: bubblewrap's namespaces, with our limits and our seccomp filter."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rlm_ls.executors.jail.filter import filter_for
from rlm_ls.executors.jail.policy import Policy

INSIDE = "/program"


class Bubblewrap:
    """Where a kernel has no Landlock, or nothing is there to build the launcher with."""

    name = "bubblewrap"

    def __init__(self) -> None:
        self._bwrap = shutil.which("bwrap") or ""
        self._prlimit = shutil.which("prlimit") or ""

    async def prepare(self) -> str:
        if sys.platform != "linux":
            return "bubblewrap is for Linux"
        if not self._bwrap:
            return "bwrap is not installed"
        if not self._prlimit:
            return "prlimit (util-linux) is not installed, which bubblewrap needs beside it"
        return ""

    def command(self, policy: Policy, argv: Sequence[str], program: Path | None) -> tuple[list[str], bytes | None]:
        """What to run, and the filter it is to read from descriptor `{filter}` (None: this machine's are not known)."""
        command = [self._prlimit]
        command += [f"--{name}={value}" for name, value in policy.limits.items()]
        command += ["--", self._bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        command += ["--clearenv"]
        for name, text in policy.variables.items():
            command += ["--setenv", name, text]
        for path in policy.readable:
            command += ["--ro-bind", path, path]
        if policy.kind == "compile":
            # rustc looks for itself in /proc: one of the sandbox's own, without anybody else's processes.
            command += ["--dev", "/dev", "--proc", "/proc"]
        for path in policy.writable:
            command += ["--bind", path, path]
        if program is not None:
            command += ["--ro-bind", str(program), INSIDE]
            argv = [INSIDE, *argv[1:]]
        # As root the private root would be writable.
        command += ["--remount-ro", "/", "--chdir", policy.folder if policy.folder in policy.writable else "/"]
        instructions = filter_for(policy.kind, by_name=True)
        if instructions is not None:
            command += ["--seccomp", "{filter}"]
        return [*command, "--", *argv], instructions


def filter_descriptor(instructions: bytes) -> int:
    """A descriptor to read the filter from. The caller closes it."""
    reading, writing = os.pipe()
    try:
        os.write(writing, instructions)  # a few kilobytes: a pipe holds 64
    finally:
        os.close(writing)
    return reading
