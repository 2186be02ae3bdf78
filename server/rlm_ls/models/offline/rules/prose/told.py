"""Questions that a passage of prose answers: the sentence with most of the question's rare words and the kind of thing
that was asked for, quoted with its neighbours. Where no sentence has enough of them there is no answer."""

from __future__ import annotations

import re

from rlm_ls.models.offline.grounding.words import spelled, stem
from rlm_ls.models.offline.parsing.vocabulary import DAY_NAME, FILLER, FUNCTION, MONTHS_BUT_MAY, PART_OF_DAY, SEASON
from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.script import Script, raw, script, within

NUMBER = (
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|"
    r"seventy|eighty|ninety|hundreds?|thousands?|dozens?|twice|none|half)\b"
)
A_NAME = r"[\w,:] \"?[A-Z][a-z]+|^(?:\w+: )?[A-Z][a-z]+ [A-Z][a-z]+"
SOMEBODY = rf"{A_NAME}|[\"”,] (?:said|asked|told|whispered|cried|answered|replied) "
NAMES = frozenset([A_NAME, SOMEBODY])
MONTH = rf"(?:{MONTHS_BUT_MAY}|May)"
A_TIME = (
    rf"{DAY_NAME}|{MONTH}|\b\d{{4}}\b|\d:\d\d|o'clock|\b(?:{PART_OF_DAY}|yesterday|tomorrow|today|{SEASON}|"
    r"Christmas|Easter|week|month|year|hours?|minutes?|days?)s?\b"
)
NO_NAME = rf"\b(?:{DAY_NAME}|{MONTH})s?\b"
KINDS: tuple[tuple[str, str], ...] = (
    (r"how old\b|(?:at )?what age\b", r"\b(?:aged?|years? old|\w+ years|turned|years? younger|years? older)\b"),
    (
        r"how (?:many|much|far|tall|long|high|big|deep|wide|large|heavy|warm|fast)\b|what (?:number|price|"
        r"percentage|amount)\b",
        NUMBER,
    ),
    (r"(?:until |since )?when\b|(?:on |in )?(?:what|which) (?:day|date|year|month|time)\b|date\b", A_TIME),
    (r"who(?:se|m)?\b|(?:to|for|with|by|from) whom\b", SOMEBODY),
    (r"(?:what|which) (?:is|was) (?:.{0,60} )?name\b|what (?:is|was) .* (?:called|named)\b", A_NAME),
    (r"where\b", r"\b(?:in|at|on|near|from|to|under|behind|into|by|above|below|inside|beside|between|through|over)\b"),
    (r"why\b", r"\b(?:because|since|so that|as|for|due|owing|therefore|to)\b"),
    (r"(?:in |on |at |under |from |to )?(?:what|which)\b|how\b", r""),
)
"""How a question begins, and what a sentence that answers it must hold."""
OPINION = (
    r"\b(?:should|would|could|best|worst|better|worse|right|wrong|good|bad|enough|think|feel|opinion|moral|meaning|likely|"
    r"going to|will|fair|justified|wise|compare|summari[sz]e|theme|style|favou?rite|happen(?:s|ed)? next)\b"
)
EMPTY = frozenset(
    re.findall(
        r"\w+",
        """
    name names named called call mentioned mention tell tells told say says said text story letter document
    book author does writer narrator passage many much old person people someone thing things according during
    kind exactly
    """,
    )
)
"""They do not tell one sentence from another."""
MOST_STEMS = 8
LEAST = 0.6

TOLD = r"""
stems, named = $stems, $names
pattern = $patterns
all_lines = sum(d.lines for d in docs($glob))
weights = {s: math.log(2 + all_lines / (1 + count(pattern[s]$where))) for s in stems}
of = {w: s for s in stems for w in stems[s]}
near = {}
for h in find_any(list(of)$where, ignore_case=True, limit=3000):
    for line in range(max(1, h.line - 2), h.line + 3):
        near.setdefault((h.doc, line), {})[of.get(h.word.lower(), '')] = 1
ranked = sorted(near, key=lambda at: -sum(weights.get(w, 0) for w in near[at]))[:40]
def has(s, text):
    return re.search(pattern[s], text)
found, seen = [], {}
for doc, line in ranked:
    if line // 5 in seen.get(doc, []):
        continue
    seen.setdefault(doc, []).append(line // 5)
    block = around(lines(line, line, doc), 7, 7)
    parts = re.split(r'(?<=[.!?"”])\s+(?=["“(A-Z0-9-])|\n\s*\n|\n(?=[A-Z][\w ]{0,20}: |[-*#])', block.text)
    parts = [' '.join(p.split()) for p in parts if p.strip()]
    for i, part in enumerate(parts):
        beside, wide = ' '.join(parts[max(0, i - $back):i + 2]), ' '.join(parts[max(0, i - 2):i + 3])
        near_by = [(w, 1 if has(s, part) else 0.6 if has(s, beside) else 0.4)
                   for s, w in weights.items() if has(s, wide)]
        got = sum(w * closeness for w, closeness in near_by)
        bare = re.sub($known, 'they', part)
        said = any(has(s, part) for s in stems) and all(has(s, part) for s in $held)
        if not re.search($kind, bare) or not said or not all(has(n, wide) for n in named):
            got = got * 0.5
        missing = [s for s in stems if not has(s, wide)]
        if len(missing) <= $missing:
            found.append((len(missing), got, doc, line, beside, part))
found = sorted(found, key=lambda f: (f[0], -f[1]))
cite, several = [], $several
short = answer = ''
if found and found[0][1] >= $least * sum(weights.values()):
    lacking, got, doc, line, beside, part = found[0]
    there = around(lines(line, line, doc), 7, 7)
    hit = [h for n in (6, 4, 3) for h in find(' '.join(part.split()[:n]), within=there, limit=1)]
    cite = hit[:1] or [lines(line, line, doc)]
    short = part[:300]
    if several:
        beside = '” “'.join(list(dict.fromkeys(f[5] for f in found if f[0] == lacking and f[1] >= 0.8 * got))[:8])
    answer = f'In its own words ({doc}:{cite[0].line}): “{beside[:900]}”'
    answer += '\n\nThis passage holds most of the words of the question.'
"""


