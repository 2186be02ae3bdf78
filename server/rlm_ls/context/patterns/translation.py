"""Python's `re` syntax, translated for RE2 with Python's meaning.

Models write patterns as for Python's `re`; RE2 is linear in time, and differs: its `\\w`, `\\d`, `\\s` and `\\b` are
ASCII, it folds case by other tables, and lacks `(?x)`, `\\Z`, `\\uXXXX`, lookaround and backreferences. So a pattern is
parsed by the standard library's own parser and written anew from the tree, each class as the characters that Python
puts in it. What RE2 cannot do is left out of a *superset* that finds candidate lines, on which Python's `re` decides.

Patterns are matched line by line (`re.finditer(pattern, line)` for each line without its end). With `multiline` they
may cross lines, every line end is `\\n`, and `^ $` still mean the start and end of a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rlm_ls.context.patterns import python_re
from rlm_ls.context.patterns.characters import ASCII, Ranges, category, complement, fold, intersect, merge
from rlm_ls.context.patterns.python_re import nodes as sre
from rlm_ls.errors import BadPattern

MOST_REPEATS = 1000
"""RE2's own limit on `{n}`, for the product of nested ones as well."""

LONGEST_PATTERN = 20_000

_NOT_A_LINE: Ranges = ((0, 9), (11, 0x10FFFF))


@dataclass(frozen=True, slots=True)
class Translation:
    """A pattern for RE2. `exact` is empty, or why Python must decide on the lines that this one finds."""

    pattern: str
    exact: str
    boundary: bool


@dataclass(frozen=True, slots=True)
class Parsed:
    """A pattern that Python accepts. `literal` is its text when it is nothing but one, case-sensitive.

    `tree` is None where this Python's trees are not known (see python_re): then Python's `re` decides on every line.
    """

    source: str
    flags: int
    tree: Any
    groups: int
    literal: str | None


def parse(pattern: str, ignore_case: bool = False, multiline: bool = False) -> Parsed:
    """Raises BadPattern with Python's own reason and position."""
    if len(pattern) > LONGEST_PATTERN:
        raise BadPattern(
            f"The pattern has {len(pattern):,} characters; the limit is {LONGEST_PATTERN:,}.",
            "For many words use find_any(words).",
        )
    flags = (re.IGNORECASE if ignore_case else 0) | (re.MULTILINE if multiline else 0)
    try:
        tree = python_re.parse(pattern, flags)
        compiled = python_re.compiled(pattern, flags) if tree is None else None
    except re.error as error:
        raise BadPattern(f"The pattern {pattern!r} is invalid: {error}.", _remedy(pattern)) from None
    except (RecursionError, OverflowError, ValueError) as error:
        raise BadPattern(f"The pattern {_short(pattern)!r} is invalid: {error}.", "Simplify it.") from None
    if compiled is not None:
        return Parsed(pattern, compiled.flags, None, compiled.groups, None)
    assert tree is not None
    flags = tree.state.flags
    literal = None
    if len(tree) and not flags & re.IGNORECASE and all(node is sre.LITERAL for node, _ in tree):
        literal = "".join(chr(value) for _, value in tree)
    return Parsed(pattern, flags, tree, tree.state.groups - 1, literal)


def translate(parsed: Parsed, *, ascii_only: bool, captures: bool, multiline: bool) -> Translation:
    """For text that is pure ASCII (`ascii_only`: smaller and quicker), or any text. Raises BadPattern."""
    if parsed.tree is None:
        return Translation("", python_re.unknown(), False)
    writer = Writer(ascii_only, captures, multiline)
    try:
        text = writer.sequence(parsed.tree, parsed.flags)
    except RecursionError:
        raise BadPattern("The pattern is nested too deeply.", "Simplify it.") from None
    if parsed.tree.getwidth()[0] == 0 and writer.prefers_less:
        # Python tries the same place again for a match that is not empty; RE2 cannot be asked to.
        writer.exact = writer.exact or "it may prefer an empty match"
    return Translation(text, writer.exact, writer.boundary)


