"""The first and the last, in the order of time; the ends of a text; how long a log is; lines that hold something."""

from __future__ import annotations

import re

from rlm_ls.models.offline.parsing.vocabulary import DAY_NAME, MONTHS_BUT_MAY, PART_OF_DAY, SEASON
from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.script import Script, inside, plain_text, raw, script, within
from rlm_ls.models.offline.shapes.times import ORDER

MOST_DOCUMENTS = 200

SEARCH = r"""
def inside(place):
    return $inside
def edge(path):
    if not $last:
        return regex($pattern, within=inside(path), limit=1)
    size = 1000
    while True:
        hits = regex($pattern, within=inside(region(path, -size, -1)), limit=50000)
        if hits or size > 10**9:
            return hits[-1:]
        size = size * 20
all = docs($glob)
hits = [h for d in all[:$most] if d.lines for h in edge(d.path)]
"""

TIMED = r"""
def key(hit):
    found = re.search($time, hit.text)
    return $key if found else $none
hits = sorted(hits, key=key)
"""

FOUND = r"""
hit = hits[$index] if hits else None
cite = [hit] if hit else []
when_text = re.search($time, hit.text) if hit else None
if hit and not when_text:
    for above in lines(max(1, hit.line - 60), hit.line, hit.doc).text.split('\n'):
        when_text = re.search($time, above) or when_text
$epoch
short = (stamp if when_text else f'{hit.doc}:{hit.line}') if hit else ''
at = f' at {stamp}' if when_text else ''
answer = f'$title is{at}, {hit.doc}:{hit.line}:\n\n```text\n{hit.text[:1000]}\n```' if hit and len(all) <= $most else ''
"""

EPOCH = """\
since = int(when_text.group(1)[:10]) if when_text else 0
stamp = str(datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=since)) + ' UTC'"""

ENDS = r"""
part = lines($start, $end$doc)
cite = [part]
short = part.text
answer = '```text\n' + part.text + '\n```'
"""


SOME_TIME = (
    rf"\d:\d\d|\b(?:1\d|20)\d\d\b|\b\d+(?:st|nd|rd|th)\b|(?i:\b(?:{DAY_NAME}|{MONTHS_BUT_MAY}|{PART_OF_DAY}|{SEASON}|"
    r"today|yesterday|o'clock|years? ago)\b)|\bMay\b"
)
"""Words of prose that say when."""

WHICH_LINES = r"""
cite = regex($pattern$where, limit=20)
n = count($pattern, by='line'$where)
short = '; '.join(f'{s.doc}:{s.line}' for s in cite)
rows = '\n'.join(f'- {s.doc}:{s.line}: {s.text.strip()[:300]}' for s in cite)
answer = f'{n:,} {"line holds" if n == 1 else "lines hold"} it:\n{rows}' if cite$few else ''
"""


def first_or_last(asked: Asked) -> Script | None:
    reading, where = asked.reading, asked.where
    if reading.ask != "first":
        return None
    if (
        where.soft
        and asked.shape.time is None
        and not re.search(r"\b(?:lines?|mention\w*|occur\w*|appear\w*|hit)\b", asked.question.lower)
    ):
        return None  # what came first is not told by where it stands
    if not where.patterns:
        if asked.shape.time is None:
            return None
        where.patterns.append(asked.shape.head)
        where.said.append("a time")
    title = f"The {'last' if reading.last else 'first'} line{asked.phrase}"
    return Script(
        f"I look for {title[0].lower()}{title[1:]}.",
        (_recorded(asked) if asked.shape.record and asked.shape.time else _search(asked, last=reading.last))
        + _found(asked, title, last=reading.last),
    )


def _search(asked: Asked, *, last: bool) -> str:
    *others, pattern = asked.where.patterns
    unwanted = (*asked.where.unwanted, *((asked.shape.header,) if asked.shape.header else ()))
    return (
        script(
            "",
            SEARCH,
            inside=inside("place", tuple(others), unwanted),
            pattern=raw(pattern),
            last=last,
            glob=asked.glob,
            most=MOST_DOCUMENTS,
        ).code
        + "\n"
        + _sorted(asked)
    )


RECORDED = r"""
all = docs($glob)
hits = regex($time, within=$place, limit=$most)
"""


def _recorded(asked: Asked) -> str:
    """Source of the times of the records that are meant."""
    time = asked.shape.time
    assert time is not None
    place = asked.among(asked.where.patterns, asked.where.unwanted)
    found = script("", RECORDED, glob=asked.glob, time=raw(time.whole), place=place, most=MOST_TIMES)
    return found.code + "\n" + _sorted(asked)


