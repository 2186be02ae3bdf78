"""What searches mean, said as plainly as Python can: slow, and right by inspection."""

from __future__ import annotations

import re
from pathlib import Path

from rlm_ls.context.clock import Clock
from rlm_ls.context.document import CHECKPOINT, Source
from rlm_ls.context.piece import File, Piece

LINE_END = re.compile(r"\r\n|\n|\r")


def lines_of(text: str) -> list[tuple[int, str]]:
    """Where each line starts (in characters), and its text without its end."""
    found, at = [], 0
    for match in LINE_END.finditer(text):
        found.append((at, text[at : match.start()]))
        at = match.end()
    if at < len(text):
        found.append((at, text[at:]))
    return found


def matches_of(pattern: str, text: str, flags: int = 0) -> list[tuple[int, int, tuple[str | None, ...]]]:
    """Start and end (characters of the text) and groups of every match, line by line."""
    return [
        (at + match.start(), at + match.end(), match.groups())
        for at, line in lines_of(text)
        for match in re.finditer(pattern, line, flags)
    ]


def byte_at(text: str, character: int) -> int:
    return len(text[:character].encode())


def file_of(folder: Path, text: str | bytes, name: str = "text.txt") -> File:
    raw = text.encode() if isinstance(text, str) else text
    path = folder / "source"
    path.write_bytes(raw)
    return File(name, Source(str(path), 0, len(raw)))


def piece_of(folder: Path, text: str | bytes, filters: tuple[tuple[str, bool], ...] = ()) -> Piece:
    file = file_of(folder, text)
    return Piece(0, file, 0, file.source.size, 0, file.source.size, (0, 0), filters)


def clock(seconds: float = 60.0) -> Clock:
    return Clock(seconds)


__all__ = ["CHECKPOINT", "byte_at", "clock", "file_of", "lines_of", "matches_of", "piece_of"]
