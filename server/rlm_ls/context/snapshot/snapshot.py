"""The Context: an immutable snapshot of the texts that a question is about."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import blake2b
from itertools import islice

from rlm_ls.context.columns.index import Index
from rlm_ls.context.document import Document, Part, Selection, Skipped
from rlm_ls.context.gc_pause import garbage_collection_paused
from rlm_ls.context.options import ContextOptions
from rlm_ls.context.scope import Scope
from rlm_ls.context.snapshot.cache import SnapshotCache
from rlm_ls.context.snapshot.columns import AnyRead, Documents, Files, Told, Wholes
from rlm_ls.context.snapshot.limits import selected
from rlm_ls.context.snapshot.pack import HeldFiles
from rlm_ls.context.snapshot.reading import read
from rlm_ls.context.sources import uris
from rlm_ls.context.sources.candidate import Candidate
from rlm_ls.context.sources.candidates import candidates
from rlm_ls.context.sources.encoding import known
from rlm_ls.context.workers.protocol import Pool
from rlm_ls.errors import BadRequest, DocumentUnreadable, NoDocuments, RlmError

DIGESTED = 1000
"""Documents whose digests are put together at once."""

LONGEST_NAME = 32_768
"""Characters of a path or URI, of which no system knows longer ones."""

__all__ = ["Context", "ContextOptions"]


class Contents:
    """The documents of a Context, in order. Shared by Contexts of the same texts, and derived from the last one where
    few differ."""

    __slots__ = ("_numbers", "_uris", "digest", "documents", "files", "limit", "read")

    def __init__(self, found: Sequence[AnyRead], last: Contents | None) -> None:
        self.read = found
        self.documents = Documents(found)
        self.files = Files(found)
        self.limit: Selection = Wholes(self.documents.sizes)
        digest = blake2b(digest_size=16)
        each = iter(found)
        while some := b"".join([one.digest for one in islice(each, DIGESTED)]):
            digest.update(some)
        self.digest = digest.hexdigest()
        same = last is not None and _same_names(last.read, found)
        self._numbers: Numbers | None = last._numbers if same and last is not None else None
        self._uris: Numbers | None = last._uris if same and last is not None else None

    # Made when a name is looked for: most questions about 100,000 files name none.
    @property
    def numbers(self) -> Numbers:
        if self._numbers is None:
            self._numbers = _numbers(self.documents.paths)
        return self._numbers

    @property
    def uris(self) -> Numbers:
        if self._uris is None:
            listed = isinstance(self.read, list)
            self._uris = _numbers([one.uri for one in self.read] if listed else Told(self.read, "uri"))
        return self._uris


Numbers = dict[str, int] | Index


def _numbers(names: Sequence[str]) -> Numbers:
    """By name: in a dictionary, unless there are so many that they are not to be held."""
    return {name: number for number, name in enumerate(names)} if isinstance(names, list) else Index(names)


def _same_names(last: Sequence[AnyRead], found: Sequence[AnyRead]) -> bool:
    """Whether these are documents of the same names in the same order."""
    if len(last) != len(found) or not (isinstance(last, list) and isinstance(found, list)):
        return False
    return all(old is new or (old.path, old.uri) == (new.path, new.uri) for old, new in zip(last, found, strict=True))


class Context:
    """Documents that do not change while a run reads them. Close it when the run ends.

    `limit` is what the question may look at: all documents, or the region of a selection. `digest` is the same for
    the same names and bytes. `files[i]` tells workers where `documents[i]` is. `ignored` is one of the rules of ignore
    files that left something out, if any did.
    """

    __slots__ = ("_contents", "_hold", "digest", "documents", "files", "ignored", "limit", "skipped")

    def __init__(self, contents: Contents, skipped: Sequence[Skipped], held_files: HeldFiles) -> None:
        self.documents, self.files = contents.documents, contents.files
        self.limit, self.digest = contents.limit, contents.digest
        self.skipped = tuple(skipped)
        self.ignored = ""
        self._contents = contents
        self._hold = held_files

    @classmethod
    async def take(
        cls,
        scope: Scope,
        pool: Pool,
        options: ContextOptions | None = None,
        snapshot_cache: SnapshotCache | None = None,
    ) -> Context:
        """Reads every document of the scope that the `snapshot_cache` does not have as it is now.

        A document that cannot be read is an error if it is the only one named; else it is skipped and reported. Raises
        RlmError: 41xx for a document, NoDocuments when nothing is left.
        """
        options = options or ContextOptions()
        await pool.ready()
        if not known(options.encoding):
            raise BadRequest(
                f"There is no encoding {options.encoding!r}.",
                "Use auto, utf-8, utf-8-replace, latin-1 or another of Python's.",
            )
        held_files = HeldFiles(options.pack_folder)
        private = snapshot_cache is None
        snapshot_cache = snapshot_cache or SnapshotCache()
        try:
            try:
                snapshot_cache.begin()
                wanted = await candidates(scope, pool, options, snapshot_cache)
                found, errors = await read(wanted, held_files, pool, options, snapshot_cache)
                skipped = [_skipped(one, error) for one, error in errors]
                if scope.kind in ("document", "selection") or wanted.explicit:
                    _raise_first(errors)
                if not found:
                    raise _nothing(scope, skipped, wanted.ignored)
                with garbage_collection_paused(len(found)):
                    contents = await asyncio.to_thread(snapshot_cache.same, Contents, found)
                    skipped += await asyncio.to_thread(_left_out, contents.documents)
                context = cls(contents, skipped, held_files)
                context.ignored = wanted.ignored
                if scope.region is not None:
                    context.limit = await selected(context.documents[0], context.files[0], scope.region, pool)
            finally:
                await asyncio.to_thread(snapshot_cache.close if private else snapshot_cache.trim)
        except BaseException:
            await asyncio.to_thread(held_files.close)
            raise
        return context

    def narrowed(self, limit: Selection) -> tuple[Context, tuple[int, ...]]:
        """A Context of the same texts limited to `limit`, and for each of its documents the number that it has here. It
        is not to be closed itself. Raises NoDocuments for a limit without a document."""
        numbers = sorted({part.doc for part in limit})
        if not numbers:
            raise NoDocuments("There is nothing to read in an empty selection.", "Widen it.")
        there = {here: number for number, here in enumerate(numbers)}
        context = Context(Contents([self._contents.read[here] for here in numbers], None), (), self._hold)
        context.limit = tuple(Part(there[part.doc], part.start, part.end, part.filters) for part in limit)
        return context, tuple(numbers)

    async def close(self) -> None:
        """Closes the files. Searches that still run fail."""
        await asyncio.to_thread(self._hold.close)

    async def __aenter__(self) -> Context:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def number(self, name: str) -> int | None:
        """The number of the document of this path (as it is shown or as it is) or URI, None if there is none."""
        number = self._contents.numbers.get(name)
        if number is None:
            number = self._contents.uris.get(name)
        if number is not None:
            return number
        if len(name) > LONGEST_NAME:
            return None  # a text, which may be megabytes long: it is not looked through for what cannot be shown
        if (number := self._contents.numbers.get(uris.shown(name))) is not None:
            return number
        path = uris.file_path(name) if uris.is_uri(name) or name.startswith(("/", "\\")) else None
        return self._contents.uris.get(uris.file_uri(path)) if path else None

    def document(self, name: str) -> Document | None:
        number = self.number(name)
        return None if number is None else self.documents[number]

    @property
    def whole(self) -> bool:
        """Whether the question may look at all of every document."""
        return self.limit is self._contents.limit

    def size_of(self, selection: Selection) -> int:
        """Bytes of a Selection."""
        return self.size if selection is self._contents.limit else sum(part.end - part.start for part in selection)

    def count_of(self, selection: Selection) -> int:
        """Documents of which a Selection holds anything."""
        return len(selection) if selection is self._contents.limit else len({part.doc for part in selection})

    @property
    def size(self) -> int:
        """Bytes of all documents."""
        return sum(self.documents.sizes)


def _skipped(one: Candidate, error: RlmError) -> Skipped:
    return Skipped(one.uri, one.name, error.code, error.message)


def _left_out(documents: Documents) -> list[Skipped]:
    """Parts of documents that could not be read, such as scanned pages."""
    return [
        Skipped(one.uri, one.path, DocumentUnreadable.code, note)
        for one in documents.not_plain
        if one.extraction is not None
        for note in one.extraction.notes
    ]


def _raise_first(errors: Sequence[tuple[Candidate, RlmError]]) -> None:
    for one, error in errors:
        if one.explicit:
            raise error


def _nothing(scope: Scope, skipped: Sequence[Skipped], ignored: str) -> RlmError:
    if not skipped:
        where = uris.shown(", ".join([*scope.roots, *scope.files])[:1000]) or "the scope"
        return NoDocuments(f"There is nothing to read in {where}.", "Check the path and the include and exclude globs.")
    shown = "; ".join(f"{one.path}: {one.reason}" for one in skipped[:3])
    more = f"; and {len(skipped) - 3} more" if len(skipped) > 3 else ""
    told = f"None of the {len(skipped)} documents can be read ({shown}{more})"
    if ignored:
        remedy = "Name the files themselves, or set include globs: --include '*' in a terminal."
        return NoDocuments(f"{told}; ignore files leave out others ({ignored}).", remedy)
    return NoDocuments(f"{told}.", "Name text documents.")
