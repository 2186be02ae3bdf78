"""The line that failed, as it was probably meant: a small model mends a line sooner than it learns a lesson."""

from __future__ import annotations

import re

LONGEST_LINE = 400
"""Characters: a longer line is not looked at."""
_CALL = r"\w+\((?:[^()\"']|\"[^\"]*\"|'[^']*'){0,200}\)"
"""A call with no other call in it."""
_OTHER_NAMES = {
    "average": "mean", "avg": "mean", "maximum": "max", "minimum": "min", "median": "p50", "total": "sum", "n": "count"
}  # fmt: skip

CORRECTIONS: tuple[tuple[str, str, str], ...] = (
    ("(list|tuple) index out of range", r"\.groups\[[1-9]\]", ".groups[0]"),
    ("'Span' object has no attribute 'group'", r"\.group\(0?\)", ".match"),
    ("'Span' object has no attribute 'group'", r"\.group\(1\)", ".groups[0]"),
    ("'Span' object has no attribute 'group'", r"\.group\(2\)", ".groups[1]"),
    ("'str' object has no attribute 'group", r"\.groups?(\(\d?\)|\[\d\])", ""),
    ("'(list|tuple)' object is not callable", r"\.groups\(\)", ".groups"),
    ("'Span' object is not subscriptable", r"\b([A-Za-z_]\w*(?:\[0\])?)\[0\]", r"\1.match"),
    ("'Span' object is not subscriptable", r"\b([A-Za-z_]\w*)\[1\]", r"\1.groups[0]"),
    ("'tuple' object has no attribute '(value|key|name|word|item)'", r"\.(value|key|name|word|item)\b", "[0]"),
    ("'tuple' object has no attribute '(count|n|total|freq|frequency)'", r"\.(count|n|total|freq|frequency)\b", "[1]"),
    ("tuple indices must be", r"\[[\"'](value|key|name|word|item)[\"']\]", "[0]"),
    ("tuple indices must be", r"\[[\"'](count|n|total|freq|frequency)[\"']\]", "[1]"),
    ("'dict' object has no attribute", r"\.(count|sum|min|max|mean|p50|p90|p95|p99)\b(?!\()", r'["\1"]'),
    ("type 'int' has no len", r"\blen\((count\(.*?\)|\w+)\)(?=\)|$|\s|,)", r"\1"),
    ("'int' object is not subscriptable", rf"({_CALL})\[\d\]", r"\1"),
    ("'list' object has no attribute '(text|line|doc|match|groups)'",
     rf"({_CALL}|\b[A-Za-z_]\w*)\.(text|line|doc|match|groups)\b", r"\1[0].\2"),
    ("list.count", rf"({_CALL}|\b[A-Za-z_]\w*)\.count\(\)", r"len(\1)"),
    ("'Entry' object has no attribute '(text|title|value)'", r"\.(text|title|value)\b", ".name"),
    ("argument 'by'", r"by=[\"'](line|value|doc)s[\"']", r'by="\1"'),
    (r"count\(\): there is no argument", r"\b(text|regex|query)=", "pattern="),
    (r"regex\(\): there is no argument", r"\b(text|regex|query)=", "pattern="),
    (r"(top|stats|extract)\(\): there is no argument '(text|regex|query)'", r"\b(text|regex|query)=", "pattern="),
    (r"top\(\): there is no argument 'limit'", r"\blimit=", "n="),
    (r"find\(\): argument 'text' is missing", r"\b(pattern|query|regex)=", "text="),
)  # fmt: skip
"""What an error says, what of the line is wrong then, and what stands there instead. The first that changes the line
counts."""


def corrected(message: str, line: str) -> str:
    """The line as it was probably meant, "" where that is not known."""
    if len(line) > LONGEST_LINE:
        return ""
    if unknown := re.search(r"KeyError: '?(\w+)", message):
        meant = _OTHER_NAMES.get(unknown[1], "")
        return re.sub(rf"\[([\"']){unknown[1]}\1\]", rf"[\1{meant}\1]", line).strip() if meant else ""
    for said, wrong, right in CORRECTIONS:
        if re.search(said, message):
            mended = re.sub(wrong, right, line)
            if mended != line:
                return mended.strip()
    return ""
