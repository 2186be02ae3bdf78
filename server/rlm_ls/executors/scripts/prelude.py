"""The Python source that each sandbox session is fed before the first script: modules, result classes, and one wrapper
for each verb.

Wrappers make a verb a plain function: the call pauses the script, the host awaits, the script goes on. They pack what
is passed and unpack what comes back (see crossing.py). They use private names, since a script may name a variable
`list`.
"""

from __future__ import annotations

from rlm_ls.executors.scripts.crossing import MOST_JSON, MOST_TEXT
from rlm_ls.executors.verbs.registry import VERBS, Verb

ORIGIN = "<python-input-0>"
"""How the sandbox names what a session is fed first, which is this. Only what stands here may call the server."""

PRINTING = ("help", "more")
"""Verbs whose result is printed, by functions that stand below."""

PRINT_END = "\x1f"
"""Marks the end of one print() in the sandbox's output, so that each print can be capped on its own."""

MODULES = "re, json, math, datetime, collections"

SHAPES = """\
import re, json, math, datetime, itertools, collections, asyncio
from dataclasses import dataclass as _dataclass
_print, _str, _int, _float, _bool, _list, _tuple, _dict, _bytes = print, str, int, float, bool, list, tuple, dict, bytes
_len, _all, _sorted, _hash, _isinstance, _dumps, _loads = len, all, sorted, hash, isinstance, json.dumps, json.loads
_iter, _filter, _range, _repr, _type, _min, _max, _sum = iter, filter, range, repr, type, min, max, sum
_set, _frozenset, _round, _zip, _ord, _chr, _getattr = set, frozenset, round, zip, ord, chr, getattr
_re, _math, _utc = re, math, datetime.timezone.utc

def print(*args, sep=' ', end='\\n', file=None, flush=False):
    _print(*[_rows(one) for one in args], sep=sep, end=end + '\\x1f')

_shown = print

def _rows(x):
    if _isinstance(x, (_list, _tuple)) and _len(x) and _all([_isinstance(one, _objects) for one in x]):
        lines, seen = [], {}
        for one in x:
            line = _repr(one)
            if line not in seen:
                seen[line] = 1
                lines.append(line)
        more = _len(x) - _len(lines)
        return '\\n'.join(lines) + ('\\n(' + _str(more) + ' more on the same lines)' if more else '')
    return x

def _echo(value):
    if value is not None:
        rows = _rows(value)
        _shown(rows if rows is not value else _repr(value))

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
    groups: tuple
    word: str
    match: str = ''
    first_line: int = 0
    def __hash__(self):
        return _hash((self.doc, self.start, self.end))
    def __iter__(self):
        return _iter_lines(self)
    def __contains__(self, x):
        if not _isinstance(x, _str):
            return x in [one for one in _iter_lines(self)]
        if self.text is None:
            raise TypeError('of this Span text(span) reads the text')
        return x in self.text
    def __repr__(self):
        at = _str(self.line) if self.end_line <= self.line else _str(self.line) + '-' + _str(self.end_line)
        place = at if _single else self.doc + ':' + at
        if self.text is None:
            return place
        rows = self.text.split('\\n')
        first = self.first_line or self.line
        if _len(rows) == 1 or (not self.first_line and _len(rows) != self.end_line - self.line + 1):
            return place + ': ' + self.text
        numbered = []
        for i in _range(_len(rows)):
            hit = self.column and self.line <= first + i <= self.end_line
            numbered.append(_str(first + i) + ('> ' if hit else '| ') + rows[i].rstrip('\\r'))
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
    signature: str = ''
    def __repr__(self):
        lines = _str(self.span.line) + '-' + _str(self.span.end_line)
        return lines + ' ' + '  ' * self.level + (self.signature or self.kind + ' ' + self.name)

@_dataclass
class Selection:
    label: str
    parts: str
    def __iter__(self):
        raise TypeError('a Selection is lazy: text(it).splitlines() or regex("^.*$", within=it) has its lines')
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
        return self.doc + ':' + _str(self.line) + ': ' + self.severity + ': ' + self.message + tail

@_dataclass
class Failed:
    error: str

_Span, _Doc, _Entry, _Selection, _Diagnostic, _Failed = Span, Doc, Entry, Selection, Diagnostic, Failed
_objects = (Span, Doc, Entry, Diagnostic)

def _iter_lines(span):
    if span.text is None or span.first_line:
        raise TypeError('of this Span text(span) reads the lines')
    made, line, at = [], span.line, span.start
    for row in span.text.split('\\n'):
        size = _len(row.encode())
        made.append(_Span(span.doc, line, line, at, _min(at + size, span.end), row.rstrip('\\r'), 0, 0, (), None))
        line, at = line + 1, at + size + 1
    return _iter(made)

def _plain(x, texts, depth):
    if x is None or _isinstance(x, (_bool, _int, _float)):
        return x
    if _isinstance(x, _str):
        if _len(x) <= 200:
            return x
        texts.append(x)
        return {'$': 'text', 'of': _len(x)}
    if depth > 100:
        raise ValueError('what is passed to a verb is nested too deeply')
    depth = depth + 1
    if _isinstance(x, (_list, _tuple)):
        if _len(x) > 10:
            if _all([_isinstance(item, _Span) for item in x]):
                return _columns(x)
            short = [i for i in x if _isinstance(i, (_int, _float)) or (_isinstance(i, _str) and _len(i) <= 200)]
            if _len(short) == _len(x):
                return short
        return [_plain(item, texts, depth) for item in x]
    if _isinstance(x, _dict):
        plain = {}
        for key in x:
            plain[key if _isinstance(key, _str) else _str(key)] = _plain(x[key], texts, depth)
        return {'$': 'dict', 'of': plain} if '$' in plain else plain
    if _isinstance(x, _Span):
        fields = [x.doc, x.start, x.end, x.line, x.end_line]
        return {'$': 'Span', 'of': [_plain(field, texts, depth) for field in fields]}
    if _isinstance(x, _Doc):
        return {'$': 'Doc', 'of': [_plain(x.path, texts, depth)]}
    if _isinstance(x, _Entry):
        return {'$': 'Entry', 'of': [_plain(field, texts, depth) for field in [x.kind, x.name, x.level, x.span]]}
    if _isinstance(x, _Selection):
        return {'$': 'Selection', 'of': [_plain(x.label, texts, depth), _plain(x.parts, texts, depth)]}
    if _isinstance(x, _Diagnostic):
        fields = [x.doc, x.line, x.end_line, x.severity, x.message, x.source, x.code]
        return {'$': 'Diagnostic', 'of': [_plain(field, texts, depth) for field in fields]}
    if _isinstance(x, _Failed):
        return {'$': 'Failed', 'of': [_plain(x.error, texts, depth)]}
    if _isinstance(x, _program):
        return x.name
    if _isinstance(x, _bytes):
        return _plain(x.decode('utf-8', 'replace'), texts, depth)
    if _isinstance(x, (_set, _frozenset)):
        return _sorted([_plain(item, texts, depth) for item in x], key=_str)
    if _isinstance(x, (_range, _type({}.keys()), _type({}.values()), _type({}.items()))):
        return [_plain(item, texts, depth) for item in x]
    if _isinstance(x, _pattern):
        flags = ''.join([letter for bit, letter in ((2, 'i'), (8, 'm'), (16, 's')) if x.flags & bit])
        return _plain(('(?' + flags + ')' if flags else '') + x.pattern, texts, depth)
    return _plain(_str(x), texts, depth)

_pattern = _type(re.compile(''))

def _columns(spans):
    docs, flat = {}, []
    for span in spans:
        flat += [docs.setdefault(span.doc, _len(docs)), span.start, span.end, span.line, span.end_line]
    return {'$': 'Spans', 'of': _list(docs), 'at': flat}

def _packed(name, args, kwargs):
    texts = []
    call = _dumps([name, _plain(args, texts, 0), _plain(kwargs, texts, 0)], separators=(',', ':'), ensure_ascii=False)
    return call, ''.join(texts)

def _loaded(result):
    return _loads(result[0]) if result[1] is None else result[1]

def _as_plain(result):
    return _loaded(result)

def _as_program(result):
    return _program(_loads(result[0]))

def _as_replies(result):
    return [value if told else _Failed(value) for told, value in _loaded(result)]

def _as_diagnostics(result):
    return [_Diagnostic(*row) for row in _loaded(result)]

def _span_of(row):
    row[8] = _tuple(row[8])
    return _Span(*row)

def _as_span(result):
    row = _loads(result[0])
    row[5] = result[1]
    return _span_of(row)

def _as_spans(result):
    return [_span_of(row) for row in _loaded(result)]

def _as_docs(result):
    return [_Doc(*row) for row in _loaded(result)]

def _as_entries(result):
    return [_Entry(row[0], row[1], row[2], _span_of(row[3]), row[4]) for row in _loaded(result)]

def _as_terms(result):
    return [(row[0], row[1], _span_of(row[2])) for row in _loaded(result)]

def _as_values(result):
    rows = _loaded(result)
    return [_tuple(row) for row in rows] if rows and _isinstance(rows[0], _list) else rows

def _as_ranked(result):
    return [(_tuple(row[0]) if _isinstance(row[0], _list) else row[0], row[1]) for row in _loaded(result)]

def _as_selection(result):
    return _Selection(*_loaded(result))

def show(x, n=20):
    items = x if _isinstance(x, (_list, _tuple)) else _list(x.items()) if _isinstance(x, _dict) else [x]
    for item in items[:n]:
        _shown(item)
    if _len(items) > n:
        _shown('… ' + _str(_len(items) - n) + ' more')

def help(verb=''):
    _print(_help(_str(verb)), end='\\n\\x1f')

_data = (_int, _float, _str, _list, _tuple, _dict, set, frozenset, _bytes)
_data = _data + (_Span, _Doc, _Entry, _Selection, _Diagnostic, _Failed)

def _bridged_verb(verb, named):
    try:
        value = named()
    except NameError:
        return verb
    return verb if value is None or _isinstance(value, _data) else value

def more():
    _print(_more(), end='\\n\\x1f')
"""


