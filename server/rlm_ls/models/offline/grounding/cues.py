"""The words that say what is asked, wherever they stand in a question."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rlm_ls.models.offline.grounding.tokens import Words
from rlm_ls.models.offline.question import number

ORDER = (
    r"\b(?:from )?(?:the )?most (?:common |frequent |often )?to (?:the )?least(?: common| frequent| often)?\b|"
    r"\bfrom high(?:est)? to low(?:est)?\b|\b(?:in|by) (?:descending )?(?:order|frequency)(?: of frequency)?\b"
)
"""In which order what is ranked is to be shown."""
N = r"\d+|one|two|three|four|five|six|seven|eight|nine|ten|twenty"
OFTEN = (
    r"common(?:ly)?|frequent(?:ly)?|often|active|popular|requested|used|visited|accessed|seen|times|prolific|talkative"
)
COUNT = (
    r"\bhow many times\b|\bhow often\b|\bhow many\b|\b(?:the )?(?:total )?(?:number|count|amount|nr|no\.?|#) of\b|"
    r"^\W*(?:please )?count(?: up)?(?: all)?(?: of)?\b|\bhow (?:frequently|regularly)\b|\bcounts?\b|\bin total\b"
)
DISTINCT = r"\b(?:unique|distinct|different|individual|separate)\b"
SHARE = (
    r"\b(?:what )?(?:percentage|percent|share|fraction|proportion|ratio)\b(?: of)?(?: all)?(?: the)?|"
    r"(?<!\w)%(?!\w)|\bin percent\b"
)
LEAST = r"\b(?:least|fewest|quietest|rarest|lowest number of|smallest number of)\b"
TOP = (
    rf"\btop[- ](?P<n1>{N})\b|\b(?P<n2>{N}) (?:most|least)(?:[- ](?:{OFTEN}))?\b|\btop\b|"
    rf"\b(?:the )?(?:most|least|fewest|highest number of|largest number of|greatest number of|lowest "
    rf"number of)(?:[- ](?:{OFTEN}))?\b|"
    r"\b(?:busiest|noisiest|chattiest|quietest|loudest|commonest|rarest)\b|\brank(?:ed|ing)?\b|\bmost first\b"
)
HIGH = (
    r"\b(?:maximum|max|largest|highest|longest|slowest|biggest|greatest|peak|strongest|hottest|warmest|wettest|windiest|"
    r"heaviest|deepest|tallest|farthest|furthest|most expensive|costliest|dearest)\b"
)
LOW = (
    r"\b(?:minimum|min|smallest|lowest|shortest|fastest|quickest|weakest|lightest|coldest|coolest|driest|cheapest|nearest|"
    r"least expensive)\b"
)
IMPLIED = (
    ("slow|fast|quick|long|short", "duration"),
    ("larg|bigg|small|heavi|light", "size"),
    ("hot|warm|cold|cool", "temperature"),
    ("wet|dr[iy]", "rain"),
    ("wind", "wind"),
    ("expens|cheap|cost|dear", "price"),
    ("deep", "depth"),
    ("tall", "height"),
    ("far|near", "distance"),
)
"""What is measured where only the edge is said: the hottest day."""
SPEED = re.compile(IMPLIED[0][0], re.IGNORECASE)
FIRST = r"\b(?:for the )?(?P<which>first|earliest|last|latest|most recent|final)(?: time)?\b"
WHEN = r"\b(?:when|at what time|at which time|what times?|since when|time stamps?|timestamps?|what date)\b"
LIST = (
    r"^\W*(?:please )?(?:list|name|names of|show|which|what|who|enumerate|print|give)\b(?: me)?(?: are|"
    r" were| is| was)?(?: all)?(?: of)?(?: the)?"
)
EXISTS = (
    r"^\W*(?:is|are|was|were) there(?: ever)?(?: any\b| an?\b)?|^\W*any\b|"
    r"^\W*(?:is|are|was|were|did|does|do|has|have)\b(?: (?:any|an?|the|it|we|anybody|anyone|somebody|ever|"
    r"anything|something)\b)*"
)
MONEY = (
    r"\bhow much (?:money )?(?:did|do|does|have|has|was|were|is|are)?(?: (?:i|we|they|he|she|it))?"
    r"(?: (?:spend|spent|pay|paid|cost|earn|earned|receive|received))\b"
)
AMOUNTS = (
    r"(?:kilo|mega|giga|tera)?bytes|[kmg]i?b|(?:bytes of )?(?:data|traffic|bandwidth)|"
    r"(?:milli|micro|nano)?seconds|ms|minutes|hours"
)
"""What is asked for by its unit."""
UNIT_AT_END = r"\b(?:in|\() ?(?:(?:milli|micro|nano)?seconds|minutes|hours|days|ms|bytes|[km]b)\b\W*$"
IN = (
    r"ms|milli ?seconds|s|secs?|seconds|minutes?|mins?|hours?|days?|bytes|kb|mb|gb|kib|mib|gib|percent|µs|us|"
    r"microseconds|euros?|eur|usd|dollars?|degrees"
)
"""In what a number may be asked for."""
WH = r"\b(?:which|what|who|whose|whom)\b"
GROUP = r"per|by|each|every"
PER = (
    r"\b(?:grouped by|broken down by|split by|group by|for each|for every|in each|of each|on each|at "
    r"each|by each|from each|per|each|every|by)\b"
)
BREAKDOWN = (
    r"\bbreak (?:\w+ ){0,3}?down(?: by)?\b|\b(?:break ?down|distribution|histogram)(?: of| by)?\b|\bcounts by\b|"
    r"\b(?:and|with) (?:their|its|the) (?:frequenc(?:y|ies)|counts?|numbers?|totals?)\b"
)

AGGREGATES = (
    (r"\b(?:average|mean|avg)\b", "mean"),
    (r"\bmedian\b", "p50"),
    (LOW, "min"),
    (HIGH, "max"),
    (r"\b(?:sum|total|combined|altogether|overall|add up)\b", "sum"),
)
CALCULATED = "|".join([r"\bhow long\b", *(pattern for pattern, _ in AGGREGATES)])
RANKS = r"\bp(\d{2}(?:\.\d+)?)\b|\b(\d{1,2}(?:\.\d+)?)(?:st|nd|rd|th)?[ -]percentile"


@dataclass(frozen=True, slots=True)
class Cues:
    """Where the words that say what is asked stand; -1: nowhere."""

    keys: tuple[str, ...] = ()
    edge_at: int = -1
    """Where the last word of the slowest, the largest stands."""
    edge: str = ""
    share: bool = False
    top: int = -1
    n: int | None = None
    least: bool = False
    distinct: int = -1
    count: int = -1
    times: bool = False
    first: str = ""
    when: bool = False
    wh: int = -1
    who: bool = False
    listed: int = -1
    exists: bool = False
    any: bool = False
    """Asked for any at all."""
    much: int = -1
    """Where how much stands: the sum of what is behind it."""
    how_long: bool = False
    breakdown: bool = False
    high: bool = False
    """Only top was said."""
    amount: str = ""
    """The kind of quantity that is asked for by its unit: how many megabytes."""

    @property
    def last(self) -> bool:
        """Whether the last is asked for, not the first."""
        return self.first not in {"first", "earliest"}


def cues(words: Words) -> Cues:
    """Take the words that say what is asked; those of columns' names are taken already."""
    share = words.take(SHARE) is not None
    while share and words.take(SHARE):
        pass
    unit = words.take(rf"\bhow (?:many|much) (?P<unit>{AMOUNTS})\b")
    money = words.take(MONEY)
    how_long = (
        words.take(r"\bhow (?:long|slow|fast)\b(?: (?:did|does|do|was|were|is|are))?(?: it)?(?: take)?") is not None
    )
    keys: list[str] = []
    edge, edge_at = "", -1
    least = False
    while found := words.take("|".join([*(p for p, _ in AGGREGATES), RANKS])):
        key = next((key for pattern, key in AGGREGATES if re.fullmatch(pattern, found[0][0], re.I)), "")
        if not key:
            rank = re.search(r"\d[\d.]*", found[0][0])
            key = f"p{rank[0]}" if rank else ""
        if key in {"min", "max"} and re.fullmatch(f"{HIGH}|{LOW}", found[0][0], re.I):
            edge = edge or found[0][0].lower()
            edge_at = found[2]
            least = least or key == "min"
        keys.append(key)
    words.take(r"\bpercentiles?\b")
    if keys or how_long:
        words.take(rf"\bin (?:{IN})\b")
    order = words.take(ORDER)
    top = words.take(TOP) or order
    groups = top[0].groupdict() if top else {}
    said_n = groups.get("n1") or groups.get("n2")
    n = number(said_n) if said_n else None
    if top:
        least = least or re.search(LEAST, top[0][0], re.I) is not None
        words.take(r"\b(?:often|frequently|first|to least(?: common| frequent)?)\b")
        words.take(r"\bby (?:the )?(?:number|count|amount|frequency)(?: of)?\b")
    if n is None and (top or edge) and (some := words.take(rf"\b(?:{N})\b")):
        n = number(some[0][0])
    distinct = words.take(DISTINCT)
    first = words.take(FIRST) if not top or not words.take(r"\bbiggest first\b") else None
    when = words.take(WHEN)
    count = words.take(COUNT)
    times = bool(count and re.search("times|often", count[0][0], re.I))
    while words.take(COUNT):
        pass
    much = words.take(r"\bhow much\b")
    exists = words.take(EXISTS) if not (count or when or keys or top or distinct or share) else None
    wh = words.take(WH)
    who = bool(wh and wh[0][0].lower().startswith("who"))
    listed = words.take(LIST) if wh is None else None
    words.take(r"\b(?:list|show|give|print|names? of)\b")
    if top or count or keys:
        words.take(r"\b(?:for |of )?each(?: of (?:them|these|those))?\W*$")
    return Cues(
        tuple(dict.fromkeys(keys)),
        edge_at,
        edge,
        share,
        top[2] if top else -1,
        n,
        least,
        distinct[1] if distinct else -1,
        count[1] if count else -1,
        times,
        first[0]["which"].lower() if first else "",
        when is not None,
        wh[1] if wh else -1,
        who,
        listed[1] if listed else -1,
        exists is not None,
        exists is not None and re.search(r"\bthere\b|\bany|\bsome|\bever\b", exists[0][0], re.I) is not None,
        much[2] if much else -1,
        how_long,
        words.take(BREAKDOWN) is not None,
        top is not None and top[0][0].lower() == "top",
        "money"
        if money
        else ""
        if unit is None
        else "size"
        if re.search("byte|data|traffic|[kmg]b", unit[0]["unit"], re.I)
        else "duration",
    )
