"""Python source that stands in for what the sandbox lacks, fed to a session when a script first needs it.

`rewriting` writes calls of these names into scripts. None of it may call the server: only the prelude can.
"""

from __future__ import annotations

import re

from rlm_ls.executors.scripts.bridges.methods import HAVING
from rlm_ls.executors.scripts.bridges.modules import MODULES

PREFIX = "_bridged_"

MOST_YIELDED = 200_000

_EXIT = """\
def {name}(code=None):
    if code is None or code == 0:
        raise SystemExit
    raise SystemExit(_str(code))
"""

NAMES = {
    "Counter": "from collections import Counter",
    "defaultdict": "from collections import defaultdict",
    "deque": "from collections import deque",
    "namedtuple": "from collections import namedtuple",
    "timedelta": "from datetime import timedelta",
    "timezone": "from datetime import timezone",
    "exit": _EXIT.format(name="exit"),
    "quit": _EXIT.format(name="quit"),
    "callable": (
        "def callable(x):\n"
        "    return str(type(x)) in ("
        "\"<class 'function'>\", \"<class 'builtin_function_or_method'>\", \"<class 'type'>\", \"<class 'method'>\")"
    ),
}
"""Names that scripts use without importing them, or that the sandbox lacks; defined where no script has done so."""

_METHOD = f"""\
_bridged_having = {HAVING!r}
def _bridged_method(x, number, read, call):
    try:
        return read(x)
    except AttributeError:
        kinds = _bridged_having[number].split(' ')
        if _type(x) == _type(_str) and _str(x)[8:-2] in kinds:
            return call
        if _str(_type(x))[8:-2] in kinds:
            return lambda *a, **k: call(x, *a, **k)
        raise
"""
"""Of a kind that has such a method, what stands in for it; of all others it is the error that it is in Python."""

_OF_DATETIME = """\
import datetime as _datetime_module
def _bridged_module(x):
    return _str(_type(x)) == "<class 'module'>"
def _bridged_class(x):
    return _datetime_module.datetime if _bridged_module(x) else x
def _bridged_of_datetime(x, read):
    try:
        return read(x)
    except AttributeError:
        return read(_datetime_module.datetime if _bridged_module(x) else _datetime_module)
"""

