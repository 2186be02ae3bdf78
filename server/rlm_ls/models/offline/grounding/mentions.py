"""The columns, stretches of time and values that words of a question name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rlm_ls.models.offline.grounding.little import ENTITIES, ROWS
from rlm_ls.models.offline.grounding.text import Text
from rlm_ls.models.offline.grounding.words import alike, forms, others, stem
from rlm_ls.models.offline.parsing.patterns import escaped
from rlm_ls.models.offline.parsing.vocabulary import ENTRIES, EVENTS, NOUNS, QUANTITIES, REQUESTS, UNITS, plain
from rlm_ls.models.offline.rules.columns import ANYWHERE, Thing, _without_unit, thing_of
from rlm_ls.models.offline.shapes.column import IDENTIFIER, Column
from rlm_ls.models.offline.shapes.embedded import embedded
from rlm_ls.models.offline.shapes.levels import is_pri, level_said
from rlm_ls.models.offline.shapes.shape import Shape

GENERIC = frozenset("time id name number type total date count value code key no line text data size".split())  # noqa: SIM905
FEW = 40
"""A plain word is taken for a value of a column of at most so many different ones."""
PLAIN_KINDS = {"message", "time", "pid", "thread", "line", "level", "agent", "referer"}


OTHER = (
    r"(?!(?:average|mean|avg|median|max|min|maximum|minimum|total|highest|lowest|largest|smallest|biggest|greatest)\b)"
)
"""What says what is calculated is no part of a name."""
MEANT = (
    (r"balances?", r"(?:\w+ )?(?:balance|saldo|solde)(?: \w+)*"),
    (r"units|pieces|items|copies|units sold|number of units", r"quantity|unit|piece|item|count|unit sold"),
    (
        rf"(?:{OTHER}\w+ )?(?:values?|amounts?|revenues?|turnover|sales|spending|spend|money|income|sum|totals?)",
        r"(?:\w+ )??(?:total|amount|revenue|value|turnover|sum|sale|gross|betrag|montant|importe?|importo|bedrag"
        r"|umsatz)"
        r"(?: \w+)?",
    ),
    (
        r"(?:max(?:imum)?|highest) temp(?:erature)?s?",
        r"t maximum(?: c)?|tmax(?: c)?|temperature maximum(?: c)?|maximum temperature(?: c)?",
    ),
    (
        r"(?:min(?:imum)?|lowest) temp(?:erature)?s?",
        r"t minimum(?: c)?|tmin(?: c)?|temperature minimum(?: c)?|minimum temperature(?: c)?",
    ),
    (r"prices?|costs?", r"(?:\w+ )?(?:price|cost)(?: \w+)?"),
)
"""What people call the numbers of a table of sales: by the noun, the names of columns."""


@dataclass(frozen=True, slots=True)
class Named:
    """A column that words name. `sure`: by its own name, not by what its kind is called."""

    column: Column
    sure: bool


def column_named(shape: Shape, words: Sequence[str]) -> Named | None:
    """The one column that these words name: by its whole name, by a part of it, or by its kind."""
    noun = " ".join(words)
    wanted = plain(noun)
    if not wanted:
        return None
    signed = [c for c in shape.columns if c.name.lower() == noun.lower()]
    if len(signed) == 1:
        return Named(signed[0], True)
    whole = [c for c in shape.columns if wanted in column_names(c)]
    if len(whole) > 1:
        whole = [c for c in whole if plain(c.name) == wanted] or whole
    if len(whole) == 1:
        names = [c for c in shape.columns if plain(c.name) in {"name", f"{wanted} name"}]
        if plain(whole[0].name) == f"{wanted} id" and len(names) == 1 and shape.name == "a table in it":
            return Named(names[0], True)  # containers are told apart by their names
        return Named(_absolute(shape, whole[0], noun), True)
    if whole:
        return None
    for pattern, meant in MEANT:
        if re.fullmatch(pattern, noun, re.IGNORECASE):
            found = [c for c in shape.columns if c.numeric and re.fullmatch(meant, plain(c.name))]
            return Named(found[0], True) if len(found) == 1 else None
    parts = set(wanted.split())
    if not parts <= GENERIC and all(len(part) > 2 for part in parts):
        within = [c for c in shape.columns if parts <= set(plain(c.name).split()) and c.kind != "message"]
        within = [c for c in within if 2 * len(parts) >= len(_bare(c).split()) - 1]
        if len(within) > 1 and shape.entry == "row":
            ids = sorted((c for c in within if plain(c.name).endswith(" id")), key=lambda c: len(c.name))
            # A session is told by its id; wind is wind_speed, not wind_direction.
            within = ids[:1] or [c for c in within if c.quantity]
        if len(within) == 1:
            return Named(within[0], True)
    verbs = [c for c in shape.columns if c.quantity and len(words) == 1 and stem(plain(c.name)) == stem(wanted)]
    if len(verbs) == 1:
        return Named(verbs[0], True)  # restarted, of restarts
    numbered = [c for c in shape.columns if c.kind not in PLAIN_KINDS and _numbered(c, wanted)]
    if len(numbered) == 1:
        return Named(numbered[0], True)
    for pattern, kinds in NOUNS:
        if re.fullmatch(pattern, noun, re.IGNORECASE):
            for kind in kinds:
                found = shape.of_kind(kind) if kind != "level" else [c for c in (shape.level(),) if c is not None]
                found = [c for c in found if c.name == kind] or found
                if len(found) == 1:
                    return Named(found[0], False)
    return None


def _bare(column: Column) -> str:
    """A name without its unit."""
    return min((plain(column.name), *_without_unit(column.name)), key=len)


def _absolute(shape: Shape, column: Column, noun: str) -> Column:
    """Of memory, where one column is a percentage and another the amount, the amount; unless the noun says percent."""
    if "%" not in column.name or re.search("%|percent|share", noun):
        return column
    amounts = [c for c in shape.columns if c.quantity and plain(c.name).startswith(plain(column.name) + " ")]
    return amounts[0] if len(amounts) == 1 else column


def _numbered(column: Column, noun: str) -> bool:
    """Whether all values are this noun and which one: lift-A, lift-B."""
    return (
        len(noun) > 2
        and len(column.values) > 1
        and all(
            re.fullmatch(rf"(?i){re.escape(noun)}[-_ .#]?[a-z]?\d{{0,6}}", v) and v.lower() != noun
            for v in column.values
        )
    )


def column_names(column: Column) -> set[str]:
    leaf = column.name.rsplit(".", 1)[-1]
    names = {plain(column.name), plain(leaf), *_without_unit(column.name)}
    if match := re.fullmatch(r"(\S+) \((.+)\)", column.name):
        names |= {plain(match[1]), plain(match[2])}
    if "%" in column.name:
        names |= {f"{plain(column.name)} {said}" for said in ("usage", "utilization", "load", "percent")}
    for end in (" id", " name", " code", " no", " number"):
        names |= {name.removesuffix(end) for name in set(names) if name.endswith(end) and name != end.strip()}
    return names


def is_entry(words: str) -> bool:
    """Whether a noun says no more than what a line is."""
    return bool(
        re.fullmatch(
            f"{ENTRIES}|{REQUESTS}|{EVENTS}|issues?|occurrences?|instances?|times?|cases?", words, re.IGNORECASE
        )
    )


def is_row(shape: Shape, noun: str) -> bool:
    """Whether a noun is what a row of the table is: by the name of the file, or by that of the first column, which says
    which row it is."""
    if shape.entry != "row":
        return False
    one = plain(noun)
    if any(one in {plain(c.name), *_without_unit(c.name)} and not c.key for c in shape.columns):
        return False
    one = "connection" if one in {"session", "flow"} and "connection" in shape.row.split() else one
    if one in shape.row.split() or not shape.columns:
        return one in shape.row.split()
    first, keyed = plain(shape.columns[0].name), shape.name in {"JSON lines", "logfmt"}
    ends = [end for end in (" id", " no", " number") if first.endswith(end)]
    named = {first.removesuffix(end) for end in ends} if ends or IDENTIFIER.fullmatch(first) else {first}
    return one in named and (shape.columns[0].key or (keyed and bool(ends)))


def is_quantity(words: str) -> bool:
    return any(re.fullmatch(pattern, words, re.IGNORECASE) for pattern, _ in QUANTITIES)


def thing_named(text: Text, words: Sequence[str]) -> tuple[Thing, bool] | None:
    """A stretch of time, a column, or what stands behind the noun in the lines; and whether it is sure."""
    shape = text.shape
    noun = " ".join(words)
    if re.fullmatch(UNITS, noun, re.IGNORECASE):
        thing = thing_of(shape, noun)
        return None if thing is None else (thing, True)
    if re.fullmatch(ANYWHERE["exception"][0], noun, re.IGNORECASE) and len(words) > 1:
        found = thing_of(shape, noun)
        return None if found is None else (found, True)
    if noun.lower() in ROWS and shape.entry == "row" and not any(plain(c.name) == plain(noun) for c in shape.columns):
        return None
    if is_row(shape, noun) or (len(words) == 1 and level_said(noun) is not None and shape.level() is not None):
        return None
    named = column_named(shape, words) or _of_mail(shape, words)
    if named is not None and is_boolean(named.column) and re.search("(?:ed|ing|en)$", noun):
        return None
    if named is not None and any(map(is_pri, named.column.values)):
        return None
    if named is not None and named.column.kind != "message":
        return Thing(noun, named.column.capture, named.column), named.sure
    if is_entry(noun) or is_quantity(noun) or any(level_said(word) for word in words):
        return None
    if (thing := thing_of(shape, noun)) is not None:
        return thing, False
    if re.search(r"(?:ed|ing)$", noun):
        return None
    column = embedded(noun, text.lines) if shape.entry in {"event", "request"} else None
    return None if column is None else (Thing(noun, column.capture, column), False)


PARTIES = {"recipient": "to", "addressee": "to", "sender": "from"}


def _of_mail(shape: Shape, words: Sequence[str]) -> Named | None:
    """The column of a mail's recipients or senders, or what stands behind the at of it: the recipient domains."""
    whole = re.fullmatch(r"(\w+?)s?( domains?)?", " ".join(words).lower())
    called = PARTIES.get(whole[1]) if whole is not None else None
    found = [c for c in shape.columns if c.name == called and any("@" in value for value in c.values)]
    if whole is None or len(found) != 1:
        return None
    if not whole[2]:
        return Named(found[0], True)
    values = tuple(value.rpartition("@")[2].strip("<>") for value in found[0].values)
    before = found[0].before + r"<?[^@\s<>]*@"
    return Named(replace(found[0], before=before, value=r"[\w.-]+", after="", values=values), True)


