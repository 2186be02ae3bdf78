"""A question read by what the text holds: columns and values first, then what is asked, then the words of lines. All
that carries meaning must be used."""

from __future__ import annotations

import re
from dataclasses import fields

from rlm_ls.models.offline.grounding.asking import Mention
from rlm_ls.models.offline.grounding.cues import PER, cues
from rlm_ls.models.offline.grounding.front import Composer, Front
from rlm_ls.models.offline.grounding.lines import only_done
from rlm_ls.models.offline.grounding.mentions import is_entry
from rlm_ls.models.offline.grounding.rest import explain
from rlm_ls.models.offline.grounding.text import Text
from rlm_ls.models.offline.grounding.tokens import Words
from rlm_ls.models.offline.parsing.forms import FORMS
from rlm_ls.models.offline.parsing.reading import prepared
from rlm_ls.models.offline.parsing.sentence import Reading, Sentence
from rlm_ls.models.offline.parsing.vocabulary import UNITS
from rlm_ls.models.offline.question import Question
from rlm_ls.models.offline.rules.columns import Thing
from rlm_ls.models.offline.rules.conditions import where_of
from rlm_ls.models.offline.shapes.slots import slot_named


def grounded(question: Question, text: Text) -> Front | None:
    """None where what is asked is not clear; with `where.unclear` where words that carry meaning are left."""
    front = _read(question, text)
    if front is not None and not front.reading.contains:
        only_done(front.where, text, question.body, front.reading.measure)
    return front


def _read(question: Question, text: Text) -> Front | None:
    sentence = prepared(question)
    if any(form(sentence) for form in FORMS):
        return _formed(text, sentence)
    front = Composer(text, sentence, Words(sentence.text)).front()
    if text.shape.entry != "event":
        return front
    if front is None or front.where.unclear:
        return _by_slot(text, sentence) or front
    if _held_by_few(text, front) or _told_by_another(text, front):
        return _by_slot(text, sentence)
    return front


TELLERS = r"(?i)kernel|systemd.*|init|launchd|supervisord?|cron|dockerd|containerd|kubelet|monit|runit"
"""What writes in a log what became of other processes."""


def _told_by_another(text: Text, front: Front) -> bool:
    """Whether lines of plain words about a process were written by one that watches others: which service failed."""
    asked = [one for one in (front.thing, front.group) if one and one.column and one.column.kind == "process"]
    if not asked or not front.where.soft:
        return False
    lines = [line for line in text.lines if all(re.search(one, line) for one in front.where.patterns)]
    told = [match[1] for line in lines for one in asked if (match := re.search(one.capture, line))]
    return any(re.fullmatch(TELLERS, name) for name in told)


def _held_by_few(text: Text, front: Front) -> bool:
    """Whether the lines that are meant have not what is asked of them: `user=` stands in others than logins."""
    asked = [thing for thing in (front.thing, front.group) if thing is not None and thing.column is not None]
    if not front.where.patterns or text.shape.name in {"JSON lines", "logfmt"}:
        return False
    lines = [line for line in text.lines if all(re.search(one, line) for one in front.where.patterns)]
    lines = [line for line in lines if not any(re.search(one, line) for one in front.where.unwanted)]
    return any(sum(re.search(one.capture, line) is not None for line in lines) < 0.5 * len(lines) for one in asked)


PENDING = (
    r"\b(?:which|what|whose)(?: of the)? (?P<noun>[a-z][\w-]*)",
    r"\b(?:per|for each|for every|by|each|every)(?: the)? (?P<noun>[a-z][\w-]*)",
    r"\b(?:different|distinct|unique|separate) (?P<noun>[a-z][\w-]*)",
    r"^\W*(?P<noun>who)\b",
    r"^\W*(?:list|name|names of)(?: all)?(?: of)?(?: the)? (?P<noun>[a-z][\w-]*)",
)
"""Where the noun stands that must be found in the text."""


def _by_slot(text: Text, sentence: Sentence) -> Front | None:
    """The question read with a noun that is no column and may be what differs between the lines it is about."""
    for pattern in PENDING:
        match = re.search(pattern, sentence.text, re.IGNORECASE)
        if match is None or is_entry(match["noun"]) or re.fullmatch(UNITS, match["noun"], re.IGNORECASE):
            continue
        words = Words(sentence.text)
        at = next((n for n, token in enumerate(words.tokens) if token.start == match.start("noun")), None)
        if at is None:
            continue
        words.use(at, at + 1)
        cues(words)
        words.take(PER)
        reading = Reading(ask="count", thing="lines", conditions=tuple(sentence.conditions))
        where = where_of(reading, text.shape)
        explain(words, text, where, reading, {})
        if where.unclear or not where.patterns:
            continue
        lines = [line for line in text.lines if all(re.search(one, line) for one in where.patterns)]
        column = slot_named(match["noun"], lines, text.shape)
        if column is None:
            continue
        mention = Mention(at, at + 1, match["noun"], Thing(match["noun"], column.capture, column), True)
        front = Composer(text, sentence, Words(sentence.text), slot=mention).front()
        if front is not None and not front.where.unclear and (front.thing or front.group):
            return front
    return None


def _formed(text: Text, sentence: Sentence) -> Front:
    """A question that is told by its form."""
    known = {field.name for field in fields(Reading)}
    found = {name: value for name, value in sentence.found.items() if name in known}
    reading = Reading(conditions=tuple(sentence.conditions), **found)  # type: ignore[arg-type]
    words = Words(sentence.text)
    where = where_of(reading, text.shape)
    explain(words, text, where, reading, {})
    return Front(reading, where, left=tuple(words.left()))
