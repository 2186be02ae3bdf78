"""Words of questions: those that only hold a sentence together, and the nouns for what stands in a column."""

from __future__ import annotations

import re

FUNCTION = frozenset(
    re.findall(
        r"\S+",
        """
    a about all altogether also am an and any anything anywhere are as at be been being both but by can
    could did do does each either ever every everything exactly for from further give given had has have
    having here how i if in inside into is it its itself just list me my of on once one ones only or our out
    over overall please print report said same say says see shall she should show so some somewhere such
    tell text than that the their them then there therein these they this those to together us very was we
    were what when where which while who whom whose why will with within would you your many much often
    calculate compute determine identify provide per rank sort sorted order anyone someone there's what's
    whats that's
    """,
    )
)
"""They carry no meaning of their own."""

FILLER = frozenset(
    re.findall(
        r"\S+",
        """
    please pls plz thanks utc issues comment comments attempt attempts instances cases set configured use uses appear
    appears appeared appearing occur occurs occurred occurring occurrence occurrences happen happens
    happened exist exists existing found find recorded record logged present seen contain contains contained
    containing include includes included including hold holds held mention mentions mentioned mentioning log
    logs logfile file files document documents trace output dump dataset data csv table stored show shows
    shown made make makes get gets got given number count counts total quantity amount times time frequency
    whole entire come comes came returned return returns returning resulted result results
    responded respond response responses answered served handled having using used marked tagged labelled
    labeled reported reporting value values field fields column columns line lines entry entries message
    messages event events row rows records request requests hit hits call calls word words term terms phrase
    string character text level levels severity
    """,
    )
)
"""They say that something is in the text, or what a line of it is. Beside a condition they say nothing more."""

WRITTEN = frozenset(
    re.findall(
        r"\w+",
        """
    send sent talk talks spoke post posted say said receive receives received write writes wrote written generate
    generated produced emit emits emitted issued raise raised throw throws thrown
    """,
    )
)
"""Verbs that say nothing of a request or of a line of a level, and all of a message that was sent."""

ENTRIES = r"(?:(?:log|journal) )?(?:lines?|entries|entry|rows?|records?|log messages?)"
REQUESTS = r"(?:http |web |api )?(?:requests?|hits|calls|accesses|access|transactions?|responses?|visits|page ?views)"
EVENTS = r"events?|messages?|logs|statements?"

NOUNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"(?:client |source |remote |visitor |src |unique )?ip addr(?:ess(?:es)?)?|(?:client |source |remote |"
        r"src )?ips?|"
        r"(?:client |remote |source )?address(?:es)?|clients?|visitors?|callers?|remote hosts?|source hosts?",
        ("client",),
    ),
    (r"user[ -]agents?|agents?|browsers?", ("agent",)),
    (r"pids?|process ids?", ("pid",)),
    (r"user ?names?|user ids?|users?|accounts?", ("user",)),
    (r"host ?names?|hosts?|machines?|nodes?|servers?|instances?|computers?", ("host", "server")),
    (r"process names?|process(?:es)?|programs?|daemons?|services?|applications?|apps?|units?", ("process",)),
    (
        r"logger names?|loggers?|components?|modules?|classes|class|packages?|tags?|subsystems?|sources?|source files?",
        ("logger", "component", "tag", "module", "source", "subsystem", "process"),
    ),
    (r"(?:log |severity )?levels?|severit(?:y|ies)|log severit(?:y|ies)", ("level",)),
    (r"(?:http |request )?methods?|(?:http )?verbs?", ("method",)),
    (r"(?:request(?:ed)? |url )?paths?|endpoints?|urls?|uris?|pages?|resources?|routes?", ("path",)),
    (r"(?:http |response |return )?status(?: codes?|es)?|(?:http |response |return |status )codes?", ("status",)),
    (r"thread names?|threads?", ("thread", "tid")),
    (r"referr?ers?|referring pages?", ("referer",)),
    (r"(?:failure |error )?(?:reasons?|causes?)|error texts?", ("error",)),
    (r"error messages?|log messages?|messages?|message texts?", ("message",)),
    (r"databases?|dbs?", ("database",)),
    (r"backends?", ("backend",)),
    (r"frontends?", ("frontend",)),
    (r"e-?mail(?: address(?:es)?)?s?", ("email",)),
    (r"(?:error|exception|failure) (?:types?|kinds?|names?|class(?:es)?)|exceptions?|exception", ("exception",)),
)
"""How people name what a column of a kind holds."""

QUANTITIES: tuple[tuple[str, str], ...] = (
    (
        r"(?:response|request|processing|execution|query|handling|service|total|upstream|elapsed)?[ "
        r"-]?(?:times?|durations?)|"
        r"latenc(?:y|ies)|elapsed|run ?times?|(?:took|take|takes|taken)",
        "duration",
    ),
    (
        r"(?:response|request|body|transfer|payload|file|content|object)?[ -]?(?:sizes?|lengths?)|(?:number of |"
        r"amount of )?bytes"
        r"(?: (?:sent|transferred|served|returned|received|downloaded))?|traffic|bandwidth|data (?:transferred|"
        r"sent|served|"
        r"volume)|volume",
        "size",
    ),
)
"""How people name a quantity of a kind."""

UNITS = r"months?|weeks?|days?|nights?|dates?|hours?|minutes?|seconds?"


def singular(word: str) -> str:
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("uses", "us"), ("s", "")):
        if word.endswith(ending) and not word.endswith(("ss", "us")) and len(word) > 3:
            return word[: -len(ending)] + instead
    return word


DAY_NAME = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
MONTHS_BUT_MAY = r"January|February|March|April|June|July|August|September|October|November|December"
"""May may be no month."""
PART_OF_DAY = r"morning|noon|afternoon|evening|night|midnight|dawn|dusk"
SEASON = r"spring|summer|autumn|winter"

ABBREVIATED = dict(
    re.findall(
        r"(\w+)=(\w+)",
        """
    src=source orig=source originating=source originator=source dst=destination dest=destination addr=address
    qty=quantity amt=amount avg=average temp=temperature desc=description proto=protocol pkt=packet octet=byte
    cat=category dept=department mem=memory pct=percent percentage=percent dur=duration usr=user ver=version
    min=minimum max=maximum num=number pl=place conn=connection
    """,
    )
)
"""How names of columns are written, and what people say."""


def plain(name: str) -> str:
    """A name without what people leave out: `requestId`, `request_id` and `request id` are one."""
    spaced = re.sub(r"([a-z])([A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", r"\1 \2", name)
    words = [singular(word) for word in re.findall(r"[a-z0-9]+", spaced.lower())]
    return " ".join(ABBREVIATED.get(word, word) for word in words)
