"""The longest time that passes from one line to the next: of all lines, or of those that meet conditions."""

from __future__ import annotations

from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.script import Script, raw, script
from rlm_ls.models.offline.shapes.times import ORDER

MOST = 100_000
"""Lines whose times a script compares."""

MISSING: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("y-m-d", "y/m/d", "d.m.y", "d/b/y", "d-b-y", "d b y"), ()),
    **dict.fromkeys(("b d", "m-d", "m.d"), (2000,)),
    "": (2000, 1, 1),
}
"""By a format's date, what a time lacks: a year, a day. Where that changes, times go back, and there is no answer."""

GAP = r"""
def at(text):
    parts = $missing + when(text)
    below = re.search(r'[.,](\d+)$$', text)
    micros = int((below.group(1) + '00000')[:6]) if below else 0
    return datetime.datetime(*parts[:6]) + datetime.timedelta(microseconds=micros)
def lasted(pair):
    took = at(pair[1]) - at(pair[0])
    return took.days * 86400 + took.seconds + took.microseconds / 1e6
few = 1 < count($time, by='line'$where) <= $most
texts = [t for t in extract($time$where)] if few else []
pairs = sorted(zip(texts, texts[1:]), key=lasted) if texts else []
cite = [h for t in pairs[-1] for h in find(t$where, limit=1)] if pairs else []
short = f'{lasted(pairs[-1]):.10g} s' if pairs else ''
minutes = f' ({lasted(pairs[-1]) / 60:.4g} min)' if pairs and lasted(pairs[-1]) >= 60 else ''
answer = f'{short}{minutes}, from {pairs[-1][0]} to {pairs[-1][1]}.' if pairs else ''
if pairs and lasted(pairs[0]) < 0:
    short, answer = 'not understood', 'I did not understand the order of the lines: their times go back and forth.'
"""


def gap(asked: Asked) -> Script | None:
    """Only where the lines of one text stand in the order of time."""
    time = asked.shape.time
    if asked.reading.ask != "gap" or time is None or not time.format.second:
        return None
    missing = None if time.format.epoch or time.format.name == "ctime" else MISSING.get(time.format.date)
    if missing is None or (time.format.day and not time.format.date) or len(asked.question.columns.paths) > 1:
        return None
    # The zone is left out: it is the same in all lines, or the order would not be that of the text.
    whole = f"{time.before}({time.format.until('second')}(?:[.,]\\d+)?)"
    code = script(
        f"I compare the time of each line{asked.phrase} to that of the one before.",
        ORDER.lstrip("\n") + GAP.lstrip("\n"),
        time=raw(whole),
        missing=list(missing),
        where=asked.within,
        most=MOST,
    )
    return Script(code.plan, asked.guarded(code.code))
