"""Code in a text that no parser is for: a pack of many files in one, or an unknown language. Files by the lines that
announce them, definitions by the words that most languages begin them with."""

from __future__ import annotations

import re

from rlm_ls.context.ops.matching.compiled_pattern import compile_pattern
from rlm_ls.context.ops.matching.windows import line_matches, windows
from rlm_ls.context.ops.reader import Reader
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File, Piece

Found = tuple[str, str, int, int, int]

MOST = 20_000
INDENT = 4
"""Columns of a level, a tab among them."""

_FILE = (
    r"^(?:[=#*/-]{2,}|# ?[Ff]ile:?|[Ff]ile:|<(?:file|document)\b[^>]*?=)[ \t]*[\"']?([\w./\\-]+\.\w{1,8})[\"']?"
    r"[ \t]*[=#*/>-]*[ \t\r]*$"
)
_DEFINITION = (
    r"^[ \t]*(?:(?:export|default|pub(?:\(\w+\))?|async|static|public|private|protected|internal|final|abstract|unsafe)"
    r"[ \t]+)*"
    r"(def|class|function|fn|func|struct|enum|interface|trait|impl|module|namespace|object|record|sub|proc)[ \t]+"
    r"([A-Za-z_]\w*)[ \t\r]*[(:{<\[]"
)
_FILE_LINE, _DEFINITION_LINE = re.compile(_FILE), re.compile(_DEFINITION)


def listing(deadline: Deadline, reader: Reader, file: File) -> list[Found]:
    """Files and definitions, each up to the next one of its level or above; empty where there are fewer than two."""
    starts: list[tuple[str, str, int, int]] = []
    below = 0
    test = compile_pattern(f"{_FILE}|{_DEFINITION}")
    for window in windows(reader, Piece(0, file, 0, reader.size, 0, reader.size, (0, 0)), deadline):
        for start, end, _ in line_matches(test, window, deadline):
            line = window.text[start : min(end, start + 1_000)].decode("utf-8", "replace")
            if (announced := _FILE_LINE.match(line.rstrip("\n"))) is not None:
                starts.append(("file", announced[1], 1, window.origin(start)))
                below = 1
            elif (defined := _DEFINITION_LINE.match(line)) is not None:
                indent = len(line.expandtabs(INDENT)) - len(line.expandtabs(INDENT).lstrip())
                starts.append((defined[1], defined[2], 1 + below + min(indent // INDENT, 20), window.origin(start)))
            if len(starts) >= MOST:
                return _ended(starts, reader.size)
    return _ended(starts, reader.size) if len(starts) > 1 else []


def _ended(starts: list[tuple[str, str, int, int]], size: int) -> list[Found]:
    ends = [size] * len(starts)
    open_ones: list[int] = []
    for number, (_, _, level, start) in enumerate(starts):
        while open_ones and starts[open_ones[-1]][2] >= level:
            ends[open_ones.pop()] = start
        open_ones.append(number)
    return [(kind, name[:120], level, start, end) for (kind, name, level, start), end in zip(starts, ends, strict=True)]
