"""The folders that a scope walks: walked once, then only looked at again where something has changed."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from operator import itemgetter
from urllib.parse import quote_from_bytes

from rlm_ls.context.gc_pause import garbage_collection_paused
from rlm_ls.context.rotation import places
from rlm_ls.context.sources import uris
from rlm_ls.context.sources.candidate import Candidate
from rlm_ls.context.sources.stamp import Stamp
from rlm_ls.context.sources.walk import Folder, Place, Rules, Tree
from rlm_ls.context.workers.protocol import Pool
from rlm_ls.errors import DocumentDenied, DocumentEmpty, DocumentUnreadable, SearchTimeout

MOST_AGAIN = 100
"""Changed folders that are looked at one by one; for more of them everything is walked."""

FIRST = 50
"""Folders that are walked before the rest is shared out among the workers."""


class Listing:
    """All files, by path, with unique names; the pieces of a rotated log from the oldest to the newest."""

    __slots__ = ("_places", "candidates", "ignored", "left_out")

    def __init__(self, candidates: list[Candidate], left_out: list[Candidate], ignored: str = "") -> None:
        self.candidates = candidates
        self.left_out = left_out
        """What the walk met and does not read, with the reason."""
        self.ignored = ignored
        """One of the rules that kept something out."""
        self._places: dict[str, int] | None = None

    def with_stamps(self, stamps: dict[str, Stamp], most: int) -> Listing | None:
        """The same files, some of them changed; None if one of those is not there."""
        candidates = list(self.candidates)
        for path, stamp in stamps.items():
            number = self.place(path)
            if number is None or candidates[number].path != path:
                return None
            old = candidates[number]
            denied = isinstance(old.error, DocumentDenied)
            candidates[number] = _walked(path, old.name, old.uri, stamp, denied, most)
        found = Listing(candidates, self.left_out, self.ignored)
        found._places = self._places
        return found

    def place(self, path: str) -> int | None:
        """Where a path is among the `candidates`; its case does not matter where the system knows none."""
        if self._places is None:
            self._places = {os.path.normcase(one.path): number for number, one in enumerate(self.candidates)}
        return self._places.get(os.path.normcase(path))


class Folders:
    """The files that the rules admit, kept from one question to the next.

    Each question asks for the state of every file anew; with `watching` only for files in folders that were passed to
    `changed`.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._tree: dict[Place, Folder] = {}
        self._above: dict[str, Stamp | None] = {}
        self._listing = Listing([], [])
        self._changed: set[str] = set()
        self._lock = asyncio.Lock()

    def changed(self, paths: Iterable[str]) -> None:
        """Report paths that were created, deleted or written."""
        self._changed.update(paths)

    async def listing(self, pool: Pool, seconds: float, watching: bool) -> Listing:
        """All files as they are now. Raises SearchTimeout."""
        async with self._lock:
            changed, self._changed = self._changed, set()
            try:
                if not await self._refresh(pool, seconds, changed if watching else None):
                    await self._walk(pool, seconds)
            except BaseException:
                self._changed |= changed
                raise
            return self._listing

    async def _walk(self, pool: Pool, seconds: float) -> None:
        tree: Tree
        tree, rest = await pool.call("files.walk.walk", {"rules": self.rules, "most": FIRST}, seconds)
        shares = min(len(rest), 4 * pool.size)
        payloads = ({"rules": self.rules, "places": rest[share::shares]} for share in range(shares))
        found = list(tree.folders)
        async with aclosing(pool.map("files.walk.below", payloads, seconds)) as results:
            async for folders in results:
                if isinstance(folders, SearchTimeout):
                    raise folders
                found += folders
        self._tree = {(folder.root, folder.path): folder for folder in found}
        self._above = tree.above
        with garbage_collection_paused(sum(len(folder.files) for folder in found)):
            self._listing = await asyncio.to_thread(self._listed)

    async def _refresh(self, pool: Pool, seconds: float, changed: set[str] | None) -> bool:
        """Looks at what has changed; False if it takes a walk of everything."""
        if not self._tree:
            return False
        if self._above:
            files = list(self._above)
            if list(self._above.values()) != await pool.call("files.walk.stamps", {"files": files}, seconds):
                return False
        places = await self._suspects(pool, seconds) if changed is None else self._touched(changed)
        if places is None or len(places) > MOST_AGAIN:
            return False
        if not places:
            return True
        found: list[Folder | None] = await pool.call(
            "files.walk.again", {"places": places, "rules": self.rules}, seconds
        )
        pairs: list[tuple[Folder, Folder]] = []
        for place, folder in zip(places, found, strict=True):
            known = self._tree[place]
            if folder is None or set(folder.folders) != set(known.folders) or folder.ignoring != known.ignoring:
                return False
            pairs.append((known, folder))
        self._tree |= {(folder.root, folder.path): folder for _, folder in pairs}
        others = any(known[7:] != folder[7:] for known, folder in pairs)  # what is left out
        pairs = [(known, folder) for known, folder in pairs if known.files != folder.files]
        if pairs or others:
            stamps = None if others else _new_stamps(pairs)
            same = (
                None
                if stamps is None
                else await asyncio.to_thread(self._listing.with_stamps, stamps, self.rules.most_bytes)
            )
            self._listing = await asyncio.to_thread(self._listed) if same is None else same
        return True

    async def _suspects(self, pool: Pool, seconds: float) -> list[Place]:
        """Folders that are not as they were, or cannot tell."""
        places = list(self._tree)
        share = -(-len(places) // pool.size)
        parts = [places[at : at + share] for at in range(0, len(places), share)]
        payloads = ({"folders": [path for _, path in part]} for part in parts)
        suspects: list[Place] = []
        number = 0
        async with aclosing(pool.map("files.walk.signs", payloads, seconds)) as results:
            async for signs in results:
                if isinstance(signs, SearchTimeout):
                    raise signs
                for place, sign in zip(parts[number], signs, strict=True):
                    folder = self._tree[place]
                    if sign != folder.sign or not folder.settled:
                        suspects.append(place)
                number += 1
        return suspects

    def _touched(self, changed: set[str]) -> list[Place] | None:
        """The known folders that changes are in, or next above; None if an ignore file above the roots changed."""
        if changed & self._above.keys():
            return None
        found = {place for place, folder in self._tree.items() if not folder.settled}
        for number, root in enumerate(self.rules.roots):
            for path in changed:
                while len(path) >= len(root):
                    if (number, path) in self._tree:
                        found.add((number, path))
                        # A folder's own name is in the one above.
                    parent = os.path.dirname(path)
                    if (number, parent) in self._tree:
                        found.add((number, parent))
                        break
                    if parent == path:
                        break
                    path = parent
        return sorted(found)

    def _listed(self) -> Listing:
        found: dict[str, tuple[str, Candidate]] = {}
        left_out: dict[str, tuple[str, Candidate]] = {}
        # Of several roots two files may have one name, and get others.
        alone = len(self.rules.roots) == 1
        known = {one.path: one for one in self._listing.candidates} if alone else {}
        most = self.rules.most_bytes
        for folder in sorted(self._tree.values(), key=lambda one: one.root):
            if not folder.files and not folder.left_out:
                continue
            root = self.rules.roots[folder.root]
            base = folder.path.rstrip(os.sep) + os.sep
            below = base[len(root) :].lstrip(os.sep).replace(os.sep, "/")
            order = f"{folder.root:09}\0{base.replace(os.sep, NEXT)}"
            uri = uris.file_uri(folder.path).rstrip("/") + "/"
            names = [file[0] for file in folder.files]
            rotated = places(names)
            # Many names are looked at together: nearly all are shown, and written in an address, as they are.
            plain = _PLAIN_NAMES.fullmatch(NEXT.join(names)) is not None and uris.shown(below) == below
            alone = alone and plain
            for name, stamp, denied in folder.files:
                path = base + name
                one = known.get(path)
                if one is None or one.stamp != stamp:
                    shown, address = (below + name, name) if plain else (uris.shown(below + name), _quoted(name))
                    one = _walked(path, shown, uri + address, stamp, denied, most)
                by_time = NEXT.join([*rotated[name], name]) if name in rotated else name
                found.setdefault(path, (order + by_time, one))
            for name, why in folder.left_out:
                path = base + name
                error = DocumentUnreadable(why, "Name what it leads to." if "link" in why else "Check its permissions.")
                address = uri + _quoted(name) if name else uri
                one = Candidate(address, path, name=uris.shown(below + name or base), error=error)
                left_out.setdefault(path, (order + name, one))
        ignored = next((folder.ignored for folder in self._tree.values() if folder.ignored), "")
        candidates = _in_order(found)
        return Listing(candidates if alone else with_names(candidates, self.rules.roots), _in_order(left_out), ignored)


NEXT = "\0"
"""Between the parts by which files are sorted: the number of the root, then the parts of the path."""


def _in_order(found: Mapping[str, tuple[str, Candidate]]) -> list[Candidate]:
    return [one for _, one in sorted(found.values(), key=itemgetter(0))]


def _walked(path: str, name: str, uri: str, stamp: Stamp, denied: bool, most: int) -> Candidate:
    size = stamp[0]
    one = Candidate(uri, path, size, stamp, None, False, name)
    if denied:
        one.error = DocumentDenied("looks like a secret (key, password, token)")
    elif not size:
        one.error = DocumentEmpty("is empty (0 bytes)")
    elif size > most:
        one.error = DocumentUnreadable(f"is larger than {most / (1 << 20):g} MiB", "Name the file itself to read it.")
    return one


def with_names(found: list[Candidate], roots: Sequence[str]) -> list[Candidate]:
    """Walked files have their path below the root as a name: enough, unless there are two of one name."""
    if len({one.name for one in found if one.name}) == len(found):
        return found
    short = uris.short_names([one.path for one in found], roots)
    return [one if one.name == name else replace(one, name=name) for one, name in zip(found, short, strict=True)]


def _new_stamps(pairs: list[tuple[Folder, Folder]]) -> dict[str, Stamp] | None:
    """By path, of the files of folders that are as they were but for stamps; None if they are not."""
    found: dict[str, Stamp] = {}
    for known, folder in pairs:
        old = {file[0]: file for file in known.files}
        if old.keys() != {file[0] for file in folder.files}:
            return None
        found |= {os.path.join(folder.path, file[0]): file[1] for file in folder.files if old[file[0]] != file}
    return found


_PLAIN = re.compile(r"[A-Za-z0-9_.\-~]+")
_PLAIN_NAMES = re.compile(r"[A-Za-z0-9_.\-~\0]+")


def _quoted(name: str) -> str:
    """As `Path.as_uri` does it."""
    return name if _PLAIN.fullmatch(name) else quote_from_bytes(os.fsencode(name), safe="")
