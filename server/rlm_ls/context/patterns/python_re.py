"""The one file that touches the private modules of Python's `re`: its parser, the names of its nodes, its case tables.

They belong to CPython and may change with any version. So each is looked at once, when the first pattern comes: a few
patterns whose trees are known are parsed and compared. Where one differs, `unknown()` says so and nothing here is
believed: every pattern then goes to Python's own `re`, line by line and under the same deadline, which is slower and
never wrong.

Only the standard library is imported: `python3.X -I python_re.py` tells of any Python whether it is known, by its exit
code and a sentence.
"""

from __future__ import annotations

import re
import sys
import warnings
from functools import cache
from types import SimpleNamespace
from typing import Any

_NODES = [
    "LITERAL",
    "NOT_LITERAL",
    "ANY",
    "IN",
    "NEGATE",
    "RANGE",
    "BRANCH",
    "SUBPATTERN",
    "MAX_REPEAT",
    "MIN_REPEAT",
    "POSSESSIVE_REPEAT",
    "ATOMIC_GROUP",
    "AT",
    "ASSERT",
    "ASSERT_NOT",
    "GROUPREF",
    "GROUPREF_EXISTS",
    "FAILURE",
    "MAXREPEAT",
    "AT_BEGINNING",
    "AT_BEGINNING_STRING",
    "AT_END",
    "AT_END_STRING",
    "AT_BOUNDARY",
    "AT_NON_BOUNDARY",
    "CATEGORY",
]

try:
    from re import _casefix, _compiler, _parser  # type: ignore[attr-defined]
    from re import _constants as _nodes  # type: ignore[attr-defined]
except ImportError:
    _casefix = _compiler = _parser = _nodes = None

nodes: Any = SimpleNamespace(**{name: getattr(_nodes, name, name) for name in _NODES})
"""What a node of a tree may be, by CPython's names. Compare with `is`."""

_KNOWN = (
    ("ab", "LITERAL 97 LITERAL 98"),
    ("[^x].", "NOT_LITERAL 120 ANY None"),
    (r"[^a-c\d_]", "IN [NEGATE None RANGE (97 99) CATEGORY CATEGORY_DIGIT LITERAL 95]"),
    (r"\S\w", "IN [CATEGORY CATEGORY_NOT_SPACE] IN [CATEGORY CATEGORY_WORD]"),
    ("(?:ab|cd)", "BRANCH (None [[LITERAL 97 LITERAL 98] [LITERAL 99 LITERAL 100]])"),
    ("(?i:(a))", "SUBPATTERN (None 2 0 [SUBPATTERN (1 0 0 [LITERAL 97])])"),
    ("a*b{2,3}?", "MAX_REPEAT (0 MAXREPEAT [LITERAL 97]) MIN_REPEAT (2 3 [LITERAL 98])"),
    ("a++(?>b)", "POSSESSIVE_REPEAT (1 MAXREPEAT [LITERAL 97]) ATOMIC_GROUP [LITERAL 98]"),
    (r"^$\A\Z", "AT AT_BEGINNING AT AT_END AT AT_BEGINNING_STRING AT AT_END_STRING"),
    (r"\b\B", "AT AT_BOUNDARY AT AT_NON_BOUNDARY"),
    ("(?=a)(?<!b)", "ASSERT (1 [LITERAL 97]) ASSERT_NOT (-1 [LITERAL 98])"),
    (r"(a)\1(?(1)b|c)", "SUBPATTERN (1 0 0 [LITERAL 97]) GROUPREF 1 GROUPREF_EXISTS (1 [LITERAL 98] [LITERAL 99])"),
)  # fmt: skip
"""Patterns and their trees. Every node stands in one of them, but for FAILURE: Pythons differ on `(?!)`, and both trees
are read."""


def parse(pattern: str, flags: int) -> Any | None:
    """The tree of a pattern (`re._parser.SubPattern`), or None where this Python's are not known. Raises re.error."""
    return None if unknown() else _parse(pattern, flags)


def compiled(pattern: str, flags: int) -> re.Pattern[str]:
    """As `re.compile`, without its warnings. Raises re.error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(pattern, flags)


@cache
def unknown() -> str:
    """Why this Python's `re` cannot be read: a sentence; empty where it can."""
    version = ".".join(map(str, sys.version_info[:3]))
    try:
        for pattern, tree in _KNOWN:
            if (found := _written(_parse(pattern, 0))) != f"[{tree}]":
                return f"Python {version} reads the pattern {pattern} as {found}, and not as [{tree}]."
        if not _parse("(a)", re.IGNORECASE).state.flags & re.IGNORECASE or _parse("a?", 0).getwidth() != (0, 1):
            return f"Python {version} tells flags and widths of patterns in another way."
        if [lower(ord("K")), lower(0x212A)] != [107, 107] or not is_cased(0x17F) or 0x17F not in also(ord("s")):
            return f"Python {version} has other tables of upper and lower case."
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        return f"Python {version} keeps the parts of its re module elsewhere ({type(error).__name__}: {error})."
    return ""


def lower(point: int) -> int:
    """The lower-case letter that Python's engine compares this character as when case is ignored."""
    return int(_compiler._sre.unicode_tolower(point))


def is_cased(point: int) -> bool:
    return bool(_compiler._sre.unicode_iscased(point))


def also(point: int) -> tuple[int, ...]:
    """Other lower-case letters that are equal to this one when case is ignored (`ſ` to `s`)."""
    return tuple(_casefix._EXTRA_CASES.get(point, ()))


def points_with_others() -> tuple[int, ...]:
    """Characters for which `also` is not empty."""
    return tuple(_casefix._EXTRA_CASES)


def _parse(pattern: str, flags: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _parser.parse(pattern, flags)


def _written(value: Any) -> str:
    """A tree in words, the same in every Python that means the same by it."""
    if isinstance(value, tuple) and len(value) == 2 and str(value[0]) in _NODES and str(value[0]) != "MAXREPEAT":
        return f"{value[0]} {_written(value[1])}"
    if isinstance(value, tuple):
        return f"({' '.join(map(_written, value))})"
    if isinstance(value, list):
        return f"[{' '.join(map(_written, value))}]"
    if hasattr(value, "data"):
        return f"[{' '.join(map(_written, value.data))}]"
    return str(value)


if __name__ == "__main__":
    sys.exit(unknown() or None)