def is_prose(asked: Asked) -> bool:
    """Whether the text is sentences: no known lines, no code, most lines mostly of words in small letters."""
    if asked.shape.entry != "line" or asked.shape.name != "text" or not asked.sample:
        return False
    lines = [line for line in asked.text.lines[:400] if line.strip()]
    words = [re.findall(r"\b[a-z]{2,}\b(?![(=._])", line) for line in lines]
    signs = sum(len(re.findall(r"[{}=<>;$\\|_]|\(\)", line)) for line in lines)
    spoken = sum(len(found) >= 3 for found in words)
    return spoken >= 0.4 * len(lines) and signs < 0.4 * len(lines)


def asks_for_name(asked: Asked) -> bool:
    """Whether a name is asked for in prose, where a line that holds the question's words need not hold one."""
    return _kind(asked.question.unnamed.strip()) in NAMES and is_prose(asked)


def _kind(body: str) -> str | None:
    """The pattern of what a sentence must hold to answer the question: a name, a number, a time."""
    return next((pattern for start, pattern in KINDS if re.match(rf"\W*{start}", body, re.IGNORECASE)), None)


def told(asked: Asked) -> Script | None:
    """What a sentence says of who, what, when, where, why or how many."""
    question = asked.question
    body = question.unnamed.strip()
    kind = _kind(body)
    if kind is None or re.search(OPINION, body, re.IGNORECASE) or not is_prose(asked):
        return None
    if re.match(r"\W*(?:which|what) (?:lines?|messages?|entries|places|rows?)\b", body, re.IGNORECASE) or re.search(
        r"\bhow (?:many|often)\b.*\b(?:times?|lines?|mention\w*|occur\w*|words?|characters|chapters|"
        r"sections|paragraphs)\b|\bhow often\b",
        body,
        re.IGNORECASE,
    ):
        return None
    stems, names = _words(body)
    naming = kind in NAMES
    if len(stems) == 1 and naming:
        kind = rf"(?:named?|called|name (?:is|was)) (?:{A_NAME})|whose name"
    elif len(stems) < 2:
        return None
    if len(stems) > MOST_STEMS or len("".join(stems)) < 3:
        return None
    return script(
        "I look for the sentence that holds most of the question's words, and quote it.",
        TOLD,
        stems={one: spelled(one) for one in stems},
        patterns={one: _written(spelled(one)) for one in stems},
        names=names,
        glob=asked.glob,
        where=within(asked.place),
        kind=raw(kind),
        known=raw(_known(body) if naming and not question.quoted else NO_NAME),
        held=_held(body, stems, names) if naming and not question.quoted else [],
        back=3 if question.quoted else 1,
        least=LEAST,
        several=bool(re.match(r"\W*(?:(?:what|which) (?:are|were)|list|name)\b", body, re.IGNORECASE)),
        missing=0 if len(stems) < (3 if kind else 5) else 1,
    ).reading((), "passage")


def _held(body: str, stems: list[str], names: list[str]) -> list[str]:
    """What the sentence itself must hold: the verb and the object of who did something, what somebody is or is called.
    Of the other words it is enough that they stand near."""
    plain = [one for one in stems if one not in names] or stems
    is_told = re.match(r"\W*(?:who|what|which)(?:['’]s| is| was| are| were) ", body, re.IGNORECASE)
    return plain[:1] if is_told else list(dict.fromkeys([plain[0], plain[-1]]))


def _known(body: str) -> str:
    """The pattern of the names that answer nobody's question for a name: those that it says itself, and dates."""
    own = {match[0] for match in re.finditer(r"(?<!^)\b[A-Z][\w-]+", body.strip())}
    return "|".join([NO_NAME, *(rf"\b{re.escape(name)}\b" for name in sorted(own))])


def _written(spellings: tuple[str, ...]) -> str:
    """The pattern of words that begin with a stem; where forms are written otherwise, of these."""
    start, end = r"(?i)(?<![a-z])(?:", ")" if len(spellings) == 1 else r")s?(?![a-z])"
    return start + "|".join(map(re.escape, spellings)) + end


def _words(body: str) -> tuple[list[str], list[str]]:
    """The stems of the words that carry meaning, and those among them that have to be there: names, and what is
    counted."""
    found, names = [], []
    for match in re.finditer(r"[^\W\d][\w’'-]*|\d+", body):
        word = re.sub(r"['’]s?$", "", match[0])
        lower = word.lower()
        counted = body[: match.start()].lower().endswith("how many ")
        if (
            lower in FUNCTION
            or (lower in EMPTY and not counted)
            or (lower in FILLER and not word[0].isupper() and len(word) < 5)
            or "n't" in lower
        ):
            continue
        stemmed = stem(word)
        one = stemmed if len(stemmed) >= 3 else lower
        if len(one) < 3 and not word.isdigit():
            continue
        if counted or (match.start() and word[0].isupper()):
            names.append(one)
        found.append(one)
    return list(dict.fromkeys(found)), list(dict.fromkeys(names))
