"""Steps for the most and the least, the first and the last, averages and percentiles."""

from __future__ import annotations

import re

from rlm_ls.models.offline.parsing.sentence import (
    GAP,
    MOST,
    NOUN_PATTERN,
    PHRASE,
    QUANTITY,
    SEEN,
    WORDS,
    Sentence,
    kept_apart_by,
    restore,
)
from rlm_ls.models.offline.parsing.vocabulary import UNITS, singular
from rlm_ls.models.offline.question import number


def span(s: Sentence) -> bool:
    s.found["many"] = bool(re.search(r"\bhow long\b|\bduration\b", s.text, re.I))
    if s.take(
        r"\b(?:what|which)\b.*\b(?:time ?|date ?)(?:range|period|span|interval|frame)s?(?: of time)?(?: (?:is|"
        r"are|was|does|do|did))?(?:.*\bcover(?:s|ed)?)?|"
        r"\b(?:what|which) period\b.*\bcover(?:s|ed)?\b|"
        r"\bhow long\b.*\b(?:span|cover|last|run)\b|\bfirst and (?:the )?last (?:time ?stamps?|entr\w+|lines?)\b|"
        r"\bwhen (?:does|did) .*\b(?:start|begin) and (?:end|stop|finish)\b"
    ):
        s.found["ask"] = "span"
        return True
    del s.found["many"]
    match = s.take(
        r"\bwhen (?:does|did|do) (?:the|this) (?:log|file|trace|recording)\w* (?P<how>start|begin|end|stop|finish)\b"
    )
    if match:
        s.found |= {"ask": "first", "last": match["how"].lower() in {"end", "stop", "finish"}}
        return True
    return False


def ends(s: Sentence) -> bool:
    match = s.take(
        r"\b(?P<which>first|last|final) (?P<n>\d+|two|three|four|five|six|seven|eight|nine|ten) (?:lines|rows|"
        r"entries)\b"
    )
    if match:
        s.found |= {"ask": "ends", "n": number(match["n"]), "last": match["which"].lower() != "first"}
    return bool(match)


AGGREGATES = (
    (r"\b(?:average|mean|avg)\b", "mean"),
    (r"\bmedian\b", "p50"),
    (r"\b(?:minimum|min|smallest|lowest|shortest|fastest|quickest)\b", "min"),
    (r"\b(?:maximum|max|largest|highest|longest|slowest|biggest|greatest|peak)\b", "max"),
    (r"\b(?:sum|total|combined|altogether|overall|add up)\b", "sum"),
)
RANKS = r"\bp(\d{1,2}(?:\.\d+)?)\b|\b(\d{1,2}(?:\.\d+)?)(?:st|nd|rd|th)?[ -]percentile"


def extreme(s: Sentence) -> bool:
    """Which X has the highest average Y; the slowest X."""
    if _slowest(s):
        return True
    low = r"minimum|min|smallest|lowest|shortest|fastest|quickest"
    high = r"maximum|max|largest|highest|longest|slowest|biggest|greatest"
    match = s.take(
        rf"\b(?:which|what) (?P<thing>{PHRASE}) (?:has|have|had|shows?|took|takes|uses|used|transferred|sent|"
        rf"received|downloaded|uploaded|consumed|served|got|is|was|with)(?: the)? "
        rf"(?:(?P<edge>{low}|{high}|most|least))(?: (?P<agg>average|mean|avg|median|total|combined))?(?: "
        rf"(?P<measure>{QUANTITY}|[a-z_]+(?:[ _][a-z]+)?))?(?=\W|$)"
    )
    if (
        match
        and match["edge"].lower() in {"most", "least"}
        and not re.fullmatch(QUANTITY, match["measure"] or "", re.I)
    ):
        s.text = s.text.replace(GAP, match[0], 1) if s.text.count(GAP) else s.text
        return restore(s, match)
    if not match:
        return False
    edge = match["edge"].lower()
    measure = match["measure"] or ("duration" if re.search("fast|slow|quick|short|long", edge) else "")
    least = bool(re.fullmatch(f"{low}|least", edge))
    inner = {"average": "mean", "mean": "mean", "avg": "mean", "median": "p50", "total": "sum", "combined": "sum"}.get(
        (match["agg"] or "").lower(), ""
    )
    if not inner and edge in {"most", "least"}:
        inner = "sum"
    s.found |= {
        "ask": "extreme",
        "thing": match["thing"],
        "measure": measure,
        "least": least,
        "aggregates": (inner,) if inner else (),
    }
    return True