@dataclass(frozen=True, slots=True)
class Held:
    """Values of one column, as a pattern, that words name."""

    column: Column
    pattern: str
    said: str
    exact: bool


def value_named(text: Text, words: Sequence[str]) -> Held | None:
    """The values of the one column that hold what the words say: the value itself, another form of it, or a part."""
    said = " ".join(words)
    columns = [c for c in text.shape.columns if c.kind not in PLAIN_KINDS and not said.isdigit()]
    for exact, same in ((True, _equal), (False, _form)):
        found = [(c, [v for v in text.values(c) if same(v, said)]) for c in columns]
        found = [(c, values) for c, values in found if values and (exact or len(set(c.values)) <= FEW)]
        if len(found) > 1:
            found = [(c, v) for c, v in found if c.kind in {"status", "user", "host", "process"}] or found
        if len(found) == 1:
            column, values = found[0]
            return Held(column, "|".join(map(escaped, values)), f"{column.name} {said}", exact)
        if found:
            return None
    return None


SEXES = r"w|f|m|d|x|(?:fe)?male|(?:wo)?man"
CALLED: tuple[tuple[str, str, str], ...] = (
    (r"wom[ae]n|females?|ladies|girls?", r"w|f|female|woman", SEXES),
    (r"m[ae]n|males?|boys?", r"m|male|man", SEXES),
)
"""What people call values: by the word, the values, and what else the column may hold."""