class Writer:
    """Writes RE2 syntax; notes what it had to leave out."""

    def __init__(self, ascii_only: bool, captures: bool, multiline: bool) -> None:
        self.ascii_only = ascii_only
        self.captures = captures
        self.multiline = multiline
        self.exact = ""
        self.boundary = False
        self.prefers_less = False

    def sequence(self, nodes: Iterable[tuple[Any, Any]], flags: int) -> str:
        return "".join([self.node(name, value, flags) for name, value in nodes])

    def node(self, name: Any, value: Any, flags: int) -> str:
        writer = _WRITERS.get(name)
        if writer is None:
            raise BadPattern(f"The pattern uses {str(name).lower()}, which is not supported.", "Write it differently.")
        text: str = getattr(self, writer)(value, flags)
        return text

    def characters(self, ranges: Ranges) -> str:
        if not self.multiline:
            ranges = intersect(ranges, _NOT_A_LINE)
        if self.ascii_only:
            ranges = intersect(ranges, ASCII)
        if not ranges:
            return self.no_character()
        escape = self.escape
        if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
            return escape(ranges[0][0])
        return "[" + "".join(escape(a) if a == b else f"{escape(a)}-{escape(b)}" for a, b in ranges) + "]"

    def no_character(self) -> str:
        """What matches nothing."""
        return r"[^\x00-\x{10FFFF}]" if not self.ascii_only else r"[^\x00-\xFF]"

    @staticmethod
    def escape(point: int) -> str:
        return chr(point) if _is_plain(point) else f"\\x{{{point:X}}}"

    def literal(self, value: int, flags: int) -> str:
        return self.characters(class_ranges(sre.LITERAL, value, flags))

    def not_literal(self, value: int, flags: int) -> str:
        return self.characters(class_ranges(sre.NOT_LITERAL, value, flags))

    def any(self, value: None, flags: int) -> str:
        return self.characters(class_ranges(sre.ANY, value, flags))

    def one_of(self, items: list[tuple[Any, Any]], flags: int) -> str:
        return self.characters(class_ranges(sre.IN, items, flags))

    def branch(self, value: tuple[None, list[Any]], flags: int) -> str:
        self.prefers_less = True
        return "(?:" + "|".join([self.sequence(option, flags) for option in value[1]]) + ")"

    def group(self, value: tuple[int | None, int, int, Any], flags: int) -> str:
        number, added, removed, body = value
        inside = self.sequence(body, (flags | added) & ~removed)
        return f"({inside})" if number is not None and self.captures else f"(?:{inside})"

    def repeat(self, value: tuple[int, Any, Any], flags: int, suffix: str = "") -> str:
        least, most, body = value
        unbounded = most is sre.MAXREPEAT
        if least > MOST_REPEATS or (not unbounded and most > MOST_REPEATS):
            raise BadPattern(
                f"The pattern repeats something up to {least if unbounded else most} times; "
                f"the limit is {MOST_REPEATS}.",
                "Use * or +, or a smaller number.",
            )
        if body.getwidth()[0] == 0 and (unbounded or most > 1):
            self.exact = self.exact or "it repeats something that may be empty"
        text = f"(?:{self.sequence(body, flags)})"
        known = {(0, True): "*", (1, True): "+"}.get((int(least), unbounded))
        if known is None:
            known = f"{{{least},}}" if unbounded else f"{{{least},{most}}}"
        return text + known + suffix

    def lazy(self, value: tuple[int, Any, Any], flags: int) -> str:
        self.prefers_less = True
        return self.repeat(value, flags, "?")

    def possessive(self, value: tuple[int, Any, Any], flags: int) -> str:
        self.exact = self.exact or "it uses a possessive repeat"
        return self.repeat(value, flags)

    def atomic(self, body: Any, flags: int) -> str:
        self.exact = self.exact or "it uses an atomic group"
        return f"(?:{self.sequence(body, flags)})"

    def at(self, where: Any, flags: int) -> str:
        if self.multiline and where in (sre.AT_BEGINNING_STRING, sre.AT_END_STRING):
            raise BadPattern(r"\A and \Z have no meaning with multiline=True.", "Use ^ and $ for the ends of a line.")
        if where in (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING):
            return "(?m:^)"
        if where in (sre.AT_END, sre.AT_END_STRING):
            return "(?m:$)"
        if where is sre.AT_NON_BOUNDARY:
            self.exact = self.exact or r"it uses \B"
            return ""
        self.boundary = True
        if flags & re.ASCII or self.ascii_only:
            return r"\b"
        return ""

    def look(self, value: tuple[int, Any], flags: int) -> str:
        self.exact = self.exact or "it uses lookaround"
        self.sequence(value[1], flags)  # only to be refused where it must be
        return ""

    def look_not(self, value: tuple[int, Any], flags: int) -> str:
        return self.look(value, flags)

    def reference(self, _: int, flags: int) -> str:
        self.exact = self.exact or "it uses a backreference"
        return self.characters(((0, 0x10FFFF),)) + "*"

    def conditional(self, value: tuple[int, Any, Any], flags: int) -> str:
        self.exact = self.exact or "it uses a conditional group"
        _, yes, no = value
        return f"(?:{self.sequence(yes, flags)}|{self.sequence(no or [], flags)})"

    def never(self, _: None, flags: int) -> str:
        return self.no_character()


