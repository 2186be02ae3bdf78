"""Chats as they are exported: who wrote and when on a line of its own, and below it what was written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rlm_ls.models.offline.shapes.column import Column, most_common
from rlm_ls.models.offline.shapes.shape import Shape

WHO = r"[^\W\d][\w.'’-]*(?: [\w.'’-]+){0,3}?"
WHEN = r"(?: {2,}APP)?(?: {2,}| [—–] )(?:[\w/.,-]+ ){0,4}\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp]\.?[Mm]\.?)?\s*$"
HEAD = re.compile(rf"^({WHO}){WHEN}")
LEAST = 4


def posts(lines: Sequence[str]) -> Shape | None:
    """The shape of a text of which such lines come again and again, each behind a blank line and before others."""
    heads = [
        match[1]
        for above, line, below in zip(["", *lines], lines, [*lines[1:], ""], strict=False)
        if (match := HEAD.match(line)) and (not above.strip() or above[:2] == "--") and below.strip()
    ]
    if len(heads) < LEAST or 2 * len(set(heads)) > len(heads) or len(heads) < 0.15 * len(lines):
        return None
    speaker = Column("speaker", "user", "^", WHO, WHEN, "", most_common(heads, 400))
    return Shape("a chat", r"^", "row", (speaker,), row="message post", record=HEAD.pattern.replace("(", "(?:", 1))