_STRPTIME = f"""{_OF_DATETIME}
_bridged_fields = {{
    'Y': '([0-9]{{4}})', 'm': '(1[0-2]|0?[1-9])', 'd': '(3[01]|[12][0-9]|0?[1-9]| [1-9])', 'H': '(2[0-3]|[01]?[0-9])',
    'M': '([0-5]?[0-9])', 'S': '(6[01]|[0-5]?[0-9])', 'f': '([0-9]{{1,6}})', 'y': '([0-9]{{2}})',
    'j': '(36[0-6]|3[0-5][0-9]|[12][0-9]{{2}}|0?[1-9][0-9]|0{{0,2}}[1-9])', 'I': '(1[0-2]|0?[1-9])', 'p': '(am|pm)',
    'b': '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)',
    'B': '(january|february|march|april|may|june|july|august|september|october|november|december)',
    'a': '(mon|tue|wed|thu|fri|sat|sun)', 'A': '(monday|tuesday|wednesday|thursday|friday|saturday|sunday)',
    'z': '(z|[+-][0-9]{{2}}:?[0-9]{{2}}(?::?[0-9]{{2}})?)', 'Z': '(utc|gmt|)',
}}
_bridged_composed = {{'c': '%a %b %d %H:%M:%S %Y', 'x': '%m/%d/%y', 'X': '%H:%M:%S'}}
_bridged_formats = {{}}

def _bridged_format(form):
    pattern, names, i = '', [], 0
    for short in _bridged_composed:
        form = form.replace('%' + short, _bridged_composed[short])
    while i < _len(form):
        c = form[i]
        if c == '%' and i + 1 < _len(form):
            i = i + 1
            if form[i] == '%':
                pattern = pattern + '%'
            elif form[i] in _bridged_fields:
                if form[i] in names:
                    raise ValueError('the format ' + _repr(form) + ' names %' + form[i] + ' twice')
                names.append(form[i])
                pattern = pattern + _bridged_fields[form[i]]
            else:
                raise ValueError("'" + form[i] + "' is a bad directive in format " + _repr(form))
        elif c.isspace():
            pattern = pattern + '\\\\s+'
            while i + 1 < _len(form) and form[i + 1].isspace():
                i = i + 1
        else:
            pattern = pattern + _re.escape(c)
        i = i + 1
    return _re.compile(pattern, _re.IGNORECASE), names

def _bridged_parsed(kind, text, form):
    if form not in _bridged_formats:
        if _len(_bridged_formats) > 100:
            _bridged_formats.clear()
        _bridged_formats[form] = _bridged_format(form)
    pattern, names = _bridged_formats[form]
    found = pattern.match(text)
    if found is None:
        raise ValueError('time data ' + _repr(text) + ' does not match format ' + _repr(form))
    if found.end() != _len(text):
        raise ValueError('unconverted data remains: ' + text[found.end():])
    got = _dict(_zip(names, found.groups()))
    year = _int(got['Y']) if 'Y' in got else 1900
    if 'y' in got:
        year = _int(got['y']) + (2000 if _int(got['y']) < 69 else 1900)
    month = _int(got['m']) if 'm' in got else 1
    for name in ('b', 'B'):
        if name in got:
            short = ('jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec')
            month = short.index(got[name][:3].lower()) + 1
    hour = _int(got['H']) if 'H' in got else 0
    if 'I' in got:
        hour = _int(got['I']) % 12 + (12 if got.get('p', '').lower() == 'pm' else 0)
    micro = _int((got['f'] + '00000')[:6]) if 'f' in got else 0
    zone = None
    if 'z' in got:
        digits = got['z'].replace(':', '')
        zone = _datetime_module.timezone.utc
        if digits not in ('z', 'Z'):
            seconds = _int(digits[1:3]) * 3600 + _int(digits[3:5]) * 60 + _int(digits[5:7] or '0')
            seconds = -seconds if digits[0] == '-' else seconds
            zone = _datetime_module.timezone(_datetime_module.timedelta(seconds=seconds)) if seconds else zone
    day = _int(got['d']) if 'd' in got else 1
    made = kind(year, month, day, hour, _int(got.get('M', 0)), _int(got.get('S', 0)), micro, zone)
    return made + _datetime_module.timedelta(days=_int(got['j']) - 1) if 'j' in got else made

def _bridged_strptime(x):
    kind = _bridged_class(x)
    def strptime(text, form):
        if not _isinstance(text, _str) or not _isinstance(form, _str):
            raise TypeError('strptime() takes two strings: the text and the format')
        return _bridged_parsed(kind, text, form)
    return strptime
"""

_FROMTIMESTAMP = f"""{_OF_DATETIME}
def _bridged_fromtimestamp(x):
    kind = _bridged_class(x)
    def fromtimestamp(seconds, tz=None):
        since = _datetime_module.timedelta(microseconds=_round(seconds * 1000000))
        if kind == _datetime_module.date:
            return (_datetime_module.datetime(1970, 1, 1) + since).date()
        if tz is None:
            return kind(1970, 1, 1) + since
        return (kind(1970, 1, 1, tzinfo=_datetime_module.timezone.utc) + since).astimezone(tz)
    return fromtimestamp
_bridged_utcfromtimestamp = _bridged_fromtimestamp
"""
"""Local time is UTC here: a replay elsewhere must print the same."""

_TRANSLATE = """\
def _bridged_maketrans(x):
    def maketrans(a, b=None, c=''):
        if b is None:
            return {(_ord(key) if _isinstance(key, _str) else key): a[key] for key in a}
        if _len(a) != _len(b):
            raise ValueError('the first two maketrans arguments must have equal length')
        table = {_ord(a[i]): _ord(b[i]) for i in _range(_len(a))}
        for one in c:
            table[_ord(one)] = None
        return table
    return maketrans
def _bridged_translate(x):
    def translate(table):
        out = []
        for one in x:
            to = table.get(_ord(one), one)
            out.append('' if to is None else _chr(to) if _isinstance(to, _int) else to)
        return ''.join(out)
    return translate
"""

