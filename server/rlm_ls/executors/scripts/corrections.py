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

_NAME = r"(?<![.\w])[A-Za-z_]\w*(?:\[-?\d+\])?"
"""A variable, or an item of one."""
_TEXT = r"\"[^\"]*\"|'[^']*'"
_GROUPS = (
    (r"\.group\(0?\)", ".match"), (r"\.group\(1\)", ".groups[0]"), (r"\.group\(2\)", ".groups[1]"),
    (r"\.group\(3\)", ".groups[2]"), (r"\.groups\(\)", ".groups"),
)  # fmt: skip
_STRING_METHODS = "split|strip|lower|upper|startswith|endswith|replace|find|index|rstrip|lstrip|splitlines|partition"
_FOR_TEXT, _FOR_LINE = "content|value|string|line_text|full_text|body", "line_number|lineno|line_no|line_num|number"

CORRECTIONS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("(list|tuple) index out of range", ((r"\.groups\[[1-9]\]", ".groups[0]"),)),
    ("(list|tuple) index out of range", ((r"\.groups\[0\]", ".match"),)),
    ("'Span' object has no attribute 'groups?'|'(list|tuple)' object is not callable", _GROUPS),
    (f"'Span' object has no attribute '({_FOR_TEXT}|{_FOR_LINE}|file|filename|document)'", (
        (rf"\.({_FOR_TEXT})\b(?!\()", ".text"), (rf"\.({_FOR_LINE})\b(?!\()", ".line"),
        (r"\.(file|filename|document)\b(?!\()", ".doc"),
    )),
    *((f"'Span' object has no attribute '{name}'", ((rf"({_NAME})\.{name}\(", rf"\1.text.{name}("),))
      for name in _STRING_METHODS.split("|")),
    ("'str' object has no attribute 'group", ((r"\.groups?(\(\d?\)|\[\d\])", ""),)),
    ("'Span' object is not subscriptable|'Span' object has no attribute 'get'", (
        (r"\[[\"'](text|line|doc|match|groups|column|end_line)[\"']\]", r".\1"),
        (r"\.get\([\"'](text|line|doc|match|groups|column|end_line)[\"'](, *[^()]*)?\)", r".\1"),
        (rf"\[[\"']({_FOR_TEXT})[\"']\]", ".text"), (rf"\[[\"']({_FOR_LINE})[\"']\]", ".line"),
    )),
    ("'Span' object is not subscriptable", ((r"\b([A-Za-z_]\w*\[-?\d+\])(?=\[-?\d*:-?\d*\])", r"\1.text"),)),
    ("'Span' object is not subscriptable", (
        (r"\b([A-Za-z_]\w*(?:\[0\])?)\[0\](?![.\[])", r"\1.match"),
        (r"\b([A-Za-z_]\w*)\[1\](?![.\[])", r"\1.groups[0]"),
    )),
    ("expected str instance, Span found", ((rf"\.join\(({_NAME})\)", r".join(s.text for s in \1)"),)),
    ("string or bytes-like object, got 'Span'", ((rf"(\bre\.\w+\(.*, *)({_NAME})\)", r"\1\2.text)"),)),
    ("not enough values to unpack|too many values to unpack",
     ((rf"\bin (regex\({_CALL.partition('(')[2]})", r"in [s.groups for s in \1]"),)),
    ("'tuple' object has no attribute '(value|key|name|word|item|count|n|total|freq|frequency)'", (
        (r"\.(value|key|name|word|item)\b(?!\()", "[0]"), (r"\.(count|n|total|freq|frequency)\b(?!\()", "[1]"),
    )),
    ("tuple indices must be", (
        (r"(?<!groups)\[[\"'](value|key|name|word|item)[\"']\]", "[0]"),
        (r"(?<!groups)\[[\"'](count|n|total|freq|frequency)[\"']\]", "[1]"),
    )),
    ("'dict' object has no attribute", ((r"\.(count|sum|min|max|mean|p50|p90|p95|p99)\b(?!\()", r'["\1"]'),)),
    ("type 'int' has no len", ((r"\blen\((count\(.*?\)|\w+)\)(?=\)|$|\s|,)", r"\1"),)),
    ("'int' object is not subscriptable", ((rf"({_CALL})\[\d\]", r"\1"),)),
    ("'int' object has no attribute '(total|count|value|n)'", ((rf"({_CALL})\.(total|count|value|n)\b", r"\1"),)),
    ("'list' object has no attribute '(text|line|doc|match|groups)'",
     ((rf"({_CALL}|\b[A-Za-z_]\w*)\.(text|line|doc|match|groups)\b", r"\1[0].\2"),)),
    ("'list' object has no attribute 'items'", ((rf"({_CALL}|{_NAME})\.items\(\)", r"dict(\1).items()"),)),
    ("list indices must be integers", ((rf"(\btop\({_CALL.partition('(')[2]})\[({_TEXT})\]", r"dict(\1)[\2]"),)),
    ("list.count", ((rf"({_CALL}|\b[A-Za-z_]\w*)\.count\(\)", r"len(\1)"),)),
    ("'Entry' object has no attribute '(text|title|value|line|start_line|end_line)'", (
        (r"\.(text|title|value)\b", ".name"), (r"(?<!span)\.(line|start_line)\b", ".span.line"),
        (r"(?<!span)\.end_line\b", ".span.end_line"),
    )),
    ("'Doc' object has no attribute '(name|file|filename|size)'", (
        (r"\.(name|file|filename)\b", ".path"), (r"\.size\b", ".characters"),
    )),
    ("module 'datetime' has no attribute 'UTC'", ((r"\b(\w+)\.UTC\b", r"\1.timezone.utc"),)),
    ("argument 'by'", ((r"by=[\"'](line|value|doc)s[\"']", r'by="\1"'),)),
    (r"(count|regex|top|stats|extract)\(\): there is no argument '(text|regex|query)'",
     ((r"\b(text|regex|query)=", "pattern="),)),
    (r"(find|find_any|regex)\(\): there is no argument '(n|k|max|max_results|max_hits|top_k)'",
     ((r"\b(n|k|max|max_results|max_hits|top_k)=", "limit="),)),
    (r"there is no argument '(case_sensitive|case_insensitive|ignorecase)'",
     ((r"\b(case_sensitive=False|(case_insensitive|ignorecase)=True)", "ignore_case=True"),)),
    (r"top\(\): there is no argument 'limit'", ((r"\blimit=", "n="),)),
    (r"find\(\): argument 'text' is missing", ((r"\b(pattern|query|regex)=", "text="),)),
    (r"find\(\): argument 'text': input should be a valid string", ((r"\bfind\((?=\[)", "find_any("),)),
    (r"text\(\) takes at most", (
        (rf"\btext\(({_TEXT}), *(-?\d+), *(-?\d+)\)", r"text(lines(\2, \3, \1))"),
        (r"\btext\((-?\d+), *(-?\d+)\)", r"text(lines(\1, \2))"),
    )),
    (r"submit\(\): there is no argument '(citations?|cites|sources|evidence|spans|references)'",
     ((r"\b(citations?|cites|sources|evidence|spans|references)=", "cite="),)),
    (r"submit\(\): argument 'answer' is missing|submit\(\): there is no argument '(text|result|final_answer|response)'",
     ((r"\b(text|result|final_answer|response)=", "answer="),)),
    ("SyntaxError", (("[“”„]", '"'), ("[‘’]", "'"), (r"^\s*>>> ?", ""), ("[\u200b\u2060\ufeff]", ""), ("\u00a0", " "))),
)  # fmt: skip
"""What an error says, and what of the line is wrong then, with what stands there instead: all of it, for a line that is
mended by half errs again. The first that changes the line counts."""


def corrected(message: str, line: str) -> str:
    """The line as it was probably meant, "" where that is not known."""
    if len(line) > LONGEST_LINE:
        return ""
    if unknown := re.search(r"KeyError: '?(\w+)", message):
        return _with_other_names(line) if unknown[1] in _OTHER_NAMES else ""
    for said, mends in CORRECTIONS:
        if re.search(said, message):
            mended = line
            for wrong, right in mends:
                mended = re.sub(wrong, right, mended)
            if mended != line:
                return mended.strip()
    return ""


def _with_other_names(line: str) -> str:
    names = "|".join(_OTHER_NAMES)
    mended = re.sub(rf"\[([\"'])({names})\1\]", lambda key: f"[{key[1]}{_OTHER_NAMES[key[2]]}{key[1]}]", line)
    return mended.strip() if mended != line else ""
