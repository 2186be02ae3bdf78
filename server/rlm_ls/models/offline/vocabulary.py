"""What a question's nouns look like in a text: patterns to try in order, each with the value as its first group."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rlm_ls.models.offline.question import STOP, Question, singular

LEVEL = r"\b(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b"
NUMBER = r"(-?\d+(?:\.\d+)?)"
SET_TO = r"[\"']?\s*[=:]\s*\"?"

KINDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (r"ip(?: address(?:es)?)?s?|addresses", "IP addresses", (r"\b(\d{1,3}(?:\.\d{1,3}){3})\b",)),
    (
        r"(?:error|exception|failure) (?:type|kind|name|class)(?:e?s)?|errors?|exceptions?|failures?",
        "error types",
        (
            r"^.*?\b(?:ERROR|FATAL|CRITICAL)\b.*?\b([A-Z][a-z]+(?:[A-Z][a-z0-9]+)+)\b",
            r"\b([A-Z]\w*(?:Error|Exception|Failure))\b",
            rf"(?i)\berror(?:_?(?:type|code|name))?{SET_TO}([\w.-]+)",
        ),
    ),
    (r"(?:log |severity )?levels?|severit(?:y|ies)", "levels", (rf"^.*?{LEVEL}", r"(?i)^.*?\[(\w+)\]")),
    (
        r"status(?: codes?|es)?|(?:http |response )codes?",
        "status codes",
        (rf"(?i)\bstatus(?:_?code)?{SET_TO}(\d{{3}})\b", r"\s-\s(\d{3})\s[A-Z]", r"\"\s(\d{3})\s"),
    ),
    (
        r"endpoints?|urls?|routes?|request paths?|pages?",
        "endpoints",
        (r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD)\s+(/[^\s?]*)", r"(https?://[^\s\"'<>]+)"),
    ),
    (r"http methods?|verbs?", "methods", (r"\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\b",)),
    (
        r"users?|user ?(?:names?|ids?)|accounts?|customers?",
        "users",
        (rf"(?i)\b(?:user|account|customer)(?:_?(?:name|id))?{SET_TO}([\w.@-]+)", r"(?i)\buser\s+([\w.@-]+)"),
    ),
    (
        r"services?|components?|modules?|loggers?|programs?|process(?:es)?|sources?",
        "services",
        (rf"(?i)\b(?:service|component|module|logger|program){SET_TO}([\w.-]+)", LEVEL + r"\W+([A-Za-z][\w.-]*)"),
    ),
    (r"e-?mails?(?: addresses)?", "e-mail addresses", (r"([\w.+-]+@[\w-]+\.[\w.-]*\w)",)),
    (r"days?|dates?", "days", (r"\b(\d{4}-\d\d-\d\d)",)),
    (r"hours?", "hours", (r"\b(\d{4}-\d\d-\d\d[T ]\d\d):", r"\b(\d\d):\d\d:\d\d")),
    (r"minutes?", "minutes", (r"\b(\d{4}-\d\d-\d\d[T ]\d\d:\d\d)", r"\b(\d\d:\d\d):\d\d")),
    (r"words?", "words", (r"\b([A-Za-zÀ-ž]{4,})\b",)),
)
"""(the noun as a pattern, what it is called in an answer, patterns of its values)."""

TIMES = (
    rf"(?i)\b(?:took|duration|elapsed|latency|response_?time|request_?time)(?:_?ms)?{SET_TO}{NUMBER}",
    r"\b(\d+(?:\.\d+)?)\s?ms\b",
    r"(?i)\bin (\d+(?:\.\d+)?)\s?s(?:ec(?:onds?)?)?\b",
)
TIME_WORDS = r"response times?|latenc(?:y|ies)|durations?|elapsed|took|slow|fast|milliseconds?|\bms\b|request times?"


@dataclass(frozen=True, slots=True)
class Things:
    """What is counted or ranked: how the question says it, what it is called, and the patterns of its values."""

    said: str
    label: str
    patterns: tuple[str, ...]
    known: bool


def things(question: Question, text: str) -> Things | None:
    """The things that `text`, a piece of the question, names first: of a known kind, or else values after `noun=`."""
    best: tuple[int, int, Things] | None = None
    for noun, label, patterns in KINDS:
        if match := re.search(rf"\b(?:{noun})\b", text):
            patterns = tuple(_ungrouped_level(pattern) for pattern in patterns)
            found = (match.start(), -len(match[0]), Things(match[0], label, patterns, known=True))
            best = min((best, found), key=lambda it: it[:2]) if best else found
    if best:
        return best[2]
    noun = next((word for word in re.findall(r"[a-z][\w-]+", text) if word not in STOP), "")
    if not noun or noun.upper() in question.capitals:
        return None
    key = re.escape(singular(noun))
    after = (rf"(?i)\b{key}s?{SET_TO}([^\s\",;&}}\])]+)", rf"(?i)\b{key}\s+([\w./:@-]+)")
    return Things(noun, noun, after, known=False)


def _ungrouped_level(pattern: str) -> str:
    """Where the level only leads to the value, it must not be the first group."""
    return pattern.replace(LEVEL, LEVEL.replace("(TRACE", "(?:TRACE")) if pattern.startswith(LEVEL) else pattern


def numbers_of(question: Question, field: str) -> tuple[str, tuple[str, ...]]:
    """(what the numbers are called, patterns that capture them)."""
    if re.search(TIME_WORDS, question.lower):
        return "response times", TIMES
    key = re.escape(singular(field))
    return field, (
        rf"(?i)\b{key}s?{SET_TO}{NUMBER}",
        rf"(?i){NUMBER}\s*{key}s?\b",
        rf"(?i)\b{key}s?\b[^\d\n]{{0,20}}{NUMBER}",
    )