def _slowest(s: Sentence) -> bool:
    """3 slowest urls by average time taken."""
    match = s.take(
        r"(?P<n>\b\d+|\btwo|\bthree|\bfour|\bfive|\bten)? ?"
        r"(?P<edge>\bslowest|\bfastest|\blargest|\bbiggest|\bsmallest) "
        rf"(?P<thing>{NOUN_PATTERN}|{PHRASE}) by (?:the )?(?P<agg>average|mean|avg|median|total|maximum|max)\b"
        rf"(?: (?P<measure>{QUANTITY}(?: taken)?))?"
    )
    if match is None:
        return False
    edge, agg = match["edge"].lower(), match["agg"].lower()
    s.found |= {
        "ask": "extreme",
        "thing": match["thing"],
        "measure": match["measure"] or ("duration" if edge in {"slowest", "fastest"} else "size"),
        "n": number(match["n"]) if match["n"] else None,
        "listed": match["n"] is not None or _plural(match["thing"]),
        "least": edge in {"fastest", "smallest"},
        "aggregates": ({"median": "p50", "total": "sum", "maximum": "max", "max": "max"}.get(agg, "mean"),),
    }
    return True


AGGREGATE = "|".join(pattern for pattern, _ in AGGREGATES)
CHAIN = rf"(?:{AGGREGATE}|{RANKS})(?:(?:, ?(?:and )?| and |/| ?& ?)(?:the )?(?:{AGGREGATE}|{RANKS}))*"
MEASURE = r"(?P<measure>(?:[^\W\d][\w.-]*)(?: [^\W\d][\w.-]*){0,3}?)"
MEASURED = (
    rf"(?:{CHAIN})(?: ?percentiles?)?(?: values?)?(?: of| for)?(?:(?: the| all| an?)(?= ))*(?: {MEASURE}"
    r"(?= (?:of|for|in|per|by|to|from|on|at|during|across|between|with|when|where|a|an|the|and|did|does|is|"
    r"was)\b|[\x00,;(]|\W*$))?"
)
SPEEDS = r"\b(?:fastest|slowest|quickest|longest|shortest)\b"


def numbers(s: Sentence) -> bool:
    before = s.text
    if re.search(CHAIN, s.text, re.I):
        s.take(r"\bhow long (?:does|did|do)(?: (?:an?|the|each))?\b")
    s.take(r"\bin (?:ms|milliseconds|seconds|s|minutes|hours|bytes|kb|mb|kib|mib)\b")
    s.take(r"\(?\bnearest[- ]rank\)?")
    if s.take(r"\bhow (?:many|much) (?:bytes|traffic|data|bandwidth)\b"):
        s.take(r"\b(?:downloaded|download|transferred|transfer|sent|send|served|received|returned|in total)\b")
        s.found |= {"ask": "numbers", "aggregates": ("sum",), "measure": "bytes", "by": kept_apart_by(s)}
        return True
    chain = re.search(CHAIN, s.text, re.I)
    if chain is None and re.search(r"\bpercentiles\b", s.text, re.I):
        keys = ["p50", "p90", "p95", "p99"]
    elif chain is None or (chain[0].isupper() and len(chain[0]) > 3):
        s.text = before
        return False
    else:
        keys = _keys(chain[0])
    by = kept_apart_by(s)
    match = s.take(MEASURED)
    said = (match["measure"] or "") if match else ""
    s.take(r"\bpercentiles?\b")
    said = re.sub(r"^(?:number of )?(?=bytes)|\s*(?:percentiles?|overall|in total)$", "", said)
    if pause := re.search(r"\b(?:pauses?|delays?|waits?|stalls?)$", said, re.I):
        s.text += f" {said}"
        said = "duration" if pause else said
    if re.match(r"(?:number|count)\b", said, re.I):
        if keys == ["sum"]:
            s.text = before
            return False
    elif re.search(SPEEDS, before, re.I) and said != "duration":
        quantity = re.search(rf"(?:^|(?<= ))(?:{QUANTITY})$", said, re.I)
        s.text += f" {said[: quantity.start()] if quantity else said}"
        said = quantity[0] if quantity and quantity[0] else "duration"
    elif re.search(r"\b(?:largest|biggest|smallest)\b", before, re.I) and re.fullmatch(
        "(?i)responses?|requests?|downloads?|transfers?|payloads?", said
    ):
        said = "size"
    elif quantity := re.search(rf"(?<= )(?:{QUANTITY})$", said, re.I):
        if not re.fullmatch(QUANTITY, said, re.I):
            s.text, said = f"{s.text} {said[: quantity.start()]}", quantity[0].strip()
    elif not said and (match := s.take(rf"\b(?:{QUANTITY})\b")):
        said = match[0]
    if not said:
        s.text = before
        return False
    s.found |= {"ask": "numbers", "aggregates": tuple(dict.fromkeys(keys)), "measure": said, "by": by}
    return True


