"""Statistics of numbers, with their units: averages, sums, percentiles, extremes; of all lines or kept
apart by a column."""

from __future__ import annotations

from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.columns import Thing
from rlm_ls.models.offline.rules.counting import one_kind
from rlm_ls.models.offline.rules.script import Script, plain_text, raw, script
from rlm_ls.models.offline.shapes.column import EMPTY, END, Column

MOST = 400_000
"""Values that a script calculates with; of more only what the verb stats() gives is known."""

UNITS = r"""
units = {'': $scale, 'ns': 1e-9, 'us': 1e-6, 'µs': 1e-6, 'μs': 1e-6, 'ms': 1e-3, 's': 1, 'm': 60, 'h': 3600, 'd': 86400}
longer = {'mse': 'ms', 'mil': 'ms', 'use': 'us', 'mic': 'us', 'nan': 'ns', 'sec': 's', 'min': 'm',
          'hr': 'h', 'hrs': 'h', 'hou': 'h'}
seen = {}
def number(text):
    if ':' in text: return sum(int(p) * 60 ** i for i, p in enumerate(text.split(':')[::-1]))
    total = 0
    for n, u in re.findall(r'([-+]?[0-9][0-9,]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?) ?([^0-9\s.,+-]*)', text):
        u = u if u in units else longer.get(u.lower()[:3], u.lower()[:2])
        seen[u] = 1
        total += float(n.replace(',', '')) * units[u]
    return total
def shown(x):
    if len(seen) == 1:
        u = list(seen)[0]
        return f'{x / units[u]:.10g} {u or $unit}'
    for name, one in (('h', 3600), ('min', 60), ('s', 1), ('ms', 1e-3), ('µs', 1e-6)):
        if abs(x) >= one * (10 if name in ('h', 'min') else 1) or name == 'µs':
            return f'{x / one:.6g} {name}'
"""

SIZES = r"""
units = {'': 1, 'b': 1, 'byte': 1, 'bytes': 1, 'k': 1e3, 'kb': 1e3, 'm': 1e6, 'mb': 1e6, 'g': 1e9, 'gb': 1e9,
         't': 1e12, 'tb': 1e12,
         'kib': 1024, 'mib': 1024**2, 'gib': 1024**3, 'tib': 1024**4}
seen = {}
def number(text):
    n, u = re.findall(r'([-+]?[0-9][0-9,]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?) ?([A-Za-z]*)', text)[0]
    seen[u] = 1
    return float(n.replace(',', '')) * units[u.lower()]
def shown(x):
    u = list(seen)[0] if len(seen) == 1 else ''
    return f'{x / units[u.lower()]:.10g} {u or "bytes"}'
"""

PLAIN = r"""
def number(text):
    return float(re.sub(r'EUR|USD|GBP|CHF|[^0-9.eE+-]', '', text$comma))
def shown(x):
    return (f'{int(x)}' if x == int(x) and abs(x) < 1e15 else f'{x:.10g}')$unit
"""
"""Each is the source of `number`, which makes a number of a value's text, and of `shown`, which writes it with its
unit: the one of the text, or, where that has several, a handy one."""

SLOW = r"""
texts = [t for t in extract($capture$where) if re.search('[0-9]', t)]
xs = sorted([number(t) for t in texts if t not in empty])
values = len(xs)
def rounded(x):
    return float(f'{x:.6g}') if abs(x) < 1e5 else round(x, 2)
def value(key):
    if key == 'mean':
        return sum(xs) / len(xs)
    if key == 'sum':
        return sum(xs)
    rank = {'min': 0, 'max': 100}.get(key) if key in ('min', 'max') else float(key[1:])
    return xs[max(0, math.ceil(rank / 100 * len(xs)) - 1)]
found = {key: shown(rounded(value(key)) if key == 'mean' else value(key)) for key in $keys} if xs else {}
one_unit = $one
"""

ANSWER = r"""
cite = $cite
numbers = ', '.join(f'{key} = {text}' for key, text in found.items())
digits = {key: text.split(' ')[0] for key, text in found.items()} if one_unit else found
short = $short
answer = f'$label$phrase: {numbers} ({values:,} values$rank).' if found else ''
$line"""

EXTREME_CITE = r"""
edge = [t for t in dict.fromkeys(texts) if t not in empty and number(t) == xs[$at]][:3] if xs else []
if edge and not one_unit:
    written = re.sub('^([0-9.,]+)([A-Za-z]+)$', r'\1 \2', edge[0])
    found['$key'] = f'{written} ({found["$key"]})'
"""

