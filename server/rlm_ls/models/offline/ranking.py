"""The most common values, and statistics of numbers."""

from __future__ import annotations

import re

from rlm_ls.models.offline.question import STOP, Question, number, singular
from rlm_ls.models.offline.script import Conditions, Script, conditions, either, script, within
from rlm_ls.models.offline.vocabulary import TIME_WORDS, numbers_of, things

RANKED = re.compile(
    r"\b(?:most|least) (?:common|frequent|frequently|often|active|popular|busy)\b\s*(?P<after>[\w -]*)"
    r"|\btop (?P<n>\d+|\w+) (?P<top>[\w -]+)"
    r"|\brank (?:the |all |all the )?(?P<rank>[\w -]+)"
    r"|\bwhich (?:of the )?(?:(?P<few>\d+) )?(?P<which>[\w -]+?) "
    r"(?:occurs?|appears?|happens?|comes up|is seen|has|have|had|sent|made|caused) (?:the )?(?:\w+ )?most\b"
)
STATISTICS = (
    (r"\baverage\b|\bmean\b", "mean"),
    (r"\bsum\b|\btotal\b|\badd up\b", "sum"),
    (r"\b(?:minimum|min|smallest|lowest|shortest|fastest)\b", "min"),
    (r"\b(?:maximum|max|largest|highest|longest|slowest|biggest|greatest)\b", "max"),
    (r"\bmedian\b", "p50"),
)
GIVEN = {"mean", "sum", "min", "max", "p50", "p90", "p95", "p99"}
"""What the verb stats() calculates by itself."""

RANKING = r"""
for pattern in $patterns:
    ranked = top(pattern, n=$n$where)
    if ranked:
        break
${least}cite = find(ranked[0][0]$where, limit=1) if ranked else []
short = $short if ranked else ''
rows = '\n'.join(f'{i}. {value}: {n:,}' for i, (value, n) in enumerate(ranked, 1))
answer = rows + $remark if ranked else ''
"""

STATS = r"""
for pattern in $patterns:
    s = stats(pattern$where)
    if s.get('count'):
        break
${more}def plain(number):
    return f'{number:.2f}'.rstrip('0').rstrip('.')
found = {key: plain(s[key]) for key in $keys} if s.get('count') else {}
${cite}short = $short
numbers = ', '.join(f'{key} = {value}' for key, value in found.items())
answer = f'$label: {numbers} ({s["count"]:,} values$rank).' + $remark if found else ''
"""

PERCENTILES = r"""
values = sorted(float(value) for value in extract(pattern$where))
for rank in $ranks:
    if values:
        s[f'p{rank}'] = values[max(0, math.ceil(rank / 100 * len(values)) - 1)]
"""

EXTREME = r"""
value = str(s['$key']).removesuffix('.0') if found else ''
exact = pattern.replace(r'\d+(?:\.\d+)?)', re.escape(value) + r'\d*\.?\d*)')
hits = regex(exact$where, limit=10000) if found else []
cite = [hit for hit in hits if float(hit.groups[0]) == s['$key']][:3]
"""


def ranking(question: Question) -> Script | None:
    match = RANKED.search(question.lower)
    if match is None:
        return None
    said = match["top"] or match["rank"] or match["which"] or match["after"] or ""
    named = things(question, said) or things(question, question.lower[: match.start()])
    if named is None:
        return None
    asked = match["n"] or match["few"]
    n = (number(asked) if asked else None) or (50 if match["rank"] else 10)
    least = match[0].startswith("least")
    lines = conditions(question, named.said)
    return script(
        f"I rank the {named.label}{lines.phrase}.",
        RANKING,
        patterns=either(named.patterns),
        n=100_000 if least else n,
        where=within(question, lines.patterns),
        remark=lines.remark,
        least=f"ranked = ranked[::-1][:{n}]\n" if least else "",
        short="ranked[0][0]"
        if _asks_for_one(question, match, named.said)
        else "'; '.join(f'{v}={n}' for v, n in ranked)",
    )


def _asks_for_one(question: Question, match: re.Match[str], said: str) -> bool:
    """`the most common IP`, not `the most common IPs` or `rank …`."""
    if match["rank"] or match["top"] or "=" in question.text:
        return False
    return match["which"] is not None or singular(said) == said


def statistics(question: Question) -> Script | None:
    lower = question.lower
    wanted = [key for words, key in STATISTICS if re.search(words, lower)]
    wanted += [f"p{rank}" for rank in re.findall(r"\bp(\d{1,2}(?:\.\d+)?)\b", lower)]
    wanted += [f"p{rank}" for rank in re.findall(r"\b(\d{1,2}(?:\.\d+)?)(?:st|nd|rd|th)? percentile", lower)]
    if not wanted and "percentile" in lower:
        wanted = ["p50", "p90", "p95", "p99"]
    field = _field(question)
    if not wanted or field is None:
        return None
    keys = list(dict.fromkeys(wanted))
    label, patterns = numbers_of(question, field)
    lines = _lines(question, field)
    where = within(question, lines.patterns)
    ranks = ", ".join(key[1:] for key in keys if key not in GIVEN)
    extreme = next((key for key in keys if key in {"min", "max"}), None)
    cite = EXTREME.lstrip("\n").replace("$key", extreme) if extreme else "cite = regex(pattern$where, limit=3)\n"
    return script(
        f"I take the numbers called {label} and calculate {', '.join(keys)}{lines.phrase}.",
        STATS,
        patterns=either(patterns),
        where=where,
        remark=lines.remark,
        rank="; percentiles by nearest rank" if any(key.startswith("p") for key in keys) else "",
        more=PERCENTILES.lstrip("\n").replace("$ranks", f"[{ranks}]").replace("$where", where) if ranks else "",
        keys=keys,
        cite=cite.replace("$where", where),
        short=f"found.get('{keys[0]}', '')" if len(keys) == 1 else "'; '.join(f'{k}={v}' for k, v in found.items())",
        label=label.capitalize(),
    )


def _lines(question: Question, field: str) -> Conditions:
    """The statistic's own words and its field are no conditions."""
    own = [re.findall(words, question.lower) for words, _ in STATISTICS]
    times = re.findall(TIME_WORDS, question.lower)
    ranks = re.findall(r"\bp?\d+(?:\.\d+)?(?:st|nd|rd|th)?\b|\bpercentiles?\b|\bnearest\b", question.lower)
    return conditions(question, " ".join([field, *times, *ranks, *(word for found in own for word in found)]))


def _field(question: Question) -> str | None:
    """The noun that the statistic is of: the one after `of` or `average`, else the last that is left."""
    words = "average|mean|sum|total|minimum|min|maximum|max|smallest|lowest|largest|highest|longest|shortest|median"
    after = rf"\b(?:{words})(?: value)? (?:of )?(?:the |all |all the )?([a-z_]\w+)"
    for pattern in (after, r"\bof (?:the |all )?([a-z_]\w+)"):
        for found in re.findall(pattern, question.lower):
            if found not in STOP:
                return str(found)
    none = rf"p\d+|percentiles?|{words}|fastest|slowest|biggest|greatest"
    left = [word.lower() for word in question.words if not re.fullmatch(none, word.lower())]
    return left[-1] if left else None