def _keys(chain: str) -> list[str]:
    """The statistics of a chain such as `mean, median and p95`, in its order."""
    found: list[tuple[int, str]] = []
    for pattern, key in AGGREGATES:
        found += [(match.start(), key) for match in re.finditer(pattern, chain, re.I)]
    found += [(match.start(), f"p{match[1] or match[2]}") for match in re.finditer(RANKS, chain, re.I)]
    return [key for _, key in sorted(found)]


VERBS = (
    r"(?:is|are|was|were|has|have|had|logs?|logged|writes?|wrote|written|emits?|emitted|issues?|issued|produces?|produced|"
    r"makes?|made|sends?|sent|gets?|got|receives?|received|appears?|appeared|occurs?|occurred|happens?|happened|causes?|caused|"
    r"raises?|raised|throws?|threw|thrown|shows?|generates?|generated|prints?|printed|reports?|reported|returns?|returned|"
    r"comes?|came|seen|used|serves?|served|handles?|handled|outputs?|creates?|created)"
)
"""Verbs that say no more than that something stands in a log."""


EMPTY = "attacking|offending|affected|involved|active|unique|individual|different"
"""What an adjective says that the rest of the question says too."""


def top(s: Sentence) -> bool:
    n, least = None, False
    match = (
        s.take(
            rf"\b(?:in|at|during|on) (?:which|what) (?P<thing>{UNITS}) (?:did|do|were|was|are|is)(?: we| there| it| i)?"
            rf"(?: have| had| get| see| log| receive| handle)?(?: the)? {MOST}\b"
        )
        or s.take(
            rf"(?P<thing>{NOUN_PATTERN}|{PHRASE}),? (?P<least>most|least) (?:frequent|common|often) first(?P<rank>)"
        )
        or s.take(
            rf"\btop[- ](?P<n>\d+|one|two|three|four|five|six|seven|eight|nine|ten) (?:most (?:common|frequent|"
            rf"active|requested|popular|used) )?(?P<thing>{NOUN_PATTERN}|{PHRASE})(?= by | with | in | of | for "
            rf"| and |\W*$)"
        )
        or s.take(
            rf"\b(?P<n>\d+|two|three|four|five|six|seven|eight|nine|ten) (?P<least>most|least)[- ](?:common|"
            rf"frequent(?:ly)?(?: \w+ed)?|active|requested|popular|used|visited|accessed|often seen)(?: \w+ed)? "
            rf"(?P<thing>{NOUN_PATTERN}|{PHRASE})(?= by | with | in | of | for | and |\W*$)"
        )
        or s.take(
            rf"\b(?P<least>most|least)[- ](?:common|frequent(?:ly)?|active|requested|popular|often|used|visited|"
            rf"accessed|busy)(?: \w+ed)? (?P<thing>{NOUN_PATTERN}|{UNITS}|{PHRASE})(?= by | with | in | of | "
            rf"for | and |\W*$)"
        )
        or s.take(
            rf"\b(?:which|what) (?:of the )?(?:(?P<n>\d+|two|three|four|five|ten) )?(?P<thing>{NOUN_PATTERN}|"
            rf"{UNITS}|{PHRASE}) (?:(?:is|are|was|were)(?: {VERBS})?|{SEEN})(?: the)? {MOST}"
            rf"(?:[- ](?:common|frequent(?:ly)?|active|requested|popular|often|used|visited|accessed|busy))?"
            rf"(?: (?P<done>\w+ed))?(?: times)?\b"
        )
        or s.take(
            rf"\b(?:which|what) (?P<thing>{NOUN_PATTERN}|{UNITS}|{WORDS}(?: {WORDS})?) (?:(?P<verb>\w+) "
            rf")?(?:the )?{MOST}"
            rf"(?:[- ](?:often|frequently))?\b"
        )
        or s.take(rf"^\W*top (?P<thing>{NOUN_PATTERN})\W*$(?P<rank>)")
        or s.take(rf"\b(?P<least>busiest|quietest)(?: (?P<thing>{UNITS}|{NOUN_PATTERN}))?")
        or s.take(
            rf"\brank (?:the |all |all the )?(?P<thing>{NOUN_PATTERN}|{PHRASE})(?= by | from | in |\W*$)(?P<rank>)"
        )
        or s.take(rf"\bwho (?:is|was|has|had|{SEEN})(?: the)? {MOST}(?P<thing>)(?: \w+ly)?")
        or s.take(rf"\bwhere (?:do|did|does) (?:the )?{MOST} (?P<thing>)")
    )
    if match is None:
        return False
    if _by_quantity(s, match):
        return True
    groups = match.groupdict()
    least = (groups.get("least") or "").lower() in {"least", "fewest", "lowest number of", "quietest"}
    if groups.get("n"):
        n = number(groups["n"])
    thing = groups.get("thing") or ""
    if "where" in match[0].lower() or not thing:
        return restore(s, match)
    if (extra := s.take(r",? top (?P<n>\d+|three|five|ten)\b(?: please)?")) and n is None:
        n = number(extra["n"])
    for verb in (groups.get("verb"), groups.get("done")):
        if verb and not re.fullmatch(VERBS, verb, re.I):
            s.text += f" {verb}"
    noun = re.fullmatch(rf"(?:(?:{EMPTY}) )?(?P<noun>{NOUN_PATTERN})(?: (?P<rest>.+))?", thing, re.I)
    if noun and not re.fullmatch(NOUN_PATTERN, thing, re.I):
        # The user logged in most often: the most common user of those lines.
        thing = noun["noun"]
        s.text += f" {noun['rest'] or ''}"
    s.take(
        r"\bby (?:the )?(?:number|count|amount|frequency|volume)(?: of)?\b|\bby (?:requests?|hits|occurrences?|"
        r"lines?|count|frequency)\b"
    )
    s.take(
        r"\bfrom (?:the )?most to (?:the )?least (?:frequent|common)\b|\bfrom high(?:est)? to low(?:est)?\b|"
        r"\bby frequency\b|\bin (?:descending )?order\b"
    )
    many = s.take(
        r",? and how (?:many|often)(?: times)?(?: (?:does|do|did|was|were|is|are) (?:it|they|each|each of "
        r"them))?(?: \w+)?\b"
    )
    s.take(r"\bwith (?:their|its|the) (?:counts?|frequenc\w+|numbers?)\b|\bshow the count for each [\w ]+")
    listed = n is not None or "rank" in groups or (thing.lower().split()[-1].endswith("s") and _plural(thing))
    s.found |= {"ask": "top", "thing": thing, "n": n, "least": least, "listed": bool(listed), "many": bool(many)}
    return True


