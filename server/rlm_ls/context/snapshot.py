"""The Context: an immutable snapshot of the texts that a question is about."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import blake2b

from rlm_ls.context import names
from rlm_ls.context.candidates import Candidate, candidates
from rlm_ls.context.document import Document, Part, Selection, Skipped
from rlm_ls.context.encoding import known
from rlm_ls.context.options import ContextOptions
from rlm_ls.context.pack import Hold
from rlm_ls.context.piece import File
from rlm_ls.context.pool import SearchPool
from rlm_ls.context.reading import Read, read
from rlm_ls.context.scope import Scope
from rlm_ls.errors import BadRequest, NoDocuments, RlmError

__all__ = ["Context", "ContextOptions"]


class Context:
    """Documents that do not change while a run reads them. Close it when the run ends.

    `limit` is what the question may look at: all documents, or the region of a selection. `digest` is the same for
    the same names and bytes. `files[i]` tells workers where `documents[i]` is.
    """

    __slots__ = ("_hold", "_numbers", "_uris", "digest", "documents", "files", "limit", "skipped")

    def __init__(self, found: Sequence[Read], skipped: Sequence[Skipped], hold: Hold) -> None:
        self.documents = tuple(one.document for one in found)
        self.files = tuple(File(one.document.path, one.document.source, one.identity) for one in found)
        self.skipped = tuple(skipped)
        self.limit: Selection = tuple(Part(number, 0, one.size) for number, one in enumerate(self.documents))
        self._numbers = {one.path: number for number, one in enumerate(self.documents)}
        self._uris = {one.uri: number for number, one in enumerate(self.documents)}
        self._hold = hold
        digest = blake2b(digest_size=16)
        for one in found:
            digest.update(f"{one.document.path}\0{one.document.size}\0".encode("utf-8", "replace") + one.digest)
        self.digest = digest.hexdigest()

    @classmethod
    async def take(cls, scope: Scope, pool: SearchPool, options: ContextOptions | None = None) -> Context:
        """Reads every document of the scope once.

        A document that cannot be read is an error if it is the only one named, else it is skipped and reported.
        Raises RlmError: 41xx for a document, NoDocuments when nothing is left.
        """
        options = options or ContextOptions()
        if not known(options.encoding):
            raise BadRequest(
                f"There is no encoding {options.encoding!r}.",
                "Use utf-8, utf-8-replace, latin-1 or another of Python's.",
            )
        wanted = await candidates(scope, pool, options)
        single = scope.kind in ("document", "selection") or len([one for one in wanted if one.explicit]) == 1 == len(
            wanted
        )
        hold = await asyncio.to_thread(Hold, options.pack_folder)
        try:
            found = await read(wanted, hold, pool, options)
            skipped = [_skipped(one) for one in wanted if one.error is not None]
            if single:
                _raise_first(wanted)
            if not found:
                raise _nothing(scope, skipped)
            context = cls(found, skipped, hold)
            if scope.region is not None:
                from rlm_ls.context.region import limit_to  # region builds on Context

                await limit_to(context, scope.region, pool)
            return context
        except BaseException:
            hold.close()
            raise

    async def close(self) -> None:
        """Lets go of the files. Searches still under way fail."""
        await asyncio.to_thread(self._hold.close)

    async def __aenter__(self) -> Context:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def number(self, name: str) -> int | None:
        """The number of the document of this path or URI, None if there is none."""
        if name in self._numbers:
            return self._numbers[name]
        if name in self._uris:
            return self._uris[name]
        path = names.file_path(name) if names.is_uri(name) or name.startswith(("/", "\\")) else None
        return self._uris.get(names.file_uri(path)) if path else None

    def document(self, name: str) -> Document | None:
        number = self.number(name)
        return None if number is None else self.documents[number]

    @property
    def size(self) -> int:
        """Bytes of all documents."""
        return sum(one.size for one in self.documents)


def _skipped(one: Candidate) -> Skipped:
    assert one.error is not None
    return Skipped(one.uri, one.name, one.error.code, one.error.message)


def _raise_first(wanted: Sequence[Candidate]) -> None:
    for one in wanted:
        if one.explicit and one.error is not None:
            raise one.error


def _nothing(scope: Scope, skipped: Sequence[Skipped]) -> RlmError:
    if not skipped:
        where = ", ".join([*scope.roots, *scope.files]) or "the scope"
        return NoDocuments(f"There is nothing to read in {where}.", "Check the path and the include and exclude globs.")
    shown = "; ".join(f"{one.path}: {one.reason}" for one in skipped[:3])
    more = f"; and {len(skipped) - 3} more" if len(skipped) > 3 else ""
    return NoDocuments(f"None of the {len(skipped)} documents can be read ({shown}{more}).", "Name text documents.")
