"""How many: lines, occurrences, distinct values, shares, and counts by group; whether there is any."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rlm_ls.models.offline.parsing.patterns import literal
from rlm_ls.models.offline.parsing.vocabulary import FUNCTION, REQUESTS, singular
from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.script import Script, inside, plain_text, raw, script, within
from rlm_ls.models.offline.rules.vouching import unused
from rlm_ls.models.offline.shapes.levels import level_said, spellings
from rlm_ls.models.offline.shapes.shape import Shape

SIZES = r"""
all = docs($glob)
short = $total
cite = []
answer = f'{short:,} $kind in {len(all):,} document(s).'
"""

LINES = r"""
n = count($pattern, by='line'$where)
${heads}cite = regex($pattern$where, limit=3) if n else []
short = n
answer = f'{n:,} {"$one" if n == 1 else "$what"}.$notes'$soft
$each$agree"""

HEADS = r"""
entries = count($pattern, by='line', within=filter($head$where))
n = entries or (n if n == count($pattern, by='line', within=filter(r'^\S'$where)) else 0)
"""
"""Lines that go on with an entry, a stack trace, are counted where no entry holds the words itself and none of them is
indented."""

TIMES = r"""
n = count($pattern$where)
lines = count($pattern, by='line'$where)
cite = regex($pattern$where, limit=3) if n else []
short = n
answer = f'{n:,} occurrence{"s"[n == 1:]} of $said, on {lines:,} line{"s"[lines == 1:]}.'$soft
"""

EXISTS = r"""
n = count($pattern, by='line'$where)
cite = regex($pattern$where, limit=10) if n else []
short = 'yes' if n else 'no'
rows = ''.join(f'\n- {s.doc}:{s.line}: {s.text.strip()[:300]}' for s in cite)
answer = f'Yes: {n:,} line{"s"[n == 1:]}$phrase.{rows}' if n else $none
$denied"""
DENIED = r"""if any(re.search($negation, s.text) for s in cite):
    short, answer = 'not understood', ''
"""
NEGATION = r"(?i)\b(?:not|never|nobody|none|rejected|refused|declined|lost|against)\b|n['’]t\b"
"""Words by which a line that holds all the words of a question may deny it."""

RATIO = r"""
a = count($first$where, by='line')
b = count($second$where, by='line')
cite = regex($first$where, limit=1) + regex($second$where, limit=1)
short = f'{a}:{b} = {a / b:.4g}' if b else ''
answer = f'$names: {a:,} to {b:,} lines, a ratio of {short}.' if b else ''
"""

SHARE = r"""
hits = count($pattern, by='line'$where)
total = $total
cite = regex($pattern$where, limit=3) if hits else []
short = f'{100 * hits / max(total, 1):.4g}%'
answer = f'{short} of the $of: {hits:,} of {total:,}$phrase.'$soft
"""


OWN = frozenset(["file", "files", "log", "document", "documents", "text", "total"])
ENTRIES = {"request": "requests", "event": "lines", "row": "rows", "line": "lines"}


def sizes(asked: Asked) -> Script | None:
    """How many lines, characters, words or documents there are."""
    text = asked.question.unnamed
    match = re.search(r"(?i)\bhow (?:many (lines|characters|words|files|documents)|(long|big|large))\b", text)
    if match is None:
        return None
    kind = match[1] or ("lines" if match[2] == "long" else "characters")
    left = unused(asked.question, match[0])
    total = (
        f"count(r'\\S+'{within(asked.place)})"
        if kind == "words"
        else "len(all)"
        if kind in {"files", "documents"}
        else f"sum(d.{kind} for d in all)"
    )
    if any(word.lower() not in FUNCTION | OWN for word in left if word.lower() not in match[0].lower()):
        return None
    code = script(f"I add up the {kind}.", SIZES, glob=asked.glob, total=total, kind=kind)
    return code.reading([word for word in left if word.lower() not in match[0]], "count")


def ratio(asked: Asked) -> Script | None:
    reading = asked.reading
    if reading.ask != "ratio" or reading.conditions or reading.window:
        return None
    first, second = _term(asked.shape, reading.thing), _term(asked.shape, reading.by)
    if first is None or second is None:
        return None
    return script(
        f"I count the lines with {reading.thing} and with {reading.by}.",
        RATIO,
        first=raw(first),
        second=raw(second),
        names=plain_text(f"{reading.thing} to {reading.by}"),
        where=within(asked.place),
    )


def _term(shape: Shape, word: str) -> str | None:
    level, column = level_said(word), shape.level()
    if level and column is not None:
        return column.holding(spellings(level, column.values))
    return literal(word) if word.isupper() or not word.islower() else None


def share(asked: Asked) -> Script | None:
    reading, where = asked.reading, asked.where
    if reading.ask != "share" or not where.patterns:
        return None
    if asked.shape.entry in {"line", "event"} and re.search(rf"\b(?:{REQUESTS})\b", asked.question.lower):
        return None  # of which some lines are, and nobody said which
    *others, last = where.patterns
    base = asked.front.base if asked.front is not None else ()
    header = (asked.shape.header,) if asked.shape.header else ()
    rows = within(asked.among(base[:-1], header))
    total = (
        f"count({raw(base[-1])}, by='line'{rows})"
        if base
        else f"count({raw(asked.shape.record or asked.shape.head)}, by='line'{rows})"
        if asked.shape.head
        else f"sum(d.lines for d in docs({asked.glob}))"
    )
    code = script(
        f"I compare the lines{asked.phrase} to all.",
        SHARE,
        pattern=raw(last),
        where=within(asked.among(_beside(asked, others), _unwanted(asked))),
        total=total,
        of=ENTRIES[asked.shape.entry] + (" that are meant" if base else ""),
        phrase=plain_text(asked.phrase),
        soft=" if hits else ''" if where.soft else "",
    )
    return Script(code.plan, asked.guarded(code.code))


def _unwanted(asked: Asked) -> tuple[str, ...]:
    return (*asked.where.unwanted, *((asked.shape.header,) if asked.shape.header else ()))


def _beside(asked: Asked, others: Sequence[str]) -> Sequence[str]:
    """The patterns that a line's record must match besides its own: of a record of several lines all."""
    return asked.where.patterns if asked.shape.record else others


