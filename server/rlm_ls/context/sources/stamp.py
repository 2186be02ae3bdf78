"""A file's stamp: recognises a file that has not changed since it was read."""

from __future__ import annotations

import errno
import os
import stat
import time

Stamp = tuple[int, int, int, int]
"""Size, time of modification, time of change (both in nanoseconds), inode (0 on Windows, where walks do not say)."""

SETTLED_NS = 2_000_000_000
"""A file that changed so shortly before it was read may change again without a new time (2 s on FAT; Git: "racy")."""


_WINDOWS = os.name == "nt"


def stamp_of(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, 0 if _WINDOWS else status.st_ino


_READING = os.O_RDONLY
for _flag in ("O_BINARY", "O_CLOEXEC", "O_NONBLOCK"):
    _READING |= getattr(os, _flag, 0)


def opened_file(path: str) -> tuple[int, os.stat_result]:
    """The descriptor of a regular file, and its state. Raises OSError: whatever else has taken its place is not waited
    for, as a pipe would be, nor read without end."""
    descriptor = os.open(path, _READING)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file any more", path)
    return descriptor, status


def is_settled(stamp: Stamp, now: int | None = None) -> bool:
    """Whether any change of the file after `now` (in nanoseconds) will change its stamp. Not so if it changed within
    the clock's resolution."""
    # On Windows the time of change is that of creation. Elsewhere nobody can set it, as they can the other.
    return (time.time_ns() if now is None else now) - (stamp[1] if os.name == "nt" else stamp[2]) > SETTLED_NS


def kept_as(stamp: Stamp) -> Stamp:
    """The stamp by which to know a file again that may be appended to: one that is not settled gets one without times,
    which is no file's."""
    return stamp if is_settled(stamp) else (stamp[0], 0, 0, stamp[3])


def may_go_on(before: Stamp, now: Stamp) -> bool:
    """Whether a file may be one of before that was appended to: what it held then is still to be looked at."""
    return 0 < before[0] < now[0] and before[3] == now[3] != 0
