"""macOS: sandbox-exec with a profile that denies everything else. Written from its documentation; never run by us.

sandbox-exec is marked as deprecated by Apple and still what browsers' sandboxes are made of. Limits are set by the
shell's `ulimit` in front of it: macOS has no RLIMIT_AS that binds, so that memory is limited only as far as
`ulimit -v` is honoured.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rlm_ls.executors.jail.policy import Policy

SANDBOX_EXEC = "/usr/bin/sandbox-exec"

SYSTEM = ("/usr/lib", "/System/Library", "/private/var/db/dyld", "/dev/null", "/dev/urandom")
"""What every program of macOS needs to start: no static binaries there."""


class SandboxExec:
    name = "sandbox-exec"

    async def prepare(self) -> str:
        if sys.platform != "darwin":
            return "sandbox-exec is for macOS"
        return "" if Path(SANDBOX_EXEC).exists() else f"{SANDBOX_EXEC} is missing"

    def command(self, policy: Policy, argv: Sequence[str], program: Path | None) -> tuple[list[str], bytes | None]:
        readable = [*SYSTEM, *policy.readable, *([str(program)] if program else [])]
        rules = ["(version 1)", "(deny default)", "(allow sysctl-read)"]
        rules += [f"(allow file-read* process-exec (subpath {_quoted(path)}))" for path in readable]
        rules += [f"(allow file-read* file-write* (subpath {_quoted(path)}))" for path in policy.writable]
        if policy.kind == "compile":
            rules += ["(allow process-fork)", "(allow file-read-metadata)"]
        limits = {"cpu": ("t", 1), "fsize": ("f", 512), "stack": ("s", 1024), "nofile": ("n", 1), "core": ("c", 512)}
        ulimit = [f"ulimit -{limits[n][0]} {v // limits[n][1]}" for n, v in policy.limits.items() if n in limits]
        place = f"cd {shlex.quote(policy.folder)}"
        command = [str(program), *argv[1:]] if program else list(argv)
        return [
            "/usr/bin/env",
            "-i",
            *[f"{name}={value}" for name, value in policy.variables.items()],
            "/bin/sh",
            "-c",
            "; ".join([*ulimit, place, 'exec "$@"']),
            "sh",
            SANDBOX_EXEC,
            "-p",
            "".join(rules),
            *command,
        ], None


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
