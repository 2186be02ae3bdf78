"""Folders and files that belong to the user alone: how they are made, and refused where a link or another user's is in
their place.

Modes are set on descriptors that were opened without following a link, never on names: what a name leads to can be
changed by whoever may write its folder. Errors are OSErrors whose `strerror` is a clause for the user.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FILE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


def private_folder(path: Path, *, narrow: bool = False) -> None:
    """Make the folder, for its owner only, if it is not there; one that is there must be the user's, and no link.

    It keeps its permissions, but not that anybody may write in it; with `narrow` it becomes its owner's only.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    if os.name != "posix":
        return
    if path.is_symlink():
        raise _refused(path, "it is a link, which may lead into a folder of somebody else's")
    descriptor = os.open(path, os.O_RDONLY | _FOLDER)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            raise _refused(path, "it is somebody else's")
        mode = stat.S_IMODE(status.st_mode)
        wanted = 0o700 if narrow else mode & ~stat.S_IWOTH
        if mode != wanted:
            os.fchmod(descriptor, wanted)
    finally:
        os.close(descriptor)


def private_file(path: Path) -> None:
    """Make the file, empty, if it is not there, and have only its owner read and write it. A link is refused."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _FILE, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _refused(path, "it is a link, which may lead to a file of somebody else's") from None
        raise
    try:
        _set(descriptor, path, 0o600)
    finally:
        os.close(descriptor)


def set_mode(path: Path | str, mode: int) -> None:
    """Set the permissions of a file of the user's. A link, or another's file, is refused and left as it is."""
    if os.name != "posix":
        os.chmod(path, mode)
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | _FILE)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _refused(Path(path), "it is a link") from None
        raise
    try:
        _set(descriptor, Path(path), mode)
    finally:
        os.close(descriptor)


def replace_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write the whole file or none of it, beside its place first. A link there is replaced, not followed; a device or a
    pipe (`/dev/stdout`) is refused, and stays.
    """
    if path.exists() and not path.is_symlink() and not path.is_file():
        raise _refused(path, "it is no regular file")
    import tempfile  # not on the way to `initialize`

    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if os.name == "posix":
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def is_own(path: str) -> bool:
    """Whether a name is that of something of the user's, and no link."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return not stat.S_ISLNK(status.st_mode) and (os.name != "posix" or status.st_uid == os.geteuid())


def _set(descriptor: int, path: Path, mode: int) -> None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise _refused(path, "it is no regular file")
    if os.name == "posix":
        if status.st_uid != os.geteuid():
            raise _refused(path, "it is somebody else's")
        os.fchmod(descriptor, mode)


def _refused(path: Path, why: str) -> PermissionError:
    return PermissionError(errno.EPERM, why, str(path))
