"""When no rule fits, or one found nothing: the lines that hold most of the question's rarest words, and that it is no
more than that."""

from __future__ import annotations

import re

from rlm_ls.models.offline.grounding.little import ENTITIES, GLUE
from rlm_ls.models.offline.grounding.words import forms
from rlm_ls.models.offline.parsing.patterns import literal
from rlm_ls.models.offline.parsing.vocabulary import FILLER, FUNCTION
from rlm_ls.models.offline.question import Question
from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.script import Script, inside, plain_text, raw, script, within
from rlm_ls.models.offline.rules.vouching import Passage, unused
from rlm_ls.models.offline.shapes.shape import SHORT

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
title = '$understood These lines hold most of the rarest words of the question:'
"""

BROAD = r"""
found = {}
for hit in find_any($stems$where, ignore_case=True, limit=2000):
    found.setdefault((hit.doc, hit.line), []).append(hit)
ranked = sorted(found.values(), key=lambda hits: -len(set(hit.word.lower() for hit in hits)))
cite = [hits[0] for hits in ranked[:5]]
title = '$understood The closest lines:'
"""

SHOWN = r"""
value = re.search($value, cite[0].text) if cite else None
short = $short
rows = '\n'.join(f'- {s.doc}:{s.line}: {s.text.strip()[:300]}' for s in cite)
answer = f'{title}\n{rows}\n\nThe first with its neighbours:\n\n{around(cite[0], 2, 2).text[:2000]}' if cite else ''
"""

A_VALUE = "(value.group(1) or value.group(2)) if value else cite[0].text.strip()[:200] if cite else ''"

NOTHING = r"""
searched = docs()
all_lines = sum(d.lines for d in searched)
cite = []
short = 'not found'
answer = '$understood Found nothing: ' + $said + f', in {all_lines:,} lines of {len(searched):,} document(s).'
"""


def _passage(plan: str, template: str, **values: object) -> Passage:
    return Passage(script(plan, template, **values))


def best_passages(asked: Asked) -> Passage:
    """Lines by the sum of 1 / (how often the word stands in the text) over the words they hold."""
    return _passage(
        "No rule answers this: I look for the lines that hold most of the question's rarest words.",
        BEST + SHOWN.lstrip("\n"),
        understood=understood(asked),
        words=words_of(asked.question),
        where=within(asked.place),
        value=raw(VALUE),
        short="'not understood'" if asks_for_number(asked) else A_VALUE,
    )


ONLY = r"""
cite = regex($last$within, limit=2)
answer = short = ''
if len(cite) == 1:
    short = cite[0].text.strip()[:200]
    answer = f'One line holds all of it, {cite[0].doc}:{cite[0].line}:\n\n```text\n{cite[0].text.strip()[:600]}\n```'
