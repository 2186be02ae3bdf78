"""What wrote a line, where no known format says it: what stands behind the level."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rlm_ls.models.offline.shapes.column import Column, most_common
from rlm_ls.models.offline.shapes.levels import is_levels


def services(head: str, level: str, tail: str, lines: Sequence[str], time: str = "") -> tuple[Column, ...]:
    """What stands after the level, in brackets, before a colon or written as no plain word is, and is one of few: what
    wrote the line. A plain word there may as well begin the message."""
    name = r"[A-Za-z][\w.$/-]*"
    if time and (found := [m[1] for line in lines if (m := re.match(rf"{time}\s*\[([\w.:/ -]+)\]\s*(?=\S)", line))]):
        few = len(found) >= 0.9 * len(lines) and len(set(found)) <= max(2, min(20, len(found) // 4))
        if few and not is_levels(found):
            return (Column("service", "process", rf"{time}\s*\[", r"[\w.:/ -]+", r"\]", "", most_common(found)),)
    for lead, value, after in (
        (r"\s*\[\s*", r"[A-Za-z][\w.$/ :-]*?", r"\s*\]"),
        (r"\s*\(\s*", r"[A-Za-z][\w.$/ -]*?", r"\s*\)"),
        (r"\s*", name, ":"),
        (r"\s*", name, r"\s"),
    ):
        pairs = [
            (match[1], match[2])
            for line in lines
            if (match := re.match(f"{head}({level}){tail}{lead}({value}){after}", line))
        ]
        found = [name for _, name in pairs]
        few = len(found) >= 0.9 * len(lines) and len(set(found)) <= max(2, min(20, len(found) // 4))
        if few and (after != r"\s" or _is_names(pairs)):
            return (
                Column("service", "process", f"{head}(?:{level}){tail}{lead}", value, after, "", most_common(found)),
            )
    return ()


def speakers(head: str, lines: Sequence[str]) -> tuple[Column, ...]:
    """Who says what a line of a chat holds: a name between the time and a colon, or in pointed brackets."""
    for lead, value, after in (
        (r"[\]\s–-]*", r"[A-Z][\w.'-]*(?: [A-Z][\w.'-]*){0,3}", r": "),
        (r"[\]\s]*<[@+ ]?", r"[^\s<>]+", r">"),
    ):
        found = [match[1] for line in lines if (match := re.match(f"{head}{lead}({value}){after}", line))]
        if len(found) >= 0.6 * len(lines) and 1 < len(set(found)) <= max(2, min(40, len(found) // 3)):
            return (
                Column(
                    "speaker", "user", f"{head}{lead}", value, after, "", most_common(found), len(found) / len(lines)
                ),
            )
    return ()


def _is_names(found: Sequence[tuple[str, str]]) -> bool:
    """Whether words that nothing sets apart, each with its line's level, are names: written as no plain word is, or
    with several levels each, but for those of the commonest. A message's first word has the message's one level."""
    if all(re.search(r"[\d_.$/-]", word) for _, word in found):
        return True
    common = Counter(level for level, _ in found).most_common(1)[0][0]
    levels: dict[str, set[str]] = {}
    for level, word in found:
        levels.setdefault(word, set()).add(level)
    return len(levels) > 1 and all(len(seen) > 1 for seen in levels.values() if seen != {common})
