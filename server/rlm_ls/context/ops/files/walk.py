"""Walking folders: ignore files at every level, no links."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain

from pathspec import GitIgnoreSpec

from rlm_ls.context.patterns.globs import UNREADABLE
from rlm_ls.context.sources.secrets import in_secret_place, is_secret_name
from rlm_ls.context.sources.stamp import Stamp, is_settled, opened_file, stamp_of
from rlm_ls.context.sources.walk import IGNORE_FILES, NEVER, Folder, LeftOut, Place, Rules, Tree, WalkedFile
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.errors import SearchTimeout

Ignoring = list[tuple[str, GitIgnoreSpec]]
"""Ignore rules with the folder they are relative to, the nearest last."""

Entries = tuple[Stamp, list[tuple[str, Stamp | None]], list[str]]
"""A folder's own stamp from before it was read, its files with theirs and folders without one, and its links."""


def walk(deadline: Deadline, rules: Rules, most: int) -> tuple[Tree, list[Place]]:
    """Walks breadth first. Returns the first `most` folders with the files that the rules admit, and the folders that
    come next."""
    found: list[Folder] = []
    above: dict[str, Stamp | None] = {}
    todo: deque[tuple[int, str, Ignoring]] = deque()
    for number, root in enumerate(rules.roots):
        ignoring, files = _above(root)
        above |= {path: _stamp(path) for path in files}
        todo.append((number, root, ignoring))
    _walk(deadline, rules, todo, found, most)
    return Tree(found, above), [(number, path) for number, path, _ in todo]


def below(deadline: Deadline, rules: Rules, places: list[Place]) -> list[Folder]:
    """Some folders with all that is below them."""
    found: list[Folder] = []
    _walk(
        deadline, rules, deque((number, path, _down_to(number, path, rules)) for number, path in places), found, 1 << 60
    )
    return found


def again(deadline: Deadline, rules: Rules, places: list[Place]) -> list[Folder | None]:
    """Some folders as they are now, without those below."""
    found: list[Folder | None] = []
    for number, path in places:
        _check(deadline)
        found.append(_folder(number, path, _down_to(number, path, rules), rules)[0])
    return found


def _walk(
    deadline: Deadline, rules: Rules, todo: deque[tuple[int, str, Ignoring]], found: list[Folder], most: int
) -> None:
    while todo and len(found) < most:
        number, path, ignoring = todo.popleft()
        _check(deadline)
        folder, ignoring = _folder(number, path, ignoring, rules)
        if folder is not None:
            found.append(folder)
            todo.extend((number, os.path.join(path, name), ignoring) for name in folder.folders)


def _down_to(number: int, path: str, rules: Rules) -> Ignoring:
    """The ignore rules of all folders above one."""
    root = rules.roots[number]
    ignoring, _ = _above(root)
    at = root
    for part in path[len(root) :].strip(os.sep).split(os.sep) if path != root else ():
        ignoring = ignoring + _ignore_files(at)
        at = os.path.join(at, part)
    return ignoring


def signs(deadline: Deadline, folders: list[str]) -> list[int]:
    """The `sign` that each folder has now; 0 if it cannot be read."""
    found = []
    for path in folders:
        _check(deadline)
        try:
            found.append(_sign_now(path))
        except OSError:
            found.append(0)
    return found


def stamps(_: Deadline, files: list[str]) -> list[Stamp | None]:
    return [_stamp(path) for path in files]


def _folder(number: int, path: str, ignoring: Ignoring, rules: Rules) -> tuple[Folder | None, Ignoring]:
    """The folder, and the ignore rules for what is below it."""
    try:
        entries = _entries(path)
    except OSError as error:
        if isinstance(error, FileNotFoundError | NotADirectoryError):  # gone meanwhile
            return None, ignoring
        closed = LeftOut("", f"is a folder that cannot be opened: {error.strerror}")
        return Folder(number, path, 0, False, (), (), (), (closed,)), ignoring
    stamp, inside, links = entries
    names = {name: own for name, own in inside if own is not None}
    own = tuple(names[name] for name in IGNORE_FILES if name in names)
    if own:
        ignoring = ignoring + _ignore_files(path)
    wanted, refused = _spec(rules.include), _spec(rules.exclude)
    root, base = rules.roots[number], path.rstrip(os.sep) + os.sep
    below = base[len(root) :].lstrip(os.sep).replace(os.sep, "/")
    # A root may be a link; below it none is followed.
    place = os.path.basename(os.path.realpath(path) if path == root else path)
    files: list[WalkedFile] = []
    folders: list[str] = []
    ignored = ""
    for name, state in inside:
        if state is None:
            if name in NEVER:
                continue
            if _ignored(base + name + os.sep, ignoring):
                ignored = ignored or base + name + os.sep
                continue
            if refused is None or not refused.match_file(below + name + "/"):
                folders.append(name)
            continue
        if refused is not None and refused.match_file(below + name):
            continue
        if wanted is None and _ignored(base + name, ignoring):
            ignored = ignored or base + name
        elif wanted is None or wanted.match_file(below + name):
            denied = is_secret_name(name, rules.deny) or in_secret_place(place, name)
            files.append((name, state, denied))
    left_out: list[LeftOut] = []
    for name in links:
        shut = refused is not None and refused.match_file(below + name)
        if not shut and (
            wanted.match_file(below + name) if wanted is not None else not _ignored(base + name, ignoring)
        ):
            left_out += _link(base + name, name, rules.roots)
    rule = _rule(ignored, ignoring) if ignored else ""
    settled = is_settled(stamp) and all(map(is_settled, names.values()))
    sign = _sign(stamp, names.values())
    return Folder(number, path, sign, settled, own, tuple(folders), tuple(files), tuple(left_out), rule), ignoring


