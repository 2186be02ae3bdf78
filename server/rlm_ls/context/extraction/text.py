"""The text of a document while it is written into a pack, with its sections, within limits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import BinaryIO

from rlm_ls.context.document import Section
from rlm_ls.context.snapshot.pack import cannot_write
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.errors import DocumentUnreadable, SearchTimeout

MOST_SECTIONS = 50_000
MOST_NOTES = 20
TITLE = 120
"""Characters of a section's title."""

FLUSH = 1 << 20
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_LINE_END = re.compile("\r\n|\r|\x0c")
_SPACE = re.compile(r"\s+")


class NotADocument(Exception):
    """The bytes are not what they begin like: a plain archive, a text. They are read as that."""


@dataclass(slots=True)
class Text:
    """Written line by line to `out`; at most `limit` bytes. Raises DocumentUnreadable beyond, SearchTimeout if late."""

    name: str
    out: BinaryIO
    limit: int
    clock: Deadline
    size: int = 0
    lines: int = 0
    sections: list[Section] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _held: int = 0

    def section(
        self,
        kind: str,
        label: str,
        title: str = "",
        level: int = 1,
        mark: bool = False,
        rows: int = 0,
        columns: tuple[str, ...] = (),
    ) -> None:
        """Begin a section, with a line `[page 12]` where the text would not tell. `rows`: of a sheet, its first row."""
        self.check()
        if len(self.sections) >= MOST_SECTIONS:
            self.note(f"of its parts, the first {MOST_SECTIONS:,} are told apart")
        else:
            self.flush()
            first = self.lines + 1 + (1 if mark else 0)
            short = tuple(in_a_line(one) for one in columns[:200])
            self.sections.append(
                Section(
                    kind, in_a_line(label), in_a_line(title), level, self.lines + 1, self.size, rows and first, short
                )
            )
        if mark:
            self.line(f"[{kind} {in_a_line(label)}]")

    def line(self, text: str) -> None:
        """A line; or several, where there are line ends in it."""
        text = _CONTROL.sub("", _LINE_END.sub("\n", text))
        self.lines += text.count("\n") + 1
        self._parts.append(text)
        self._parts.append("\n")
        self._held += len(text) + 1
        if self._held >= FLUSH:
            self.check()
            self.flush()

    def note(self, note: str) -> None:
        """What the asker must be told of this document."""
        if note not in self.notes and len(self.notes) < MOST_NOTES:
            self.notes.append(note)

    def check(self) -> None:
        if self.clock.late():
            raise SearchTimeout(
                f"Taking the text out of {self.name} took too long.", "Split the document, or save it as text."
            )

    def flush(self) -> None:
        raw = "".join(self._parts).encode("utf-8", "replace")
        self._parts.clear()
        self._held = 0
        if self.size + len(raw) > self.limit:
            raise DocumentUnreadable(
                f"{self.name} holds more than {self.limit / (1 << 20):,.0f} MiB of text.",
                "Split it, or raise the setting context.unpackMb.",
            )
        view = memoryview(raw)
        while view:
            try:
                view = view[self.out.write(view) or 0 :]
            except OSError as error:
                raise cannot_write(error) from None
        self.size += len(raw)


def in_a_line(text: str) -> str:
    """A title or label: short, in a line, and without halves of characters, which cannot be sent."""
    text = text[: 8 * TITLE].encode("utf-8", "replace").decode()
    text = _CONTROL.sub("", _SPACE.sub(" ", text)).strip()
    return text if len(text) <= TITLE else text[: TITLE - 1] + "…"