def exists(asked: Asked) -> Script | None:
    if asked.reading.ask != "exists" or not asked.where.patterns:
        return None
    if asked.where.absent and (asked.shape.entry == "row" or asked.blocks):
        return None  # numbers may say so
    *others, last = asked.where.patterns
    return script(
        f"I look whether there is a line{asked.phrase}.",
        EXISTS,
        pattern=raw(last),
        where=within(asked.among(_beside(asked, others), _unwanted(asked))),
        phrase=plain_text(asked.phrase),
        denied=script("", DENIED, negation=raw(NEGATION)).code + "\n" if _may_deny(asked) else "",
        none="''"
        if not asked.where.absent and asked.where.soft and (len(asked.where.patterns) > 1 or asked.text.whole)
        else f"'No: there is no line{plain_text(asked.phrase)}.'",
    )


def _may_deny(asked: Asked) -> bool:
    """Whether lines were found by plain words, and the question does not ask for a denial itself."""
    denial = re.search(rf"{NEGATION}|(?i:\b(?:no|fail|error|unable|miss|without)\w*)", asked.question.body)
    return asked.where.soft and denial is None


def counted(asked: Asked) -> Script | None:
    """How many lines meet the conditions, or how many times a text stands there."""
    reading, where, shape = asked.reading, asked.where, asked.shape
    if reading.ask != "count":
        return None
    if where.soft and shape.name == "text" and not reading.contains and not reading.occurrences:
        label = _label(asked)
        if not label:
            return None  # in prose a thing's number is told, not the number of lines that name it
        where.patterns = [label]
    if not where.patterns:
        if where.unwanted and shape.head:
            pass
        elif (
            reading.thing == ""
            or reading.thing == "events"
            or (reading.thing == "requests" and shape.entry != "request")
        ):
            return None
        head = shape.record or (shape.head if shape.entry != "line" else "")
        if not head:
            return None
        where.patterns.append(head)
    *others, last = where.patterns
    each = [] if where.soft or where.partly else where.each
    met = f" or all(count(one, by='line'{within(asked.place)}) for one in {each})" if each else ""
    soft = f" if n{met} else ''" if where.soft or each else " if n else ''" if where.partly else ""
    rest = within(asked.among(_beside(asked, others), _unwanted(asked)))
    named = shape.entry == "line" and len(where.said) == 1 and where.said[0].isalpha()
    times = reading.occurrences and len(where.patterns) == 1 and (_is_text(asked) or named)
    last = literal(where.said[0]) if times and named and not _is_text(asked) else last
    if times:
        code = script(
            f"I count every {where.phrase}.",
            TIMES,
            pattern=raw(last),
            where=rest,
            said=plain_text(where.phrase),
            soft=soft,
        )
    else:
        what = f"{ENTRIES[shape.entry]}{asked.phrase}"
        if where.said and (shape.entry in {"event", "line"} or _is_text(asked)):
            what = "lines hold " + where.phrase + "".join(f", {said}" for said in where.times)
        code = script(
            f"I count the {what}.",
            LINES,
            pattern=raw(last),
            heads=script("", HEADS, pattern=raw(last), head=raw(shape.head), where=rest).code + "\n"
            if where.soft and shape.entry == "event" and not reading.contains
            else "",
            where=rest,
            what=_inside(what),
            one=_inside(re.sub(r"^(request|row|line)s\b( hold\b)?", lambda m: m[1] + (" holds" if m[2] else ""), what)),
            notes=plain_text(asked.notes),
            soft=soft,
            each=_each(asked),
            agree=_agreement(asked, rest) + one_kind(asked),
        )
    if _is_text(asked) and not reading.window:
        return code
    return Script(code.plan, asked.guarded(code.code))


