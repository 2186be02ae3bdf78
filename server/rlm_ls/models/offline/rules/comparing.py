"""How many values of a quantity are above or below a number, with their units."""

from __future__ import annotations

import re

from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.numbers import functions, has_units, holding
from rlm_ls.models.offline.rules.script import Script, plain_text, raw, script
from rlm_ls.models.offline.shapes.column import SIZE_UNITS

COMPARED = r"""
texts = [t for t in extract($capture$where) if re.search('[0-9]', t)]
hits = [t for t in texts if t not in empty and number(t) $sign $limit]
n = len(hits)
cite = [h for t in list(dict.fromkeys(hits))[:3] for h in regex($holding$where, limit=1)]
short = $short
answer = f'$share{n:,} of {len(texts):,} values of $name$phrase are $said.' if texts else ''
"""


def compared(asked: Asked) -> Script | None:
    """How many lines have a quantity above or below a number."""
    reading = asked.reading
    against = reading.comparison
    if against is None or reading.ask not in {"count", "share"}:
        return None
    measure = against.measure or (
        "size"
        if re.fullmatch(SIZE_UNITS, against.unit) and against.unit not in {"", "m"}
        else "duration"
        if against.unit
        else ""
    )
    column = asked.quantity(measure) if measure else None
    if column is None:
        return None
    if against.measure == "amount" and against.number == "0" and not any("-" in value for value in column.values):
        return None  # its sign says nothing
    if against.unit and column.kind not in {"duration", "size"}:
        return None
    limit = f"number({against.number + against.unit!r})"
    if not against.unit and (has_units(column) or column.unit):
        if column.kind != "size":
            return None
    elif against.unit and column.unit and not has_units(column):
        limit = (
            str(_seconds(against.number, against.unit) / _seconds("1", column.unit))
            if column.kind == "duration"
            else limit
        )
    code = (
        functions(column)
        + script(
            "",
            COMPARED,
            capture=raw(column.capture),
            holding=holding(column),
            where=asked.within,
            sign=against.sign,
            limit=limit,
            name=plain_text(column.name),
            phrase=plain_text(asked.phrase),
            said=plain_text(f"{against.sign} {against.number} {against.unit}".strip()),
            short="n" if reading.ask == "count" else "f'{100 * n / max(1, len(texts)):.4g}%'",
            share="" if reading.ask == "count" else "{short}: ",
        ).code
    )
    return Script(
        f"I count the values of {column.name} that are {against.sign} {against.number} {against.unit}.",
        asked.guarded(code),
    )


def _seconds(number: str, unit: str) -> float:
    short = unit.lower()
    for start, one in (
        ("ms", 1e-3),
        ("mil", 1e-3),
        ("us", 1e-6),
        ("µs", 1e-6),
        ("mic", 1e-6),
        ("ns", 1e-9),
        ("nan", 1e-9),
        ("min", 60),
        ("m", 60),
        ("h", 3600),
        ("s", 1),
    ):
        if short.startswith(start):
            return float(number) * one
    return float(number)