_WRITERS: dict[Any, str] = {
    sre.LITERAL: "literal",
    sre.NOT_LITERAL: "not_literal",
    sre.ANY: "any",
    sre.IN: "one_of",
    sre.BRANCH: "branch",
    sre.SUBPATTERN: "group",
    sre.MAX_REPEAT: "repeat",
    sre.MIN_REPEAT: "lazy",
    sre.POSSESSIVE_REPEAT: "possessive",
    sre.ATOMIC_GROUP: "atomic",
    sre.AT: "at",
    sre.ASSERT: "look",
    sre.ASSERT_NOT: "look_not",
    sre.GROUPREF: "reference",
    sre.GROUPREF_EXISTS: "conditional",
    sre.FAILURE: "never",
}


def class_ranges(name: Any, value: Any, flags: int) -> Ranges:
    """The characters that a node for one character (LITERAL, NOT_LITERAL, ANY, IN) matches."""
    if name is sre.ANY:
        return ((0, 0x10FFFF),) if flags & re.DOTALL else _NOT_A_LINE
    items = value if name is sre.IN else [(sre.LITERAL, value)]
    negated = name is sre.NOT_LITERAL
    ranges: list[Ranges] = []
    categories: list[Ranges] = []
    for kind, of in items:
        if kind is sre.NEGATE:
            negated = True
        elif kind is sre.LITERAL:
            ranges.append(((of, of),))
        elif kind is sre.RANGE:
            ranges.append(((of[0], of[1]),))
        else:
            categories.append(category(str(of), bool(flags & re.ASCII)))
    whole = merge(ranges)
    if flags & re.IGNORECASE:
        whole = fold(whole, bool(flags & re.ASCII))
    whole = merge([whole, *categories])
    return complement(whole) if negated else whole


def _is_plain(point: int) -> bool:
    return 48 <= point <= 57 or 65 <= point <= 90 or 97 <= point <= 122


def _short(pattern: str) -> str:
    return pattern if len(pattern) <= 80 else pattern[:79] + "…"


def _remedy(pattern: str) -> str:
    if re.search(r"\\[pP]\{?", pattern):
        return r"Python's re has no \p{…}: use \w, \d, [A-Z] or the characters themselves."
    if "[:" in pattern:
        return r"POSIX classes do not exist in Python's re: use \w, \d, \s."
    return (
        "Patterns are Python's re syntax; to search for plain text use find(), or escape ( ) [ ] { } . * + ? | ^ $ \\."
    )