BY = r"""
both = $both
names, texts = extract($first, within=both), extract($second, within=both)
groups = {}
for name, t in zip(names, texts):
    if t not in empty:
        groups.setdefault(name, []).append(number(t))
def value(xs):
    $value
def rounded(x):
    return $rounded
rows = sorted([(value(xs), name) for name, xs in groups.items()], reverse=$down) if len(names) == len(texts) else []
cite = find(rows[0][1], within=both, limit=1) if rows else []
short = $short if rows else ''
alone = len(groups) > 3 and all(len(xs) == 1 for xs in groups.values())
answer = '$title:\n' + '\n'.join(f'- {name}: {shown(rounded(x))}' for x, name in rows[:$n]) if rows else ''
if alone and $averaged:
    short = 'not understood'
    answer = 'I did not understand of what an average is meant: there is one $label for each.'
"""

VALUES = {
    "mean": "return sum(xs) / len(xs)",
    "sum": "return sum(xs)",
    "min": "return min(xs)",
    "max": "return max(xs)",
    "p50": "return sorted(xs)[max(0, math.ceil(len(xs) / 2) - 1)]",
}
PREPOSITIONS = frozenset(["in", "after", "for", "within", "of", "about", "to", "by"])
"""Before a number with a unit they do not say what took that long: the lines must be of one kind."""
NAMES = {"mean": "average", "sum": "sum", "min": "least", "max": "greatest", "p50": "median"}


def statistics(asked: Asked) -> Script | None:
    reading = asked.reading
    if reading.ask != "numbers":
        return None
    column = asked.measure
    if column is None:
        return None
    keys = list(reading.aggregates)
    if asked.shape.record and asked.front is not None and asked.front.wanted:
        who = asked.front.wanted[0]
        alone = len(asked.front.wanted) == len(keys) == 1 and keys[0] in {"min", "max"}
        named = Thing(who.name, who.capture, who)
        return _by(asked, column, named, keys[0], listed=False, least=keys[0] == "min", n=10) if alone else None
    if reading.by:
        return _by(asked, column, asked.group, keys[0], listed=True) if len(keys) == 1 else None
    edge = next((key for key in keys if key in {"min", "max"}), None)
    code = functions(column) + _calculated(asked, column, keys, edge)
    code += script(
        "",
        ANSWER,
        cite=f"[h for t in edge for h in regex({holding(column)}{asked.within}, limit=1)][:3]"
        if edge
        else f"regex({raw(column.capture)}{asked.within}, limit=3)",
        short=f"digits.get('{keys[0]}', '')" if len(keys) == 1 else "'; '.join(f'{k}={v}' for k, v in digits.items())",
        label=plain_text(column.name.capitalize()),
        phrase=plain_text(asked.phrase),
        line=EDGE_LINE.lstrip("\n") if edge else "",
        rank="; percentiles by nearest rank" if any(key.startswith("p") for key in keys) else "",
    ).code
    if edge and asked.front is not None and asked.front.wanted:
        pairs = [(wanted.name, wanted.capture) for wanted in asked.front.wanted]
        code += script("", WANTED, pairs=repr(pairs)).code + "\n"
    code = f"{code.rstrip()}\n{_whole(asked, column)}"
    if column.name.lower() in PREPOSITIONS:
        code += one_kind(asked, column.capture, 1 if edge else 0.95)
    plan = f"I take the numbers called {column.name} and calculate {', '.join(keys)}{asked.phrase}."
    return Script(plan, asked.guarded(code))


def holding(column: Column) -> str:
    """Source of the pattern of the lines where a column holds the text `t`, which may stand elsewhere in others."""
    return f"{raw(column.before)} + re.escape(t) + {raw(column.after or END)}"


def _calculated(asked: Asked, column: Column, keys: list[str], edge: str | None) -> str:
    code = (
        SLOW.lstrip("\n")
        .replace("$capture", raw(column.capture))
        .replace("$where", asked.within)
        .replace("$keys", repr(keys))
        .replace("$one", _one(column))
    )
    if edge:
        code += EXTREME_CITE.lstrip("\n").replace("$at", "0" if edge == "min" else "-1").replace("$key", edge)
    return code


def functions(column: Column) -> str:
    """Source of `number`, which makes a number of a value's text, of `shown`, which writes it with its unit, and of
    `empty`, the texts that are none."""
    return f"empty = {sorted(EMPTY)!r}\n" + _number(column)


def _number(column: Column) -> str:
    if column.kind == "duration" and (has_units(column) or ":" in "".join(column.values)):
        return (
            UNITS.lstrip("\n")
            .replace("$scale", "1e-3" if column.unit == "ms" else "1")
            .replace("$unit", f'"{column.unit}"')
        )
    if column.kind == "size" and (has_units(column) or column.unit == "bytes"):
        return SIZES.lstrip("\n")
    unit = f" + {' ' + column.unit!r}" if column.unit else ""
    comma = ".replace('.', '').replace(',', '.')" if column.comma else ""
    return PLAIN.lstrip("\n").replace("$unit", unit).replace("$comma", comma)


