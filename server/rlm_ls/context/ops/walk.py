"""Walking folders: ignore files at every level, no links, sorted."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pathspec import GitIgnoreSpec

from rlm_ls.context.clock import Clock
from rlm_ls.context.walk import NEVER, Walked, is_secret
from rlm_ls.errors import SearchTimeout

IGNORE_FILES = (".gitignore", ".ignore", ".rgignore")

Rules = list[tuple[str, GitIgnoreSpec]]
"""Ignore rules with the folder they are relative to, the nearest last."""


def walk(clock: Clock, roots: list[str], include: list[str], exclude: list[str], deny: tuple[str, ...]) -> list[Walked]:
    """The files below the roots that the rules let through, by path. Named `include` globs win over ignore files."""
    wanted = GitIgnoreSpec.from_lines(include) if include else None
    refused = GitIgnoreSpec.from_lines(exclude) if exclude else None
    found: dict[str, Walked] = {}
    for root in roots:
        for path, size, ignored in _files(clock, root, _above(root), refused):
            relative = path[len(root) :].lstrip(os.sep).replace(os.sep, "/")
            if wanted is not None:
                if not wanted.match_file(relative):
                    continue
            elif ignored:
                continue
            denied = is_secret(os.path.basename(path), deny)
            found.setdefault(path, Walked(root, path, size, denied))
    return sorted(found.values(), key=lambda one: (roots.index(one.root), one.path.split(os.sep)))


def _files(clock: Clock, root: str, rules: Rules, refused: GitIgnoreSpec | None) -> Iterator[tuple[str, int, bool]]:
    """Path, size, and whether an ignore file speaks against it, of each file that `refused` lets through."""
    todo = [(root, rules)]
    while todo:
        folder, rules = todo.pop()
        if clock.late():
            raise SearchTimeout("Walking the folders took too long.", "Name a smaller folder, or exclude some.")
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        rules = [*rules, *_rules(folder, {entry.name for entry in entries})]
        for entry in entries:
            try:
                if entry.is_symlink():
                    continue
                if entry.is_dir(follow_symlinks=False):
                    path = entry.path + os.sep
                    if entry.name not in NEVER and not _ignored(path, rules) and not _refused(path, root, refused):
                        todo.append((entry.path, rules))
                elif entry.is_file(follow_symlinks=False) and not _refused(entry.path, root, refused):
                    yield entry.path, entry.stat(follow_symlinks=False).st_size, _ignored(entry.path, rules)
            except OSError:
                continue


def _ignored(path: str, rules: Rules) -> bool:
    for folder, spec in reversed(rules):
        verdict = spec.check_file(path[len(folder) :].replace(os.sep, "/")).include
        if verdict is not None:
            return verdict
    return False


def _refused(path: str, root: str, refused: GitIgnoreSpec | None) -> bool:
    return refused is not None and refused.match_file(path[len(root) :].lstrip(os.sep).replace(os.sep, "/"))


def _rules(folder: str, names: set[str]) -> Rules:
    found = [name for name in IGNORE_FILES if name in names]
    rules = [(folder.rstrip(os.sep) + os.sep, _spec(os.path.join(folder, name))) for name in found]
    return [(base, spec) for base, spec in rules if len(spec)]


def _above(root: str) -> Rules:
    """The rules of the folders above, up to that of the repository, if the root is within one."""
    rules: Rules = []
    folder = root
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return []
        folder = parent
        rules = [*_rules(folder, {name for name in IGNORE_FILES if os.path.isfile(os.path.join(folder, name))}), *rules]
    own = os.path.join(folder, ".git", "info", "exclude")
    return [(folder.rstrip(os.sep) + os.sep, _spec(own)), *rules] if os.path.isfile(own) else rules


def _spec(path: str) -> GitIgnoreSpec:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return GitIgnoreSpec.from_lines(stream.read().splitlines())
    except (OSError, ValueError):
        return GitIgnoreSpec.from_lines([])
