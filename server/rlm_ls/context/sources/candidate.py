"""A text that a scope means, before it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlm_ls.context.document import Extraction
from rlm_ls.context.remote.listed import Listed
from rlm_ls.context.scope import Buffer
from rlm_ls.context.snapshot.measure import RangeMeasure
from rlm_ls.context.snapshot.pack import Pack
from rlm_ls.context.sources.stamp import Stamp
from rlm_ls.errors import RlmError


@dataclass(frozen=True, slots=True)
class Inside:
    """Where a candidate's bytes are, if not in the file at its path: unpacked from that file, or read from a stream.

    `settled`: the file they come from has a stamp that differs from that of any later state. `raw`: they may be
    compressed. `unpacked`: they were, or in an archive. `extraction`: what else they were taken out of. `version`: they
    stay elsewhere, and `path` is their address. `measures`: what is known of their first ranges.
    """

    path: str
    place: int = 0
    pack: Pack | None = None
    settled: bool = False
    raw: bool = False
    unpacked: bool = False
    extraction: Extraction | None = None
    version: str = ""
    measures: tuple[RangeMeasure, ...] = ()


@dataclass(slots=True)
class Candidate:
    """A text of a scope: an open buffer, or a file of `size` bytes; `error` says why it cannot be read.

    `stamp` is the file's when it was looked at. Candidates of walked files are shared between questions: never change
    them. What was unpacked from a file has its bytes `inside` a pack, and the file's own stamp.
    """

    uri: str
    path: str
    size: int = 0
    stamp: Stamp | None = None
    buffer: Buffer | None = None
    explicit: bool = False
    name: str = ""
    error: RlmError | None = None
    inside: Inside | None = None

    @property
    def stays(self) -> bool:
        """Whether it is searched where it lies elsewhere."""
        return self.inside is not None and bool(self.inside.version)


@dataclass(frozen=True, slots=True)
class FarCandidates:
    """Texts that stay elsewhere, with their names; `place` candidates of those that are here stand before them."""

    place: int
    listed: Listed
    names: Sequence[str]

    def candidate(self, row: int, error: RlmError) -> Candidate:
        """What cannot be read, as others are that cannot."""
        url = self.listed.urls[row]
        path = url.partition("://")[2]
        return Candidate(url, path, explicit=self.listed.explicit, name=self.names[row], error=error)