def _one(column: Column) -> str:
    """Source of whether all values had one unit."""
    return "len(seen) == 1" if "seen" in functions(column) else "True"


def has_units(column: Column) -> bool:
    return any(value[-1:].isalpha() for value in column.values if value not in {"null", "-"})


EDGE_LINE = r"""
answer += f'\n\n{cite[0].doc}:{cite[0].line}:\n\n```text\n{cite[0].text.strip()[:500]}\n```' if answer and cite else ''
"""

WANTED = r"""
for name, pattern in $pairs if cite else []:
    got = re.search(pattern, lines(cite[0].line, cite[0].line, cite[0].doc).text)
    if got:
        answer += f'\n{name}: {got.group(1)}'
        short = f'{got.group(1)}; {short}'
    else:
        answer = short = ''
"""
"""What else is asked of the line with the edge."""

WHOLE = r"""
named = count($number, by='line'$where)
if answer and named > 1.01 * count($capture, by='line'$where):
    short = 'not understood'
    answer = f'I did not understand all numbers called $name: {named:,} lines have one, not all as expected.'
"""
"""Where some of a quantity's numbers are written otherwise than the sample's, what the others give is no answer."""


EACH_LINE = r"""
if answer and values != count(r'^', by='line'$where):
    short = 'not understood'
    answer = 'I did not understand which numbers are meant: not each of the lines has just one.'
"""


def _whole(asked: Asked, column: Column) -> str:
    if column.loose:  # nothing names such numbers
        each = column.share == 1 and bool(asked.where.patterns)
        return script("", EACH_LINE, where=asked.within).code + "\n" if each else ""
    return (
        script(
            "",
            WHOLE,
            number=raw(column.before + (r"\d" if column.kind == "duration" else r"[-+]?\d")),
            capture=raw(column.capture),
            where=asked.within,
            name=plain_text(column.name),
        ).code
        + "\n"
    )


def extreme(asked: Asked) -> Script | None:
    """Which X has the highest average Y, or the highest Y."""
    reading = asked.reading
    if reading.ask != "extreme" or not reading.measure:
        return None
    column = asked.measure
    if column is None:
        return None
    key = reading.aggregates[0] if reading.aggregates else "min" if reading.least else "max"
    return _by(asked, column, asked.thing, key, listed=reading.listed, least=reading.least, n=reading.n or 50)


def _by(
    asked: Asked, column: Column, named: Thing | None, key: str, *, listed: bool, least: bool = False, n: int = 50
) -> Script | None:
    if named is None or named.anywhere or named.epoch or key not in VALUES:
        return None
    code = (
        functions(column)
        + script(
            "",
            BY,
            first=raw(named.capture),
            second=raw(column.capture),
            both=_both(asked, named.capture, column.capture),
            value=VALUES[key],
            rounded="round(x, 6)"
            if key in {"sum", "min", "max"}
            else "float(f'{x:.6g}') if abs(x) < 1e5 else round(x, 2)",
            down=not least,
            n=n,
            short=f"'; '.join(f'{{name}}={{shown(x)}}' for x, name in rows[:{n}])" if listed else "rows[0][1]",
            averaged=key == "mean" and listed,
            label=plain_text(column.name),
            title=plain_text(f"{NAMES[key].capitalize()} {column.name} by {named.label}{asked.phrase}"),
        ).code
    )
    return Script(f"I keep {column.name} apart by {named.label}{asked.phrase}.", asked.guarded(code))


def _both(asked: Asked, first: str, second: str) -> str:
    """Source of the lines, or of the records, that have two columns."""
    if not asked.shape.record:
        return f"filter({raw(second)}, within=filter({raw(first)}{asked.within}))"
    return asked.among([*asked.where.patterns, first, second], asked.where.unwanted)


TEXTS = """\
empty = ['-', '', 'null']
def number(text):
    return text
def shown(x):
    return f'{x:.10g}'
"""


def distinct_by(asked: Asked) -> Script | None:
    """How many different X each Y has."""
    reading = asked.reading
    if reading.ask != "groups" or not reading.many:
        return None
    things, groups = asked.thing, asked.group
    if things is None or things.column is None or groups is None or groups.anywhere or groups.epoch:
        return None
    code = (
        TEXTS
        + script(
            "",
            BY,
            first=raw(groups.capture),
            second=raw(things.capture),
            both=_both(asked, groups.capture, things.capture),
            value="return len(set(xs))",
            rounded="x",
            down=True,
            n=50,
            short="'; '.join(f'{name}={shown(x)}' for x, name in rows[:50])",
            averaged=False,
            label="",
            title=plain_text(f"Different {things.label} by {groups.label}{asked.phrase}"),
        ).code
    )
    return Script(
        f"I collect the different {things.label} of each of the {groups.label}{asked.phrase}.",
        asked.guarded(code),
    )
