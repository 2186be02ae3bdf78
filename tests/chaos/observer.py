"""What a process and all its descendants opened, contacted and started, as the kernel saw it (strace), and what of it
no rule allows."""

from __future__ import annotations

import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

CALLS = (
    "open,openat,openat2,creat,connect,sendto,sendmsg,bind,execve,execveat,unlink,unlinkat,rename,renameat,renameat2,"
    "mkdir,mkdirat,link,linkat,symlink,symlinkat,chmod,fchmodat"
)
LINE = re.compile(r"^(?P<pid>\d+) +(?P<call>\w+)\((?P<arguments>.*)\) += +(?P<result>-?\d+)(?P<more>.*)$")
CUT = re.compile(r"^(?P<pid>\d+) +(?P<call>\w+)\((?P<arguments>.*) <unfinished \.\.\.>$")
REST = re.compile(
    r"^(?P<pid>\d+) +<\.\.\. (?P<call>\w+) resumed>(?P<arguments>.*)\) += +(?P<result>-?\d+)(?P<more>.*)$"
)
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
ADDRESS = re.compile(r'sin6?_port=htons\((\d+)\).*?(?:inet_addr|inet_pton)\((?:AF_INET6, )?"([^"]+)"')

READABLE = (
    "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo", "/usr/share/locale", "/usr/local/lib",
    "/etc/locale.alias", "/etc/debian_version",
    "/etc/ld.so.cache", "/etc/localtime", "/etc/ssl", "/etc/nsswitch.conf", "/etc/resolv.conf",
    "/etc/hosts", "/etc/host.conf", "/etc/gai.conf", "/etc/mime.types", "/etc/os-release", "/usr/lib/os-release",
    "/dev/null", "/dev/urandom", "/sys/fs/cgroup", "/sys/devices/system", "/sys/kernel/mm", "/proc/cpuinfo",
    "/proc/meminfo", "/proc/stat", "/proc/sys", "/proc/filesystems", "/proc/version",
)  # fmt: skip
"""What Python, its C libraries and the system itself read."""


OWN = re.compile(
    r"/proc/(\d+|self|thread-self)/(task/\d+/)?(maps|statm?|status|cgroup|mountinfo|mounts|limits|comm|fd)"
)
"""What a process may read of itself; its environment is not among it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A system call that did something. `what`: "read", "write", "contact", "execute"; `target` a path or host:port."""

    pid: int
    what: str
    target: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be. Paths are prefixes of folders or whole files."""

    readable: tuple[str, ...]
    writable: tuple[str, ...]
    contacts: tuple[str, ...]
    programs: tuple[str, ...]

    def refusals(self, seen: Iterable[Seen]) -> list[str]:
        """Each thing that no rule allows, once."""
        allowed = {
            "read": (*self.readable, *self.writable),
            "write": self.writable,
            "execute": self.programs,
        }
        found: dict[str, None] = {}
        for one in seen:
            if one.what == "contact":
                good = one.target in self.contacts
            else:
                good = any(within(one.target, prefix) for prefix in allowed[one.what])
                good = good or (one.what == "read" and OWN.fullmatch(one.target) is not None)
            if not good:
                found[f"{one.what} {one.target}"] = None
        return list(found)


def within(path: str, prefix: str) -> bool:
    """`prefix` is a file, a folder, or the beginning of a path if it ends in `*`."""
    if prefix.endswith("*"):
        return path.startswith(prefix[:-1])
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")


def command(log: Path, arguments: list[str]) -> list[str]:
    """What to start so that `log` has every call of the program and its descendants, with the paths of descriptors."""
    strace = shutil.which("strace")
    if strace is None:
        raise FileNotFoundError("strace")
    return [
        strace,
        "-f",
        "-qq",
        "-y",
        "-s",
        "4096",
        "-o",
        str(log),
        "-e",
        f"trace={CALLS}",
        "-e",
        "signal=none",
        *arguments,
    ]


def observed(log: Path) -> list[Seen]:
    """What succeeded, and every attempt to contact something."""
    return [one for called in _calls(log) for one in _meaning(*called)]


def python_files() -> tuple[str, ...]:
    """Where this Python, its packages and the server's own code are."""
    import rlm_ls

    paths = {*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix, str(Path(rlm_ls.__file__).parents[1])}
    return tuple({one for path in paths for one in (path, str(Path(path).resolve()))})


def _calls(log: Path) -> Iterator[tuple[int, str, str, int, str]]:
    """Process, call, arguments, result; and the path of a descriptor that came back, links followed."""
    begun: dict[tuple[str, str], str] = {}
    for line in log.read_text("utf-8", "replace").splitlines():
        if (cut := CUT.match(line)) is not None:
            begun[cut["pid"], cut["call"]] = cut["arguments"]
        elif (rest := REST.match(line)) is not None:
            head = begun.pop((rest["pid"], rest["call"]), "")
            yield int(rest["pid"]), rest["call"], head + rest["arguments"], int(rest["result"]), _path(rest["more"])
        elif (whole := LINE.match(line)) is not None:
            yield int(whole["pid"]), whole["call"], whole["arguments"], int(whole["result"]), _path(whole["more"])


def _path(more: str) -> str:
    found = re.match(r"<(/.*)>", more)
    return found[1].removesuffix(" (deleted)") if found else ""


def _meaning(pid: int, call: str, arguments: str, result: int, opened: str) -> Iterator[Seen]:
    if call in {"connect", "sendto", "sendmsg", "bind"}:
        if call == "bind" and (result < 0 or "htons(0)" in arguments):
            return  # a library tries whether there is IPv6
        if (address := ADDRESS.search(arguments)) is not None:
            yield Seen(pid, "contact", f"{address[2]}:{address[1]}")
        elif "sun_path" in arguments and call == "connect" and result >= 0:
            yield Seen(pid, "contact", "unix:" + (QUOTED.search(arguments) or [""])[0])
        return
    if result < 0:
        return
    paths = [_absolute(arguments, found) for found in QUOTED.finditer(arguments)]
    if not paths:
        return
    if call in {"execve", "execveat"}:
        yield Seen(pid, "execute", paths[0])
    elif call.startswith(("open", "creat")):
        writes = call == "creat" or any(flag in arguments for flag in ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"))
        if writes or "O_DIRECTORY" not in arguments:  # to list a folder is not to open a file
            yield Seen(pid, "write" if writes else "read", opened or paths[0])
    else:
        for path in paths:
            yield Seen(pid, "write", path)


def _absolute(arguments: str, quoted: re.Match[str]) -> str:
    """strace -y names the folder of a relative path; what a path leads through is undone without looking at links."""
    path = quoted[1].encode("latin-1", "replace").decode("unicode_escape", "replace")
    if not path.startswith("/"):
        before = re.findall(r"(?:AT_FDCWD|\d+)<([^>]*)>", arguments[: quoted.start()])
        path = f"{before[-1] if before else ''}/{path}"
    return os.path.normpath(path)
