"""What stands behind a noun in the lines' own sentences: `Replica 10.0.5.13:6379`, `constraint "email_key"`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rlm_ls.models.offline.parsing.patterns import escaped
from rlm_ls.models.offline.parsing.vocabulary import FILLER, FUNCTION, singular
from rlm_ls.models.offline.shapes.column import END, NUMBER, Column, most_common

CLOSING = {'"': '"', "'": "'", "`": "`", "(": ")", "[": "]", "<": ">", "“": "”"}
ADDRESS = r"\d{1,3}(?:\.\d{1,3}){3}"
NAME = r"[\w./@:#-]*[\d_./@:-][\w./@:#-]*\w"
"""A value that nothing sets apart is written as no plain word is."""
POINTER = r"@?0x[0-9a-fA-F]+"
"""Where a program keeps what the noun names: it tells nobody who that is."""
PARTIES = "client|server|host|peer|caller|visitor|sender|receiver"
LEAST = 2


def embedded(noun: str, lines: Sequence[str]) -> Column | None:
    """The column of the values behind `noun`, where nearly all that stand behind it are written in one way."""
    one = singular(noun.lower())
    if len(one) < 3 or not re.fullmatch(r"[a-z][a-z _-]*", one):
        return None
    word = rf"(?i:\b{escaped(one).replace(' ', '[ _-]?')}s?)(?:\s{POINTER}(?=\s))?"
    styles: Counter[tuple[str, str]] = Counter()
    for line in lines:
        for match in re.finditer(
            rf"{word}(?P<sign>\s?[:=]\s?|\s)(?:(?P<mark>[\"'`(\[<“])|(?={NAME}(?:[\s,;)\]]|$))|"
            rf"(?<=[:=])(?=\w)|(?<=[:=] )(?=\w))",
            line,
        ):
            styles[re.sub(r"\s+", " ", match["sign"]), match["mark"] or ""] += 1
    if not styles:
        return _plain(noun, one, lines)
    (sign, mark), count = styles.most_common(1)[0]
    if count < LEAST or count < 0.9 * sum(styles.values()):
        return None
    before = word + sign.replace(" ", r"\s") + (re.escape(mark) if mark else "")
    value = rf"[^{re.escape(CLOSING[mark])}]+" if mark else NAME if sign == " " else r"[\w./@:#-]*\w"
    after = re.escape(CLOSING[mark]) if mark else END
    found = _values(before, value, after, lines)
    if found and all(re.fullmatch(rf"{ADDRESS}[:#]\d+", one) for one in found):
        value, after = ADDRESS, r"[:#]\d+"
        found = _values(before, value, after, lines)
    prefix = re.match(r"[A-Za-z]{3,}[_-]", found[0]) if found else None
    if prefix and all(re.fullmatch(re.escape(prefix[0]) + r"-?\w+", one) for one in found):
        # Values that say themselves what they are, wherever they stand.
        before, value, after = r"\b", re.escape(prefix[0]) + r"-?\w+", ""
        found = _values(before, value, after, lines)
    if re.fullmatch(PARTIES, one) and _handles(found, lines):
        return None
    if len(found) < LEAST or any(len(one) > 120 for one in found):
        return None
    return Column(
        noun, "embedded", before, value, after, "", most_common(found, 200), len(found) / max(1, len(lines)), True
    )


def _handles(values: Sequence[str], lines: Sequence[str]) -> bool:
    """Whether values are what a program calls its parties by, where the lines give their addresses too."""
    called = any(re.fullmatch(rf"{POINTER}|#?\d+", value) for value in values)
    return called and 2 * sum(re.search(ADDRESS, line) is not None for line in lines) >= len(lines)


def _plain(noun: str, one: str, lines: Sequence[str]) -> Column | None:
    """Plain words behind a noun that begins a message: `Agent sofie exceeded`; several, before the same words."""
    before = rf"(?:^|[\]:>-] +|\b[A-Z]{{4,}} +){escaped(one.capitalize())} "
    found: dict[str, list[str]] = {}
    for line in lines:
        if match := re.search(rf"{before}([A-Za-z][\w.-]*) ([a-z]+)\b", line):
            found.setdefault(match[2], []).append(match[1])
    plain = [values for values in found.values() if len(values) > LEAST and len(set(values)) > 1]
    values = [value for group in plain for value in group]
    if not values or any(value.lower() in FUNCTION | FILLER for value in values):
        return None
    return Column(
        noun,
        "embedded",
        before,
        r"[A-Za-z][\w.-]*",
        r" [a-z]+\b",
        "",
        most_common(values, 200),
        len(values) / max(1, len(lines)),
        True,
    )


CLOCKED = r"\d+:\d\d(?::\d\d)?"


def numbers_by(noun: str, lines: Sequence[str]) -> Column | None:
    """The column of the numbers that stand behind a noun, `bytes 4346`, or before it, `51 minutes`."""
    one = singular(noun.lower())
    if len(one) < 3 or not re.fullmatch("[a-z][a-z ]*", one):
        return None
    value = rf"{CLOCKED}|{NUMBER}"
    for before, after in (
        (rf"(?i:\b{escaped(one)}s?)[ =:]+", r"(?:[\s,;)\]]|$)"),
        (r"(?:^|[\s(\[])", rf" ?(?i:{escaped(one)}s?)\b"),
    ):
        found = _values(before, value, after, lines)
        if len(found) >= LEAST:
            kind = "duration" if all(re.fullmatch(CLOCKED, text) for text in found) else ""
            return Column(
                noun,
                kind,
                before,
                CLOCKED if kind else NUMBER,
                after,
                "",
                most_common(found),
                len(found) / max(1, len(lines)),
                True,
            )
    return None


def _values(before: str, value: str, after: str, lines: Sequence[str]) -> list[str]:
    return [match[1] for line in lines for match in re.finditer(f"{before}({value}){after}", line)]
