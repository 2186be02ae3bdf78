"""Headings: Markdown, reStructuredText, AsciiDoc, TeX, and books in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from rlm_ls.context.ops.matching.compiled_pattern import compile_pattern
from rlm_ls.context.ops.matching.windows import line_matches, windows
from rlm_ls.context.ops.reader import Reader
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File, Piece

Found = tuple[str, str, int, int, int]
Heading = tuple[str, int, int]
"""Name, level, start."""

MOST = 20_000

_MARKDOWN = r"^ {0,3}(?:#{1,6}(?:[ \t]|$)|```|~~~|=+[ \t]*$|-+[ \t]*$)"
_REST = r"^([=\-`:'\"~^_*+#<>.])(?:[=\-`:'\"~^_*+#<>.]{2,})\s*$"
_ASCIIDOC = r"^={1,6}\s+\S"
_TEX = r"^\s*\\(?:part|chapter|section|subsection|subsubsection|paragraph)\*?\s*[\[{]"
_COUNTED = ["CHAPTER", "BOOK", "PART", "VOLUME", "ACT", "SCENE", "LETTER", "CANTO", "SECTION", "STAVE", "APPENDIX"]
_ALONE = ["PROLOGUE", "EPILOGUE", "PREFACE", "INTRODUCTION", "FOREWORD", "AFTERWORD", "CONCLUSION", "APPENDIX"]
_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|"
    "nineteen|twenty|thirty|forty|fifty|first|second|third|fourth|fifth|last"
)
_NUMBER = rf"(?:[IVXLCDM]+|\d+|(?i:(?:the )?(?:{_WORDS})(?:[- ][a-z]+)?))"
_BOTH_CASES = "|".join([*_COUNTED, *map(str.title, _COUNTED)])
_ALONE_BOTH_CASES = "|".join([*_ALONE, *map(str.title, _ALONE)])
_TITLE = r"(?:\s*[:.\-—–]\s*.{0,80})?"
_BOOK = (
    rf"^\s*(?:(?:{_BOTH_CASES})\s+{_NUMBER}{_TITLE}|(?:{_ALONE_BOTH_CASES})[.:]?"
    rf"|(?:FIRST|SECOND|THIRD|FOURTH) (?:EPILOGUE|PART|BOOK|ACT){_TITLE}|[IVXLC]+\.?)\s*$"
)
_RULED = "|".join(rf"^{re.escape(mark)}{{3,}} +\S.{{0,100}} {re.escape(mark)}{{3,}}$" for mark in "=#*~+-_")
"""`===== a title =====`: how programs and people part what they put into one file."""
_TEX_LEVELS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph")
_UPPER_LEVEL = frozenset(
    {"volume", "book", "part", "act", "first", "second", "third", "fourth", *(word.lower() for word in _ALONE)}
)


def headings(deadline: Deadline, reader: Reader, file: File, language: str) -> list[Found]:
    """Each heading with the text up to the next one of its level or above."""
    return _with_ends(list(islice(_headings(deadline, reader, file, language), MOST)), reader.size)


def ruled(deadline: Deadline, reader: Reader, file: File) -> list[Found]:
    """Titles between rules, in whatever has no other structure."""
    titles = (
        (line.strip().strip(line.strip()[0]).strip(), 1, at) for at, line in _lines(deadline, reader, file, _RULED)
    )
    return _with_ends(list(islice(titles, MOST)), reader.size)


def _with_ends(found: list[Heading], size: int) -> list[Found]:
    out: list[Found] = []
    ends: list[int] = [size] * len(found)
    open_ones: list[int] = []
    for number, (_, level, start) in enumerate(found):
        while open_ones and found[open_ones[-1]][1] >= level:
            ends[open_ones.pop()] = start
        open_ones.append(number)
    for (name, level, start), end in zip(found, ends, strict=True):
        out.append(("heading", name[:120], level, start, end))
    return out


def _headings(deadline: Deadline, reader: Reader, file: File, language: str) -> Iterator[Heading]:
    if language == "markdown":
        return _markdown(_lines(deadline, reader, file, _MARKDOWN), reader)
    if language == "restructuredtext":
        return _rest(_lines(deadline, reader, file, _REST), reader)
    if language == "asciidoc":
        return (
            (line.lstrip("= ").strip(), len(line) - len(line.lstrip("=")), at)
            for at, line in _lines(deadline, reader, file, _ASCIIDOC)
        )
    if language in ("latex", "tex"):
        return _tex(_lines(deadline, reader, file, _TEX))
    if language in ("plaintext", ""):
        return _book(_lines(deadline, reader, file, _BOOK))
    return iter(())


def _lines(deadline: Deadline, reader: Reader, file: File, pattern: str) -> Iterator[tuple[int, str]]:
    """Start and text of each line that matches."""
    test = compile_pattern(pattern)
    piece = Piece(0, file, 0, reader.size, 0, reader.size, (0, 0))
    for window in windows(reader, piece, deadline):
        for start, end, _ in line_matches(test, window, deadline):
            yield window.origin(start), window.text[start:end].decode("utf-8", "replace").rstrip("\n")


def _before(reader: Reader, at: int) -> tuple[int, str]:
    """Start and text of the line before the one that starts at `at`."""
    if at == 0:
        return 0, ""
    start = reader.line_start(at - 1) if at > 1 else 0
    return start, reader.peek(start, min(at, start + 1000)).decode("utf-8", "replace").rstrip("\r\n")


def _markdown(lines: Iterator[tuple[int, str]], reader: Reader) -> Iterator[Heading]:
    fence = ""
    for at, line in lines:
        text = line.strip()
        mark = text[:3]
        if mark in ("```", "~~~"):
            if not fence:
                fence = mark
            elif mark == fence and not text.strip(fence[0]):
                fence = ""
        elif fence:
            continue
        elif text.startswith("#"):
            yield text.strip("#").strip(), len(text) - len(text.lstrip("#")), at
        else:
            start, above = _before(reader, at)
            if above.strip() and not re.match(r"\s*([#>|*+\-]|\d+\.|```|~~~|    )", above):
                yield above.strip(), 1 if text.startswith("=") else 2, start


def _rest(lines: Iterator[tuple[int, str]], reader: Reader) -> Iterator[Heading]:
    levels: list[str] = []
    for at, line in lines:
        start, above = _before(reader, at)
        rule = line.strip()
        if (
            len(set(rule)) != 1
            or not above.strip()
            or len(rule) < len(above.strip())
            or set(above.strip()) == set(rule)
        ):
            continue
        if rule[0] not in levels:
            levels.append(rule[0])
        yield above.strip(), levels.index(rule[0]) + 1, start


def _tex(lines: Iterator[tuple[int, str]]) -> Iterator[Heading]:
    for at, line in lines:
        match = re.match(r"\s*\\(\w+)\*?\s*(?:\[[^\]]*\])?\{(.*?)\}?\s*$", line)
        if match:
            yield match.group(2), _TEX_LEVELS.index(match.group(1)) + 1, at


def _book(lines: Iterator[tuple[int, str]]) -> Iterator[Heading]:
    for at, line in lines:
        name = line.strip()
        first = re.split(r"[\s.:]", name.lower(), maxsplit=1)[0]
        yield name, 1 if first in _UPPER_LEVEL else 3 if re.fullmatch(r"[IVXLC]+\.?", name) else 2, at
