"""What the sandbox knows before the first script: modules, the shapes of results, and one wrapper for each verb.

Wrappers make a verb a plain function: the call pauses the script, the host awaits, the script goes on.
"""

from __future__ import annotations

from rlm_ls.executors.registry import VERBS, Verb

PRINT_END = "\x1f"
"""Marks the end of one print() in the sandbox's output, so that each print can be capped on its own."""

MODULES = "re, json, math, datetime, itertools, collections"

SHAPES = """\
import re, json, math, datetime, itertools, collections, asyncio
from dataclasses import dataclass as _dataclass
_print = print

def print(*args, sep=' ', end='\\n', file=None, flush=False):
    _print(*args, sep=sep, end=end + '\\x1f')

def _echo(value):
    if value is not None:
        print(repr(value))

@_dataclass
class Span:
    doc: str
    line: int
    end_line: int
    start: int
    end: int
    text: str
    column: int
    end_column: int
    groups: list
    word: str
    def __repr__(self):
        at = str(self.line) if self.end_line <= self.line else str(self.line) + '-' + str(self.end_line)
        place = at if _single else self.doc + ':' + at
        if self.text is None:
            return place
        rows = self.text.split('\\n')
        if len(rows) == 1 or len(rows) != self.end_line - self.line + 1:
            return place + ': ' + self.text
        numbered = [str(self.line + i) + '| ' + rows[i].rstrip('\\r') for i in range(len(rows))]
        return '\\n'.join([place] + numbered)

@_dataclass
class Doc:
    path: str
    language: str
    characters: int
    lines: int
    longest_line: int

@_dataclass
class Entry:
    kind: str
    name: str
    level: int
    span: object
    def __repr__(self):
        lines = str(self.span.line) + '-' + str(self.span.end_line)
        return lines + ' ' + '  ' * self.level + self.kind + ' ' + self.name

@_dataclass
class Selection:
    label: str
    parts: list
    def __repr__(self):
        return 'Selection(' + self.label + ')'

@_dataclass
class Diagnostic:
    doc: str
    line: int
    end_line: int
    severity: str
    message: str
    source: str
    code: str
    def __repr__(self):
        rule = ' '.join([part for part in (self.source, self.code) if part])
        tail = ' (' + rule + ')' if rule else ''
        return self.doc + ':' + str(self.line) + ': ' + self.severity + ': ' + self.message + tail

@_dataclass
class Failed:
    error: str

def _as_replies(rows):
    return [value if told else Failed(value) for told, value in rows]

def _as_diagnostics(rows):
    return [Diagnostic(*row) for row in rows]

def _as_plain(value):
    return value

def _as_span(row):
    return Span(*row)

def _as_spans(rows):
    return [Span(*row) for row in rows]

def _as_docs(rows):
    return [Doc(*row) for row in rows]

def _as_entries(rows):
    return [Entry(row[0], row[1], row[2], Span(*row[3])) for row in rows]

def _as_terms(rows):
    return [(row[0], row[1], Span(*row[2])) for row in rows]

def _as_selection(row):
    return Selection(row[0], row[1])

def show(x, n=20):
    items = x if isinstance(x, (list, tuple)) else list(x.items()) if isinstance(x, dict) else [x]
    for item in items[:n]:
        print(item)
    if len(items) > n:
        print('… ' + str(len(items) - n) + ' more')

def help(verb=''):
    _print(_verb('help', (str(verb),), {}), end='\\n\\x1f')
"""


def prelude(*, single: bool) -> str:
    """Python source fed to every new session. Its line numbers never reach a model.

    With a `single` document in scope, Spans print without its path: it would be most of what a model is shown.
    """
    written_here = {"show", "help"}
    wrappers = [_wrapper(verb) for verb in VERBS.values() if verb.name not in written_here]
    return f"_single = {single}\n{SHAPES}\n" + "\n".join(wrappers)


def _wrapper(verb: Verb) -> str:
    head, call = ("async def", "await _later") if verb.later else ("def", "_verb")
    return f"{head} {verb.name}(*args, **kwargs):\n    return _as_{verb.shape}({call}({verb.name!r}, args, kwargs))\n"
