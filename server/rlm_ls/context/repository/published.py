"""Where files are published: the commit that is checked out, if it is on a remote and holds them as they are here."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path

from dulwich.config import ConfigFile
from dulwich.object_store import DiskObjectStore, tree_lookup_path
from dulwich.objects import Commit, ObjectID
from dulwich.refs import DiskRefsContainer, Ref

from rlm_ls.context.repository.remotes import Lines, Published, Remote, remote_of
from rlm_ls.context.workers.deadline import Deadline

MOST_BYTES = 32 << 20
"""Of a file: a larger one is no source file."""
MOST_COMMITS = 20_000
"""Between what a remote has and what is checked out."""
MOST_REFS = 2_000
MOST_CONFIGURATION = 1 << 20
CUT = "…"


def published(deadline: Deadline, files: list[tuple[str, list[Lines]]]) -> list[Published | None]:
    """For each file (an absolute path), in order. None of a repository that is not as git makes them."""
    repositories: dict[Path, _Repository | None] = {}
    return [None if deadline.late() else _published(deadline, Path(path), cited, repositories) for path, cited in files]


def _published(
    deadline: Deadline, path: Path, cited: Sequence[Lines], repositories: dict[Path, _Repository | None]
) -> Published | None:
    try:
        path = path.resolve(strict=True)
        root = next((folder for folder in path.parents if os.path.lexists(folder / ".git")), None)
        if root is None:
            return None
        if root not in repositories:
            repositories[root] = None  # also where it raises
            repositories[root] = _Repository.read(root, deadline)
        repository, content = repositories[root], _content(path)
        if repository is None or content is None:
            return None
        name = path.relative_to(root).as_posix()
        if repository.blob(name) != sha1(b"blob %d\0" % len(content) + content).hexdigest().encode():
            return None
        lines = content.decode("utf-8", "replace").split("\n")
        stands = tuple(_stands(lines, *one) for one in cited)
        return Published(repository.remote, repository.commit.decode(), name, stands)
    except Exception:  # a library reading what anybody may have written; MemoryError is one as well
        return None


def _content(path: Path) -> bytes | None:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
            return None
        return file.read(MOST_BYTES + 1)


def _stands(lines: Sequence[str], first: int, last: int, quote: str) -> bool:
    """Whether the cited text is on these lines; hosts count them by `\\n`."""
    there = "\n".join(lines[first - 1 : last]).replace("\r", "")
    return 1 <= first <= last <= len(lines) and quote.removesuffix(CUT).replace("\r", "").strip() in there


@dataclass(frozen=True, slots=True)
class _Repository:
    """The commit that is checked out, and a remote that has it."""

    objects: DiskObjectStore
    commit: ObjectID
    remote: Remote

    @classmethod
    def read(cls, root: Path, deadline: Deadline) -> _Repository | None:
        own, common = _folders(root / ".git")
        head = DiskRefsContainer(common, worktree_path=own)[Ref(b"HEAD")]
        objects = DiskObjectStore(common / "objects", loose_object_size_limit=MOST_BYTES)
        for name, remote in _remotes(common):
            tips = _tips(common, name)
            if head in tips or _is_before(objects, head, tips, deadline):
                return cls(objects, ObjectID(head), remote)
        return None

    def blob(self, name: str) -> bytes:
        """The id of what the commit holds for a path. Raises KeyError, and what a damaged repository does."""
        commit = self.objects[self.commit]
        assert isinstance(commit, Commit)
        mode, found = tree_lookup_path(self.objects.__getitem__, commit.tree, os.fsencode(name))
        if not stat.S_ISREG(mode):
            raise KeyError(name)
        return bytes(found)


def _folders(git: Path) -> tuple[Path, Path]:
    """The repository's own folder, and that which its working trees share."""
    own = git
    if git.is_file():  # a working tree's, or a submodule's
        own = git.parent / _short(git).removeprefix("gitdir:").strip()
    shared = own / "commondir"
    return own, own / _short(shared).strip() if shared.is_file() else own


def _short(path: Path) -> str:
    with path.open("rb") as file:
        return os.fsdecode(file.read(4096))


def _remotes(common: Path) -> Iterator[tuple[str, Remote]]:
    """Those at a host that is known, `upstream` and `origin` first. Nothing that the configuration includes is read."""
    with (common / "config").open("rb") as file:
        if os.fstat(file.fileno()).st_size > MOST_CONFIGURATION:
            return
        configuration = ConfigFile.from_file(file, expand_includes=False)
    names = [os.fsdecode(section[1]) for section in configuration.sections() if section[0] == b"remote" and section[1:]]
    for name in sorted(names, key=lambda one: (one != "origin", one != "upstream", one)):
        remote = remote_of(os.fsdecode(configuration.get((b"remote", os.fsencode(name)), b"url")))
        if remote is not None:
            yield name, remote


def _tips(common: Path, remote: str) -> set[bytes]:
    """The commits that a remote had when it was last heard of."""
    refs = DiskRefsContainer(common)
    names = sorted(refs.subkeys(Ref(b"refs/remotes/" + os.fsencode(remote) + b"/")))[:MOST_REFS]
    found = (refs.read_ref(Ref(b"refs/remotes/" + os.fsencode(remote) + b"/" + name)) for name in names)
    return {tip for tip in found if tip is not None and len(tip) in (40, 64)}


def _is_before(objects: DiskObjectStore, commit: bytes, tips: set[bytes], deadline: Deadline) -> bool:
    seen, todo = set(tips), list(tips)
    while todo and len(seen) < MOST_COMMITS and not deadline.late():
        try:
            one = objects[ObjectID(todo.pop(0))]
        except KeyError:  # a shallow clone has not all of them
            continue
        parents = one.parents if isinstance(one, Commit) else []
        if commit in parents:
            return True
        todo += [parent for parent in parents if parent not in seen]
        seen.update(parents)
    return False
