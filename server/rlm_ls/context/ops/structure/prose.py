"""Whether a text is written to be read, line after line, or is looked things up in: a log, a table, code."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rlm_ls.context.document import Document

READ = frozenset({"plaintext", "markdown", "latex", "asciidoc", "restructuredtext", "html", "mail"})
"""Languages that prose is written in."""
LONGEST = 4_000
"""Characters of a line that are looked at: the rest of a longer one is taken to be like them."""
FEWEST_WORDS = 5
MOST_MARKS = 0.12
"""Of a line's characters, those that are neither letters nor what stands between words and sentences."""
SHARE = 0.6
"""Of a text's characters, those in lines that read like sentences."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_MARK = re.compile(r"""[^\s.,;:!?'"“”‘’()—–-]""")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
"""Scripts whose words are not set apart: each letter counts for one."""


def may_be_prose(document: Document) -> bool:
    """By its name and its length of line; `reads_as_prose` looks at the text itself."""
    sheets = document.extraction is not None and any(one.columns for one in document.extraction.sections)
    return document.language in READ and not sheets


def reads_as_prose(lines: Iterable[str]) -> bool:
    """Whether most of a text stands in sentences. In linear time, whatever it holds."""
    whole = sentences = 0
    for line in lines:
        shown = line[:LONGEST].strip()
        whole += len(shown)
        sentences += len(shown) if _sentence(shown) else 0
    return whole > 0 and sentences >= SHARE * whole


def _sentence(line: str) -> bool:
    if len(_WORD.findall(line)) + len(_UNSPACED.findall(line)) < FEWEST_WORDS:
        return False
    marks = sum(not mark.isalpha() for mark in _MARK.findall(line))
    return marks <= MOST_MARKS * len(line)
