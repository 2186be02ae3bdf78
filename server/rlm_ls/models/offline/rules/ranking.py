"""Values by how often they stand there: the most and the least common, counts by group, the different ones."""

from __future__ import annotations

import re

from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.columns import Thing
from rlm_ls.models.offline.rules.counting import one_kind
from rlm_ls.models.offline.rules.script import Script, chart, plain_text, raw, script
from rlm_ls.models.offline.shapes.times import ORDER

GROUPED = r"""
groups = top($capture, n=20000$where)
none = sum(n for value, n in groups if value == '')
groups = [(value, n) for value, n in groups if value != '']
${order}cite = []
cut = f'; and {len(groups) - 1000:,} more' if len(groups) > 1000 else ''
short = '; '.join(f'{value}={n}' for value, n in groups[:1000]) + cut
rows = '\n'.join(f'- {value}: {n:,}' for value, n in groups[:200])
more = f'\n- and {len(groups) - 200:,} more' if len(groups) > 200 else ''
if len(groups) + bool(none) == 20000:
    more = more + ', of the 20,000 most frequent'
if none:
    more = more + f'\n\n{none:,} more have none.'
answer = f'$title, by $label:\n{rows}{more}$notes' if groups else ''
$kinds"""

EPOCH = r"""
start = datetime.datetime(1970, 1, 1)
stretches = {}
for second, n in groups:
    at = str(start + datetime.timedelta(seconds=int(second) // $size * $size))[:$width]
    stretches[at] = stretches.get(at, 0) + n
groups = sorted(stretches.items())
"""

DISTINCT = r"""
ranked = top($capture, n=200$where)
total = count($capture, by='value'$where) if len(ranked) == 200 else len(ranked)
values = sorted(value for value, n in ranked)
cite = regex($capture$where, limit=3)
short = $short
more = ', …' if total > len(values) else ''
answer = f'{total:,} different $label$phrase: ' + ', '.join(values) + more if values else ''
"""

RANKING = r"""
ranked = [(v, n) for v, n in top($capture, n=$most + 2$where) if v not in ('', '-')][:$most]
${least}cite = find(ranked[0][0]$where, limit=1) if ranked else []
short = $short if ranked else ''
rows = '\n'.join(f'{i}. {value}$hour: {n:,}' for i, (value, n) in enumerate(ranked[:$n], 1))
ties = len(ranked) > $n and ranked[$n][1] == ranked[$n - 1][1]
answer = rows + ('\n\nThe next has as many.' if ties else '')$notes if ranked else ''
if len(ranked) > 1 and ranked[0][1] == ranked[-1][1] == 1 and ties:
    short = 'not understood'
    answer = 'I did not understand what is to be ranked: as far as was looked, each value stands there once.'
"""


ALONE = r"""
if len(ranked) == 1:
    short = 'not understood'
    answer = 'I did not understand whether the $label are meant that write such lines: all are by one.'
"""
WRITERS = frozenset(["host", "process", "logger", "thread", "pid"])


def _alone(asked: Asked, named: Thing) -> str:
    """Source of the check that lines found by plain words have several writers, where one is asked for: who writes a
    line need not be who it tells of."""
    column = named.column
    by = column is not None and column.kind in WRITERS and column.before.startswith("^")
    return "\n" + script("", ALONE, label=plain_text(named.label)).code + "\n" if by and asked.where.soft else ""


def ranking(asked: Asked) -> Script | None:
    reading = asked.reading
    if reading.ask != "top":
        return None
    named = asked.thing
    if named is None or named.epoch:
        return None
    n = reading.n or (50 if reading.listed else 10)
    one = not reading.listed
    code = script(
        f"I rank the {named.label}{asked.phrase}.",
        RANKING,
        capture=raw(named.capture),
        most=20000 if reading.least else n + 1,
        n=n,
        hour=":00" if named.label == "hours" and named.time else "",
        where=asked.within,
        least="ranked = ranked[::-1]\n" if reading.least else "",
        short="ranked[0][0]" if one else f"'; '.join(f'{{v}}={{n}}' for v, n in ranked[:{n}])",
        notes=f" + {asked.notes!r}" if asked.notes else "",
    )
    drawn = chart(
        "lines" if named.time else "bars", named.capture, f"{named.label}{asked.phrase}", asked.within, "ranked"
    )
    checked = code.code + _alone(asked, named)
    return Script(code.plan, asked.guarded(checked), "" if one or reading.least else drawn)


def grouped(asked: Asked) -> Script | None:
    """How many X per Y."""
    reading = asked.reading
    if reading.ask != "groups" or reading.many:
        return None
    groups = asked.group
    if groups is None:
        return None
    order = ""
    if groups.epoch:
        width = {86400: 10, 3600: 13, 60: 16}.get(groups.epoch, 19)
        order = EPOCH.lstrip("\n").replace("$size", str(groups.epoch)).replace("$width", str(width))
    elif groups.time:
        key = asked.shape.time is not None and re.search("b|d-m|d/m|d.m", asked.shape.time.format.date)
        order = (
            f"{ORDER.strip()}\ngroups = sorted(groups, key=lambda g: when(g[0]))\n"
            if key
            else "groups = sorted(groups)\n"
        )
    code = script(
        f"I count by {groups.label}{asked.phrase}.",
        GROUPED,
        capture=raw(groups.capture),
        where=asked.within,
        order=order,
        title=f"Lines{plain_text(asked.phrase)}",
        label=plain_text(groups.label),
        notes=plain_text(asked.notes),
        kinds=one_kind(asked),
    )
    kind = "lines" if groups.time else "bars"
    title = f"Lines{asked.phrase}, by {groups.label}"
    drawn = "" if groups.epoch else chart(kind, groups.capture, title, asked.within, "groups")
    return Script(code.plan, asked.guarded(code.code), drawn)


def distinct(asked: Asked) -> Script | None:
    """How many different values, or which."""
    reading = asked.reading
    if reading.ask != "distinct":
        return None
    named = asked.thing
    if named is None:
        return None
    code = script(
        f"I collect the different {named.label}{asked.phrase}.",
        DISTINCT,
        capture=raw(_without_dash(named)),
        where=asked.within,
        short="total" if reading.many else "'; '.join(values)",
        label=plain_text(named.label),
        phrase=plain_text(asked.phrase),
    )
    return Script(code.plan, asked.guarded(code.code + _alone(asked, named)))


def _without_dash(thing: Thing) -> str:
    """Columns that may be empty hold a dash then, which is no value."""
    if thing.column is not None and thing.column.value == r"\S+" and "-" in thing.column.values:
        return thing.column.capture.replace(r"(\S+)", r"(-\S+|[^-\s]\S*)")
    return thing.capture