def _label(asked: Asked) -> str:
    """The pattern of the lines that begin with the only word of the question, as headings and labels do (Chapter One,
    Action:), where all that begin so go on alike; "" else."""
    if len(asked.where.said) != 1:
        return ""
    one = re.escape(singular(asked.where.said[0].split()[0].lower()))
    begun = [match for line in asked.text.lines if (match := re.match(rf"\W*({one}s?)\b *(.?)", line, re.IGNORECASE))]
    ways = {(match[1], "w" if match[2].isalnum() else match[2]) for match in begun}
    if len(begun) < 2 or len(ways) != 1:
        return ""
    return rf"^\W*{begun[0][1]}\b"


def _inside(text: str) -> str:
    """Text that may stand in double quotes within an f-string."""
    return plain_text(text).replace('"', " ")


EACH = r"""
parts = [f'- {name}: {count(pattern, by="line"$where):,}' for name, pattern in $each]
answer += '\n' + '\n'.join(parts) if n else ''
"""


def _each(asked: Asked) -> str:
    """Source of the shares of several values of one column."""
    where = asked.where
    if not where.alternatives:
        return ""
    joined = "|".join(pattern for _, pattern in where.alternatives)
    others = tuple(pattern for pattern in where.patterns if pattern != joined)
    place = within(asked.among(others, _unwanted(asked)))
    return script("", EACH, where=place, each=repr(where.alternatives)).code + "\n"


AGREE = r"""
other = count($loose, by='line'$where)
if other != n:
    short = 'not understood'
    answer = 'I did not understand what counts as $said: this text has no column of levels. '
    answer += f'It stands alone on {n:,} lines, and within other words, or as none, on {abs(other - n):,} more.'
"""


def _agreement(asked: Asked, place: str) -> str:
    """Source of the check that a word without a column means one thing."""
    if not asked.where.loose or asked.where.times:
        return ""
    said = plain_text(asked.where.said[-1])
    return script("", AGREE, loose=raw(asked.where.loose), where=within(asked.place), said=said).code + "\n"


KINDS = r"""
starts = top($start$where, n=50)
pairs = top($pair$where, n=50)
behind = top($behind$where, n=50)
one = sum(n for _, n in starts[:1]) >= $most * sum(n for _, n in starts)
same = any(sum(n for _, n in s[:1]) >= $most * sum(n for _, n in starts) for s in (pairs, behind))
if answer and starts and not (one and (same or len(pairs) > 5)):
    short = 'not understood'
    shown = '; '.join(f'“{text} …” ({n:,})' for text, n in pairs[:5])
    answer = f'I did not understand which lines count for $said: lines that have it are of several kinds: {shown}.'
"""
"""Plain words in lines of one kind are what was meant: by how the messages begin, where names may differ. Where lines
of several kinds have them (started, finished) it is not known which of these count."""


def one_kind(asked: Asked, having: str = "", most: float = 0.95) -> str:
    """Source of the check that at least the part `most` of the lines found by plain words, of those `having` a pattern,
    are of one kind; "" where the words were asked for."""
    messages = asked.shape.of_kind("message")
    own = [column for column in (asked.shape.level(), *asked.shape.of_kind("process")) if column is not None]
    head = rf"{own[-1].before}(?:{own[-1].value}){own[-1].after}" if own else asked.shape.head
    start = messages[0].before if len(messages) == 1 else "" if messages or not asked.shape.head else head
    if not asked.where.soft or asked.reading.contains or not start or asked.where.loose:
        return ""
    word = r"[A-Za-z][\w'-]*"
    before = start + r"[^A-Za-z]*"
    return (
        script(
            "",
            KINDS,
            start=raw(f"{before}({word})"),
            pair=raw(f"{before}({word}(?:\\s+{word})?)"),
            behind=raw(f"{before}{word}\\s+\\S+\\s+({word})"),
            most=most,
            where=within(inside(asked.lines, (having,) if having else ())),
            said=plain_text(asked.where.phrase),
        ).code
        + "\n"
    )


def _is_text(asked: Asked) -> bool:
    """Whether the conditions are words of the text alone, which need no shape."""
    reading = asked.reading
    plain = all(condition.kind == "text" for condition in reading.conditions)
    return plain and set(asked.where.said) <= {condition.value for condition in reading.conditions}
