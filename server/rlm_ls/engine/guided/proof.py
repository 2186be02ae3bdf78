"""A reply of the guided route: the answer and the numbers of the lines that are to prove it, and whether they do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass

LONGEST_REPLY = 20_000
LONGEST_ANSWER = 2_000
MOST_LINES = 10
_MARKS = r"[\W_]{0,40}"
"""What may stand around a heading; bounded, or a reply of nothing but line ends takes the square of its length."""
_ANSWER = re.compile(rf"^{_MARKS}answer{_MARKS}:[ \t]*(.*?)(?=^{_MARKS}proof\b|\Z)", re.I | re.M | re.S)
_PROOF = re.compile(rf"^{_MARKS}proof{_MARKS}:?(.*)", re.I | re.M | re.S)
_NUMBER = re.compile(r"(?<![\w.])(\d{1,4})(?:\s*[-–]\s*(\d{1,4}))?(?![\w.]\d)")
_TOKEN = re.compile(r"\w+(?:[.:/@-]\w+)*")
_NONE = re.compile(r"\W*(?:not found|not stated|unknown|none|n/?a|(?:the (?:text|lines) )?do(?:es)? not say)\b", re.I)
PLAIN_SHARE = 0.6
"""Of an answer's plain words, those that have to stand in the lines or in the question."""
COMMON = frozenset(
    """the and was were are is has had have been that this with for from which what when where who whose its it there
    their they them than then of to in on at by as be or an a no not yes so but into after before line lines""".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class GuidedReply:
    answer: str
    lines: tuple[int, ...]


def read_reply(text: str) -> GuidedReply:
    """The answer, "" where none is given or it says that there is none; and the lines that were named as its proof."""
    text = text[:LONGEST_REPLY]
    found, proof = _ANSWER.search(text), _PROOF.search(text)
    answer = (found[1] if found else "").strip().strip("`*").strip()[:LONGEST_ANSWER]
    numbers: list[int] = []
    for first, last in _NUMBER.findall(proof[1][:500] if proof else ""):
        numbers += range(int(first), min(int(last or first), int(first) + MOST_LINES) + 1)
    return GuidedReply("" if _NONE.match(answer) else answer, tuple(dict.fromkeys(numbers))[:MOST_LINES])


def proof(reply: GuidedReply, question: str, shown: Mapping[int, str]) -> tuple[int, ...]:
    """The numbers of the lines that prove the answer: those that were named, or, since small models miscount, the one
    that does and that holds most of the question's words. None where nothing proves it."""
    if not reply.answer:
        return ()
    if reply.lines and all(number in shown for number in reply.lines) and proved(reply, question, shown):
        return reply.lines
    asked = _words(question) - COMMON
    near = {number: len(asked & _words(text)) for number, text in shown.items()}
    found = [n for n in shown if near[n] > 1 and proved(GuidedReply(reply.answer, (n,)), question, shown)]
    return (max(found, key=lambda number: (near[number], -number)),) if found else ()


def proved(reply: GuidedReply, question: str, shown: Mapping[int, str]) -> bool:
    """Whether the lines named hold what the answer says: each number and name of it, most of its other words, and at
    least one word that the question did not hold already. What is longer than any answer of a small model is looked at
    as far as one goes: each word is held against each of the question's."""
    held = {word for number in reply.lines for word in _words(shown[number])}
    asked = _words(question[:LONGEST_ANSWER])
    own = [word for word in _TOKEN.findall(reply.answer[:LONGEST_ANSWER]) if word.casefold() not in COMMON]
    said = [word.casefold() for word in own]
    exact = [
        word.casefold()
        for index, word in enumerate(own)
        if any(character.isdigit() for character in word) or (index and not word.islower())
    ]
    return (
        any(word in held and not _again(word, asked) for word in said)
        and all(word in held or word in asked for word in exact)
        and sum(word in held or word in asked for word in said) >= PLAIN_SHARE * len(said)
    )


def _again(word: str, asked: Set[str]) -> bool:
    """Whether the question has the word, or another form of it ("open", "opened")."""
    if word in asked:
        return True
    shared = ((other, max(4, min(len(word), len(other)) - 2)) for other in asked if min(len(word), len(other)) >= 4)
    return word.isalpha() and any(word[:length] == other[:length] for other, length in shared)


def _words(text: str) -> set[str]:
    """In small letters; of "req-7.log" also its parts."""
    tokens = _TOKEN.findall(text.casefold())
    return {part for token in tokens for part in (token, *re.split(r"[.:/@-]", token)) if part}
