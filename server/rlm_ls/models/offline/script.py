"""Scripts as the rules write them: short, since people read them in the trace."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import Template

from rlm_ls.models.offline.question import Question

LEVELS = (
    ("errors?|failures?|failed", "ERROR or FATAL", r"\b(?:ERROR|FATAL|CRITICAL)\b"),
    ("warnings?", "WARN", r"\bWARN(?:ING)?\b"),
)
"""Plain words for a log's levels."""

NOTE = "Offline model: rules, not a language model."


@dataclass(frozen=True, slots=True)
class Script:
    """`code` sets `answer` (empty: nothing found), `short` (the answer in the form of an ANSWER line) and `cite`."""

    plan: str
    code: str


def script(plan: str, template: str, **values: object) -> Script:
    """Fill `template`'s `$names` in: strings that are Python source already."""
    return Script(plan, Template(template.strip("\n")).substitute(values))


def render(written: Script, question: Question) -> str:
    """A whole reply: the plan, and the code with its ending in one fenced block."""
    ending = f"'\\n\\n*{NOTE}*'"
    if question.wants_answer_line:
        ending += " + f'\\nANSWER: {short}'"
    lines = [
        written.code,
        "if answer:",
        f"    submit(answer + {ending}, cite=cite)",
        "else:",
        "    print('Nothing found.')",
    ]
    return f"{written.plan}\n\n```python\n" + "\n".join(lines) + "\n```"


def raw(pattern: str) -> str:
    """A Python literal for a regular expression, raw where that is possible: people read it."""
    for quote in ("'", '"', "'''"):
        if quote not in pattern and "\n" not in pattern and not pattern.endswith(("\\", quote[0])):
            return f"r{quote}{pattern}{quote}"
    return repr(pattern)


def either(patterns: Sequence[str]) -> str:
    return "[" + ", ".join(raw(pattern) for pattern in patterns) + "]"


def literal(text: str) -> str:
    """A pattern that matches `text` as it stands, at word ends where it begins or ends in a word."""
    start = r"\b" if re.match(r"\w", text) else ""
    end = r"\b" if re.search(r"\w$", text) else ""
    return f"{start}{escaped(text)}{end}"


def beginning(word: str) -> str:
    """A pattern for words that begin so, in any case: timeout finds Timeouts."""
    return rf"(?i)\b{escaped(word)}"


def escaped(text: str) -> str:
    """As re.escape, but blanks and hyphens stay readable."""
    return re.sub(r"([.^$*+?{}\[\]()|\\])", r"\\\1", text)


def spoken(words: Iterable[str]) -> str:
    return " and ".join(words)


def within(question: Question, patterns: Sequence[str] = ()) -> str:
    """One more argument for a verb: the lines that match all `patterns`, in the document that the question names."""
    place = repr(question.document.path) if question.document else ""
    for pattern in patterns:
        place = f"filter({raw(pattern)}{', within=' + place if place else ''})"
    return f", within={place}" if place else ""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What lines must match to count. `unused` are words of the question that no rule understood."""

    patterns: tuple[str, ...]
    said: tuple[str, ...]
    unused: tuple[str, ...]

    @property
    def phrase(self) -> str:
        return f", in lines with {spoken(self.said)}" if self.said else ""

    @property
    def remark(self) -> str:
        """Python source of a text for the answer's end: a number that ignores half the question must say so."""
        return repr(f"\n\nNot used from the question: {', '.join(self.unused)}." if self.unused else "")


def conditions(question: Question, used: str) -> Conditions:
    """Everything but the words in `used`: literal terms, `errors` and `warnings` as levels, the rest unused."""
    patterns, said = [literal(term) for term in question.explicit], list(question.explicit)
    unused = []
    for word in question.words:
        if re.search(rf"\b{re.escape(word.lower())}\b", used.lower()):
            continue
        for noun, name, pattern in LEVELS:
            if re.fullmatch(noun, word.lower()):
                patterns.append(pattern)
                said.append(name)
                break
        else:
            unused.append(word)
    return Conditions(tuple(patterns), tuple(said), tuple(unused))