def called(text: Text, word: str) -> Held | None:
    """The values of the one column that a word of another language or trade names: W, of the women."""
    for said, meant, column in CALLED:
        if not re.fullmatch(said, word, re.IGNORECASE):
            continue
        held = [(c, [v for v in text.values(c) if v]) for c in text.shape.columns if c.kind not in PLAIN_KINDS]
        found = [(c, values) for c, values in held if values and all(re.fullmatch(column, v, re.I) for v in values)]
        if len(found) == 1:
            values = [v for v in found[0][1] if re.fullmatch(meant, v, re.IGNORECASE)]
            return (
                Held(found[0][0], "|".join(values), f"{found[0][0].name} {'/'.join(values)}", True) if values else None
            )
    return None


def coded(text: Text, word: str) -> Held | None:
    """The values of the one column of few values that abbreviate a word, REJ of rejected, have it as a part of a type,
    or say the same in another word: succeeded, of successful."""
    same = "" if word.lower().startswith("fail") else others(word)

    def meant(values: Sequence[str]) -> list[str]:
        codes = all(value == value.upper() for value in values)
        short = [v for v in values if v.isalpha() and 2 < len(v) < len(word) - 1 and word.upper().startswith(v)]
        alike = [v for v in values if same and any(re.match(f"(?i:{same})", part) for part in PARTS.split(v))]
        return (short if codes else []) or alike

    return typed(text, word) or _of_few(text, meant)


