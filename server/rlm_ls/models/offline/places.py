"""Where and when: the first or last line with something, the ends of a text, and lines that hold it."""

from __future__ import annotations

import re

from rlm_ls.models.offline.question import Question, number, singular
from rlm_ls.models.offline.script import Script, beginning, escaped, literal, raw, script, spoken, within

TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?|\b\d\d:\d\d:\d\d"
NO_TERM = {"time", "timestamp", "earliest", "latest", "recent", "final", "date", "moment", "event"}

FIRST_OR_LAST = r"""
hits = regex($pattern$where, limit=$limit)
hit = hits[$index] if hits else None
cite = [hit] if hit else []
when = re.search($time, hit.text) if hit else None
short = (when.group(0) if when else f'{hit.doc}:{hit.line}') if hit else ''
answer = f'$title is {hit.doc}:{hit.line}:\n\n> {hit.text}' if hit else ''
"""

ENDS = r"""
part = lines($start, $end$doc)
cite = [part]
short = part.text
answer = '```text\n' + part.text + '\n```'
"""

WHICH_LINES = r"""
cite = find($text$where, limit=20)
n = count($pattern$where, by='line')
short = '; '.join(f'{s.doc}:{s.line}' for s in cite)
rows = '\n'.join(f'- {s.doc}:{s.line}: {s.text.strip()[:300]}' for s in cite)
answer = f'{n:,} lines hold it:\n{rows}' if cite else ''
"""


def first_or_last(question: Question) -> Script | None:
    match = re.search(r"\b(first|earliest|last|latest|most recent|final)\b(?: (\w+))?(?: (lines?))?", question.lower)
    if match is None:
        return None
    last = match[1] not in {"first", "earliest"}
    if match[3] and (n := number(match[2] or "")):
        return _ends(question, n, last=last)
    if question.explicit:
        patterns, said = [literal(term) for term in question.explicit], spoken(question.explicit)
    else:
        words = [singular(word) for word in question.words if word.lower() not in NO_TERM]
        patterns, said = [beginning(word) for word in words[:5]], spoken(words[:5])
    if not patterns:
        return None
    *others, pattern = patterns
    where = within(question, others)
    title = f"The {'last' if last else 'first'} line with {said}"
    return script(
        f"I look for {title[0].lower()}{title[1:]}.",
        FIRST_OR_LAST,
        pattern=raw(pattern),
        where=where,
        limit=f"min(10000, max(1, count({raw(pattern)}{where})))" if last else "1",
        index=-1 if last else 0,
        time=raw(TIME),
        title=re.sub(r"[\\'{}]", " ", title),
    )


def _ends(question: Question, n: int, *, last: bool) -> Script:
    document = question.document or (question.documents[0] if question.documents else None)
    return script(
        f"I read the {'last' if last else 'first'} {n} lines.",
        ENDS,
        start=-n if last else 1,
        end=-1 if last else n,
        doc=f", {document.path!r}" if document else "",
    )


def which_lines(question: Question) -> Script | None:
    """The lines that hold what the question names literally."""
    asked = r"\b(?:which|what|show|list|find|print|give)\b.*\b(?:lines?|messages?|entries|places)\b"
    if not question.explicit or not re.search(asked, question.lower):
        return None
    *others, last = question.explicit
    return script(
        f"I list the lines with {spoken(question.explicit)}.",
        WHICH_LINES,
        text=repr(last),
        pattern=raw(escaped(last)),
        where=within(question, [literal(term) for term in others]),
    )
