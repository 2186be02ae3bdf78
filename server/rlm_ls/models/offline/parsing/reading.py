"""A question less what it says in the text's own terms: quotations, times, addresses, numbers to compare with. What is
left is held against the text by `grounding`."""

from __future__ import annotations

import re
from difflib import get_close_matches

from rlm_ls.models.offline.parsing.literals import addresses_and_paths, comparison, literals, signed
from rlm_ls.models.offline.parsing.sentence import GAP, PLACE, POLITE, Condition, Sentence
from rlm_ls.models.offline.parsing.vocabulary import FILLER, FUNCTION
from rlm_ls.models.offline.parsing.windows import window_in
from rlm_ls.models.offline.question import NUMBERS, Question

LONGEST = 600
"""Characters of a question that is read: patterns may take the square of its length, and a longer one is none that
rules understand."""


NAMING = (
    r"\b(?:average|mean|avg|median|min(?:imum)?|max(?:imum)?|sum|total|largest|smallest|highest|lowest|longest|shortest|"
    r"p\d\d|\d\d(?:th)?[ -]percentile|per|by|unique|distinct|different)"
    r"(?: values?)?(?: of)?(?: the)?(?: (?:column|field))? "
)
NAME = r"[^\W\d][\w.-]*"


ONE_WORD = (
    (r"\b(?:log(?:ged|s|ging)?|sign(?:ed|s|ing)?)[ -]in\b|\b(?:logged|logging|signed)[ -]on\b(?! \d)", "login"),
    (r"\btim(?:e|ed|es|ing)[ -]outs?\b", "timeout"),
    (r"\bout of memory\b", "oom"),
)
"""Verbs of two words."""


def prepared(question: Question) -> Sentence:
    """The question less what it says in the text's own terms: quotations, times, addresses, numbers to compare with."""
    sentence = Sentence(_spaced(question))
    sentence.found["whole"] = sentence.text
    for pattern, one in ONE_WORD:
        sentence.text = re.sub(pattern, one, sentence.text, flags=re.IGNORECASE)
    sentence.text = re.sub(
        rf"(?<=than |over |bove |nder |elow |east |most )({'|'.join(NUMBERS)})\b",
        lambda match: str(NUMBERS[match[1].lower()]),
        sentence.text,
    )
    _quoted(sentence, question)
    contains = _opened(sentence)
    literals(sentence, contains)
    while sentence.take(PLACE):
        pass
    return sentence


def _quoted(sentence: Sentence, question: Question) -> None:
    for text in question.quoted:
        if re.search(rf"{NAMING}[\"'`“«‘]{re.escape(text)}", sentence.text, re.IGNORECASE) and re.fullmatch(NAME, text):
            # A column by its name: average "took", requests per `status`.
            sentence.text = re.sub(rf"[\"'`“«‘]({re.escape(text)})[\"'`”»’]", r"\1", sentence.text, count=1)
            continue
        sentence.conditions.append(Condition("text", text))
        sentence.text = re.sub(rf"[\"'`“«‘]{re.escape(text)}[\"'`”»’]", GAP, sentence.text, count=1)


def _opened(sentence: Sentence) -> bool:
    """Take what is no word of the question's own; whether it asks for what lines contain."""
    sentence.take(POLITE)
    sentence.take(r"\b(?:shows?|showed|comes?|came|turns?|turned) up\b")
    contains = bool(
        re.search(
            r"\b(?:contain|mention|include|hold|with the (?:word|text|string|phrase)|match|say)", sentence.text, re.I
        )
    )
    sentence.found["contains"] = contains
    if (found := window_in(sentence.text)) is not None:
        window, start, end = found
        sentence.found["window"] = window
        sentence.text = sentence.text[:start] + GAP + sentence.text[end:]
        if window.start.month is None and (other := window_in(sentence.text)) is not None and not other[0].start.clock:
            # On 6 October between 09:00 and 12:00.
            sentence.found["window"] = window.on(other[0].start)
            sentence.text = sentence.text[: other[1]] + GAP + sentence.text[other[2] :]
    addresses_and_paths(sentence)
    comparison(sentence)
    if "comparison" not in sentence.found and re.search(r"\bhow many\b|\bnumber of\b|\bcount\b", sentence.text, re.I):
        signed(sentence)
    _tail(sentence)
    return contains


INTERROGATIVE = (
    r"\b(?:what|who|why|how|where|when|which|whose|explain|describe|summari[sz]e|list|show|find|print|give|name|is|are|was|"
    r"were|did|does|do|has|have|can|should|tell|compare)\b"
)
TAIL = (
    r"(?:(?:,? and|[,:]) (?:(?:in|at|on|for|from|to|with) )?"
    r"(?:how (?:long|much|high|low|big|large|fast|slow|far|old|hot|cold)|"
    r"how many (?:(?:milli)?seconds|minutes|hours|ms|bytes)|time taken|what|which|who|when|where|whose)\b.*"
    r"|\s[-–—]\s?[\w ,]+)$"
)
OPERATION = r"\b(?:took|takes?|taken|quer(?:y|ies)|operations?|statements?|calls?|run|running)\b"
"""What takes time: it says nothing more where durations are asked for."""
EDGE = (
    r"\b(?:slowest|fastest|longest|shortest|largest|smallest|biggest|highest|lowest|peak|first|last|latest|earliest|max|maximum|"
    r"min|minimum)\b"
)


def _tail(s: Sentence) -> None:
    """What more is asked of the one line that is to be found is answered by showing that line."""
    match = re.search(TAIL, s.text, re.IGNORECASE)
    if match and re.search(EDGE, s.text[: match.start()], re.IGNORECASE):
        s.found["tail"] = match[0].strip(" ,-–—")
        s.text = s.text[: match.start()]


SPELLED = re.findall(
    r"\w+",
    "error errors warning warnings average median minimum maximum percentile requests request minute minutes second "
    "seconds hour hours number count different distinct status duration longest slowest",
)
"""What questions are made of: a word that is nearly one of these is one that was mistyped."""


def _spelled(match: re.Match[str]) -> str:
    word = match[0]
    if word in SPELLED or word in FUNCTION or word in FILLER:
        return word
    near = [one for one in get_close_matches(word, SPELLED, 2, 0.88) if one[0] == word[0] and one[-1] == word[-1]]
    return near[0] if near else word


def _spaced(question: Question) -> str:
    text = re.sub(r"(?<![\w/.\"'`-])[a-z]{5,12}(?![\w/.-])", _spelled, question.unnamed)
    return re.sub(r"[?!]+\s*$", "", re.sub(r"\s+", " ", text)).strip().rstrip(".")