PARTS = re.compile(r"[._:/-]")
TYPE = re.compile(r"(?:.*[._])?(?:type|event|action|kind)")


def typed(text: Text, word: str) -> Held | None:
    """The types that have a word as a part, charge.refunded, where others have not."""

    def meant(values: Sequence[str]) -> list[str]:
        found = [value for value in values if any(alike(part, word) for part in PARTS.split(value))]
        return found if len(found) < len(values) else []

    return _of_few(text, meant, TYPE)


def _of_few(
    text: Text, meant: Callable[[Sequence[str]], list[str]], named: re.Pattern[str] | None = None
) -> Held | None:
    """What is meant of the one column of few values of which anything is."""
    found = []
    for column in text.shape.columns:
        if column.kind in PLAIN_KINDS or (named is not None and not named.fullmatch(column.name.lower())):
            continue
        values = [value for value in text.values(column) if value]
        if 1 < len(values) <= FEW and (held := meant(values)):
            found.append((column, held))
    if len(found) != 1:
        return None
    column, held = found[0]
    return Held(column, "|".join(map(escaped, held)), f"{column.name} {'/'.join(held)}", False)


YES = r"(?i:yes|y|true|t|1|x)"
BOOLEAN = re.compile(rf"{YES}|(?i:no|n|false|f|0|)")


def boolean(text: Text, word: str) -> Held | None:
    """The rows of which a column that says yes or no says yes: passed."""
    if len(word) < 3 or text.shape.entry != "row":
        return None
    named = [c for c in text.shape.columns if stem(plain(c.name).split()[-1:][0] if c.name else "") == stem(word)]
    if len(named) != 1 or not is_boolean(named[0]):
        return None
    return Held(named[0], YES, f"{named[0].name} yes", True)


def is_boolean(column: Column) -> bool:
    return 1 <= len(set(column.values)) <= 3 and all(BOOLEAN.fullmatch(value) for value in column.values)


def part_named(text: Text, word: str) -> Held | None:
    """The one column some of whose values have this word as a part: googlebot in an agent, DENIED in TCP_DENIED."""
    if len(word) < 3 or word.isdigit() or (text.shape.entry == "row" and word.lower() in ENTITIES):
        return None
    inflected = text.shape.entry == "request" or len(word) > 3
    part = forms(word) if inflected else rf"(?i)(?:^|[^a-z]){escaped(word.lower())}(?:[^a-z]|$)"
    found = []
    for column in text.shape.columns:
        if column.kind in {"message", "time", "pid", "line", "referer"}:
            continue
        values = text.values(column)
        few = column.kind in {"agent", "path"} or len(values) <= FEW
        if few and any(re.search(part, value) for value in values):
            found.append((column, [value for value in values if re.search(part, value)]))
    if len(found) > 1:  # TCP_DENIED: codes are written in capitals
        found = [(c, v) for c, v in found if all(value == value.upper() for value in text.values(c))]
    if len(found) != 1:
        return None
    column, values = found[0]
    if column.kind in {"agent", "path"}:
        return (
            None
            if column.value == r"\S+"
            else Held(column, _containing(column, word), f"{column.name} with {word}", False)
        )
    return Held(column, "|".join(map(escaped, values)), f"{column.name} {word}", False)


def _containing(column: Column, word: str) -> str:
    return rf"(?i:[^\"\s]*?{escaped(word)}[^\"\s]*)" if column.kind == "path" else rf"(?i:[^\"]*{escaped(word)}[^\"]*)"


def _equal(value: str, said: str) -> bool:
    return value.lower() == said.lower()


def _form(value: str, said: str) -> bool:
    if not re.fullmatch(r"[A-Za-z][A-Za-z _-]*", value) or len(value) < 3:
        return False
    words, wanted = re.split(r"[ _-]|(?<=[a-z])(?=[A-Z])", value), said.split()
    if len(words) == len(wanted):
        return all(alike(a, b) for a, b in zip(words, wanted, strict=True))
    return len(wanted) == 1 and stem(value.replace(" ", "")) == stem(said)
