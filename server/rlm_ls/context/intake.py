"""A file on its way into a Context, as parent and workers speak of it."""

from __future__ import annotations

from dataclasses import dataclass

from rlm_ls import errors
from rlm_ls.context.document import Source
from rlm_ls.context.measure import Measure
from rlm_ls.errors import RlmError


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file to be read up to `size` bytes; `place` and `room` are where its text may go in the pack file."""

    path: str
    name: str
    size: int
    place: int = 0
    room: int = 0


@dataclass(frozen=True, slots=True)
class Copied:
    """A text in the pack file."""

    source: Source
    measure: Measure


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a file cannot be a Document: an error class of rlm_ls.errors by name, so that it crosses processes."""

    error: str
    message: str
    remedy: str

    @classmethod
    def by(cls, error: RlmError) -> Refused:
        return cls(type(error).__name__, error.message, error.remedy)

    def raised(self) -> RlmError:
        cls: type[RlmError] = getattr(errors, self.error)
        return cls(self.message, self.remedy)