"""
ASKS = (
    r"(?:(?:in|on|at|to|from|for|by|with|under) )?"
    r"(?:(?:what|which)\b(?! (?:time|date|day|hour|minute)\b)|(?:who|whom|whose|where)\b)"
)
KIND_WORDS = {
    "version",
    "name",
    "address",
    "id",
    "port",
    "path",
    "place",
    "person",
    "kind",
    "reason",
    "cause",
    "exactly",
    "used",
    "use",
    "uses",
    "found",
    "find",
    "set",
    "stored",
    "recorded",
}
SHAPES = {
    "version": r"\d+\.\d+",
    "port": r"\bport\W{0,3}\d|[\w\])]:\d{3,5}\b",
    "address": r"@|://|\b\d{1,3}(?:\.\d{1,3}){3}\b|\w:\w+:",
    "path": r"[/\\]",
}
"""What a line shows that tells one of these."""
LEAST_WORDS = 2


def only_line(asked: Asked) -> Script | None:
    """The one line with all the words of a question of who, what or where. Of several it is not known which is
    meant."""
    question = asked.question
    if not re.match(rf"\W*{ASKS}", question.unnamed, re.IGNORECASE):
        return None
    if re.search(
        r"\b(?:most|least|many|much|average|mean|median|total|sum|max(?:imum)?|min(?:imum)?|should|would|will|why|best|worst|every|each|all|"
        r"\w{3,}est|first|last|top)\b",
        question.lower,
    ):
        return None
    plural = re.match(r"\W*(?:what|which) (\w+[^\Wsui]s)\b", question.body, re.IGNORECASE)
    if plural is not None and plural.group(1).lower() not in FUNCTION:
        return None  # one line may be one of them, or their heading
    noun = re.match(rf"\W*{ASKS} (\w+)", question.unnamed, re.IGNORECASE)
    kind = noun[1].lower() if noun is not None and noun[1].lower() in ENTITIES else ""
    kind = "" if asked.text.vocabulary.knows(kind) else kind  # which container: none is called so
    words = [word for word in words_of(question) if word.lower() not in GLUE and word.lower() != kind]
    held = [word for word in words if word.lower() not in KIND_WORDS]
    if not LEAST_WORDS <= len(held) <= MOST_WORDS // 2:
        return None
    patterns = [literal(word) if word in question.quoted else forms(word) for word in held]
    patterns += [shape for named, shape in SHAPES.items() if re.search(rf"\b{named}\b", question.lower)]
    if (
        not all(any(re.search(pattern, line[:SHORT]) for line in asked.sample) for pattern in patterns)
        and asked.text.whole
    ):
        return None
    left = [word for word in unused(question, *held) if word.lower() not in KIND_WORDS and word.lower() != kind]
    return script(
        "I look for the one line that holds all words of the question.",
        ONLY,
        last=raw(patterns[-1]),
        within=within(inside(asked.place, tuple(patterns[:-1]))),
    ).reading(left, "line")


def broad_passages(asked: Asked) -> Passage:
    """The beginnings of the words, anywhere: `murdered` finds `murderer`."""
    return _passage(
        "Nothing was found that way: I look for the beginnings of the words.",
        BROAD + SHOWN.lstrip("\n"),
        understood=understood(asked),
        stems=list(dict.fromkeys(word[: max(4, len(word) - 3)] for word in words_of(asked.question))),
        where=within(asked.place),
        value=raw(VALUE),
        short="'not understood'" if asks_for_number(asked) else A_VALUE,
    )


def nothing(asked: Asked) -> Passage:
    """The last resort says what was searched, and for what."""
    return _passage(
        "I have no further rule.",
        NOTHING,
        understood=understood(asked),
        said=repr(f"no line was found for {', '.join(words_of(asked.question))}"),
    )


ASKS_NUMBER = (
    r"\bhow (?:many|much|often|long|old|big|large|far)\b|\b(?:number|count|amount|percentage|percent|share|average|"
    r"mean|median|total|sum|max(?:imum)?|min(?:imum)?|top|most|least|per|by)\b|^\W*(?:is|are|was|were|did|does|do|has|have)\b"
)


def asks_for_number(asked: Asked) -> bool:
    return re.search(ASKS_NUMBER, asked.question.body, re.IGNORECASE) is not None


def understood(asked: Asked) -> str:
    """What is said of a question that no rule answers: which of its words are to blame, where that is known."""
    if not asks_for_number(asked):
        return "I did not understand the question well enough to answer it."
    read = asked.grounded
    words = [] if read is None else read.where.unclear or [w for w in (read.reading.measure, read.reading.by) if w]
    named = plain_text(", ".join(f"*{word}*" for word in words[:6]))  # no quotation marks: they are not of the text
    return f"I did not understand {named or 'the question'} in this text, so there is no number."


def words_of(question: Question) -> list[str]:
    """What to look for; for a question of nothing but plain words, its longest ones."""
    found = [*question.quoted]
    for word in re.findall(r"[\w/](?:[\w:.'’/=-]*\w)?", question.unnamed):
        word = re.sub(r"['’]s$", "", word)
        if len(word) > 2 and word.lower() not in FUNCTION and (word.lower() not in FILLER or not word.islower()):
            found.append(word)
    words = list(dict.fromkeys(found))
    if not words:
        words = sorted(re.findall(r"\w+", question.body), key=len)[-3:]
    return words[:MOST_WORDS] or ["?"]