COUNTED = "number|count|amount|frequency|volume|requests?|hits|occurrences?|lines?|percentage"


def _by_quantity(s: Sentence, ranked: re.Match[str]) -> bool:
    """Top 3 clients by bytes sent: those with the largest sums, not those of the most lines."""
    groups = ranked.groupdict()
    match = s.take(
        r"\bby (?:the )?(?P<agg>average|mean|avg|median|maximum|max|total|summed)?(?: of)?(?: the)? ?"
        rf"(?P<measure>{QUANTITY})\b"
    )
    if match is None:
        match = s.take(r"\bby (?P<agg>average|mean|median|max|total)? ?(?P<measure>[a-z_]\w*)(?=[\s\x00]*(?:$|,))")
        if match is not None and re.fullmatch(COUNTED, match["measure"], re.I):
            return restore(s, match)
    if match is None or not groups.get("thing"):
        return False
    inner = {"average": "mean", "mean": "mean", "avg": "mean", "median": "p50", "maximum": "max", "max": "max"}
    s.found |= {
        "ask": "extreme",
        "thing": groups["thing"],
        "measure": match["measure"],
        "n": number(groups["n"]) if groups.get("n") else None,
        "listed": bool(groups.get("n")) or _plural(groups["thing"]),
        "least": (groups.get("least") or "").lower() in {"least", "fewest"},
        "aggregates": (inner.get((match["agg"] or "").lower(), "sum"),),
    }
    return True


def _plural(thing: str) -> bool:
    last = thing.lower().split()[-1]
    return singular(last) != last


def first(s: Sentence) -> bool:
    match = s.take(
        r"\b(?:when|at what time|what time|at which time)\b(?: was| is| did| does| were)?(?: the)? "
        r"(?P<which>first|earliest|last|latest|most recent|final)\b(?: time)?"
    ) or s.take(r"\b(?P<which>first|earliest|last|latest|most recent|final)\b(?: time)?")
    if not match:
        return False
    s.take(
        r"^\W*(?:when|at what time|what time|what|which)\b(?: is| was| were| did| does)?(?: the)?(?: time "
        r"?stamp| time| date)?(?: of)?"
    )
    s.take(r"\b(?:time ?stamp|time|date|moment|line number)\b(?: of)?")
    s.found |= {"ask": "first", "last": match["which"].lower() not in {"first", "earliest"}}
    return True