def prelude(*, single: bool) -> str:
    """Python source fed to every new session. Its line numbers never reach a model.

    With a `single` document in scope, Spans print without its path: it would be most of what a model is shown.
    """
    wrappers = [_wrapper(verb, f"_{verb.name}" if verb.name in PRINTING else verb.name) for verb in VERBS.values()]
    kept = [f"_verb_{name} = {name}" for name in VERBS]  # a script may call a variable like a verb
    return f"_single = {single}\n{SHAPES}\n" + "\n".join([*wrappers, *kept, PROGRAM])


def _wrapper(verb: Verb, name: str) -> str:
    if verb.name == "show":
        return ""  # it only prints
    builtin = BUILTIN_FILTER if verb.name == "filter" else ""
    head, call = ("async def", "await _later") if verb.later else ("def", "_verb")
    return (
        f"{head} {name}(*args, **kwargs):\n{builtin}"
        f"    call, texts = _packed({verb.name!r}, args, kwargs)\n"
        f"    return _as_{verb.shape}({call}({CROSSING}))\n"
    )


BUILTIN_FILTER = """\
    if _len(args) == 2 and not _isinstance(args[0], _str):
        return _filter(*args)
"""
"""The verb is asked for by a pattern, Python's function by a function or None."""

CROSSING = f"f'{{call}}'[:{MOST_JSON + 1}], f'{{texts}}'[:{MOST_TEXT + 1}]"
"""Two strings, and not longer than may be, whatever a script put in the place of `_packed`."""

PROGRAM = f"""\
class _Program:
    def __init__(self, name):
        self.name = name
    def __repr__(self):
        return '<program ' + self.name + '>'
    def __call__(self, *args, **kwargs):
        call, texts = _packed(self.name, args, kwargs)
        return _as_plain(_verb({CROSSING}))

_program = _Program
"""


def bound(name: str, newest: bool) -> str:
    """Makes a compiled program callable by its name: the `newest` of what has the name, or unless a script uses it."""
    if newest:
        return f"{name} = _program({name!r})\n"
    return f"try:\n    {name}\nexcept NameError:\n    {name} = _program({name!r})\n"