def _link(path: str, name: str, roots: tuple[str, ...]) -> list[LeftOut]:
    """Nothing where it leads to what is walked anyhow: that is read under its own name, once."""
    real = os.path.realpath(path)
    if not os.path.exists(real):
        return [LeftOut(name, "is a link that leads nowhere")]
    if any((real + os.sep).startswith(os.path.realpath(root).rstrip(os.sep) + os.sep) for root in roots):
        return []
    return [LeftOut(name, "is a link that leads out of the folder")]


@contextmanager
def _opened(path: str) -> Iterator[str | int]:
    """The folder, as its files are looked at a fifth quicker than by the whole path of each."""
    if os.scandir not in os.supports_fd:
        yield path
        return
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _entries(path: str) -> Entries:
    """Raises OSError."""
    found: list[tuple[str, Stamp | None]] = []
    links: list[str] = []
    with _opened(path) as folder:
        own = stamp_of(os.stat(folder))
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    found.append((entry.name, stamp_of(entry.stat(follow_symlinks=False))))
                elif entry.is_dir(follow_symlinks=False):
                    found.append((entry.name, None))
                elif entry.is_symlink():
                    links.append(entry.name)
    return own, found, links


def _sign_now(path: str) -> int:
    """The sign of a folder, of which nothing else is wanted. Raises OSError."""
    with _opened(path) as folder:
        own = stamp_of(os.stat(folder))
        with os.scandir(folder) as entries:
            files = [stamp_of(one.stat(follow_symlinks=False)) for one in entries if one.is_file(follow_symlinks=False)]
    return _sign(own, files)


def _sign(own: Stamp, files: Iterable[Stamp]) -> int:
    """A folder's sign, the hash of numbers only: that of strings differs between processes. Names are covered by the
    folder's own time of modification."""
    return hash((own, *files)) or 1


def _rule(path: str, ignoring: Ignoring) -> str:
    """The line of an ignore file that keeps a file or folder out, and that file."""
    for folder, spec in reversed(ignoring):
        found = spec.check_file(path[len(folder) :].replace(os.sep, "/"))
        if found.include and found.index is not None:
            rule = getattr(spec.patterns[found.index], "pattern", "")
            return f"{rule!s} in an ignore file of {folder}"
    return ""


def _ignored(path: str, ignoring: Ignoring) -> bool:
    for folder, spec in reversed(ignoring):
        verdict = spec.check_file(path[len(folder) :].replace(os.sep, "/")).include
        if verdict is not None:
            return verdict
    return False


def _ignore_files(folder: str) -> Ignoring:
    base = folder.rstrip(os.sep) + os.sep
    found = [(base, _read(path, stamp)) for path in _paths(folder) if (stamp := _stamp(path)) is not None]
    return [(base, spec) for base, spec in found if len(spec)]


def _above(root: str) -> tuple[Ignoring, list[str]]:
    """The ignore rules of the folders above a root, up to that of its repository, and the paths where such files would
    be.

    None of them count if they would leave out the root itself: whoever names an ignored folder wants its files.
    """
    folders = [root]
    while not os.path.exists(os.path.join(folders[-1], ".git")):
        parent = os.path.dirname(folders[-1])
        if parent == folders[-1]:
            return [], []
        folders.append(parent)
    top = folders[-1]
    own = os.path.join(top, ".git", "info", "exclude")
    rules: Ignoring = []
    if (stamp := _stamp(own)) is not None:
        rules.append((top.rstrip(os.sep) + os.sep, _read(own, stamp)))
    for folder in reversed(folders[1:]):
        rules += _ignore_files(folder)
    if _ignored(root.rstrip(os.sep) + os.sep, rules):
        rules = []
    return rules, [own, *chain.from_iterable(_paths(folder) for folder in folders[1:])]


def _paths(folder: str) -> list[str]:
    return [os.path.join(folder, name) for name in IGNORE_FILES]


def _stamp(path: str) -> Stamp | None:
    try:
        return stamp_of(os.stat(path))
    except OSError:
        return None


@lru_cache(maxsize=10_000)
def _read(path: str, stamp: Stamp) -> GitIgnoreSpec:
    """The rules of an ignore file; `stamp` tells its states apart."""
    try:
        with open(opened_file(path)[0], encoding="utf-8", errors="replace") as stream:
            return _parsed(tuple(stream.read().splitlines()))
    except (OSError, ValueError):
        return _parsed(())


@lru_cache(maxsize=2_000)
def _parsed(lines: tuple[str, ...]) -> GitIgnoreSpec:
    """Many folders have the same ignore file. Lines that are no patterns are left out, one by one."""
    try:
        return GitIgnoreSpec.from_lines(lines)
    except UNREADABLE:
        return GitIgnoreSpec.from_lines([line for line in lines if _is_pattern(line)])


def _is_pattern(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except UNREADABLE:
        return False
    return True


def _spec(lines: tuple[str, ...]) -> GitIgnoreSpec | None:
    return _parsed(lines) if lines else None


def _check(deadline: Deadline) -> None:
    if deadline.late():
        raise SearchTimeout("Walking the folders took too long.", "Name a smaller folder, or exclude some.")