_SUB = """\
def _bridged_replaced(pattern, repl, text, count):
    parts, at, made = [], 0, 0
    for match in _re.finditer(pattern, text) if _isinstance(pattern, _str) else pattern.finditer(text):
        if count and made >= count:
            break
        parts.append(text[at:match.start()])
        parts.append(repl(match))
        at = match.end()
        made = made + 1
    parts.append(text[at:])
    return ''.join(parts), made
def _bridged_sub(x):
    def sub(*args, **named):
        if _str(_type(x)) == "<class 'module'>":
            pattern = args[0] if args else named['pattern']
            repl = args[1] if _len(args) > 1 else named['repl']
            if _isinstance(repl, _str):
                return x.sub(*args, **named)
            flags = args[4] if _len(args) > 4 else named.get('flags', 0)
            pattern = _re.compile(pattern, flags) if _isinstance(pattern, _str) else pattern
            rest, names = args[2:4], ('string', 'count')
        elif _str(_type(x)) == "<class 're.Pattern'>":
            repl = args[0] if args else named['repl']
            if _isinstance(repl, _str):
                return x.sub(*args, **named)
            pattern, rest, names = x, args[1:3], ('string', 'count')
        else:
            return x.sub(*args, **named)
        given = _dict(_zip(names, rest))
        text = given.get('string', named.get('string'))
        return _bridged_replaced(pattern, repl, text, given.get('count', named.get('count', 0)))[0]
    return sub
def _bridged_subn(x):
    return lambda *args, **named: x.subn(*args, **named)
"""

_FORMAT_MAP = """\
def _bridged_format_map(x):
    return lambda mapping: x.format(**mapping)
"""

_WRITE = """\
def _bridged_write(text):
    _shown(text, end='')
    return _len(text)
"""

_FLAGGED = """\
def _bridged_flagged(verb, named):
    found = _bridged_verb(verb, named)
    if found is not verb:
        return found
    def call(*args, **kwargs):
        if 'flags' not in kwargs:
            kwargs['flags'], args = args[-1], args[:-1]
        if kwargs['flags'] == _re.IGNORECASE:
            kwargs.pop('flags')
            kwargs['ignore_case'] = True
        return verb(*args, **kwargs)
    return call
"""
"""Of other flags than that one a verb says that it knows none."""

_AWAITED = """\
async def _bridged_awaited(x):
    return await x if _str(_type(x)) == "<class 'coroutine'>" else x
"""

_YIELD = f"""\
def _bridged_yield(yielded, value):
    if _len(yielded) >= {MOST_YIELDED}:
        raise RuntimeError('a generator runs to its end here, and this one seems to have none: build a list')
    yielded.append(value)
def _bridged_many(yielded, values):
    for value in values:
        _bridged_yield(yielded, value)
"""

_UNSPACED = """\
def _bridged_unspaced(pattern):
    parts, i, inside = [], 0, False
    while i < _len(pattern):
        c = pattern[i]
        if c == '\\\\':
            parts.append(pattern[i:i + 2])
            i = i + 2
            continue
        if inside:
            inside = c != ']'
        elif c == '[':
            inside = True
            if pattern[i + 1:i + 2] == '^':
                parts.append('[')
                i, c = i + 1, '^'
            if pattern[i + 1:i + 2] == ']':
                parts.append(c)
                i, c = i + 1, ']'
        elif c.isspace():
            c = ''
        elif c == '#':
            end = pattern.find('\\n', i)
            i, c = (_len(pattern) if end < 0 else end), ''
        parts.append(c)
        i = i + 1
    return ''.join(parts)
"""

SOURCES = {
    "method": _METHOD,
    "of_datetime": _OF_DATETIME,
    "class": _OF_DATETIME,
    "strptime": _STRPTIME,
    "fromtimestamp": _FROMTIMESTAMP,
    "utcfromtimestamp": _FROMTIMESTAMP,
    "translate": _TRANSLATE,
    "maketrans": _TRANSLATE,
    "sub": _SUB,
    "subn": _SUB,
    "format_map": _FORMAT_MAP,
    "write": _WRITE,
    "flagged": _FLAGGED,
    "awaited": _AWAITED,
    "exit": _EXIT.format(name=f"{PREFIX}exit"),
    "yield": _YIELD,
    "many": _YIELD,
    "unspaced": _UNSPACED,
} | MODULES


def needed(code: str) -> list[str]:
    """Sources to feed before a script that is bridged already; each leaves alone what is there."""
    used = dict.fromkeys(re.findall(rf"\b{PREFIX}([a-z_]+)", code))
    texts = {SOURCES[name]: f"{PREFIX}{name}" for name in used if name in SOURCES}
    missing = [_unless_defined(name, text) for text, name in texts.items()]
    words = set(re.findall(r"[A-Za-z_]\w*", code))
    return missing + [_unless_defined(name, text) for name, text in NAMES.items() if name in words]


def _unless_defined(name: str, text: str) -> str:
    indented = "\n".join(f"    {line}" for line in text.splitlines())
    return f"try:\n    {name}\nexcept NameError:\n{indented}\n"
