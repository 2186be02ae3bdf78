"""What a node lets questions read of its own disks: files in folders that its operator named, of one version each."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from rlm_ls.context.document import NODE
from rlm_ls.errors import DocumentChanged, DocumentDenied, DocumentMissing, DocumentUnreadable

ROOTS = "RLM_NODE_ROOTS"
"""The variable in a node's environment that names its folders; without it no question reads a file of the node."""

TAIL = 4096
"""Last bytes of a text by which one that was appended to is known again."""

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
# A pipe would be waited for.
_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_FILE |= getattr(os, "O_BINARY", 0)


def roots() -> list[str]:
    """The folders, with their links resolved."""
    named = os.environ.get(ROOTS, "").split(os.pathsep)
    return [os.path.realpath(one) for one in named if os.path.isabs(one)]


def inside(path: str) -> tuple[str, str]:
    """The root that a path leads into, and the way from there, without links. Raises DocumentDenied.

    What lies outside is not told apart from what is not there.
    """
    try:
        real = os.path.realpath(path)
    except (OSError, ValueError):
        real = ""
    for root in roots():
        if real == root or real.startswith(root.rstrip(os.sep) + os.sep):
            return root, os.path.relpath(real, root)
    raise DocumentDenied(
        f"{path[:200]} is in no folder that this node lets questions read.",
        f"Its operator names such folders in {ROOTS}, where the worker is started.",
    )


def open_inside(path: str) -> int:
    """A descriptor of a regular file in one of the roots, the caller's to close. No link is followed that was not
    there when it was looked whether the path leads inside.

    Raises DocumentDenied, DocumentMissing, DocumentUnreadable.
    """
    root, way = inside(path)
    try:
        descriptor = _opened(root, way)
    except FileNotFoundError:
        raise DocumentMissing(f"{path[:200]} does not exist on its node.", "Check the path.") from None
    except (OSError, ValueError) as error:
        if getattr(error, "errno", 0) == errno.ELOOP:
            raise DocumentDenied(f"{path[:200]} became a link while it was opened.") from None
        why = getattr(error, "strerror", None) or str(error)
        raise DocumentUnreadable(f"{path[:200]} cannot be opened on its node: {why}.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DocumentUnreadable(f"{path[:200]} is not a regular file.", "Name a file or a folder.")
    return descriptor


def _opened(root: str, way: str) -> int:
    if os.open not in os.supports_dir_fd:  # Windows
        return os.open(os.path.join(root, way), _FILE)
    *folders, name = way.split(os.sep)
    at = os.open(root, _FOLDER)
    try:
        for folder in folders:
            below = os.open(folder, _FOLDER, dir_fd=at)
            os.close(at)
            at = below
        return os.open(name, _FILE, dir_fd=at)
    finally:
        os.close(at)


def version_of(descriptor: int) -> str:
    """Tells this state of a file from others: its size, times and inode, and its last bytes."""
    status = os.fstat(descriptor)
    told = f"{status.st_size}.{status.st_mtime_ns}.{status.st_ino}.{status.st_dev}.{_tail(descriptor, status.st_size)}"
    return f"{sha256(told.encode()).hexdigest()[:16]}.{told}"


@contextmanager
def served(url: str, version: str) -> Iterator[int]:
    """A descriptor of the file at `url`, which is of `version`; on leaving, that is looked at again.

    Raises DocumentChanged where it is not; DocumentDenied, DocumentMissing, DocumentUnreadable.
    """
    descriptor = open_inside(path_of(url))
    try:
        _check(descriptor, url, version)
        yield descriptor
        _check(descriptor, url, version)
    finally:
        os.close(descriptor)


def path_of(url: str) -> str:
    return f"/{url[len(NODE) :].partition('/')[2]}"


def _check(descriptor: int, url: str, version: str) -> None:
    """What was only appended to still holds what it held."""
    status = os.fstat(descriptor)
    try:
        _, size, changed, inode, device, tail = version.split(".")
        same = (status.st_ino, status.st_dev) == (int(inode), int(device))
        if same and (status.st_size, status.st_mtime_ns) == (int(size), int(changed)):
            return
        if same and status.st_size > int(size) and _tail(descriptor, int(size)) == tail:
            return
    except ValueError:
        pass  # no version of ours
    raise DocumentChanged(f"{url} was replaced meanwhile.", "Ask again to read it afresh.")


def _tail(descriptor: int, size: int) -> str:
    start = max(0, size - TAIL)
    os.lseek(descriptor, start, os.SEEK_SET)
    return sha256(os.read(descriptor, size - start)).hexdigest()[:16]
