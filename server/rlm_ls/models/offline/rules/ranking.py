"""The most and the least common values."""

from __future__ import annotations

from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.script import Script, chart, guarded, raw, script

RANKING = r"""
ranked = top($capture, n=$most$where)
${least}cite = find(ranked[0][0]$where, limit=1) if ranked else []
short = $short if ranked else ''
rows = '\n'.join(f'{i}. {value}$hour: {n:,}' for i, (value, n) in enumerate(ranked[:$n], 1))
ties = len(ranked) > $n and ranked[$n][1] == ranked[$n - 1][1]
answer = rows + ('\n\nThe next has as many.' if ties else '')$notes if ranked else ''
if len(ranked) > 1 and ranked[0][1] == ranked[-1][1] == 1 and ties:
    short = 'not understood'
    answer = 'I did not understand what is to be ranked: as far as was looked, each value stands there once.'
"""


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
    return Script(code.plan, guarded(code.code, asked.shape, asked.place), "" if one or reading.least else drawn)
