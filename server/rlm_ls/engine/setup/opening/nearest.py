"""The lines nearest the question, for the opening: by its words alone, so that the first program is written by one who
has seen what the lines asked about look like, and needs no reply to find out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice

from rlm_ls.context.document import Selection
from rlm_ls.context.ops.passages import stem_of, weighed
from rlm_ls.context.search.passages import Passage, best_passages
from rlm_ls.context.search.region import resolve
from rlm_ls.context.search.search import Search
from rlm_ls.engine.setup.opening.named_part import named_part, told, words_beside
from rlm_ls.errors import RlmError
from rlm_ls.models.offline.question import MOST, Question
from rlm_ls.models.offline.rules.passages import words_of

HEADING = "Nearest the question, by its words:"
THERE = "Nearest the question there, by its words:"
LARGEST = 32 << 20
"""Bytes: in more it would not be done within the two seconds that it may take."""
PASSAGES = 12
HITS = 3
"""Lines that are shown, each with the one after it: a sentence may go on there, a section begin."""
LINE = 160
HEAD = 60
BEFORE = 30
"""Characters of a long line: of its beginning, and before the word that it is shown for."""
MATCHES = 20
"""Of each word in a line, that are looked at."""
LONGEST = 800


async def nearest_lines(search: Search, question: str, within: Selection, seconds: float) -> str:
    """With their heading, at most LONGEST characters; empty where there are none, or not in time. Of a text whose part
    the question names, those of that part, behind a line that says where it is."""
    if search.context.size_of(within) > LARGEST:
        return ""
    words, part, found = words_of(Question(question[:MOST])), None, list[Passage]()
    with suppress(TimeoutError, RlmError):  # what was found by then is shown
        async with asyncio.timeout(seconds):
            found = await best_passages(search, words, within, PASSAGES)
            if (named := await named_part(search, words)) is not None:
                others = words_beside(named, words)
                there = await best_passages(search, others, resolve(search.context, named[1]), PASSAGES)
                words, part, found = others, named, there
    lines = _fitted(_chosen(found, words, named=len(search.context.documents) > 1), HEADING if part is None else THERE)
    return lines if part is None else f"{told(part)}\n\n{lines}".rstrip()


def _chosen(passages: Sequence[Passage], words: Sequence[str], *, named: bool) -> list[str]:
    """The lines with the rarest of the words, as they are shown, each with the one after it. Of lines with the same
    words one is enough, and of those with few of them none is needed."""
    stems = [re.compile(re.escape(stem), re.IGNORECASE) for stem in {stem_of(word).lower(): None for word in words}]
    lines = {
        (passage.path, line): text.strip()
        for passage in passages
        for line, text in enumerate(passage.lines, passage.line)
        if text.strip()
    }
    held = {place: found for place, text in lines.items() if (found := _held(text, stems))}
    worth = weighed(held)
    ranked = sorted(held, key=lambda place: -worth[place])
    first = {held[place]: place for place in reversed(ranked) if 2 * worth[place] >= worth[ranked[0]]}
    best = [place for place in ranked if first.get(held[place]) == place][:HITS]
    shown = dict.fromkeys(place for path, line in best for place in ((path, line), (path, line + 1)) if place in lines)
    return [f"{f'{path}:' * named}{line}| {_cut(lines[path, line], stems)}" for path, line in shown]


def _held(text: str, stems: Sequence[re.Pattern[str]]) -> frozenset[int]:
    """Which of the words a line holds."""
    return frozenset(number for number, stem in enumerate(stems) if stem.search(text))


def _cut(text: str, stems: Sequence[re.Pattern[str]]) -> str:
    """What of a line is shown: of a long one how it begins, and where most of the question's words stand together."""
    if len(text) <= LINE:
        return text
    room = LINE - HEAD
    starts = [
        max(HEAD, found.start() - BEFORE) for stem in stems for found in islice(stem.finditer(text, HEAD), MATCHES)
    ]
    start = max(starts, key=lambda at: len(_held(text[at : at + room], stems)), default=HEAD)
    return f"{text[:HEAD]}{'…' * (start > HEAD)}{text[start : start + room]}{'…' * (start + room < len(text))}"


def _fitted(shown: Sequence[str], heading: str) -> str:
    """As many lines as there is room for."""
    fitting, room = [heading], LONGEST - len(heading)
    for line in shown:
        room -= len(line) + 1
        if room < 0:
            break
        fitting.append(line)
    return "\n".join(fitting) if len(fitting) > 1 else ""
