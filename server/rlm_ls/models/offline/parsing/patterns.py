"""Words of a question as patterns of the text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rlm_ls.models.offline.parsing.vocabulary import singular


def escaped(text: str) -> str:
    """As re.escape, but blanks and hyphens stay readable."""
    return re.sub(r"([.^$*+?{}\[\]()|\\])", r"\\\1", text)


def literal(text: str) -> str:
    """A pattern that matches `text` as it stands. Words end where it begins or ends in one, but for scripts that write
    none between their words."""
    if not text.isascii():
        return escaped(text)
    start = r"\b" if re.match(r"\w", text) else ""
    end = r"\b" if re.search(r"\w$", text) else ""
    return f"{start}{escaped(text)}{end}"


def words_pattern(words: Sequence[str]) -> str:
    """Whole words as they stand beside each other, in any case, with a blank, a hyphen or an underscore between."""
    body = r"[\s_-]+".join(_stem(word) for word in words)
    if not words[0].isascii():
        return body
    return rf"(?i)\b{body}(?:s|es)?\b" if singular(words[-1].lower()) != words[-1].lower() else rf"(?i)\b{body}\b"


def word_pattern(word: str) -> str:
    """A plain word as people write it: any case, one or several of it, any of its forms, also within a longer name:
    `failing` finds `failed`, and `timeout` both `read_timeout` and `timed out`."""
    lower = word.lower()
    if re.fullmatch("time-?outs?", lower):
        return r"(?i)time[sd]?[\s_-]?out"
    if not word.isascii():
        return escaped(word)
    if not re.fullmatch("[a-z]+", lower):
        return rf"(?i)(?:^|\W){escaped(lower)}(?:\W|$)"
    stem = _form(lower)
    if len(lower) < 5:
        return rf"(?i)(?:^|[^a-z]){stem}s?(?:[^a-z]|$)"
    return f"(?i){stem}" if len(lower) > 6 else f"(?i)(?:^|[^a-z]){stem}"


def _form(word: str) -> str:
    """What the forms of a word have in common."""
    one = singular(word)
    for ending in ("ations", "ation", "ions", "ion", "ures", "ure", "ings", "ing", "ied", "ed", "es", "e"):
        if one.endswith(ending) and len(one) - len(ending) >= 4:
            return one[: -len(ending)]
    return one


def _stem(word: str) -> str:
    one = singular(word)
    if one == word or not word.isascii() or not word.isalpha():
        return escaped(word)
    return f"(?:{escaped(word)}|{escaped(one)})" if word.endswith("ies") else escaped(one)