def _sorted(asked: Asked) -> str:
    time = asked.shape.time
    if time is None or (not asked.shape.record and len(asked.question.documents) < 2 and not asked.question.document):
        return ""
    months = bool(re.search("b|d-m|d/m|d.m", time.format.date))
    code = ORDER.lstrip("\n") if months else ""
    return (
        code
        + script(
            "",
            TIMED,
            time=raw(time.whole),
            key="when(found.group(1))" if months else "found.group(1)",
            none="[]" if months else "''",
        ).code
        + "\n"
    )


def _found(asked: Asked, title: str, *, last: bool) -> str:
    time = asked.shape.time
    anywhere = r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?)"
    return script(
        "",
        FOUND,
        index=-1 if last else 0,
        time=raw(time.whole if time is not None else anywhere),
        title=plain_text(title),
        epoch=EPOCH
        if time is not None and time.format.epoch
        else "stamp = re.sub(r'(?<=\\d)T(?=\\d\\d:)', ' ', when_text.group(1)) if when_text else ''",
        most=MOST_DOCUMENTS,
    ).code


BOTH = r"""
firsts, lasts = [], []
for d in docs($glob)[:$most]:
    firsts = firsts + regex($time, within=d.path, limit=1)
    size = 100
    hits = []
    while not hits and size < 10**9:
        hits = regex($time, within=region(d.path, -size, -1), limit=50000)
        size = size * 100
    lasts = lasts + hits[-1:]
${order}firsts, lasts = sorted(firsts, key=key), sorted(lasts, key=key)
cite = firsts[:1] + lasts[-1:]
short = f'{firsts[0].groups[0]} to {lasts[-1].groups[0]}' if firsts else ''
answer = f'From {firsts[0].groups[0]} to {lasts[-1].groups[0]}.' if firsts and len(docs($glob)) <= $most else ''
$long"""

LONG = r"""
def at(text):
    parts = [int(p) for p in re.findall(r'\d+', text)]
    return datetime.datetime($parts)
if answer:
    took = at(lasts[-1].groups[0]) - at(firsts[0].groups[0])
    seconds = took.days * 86400 + took.seconds
    long = [(seconds // 86400, 'd'), (seconds // 3600 % 24, 'h'), (seconds // 60 % 60, 'min'), (seconds % 60, 's')]
    short = ' '.join(f'{n} {unit}' for n, unit in long if n) or '0 s'
    answer = f'{short} ({seconds:,} s): f{answer[1:]}'
"""
"""How long it is from the first to the last: of times whose date stands in numbers with the year."""

IN_ORDER = {"y-m-d": "*parts[:6]", "y/m/d": "*parts[:6]", "d.m.y": "*parts[2::-1], *parts[3:6]"}


def span(asked: Asked) -> Script | None:
    """What time a log covers."""
    reading, time = asked.reading, asked.shape.time
    if reading.ask != "span" or time is None or asked.where.patterns:
        return None
    numbers = IN_ORDER.get(time.format.date) if r"\d{4}" in time.format.day and time.format.hour else None
    if reading.many and numbers is None:
        return None
    months = bool(re.search("b|d-m|d/m|d.m", time.format.date))
    order = (
        (ORDER.lstrip("\n") if months else "")
        + "def key(hit):\n    return "
        + ("when(hit.groups[0])" if months else "hit.groups[0]")
        + "\n"
    )
    code = script(
        "I look for the first and the last time.",
        BOTH,
        glob=asked.glob,
        time=raw(time.whole),
        order=order,
        most=MOST_DOCUMENTS,
        long=script("", LONG, parts=numbers).code + "\n" if reading.many else "",
    )
    return Script(code.plan, asked.guarded(code.code))


MOST_TIMES = 100_000
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
    """The longest time from one line to the next, of all or of those that meet conditions: only where the lines of one
    text stand in the order of time."""
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
        most=MOST_TIMES,
    )
    return Script(code.plan, asked.guarded(code.code))


def ends(asked: Asked) -> Script | None:
    reading = asked.reading
    if reading.ask != "ends" or reading.n is None or asked.where.patterns:
        return None
    question = asked.question
    document = question.document or (question.documents[0] if len(question.documents) == 1 else None)
    if document is None and len(question.documents) > 1:
        return None
    return script(
        f"I read the {'last' if reading.last else 'first'} {reading.n} lines.",
        ENDS,
        start=-reading.n if reading.last else 1,
        end=-1 if reading.last else reading.n,
        doc=f", {document.path!r}" if document else "",
    )


def which_lines(asked: Asked) -> Script | None:
    """The lines that meet the conditions."""
    if asked.reading.ask != "lines" or not asked.where.patterns:
        return None
    *others, last = asked.where.patterns
    untimed = asked.shape.time is None and re.match(r"\W*when\b", asked.question.body, re.IGNORECASE)
    return script(
        f"I list the lines{asked.phrase}.",
        WHICH_LINES,
        pattern=raw(last),
        where=within(asked.among(others, asked.where.unwanted)),
        few=f" and n <= 3 and all(re.search({raw(SOME_TIME)}, s.text) for s in cite)" if untimed else "",
    )
