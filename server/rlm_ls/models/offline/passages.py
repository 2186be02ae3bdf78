"""When no rule fits, or one found nothing: the lines that hold most of the question's rarest words."""

from __future__ import annotations

import re

from rlm_ls.models.offline.question import STOP, Question
from rlm_ls.models.offline.script import Script, raw, script, within

MOST_WORDS = 12
VALUE = r"\b([A-Z][A-Z0-9]*(?:[-_][A-Z0-9]+)+)\b|[\"“](.+?)[\"”]"
"""What an answer to "what is the code" looks like: DELTA-7, or something in quotation marks."""

BEST = r"""
words = $words
rarity = {w: 1 / (1 + count(re.escape(w)$where, ignore_case=True)) for w in words}
hits = find(' '.join(words)$where, ignore_case=True, fold=True, limit=200)
def score(s):
    return sum(r for w, r in rarity.items() if w.lower() in s.text.lower())
hits = sorted(hits, key=score, reverse=True)
cite = [s for s in hits[:5] if score(s) >= score(hits[0]) / 3]
title = 'These lines hold most of the rarest words of the question:'
"""

BROAD = r"""
found = {}
for hit in find_any($stems$where, ignore_case=True, limit=2000):
    found.setdefault((hit.doc, hit.line), []).append(hit)
ranked = sorted(found.values(), key=lambda hits: -len(set(hit.word.lower() for hit in hits)))
cite = [hits[0] for hits in ranked[:5]]
title = 'The closest lines:'
"""

SHOWN = r"""
value = re.search($value, cite[0].text) if cite else None
short = (value.group(1) or value.group(2)) if value else cite[0].text.strip()[:200] if cite else ''
rows = '\n'.join(f'- {s.doc}:{s.line}: {s.text.strip()[:300]}' for s in cite)
answer = f'{title}\n{rows}\n\nThe first with its neighbours:\n\n{around(cite[0], 2, 2).text}' if cite else ''
"""

NOTHING = r"""
searched = docs()
cite = []
short = 'not found'
answer = 'Found nothing: ' + $said + f', in {sum(d.lines for d in searched):,} lines of {len(searched):,} document(s).'
"""


def best_passages(question: Question) -> Script:
    """Lines by the sum of 1 / (how often the word stands in the text) over the words they hold."""
    return script(
        "No rule counts this: I look for the lines that hold most of the question's rarest words.",
        BEST + SHOWN.lstrip("\n"),
        words=_words(question),
        where=within(question),
        value=raw(VALUE),
    )


def broad_passages(question: Question) -> Script:
    """The beginnings of the words, anywhere: `murdered` finds `murderer`."""
    return script(
        "Nothing was found that way: I look for the beginnings of the words.",
        BROAD + SHOWN.lstrip("\n"),
        stems=list(dict.fromkeys(word[: max(4, len(word) - 3)] for word in _words(question))),
        where=within(question),
        value=raw(VALUE),
    )


def nothing(question: Question) -> Script:
    """The last resort says what was searched, and for what."""
    return script("I have no further rule.", NOTHING, said=repr(f"no line was found for {', '.join(_words(question))}"))


def _words(question: Question) -> list[str]:
    """What to look for; for a question of nothing but stop words, its longest ones."""
    words = [word for word in (*question.explicit, *question.words) if len(word) > 2]
    if not words:
        all_words = re.findall(r"\w+", question.body)
        words = [word for word in all_words if word.lower() not in STOP] or sorted(all_words, key=len)[-3:]
    return words[:MOST_WORDS] or ["?"]
