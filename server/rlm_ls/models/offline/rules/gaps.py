"""The longest time that passes from one line to the next: of all lines, or of those that meet conditions."""

from __future__ import annotations

from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.moments import IN_ORDER
from rlm_ls.models.offline.rules.script import Script, raw, script

MOST = 100_000
"""Lines whose times a script compares."""

GAP = r"""
def at(text):
    parts = [int(p) for p in re.findall(r'\d+', text)]
    return datetime.datetime($parts) + datetime.timedelta(microseconds=int(f'{parts[6]:0<6}'[:6]) if parts[6:] else 0)
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
    """Only where times have a date with the year, in numbers, and the lines stand in the order of time."""
    time = asked.shape.time
    if asked.reading.ask != "gap" or time is None or not time.format.second:
        return None
    numbers = IN_ORDER.get(time.format.date) if r"\d{4}" in time.format.day else None
    if numbers is None or len(asked.question.columns.paths) > 1:
        return None
    # The zone is left out: it is the same in all lines, or the order would not be that of the text.
    whole = f"{time.before}({time.format.until('second')}(?:[.,]\\d+)?)"
    code = script(
        f"I compare the time of each line{asked.phrase} to that of the one before.",
        GAP,
        time=raw(whole),
        parts=numbers,
        where=asked.within,
        most=MOST,
    )
    return Script(code.plan, asked.guarded(code.code))
