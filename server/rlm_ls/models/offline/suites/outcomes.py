"""What a test runner printed: how many tests failed, passed or were skipped, which, and which took longest. Where the
runner's own total says otherwise than its lines, there is no answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.script import Gives, Script, coded, raw, within
from rlm_ls.models.offline.shapes.shape import SHORT
from rlm_ls.models.offline.suites.runners import LEAD, RUNNERS, Outcome, Runner

TEST = r"(?:single |one )?(?:unit |integration |individual )?(?:tests?(?: cases?)?|specs?)"
OUT = r"(?P<out>fail(?:ed|ing|ures?)?|pass(?:ed|ing)?|succeeded|skipped|ignored)"
RAN = r"(?:ran|run|were (?:run|executed|collected)|(?:are|were) there|got (?:run|executed))"
TAIL = (
    r"(?:,? (?:(?:in|of|during|over|across) (?:this|the|that|all(?: the)?) (?:whole )?(?:test )?"
    r"(?:runs?|builds?|jobs?|logs?|files?|suites?|binaries|classes|modules)|in total|altogether|overall|in all))*"
)
MANY = r"(?:how many(?: of the)?|(?:the )?(?:total )?number of|count(?: of)?(?: the)?)"
LIST = (
    r"(?:(?:please )?(?:list|show|name|give me|print|which|what)?(?: are| were)?(?: all)?(?: of)?(?: the)?"
    r"(?: ?names of)?(?: the)?)"
)
COUNTED = (
    rf"{MANY} {TEST} (?:are |were |have |that |which |got |get )*{OUT}{TAIL}",
    rf"{MANY} {OUT} {TEST}(?: are there| were there)?{TAIL}",
    rf"{MANY} (?P<all>{TEST})(?: {RAN})?{TAIL}",
    rf"{MANY} test failures?(?P<failures>)(?: are there| were there)?{TAIL}",
)
FILE = r"[`'\"]?(?P<file>[\w./-]+\.\w{1,4})[`'\"]?"
IN_FILE = (
    rf"{LIST} ?{TEST} (?:are |were |have |that |which |got |did )*{OUT} in {FILE}{TAIL}",
    rf"{LIST} ?{OUT} {TEST} (?:in|of) {FILE}{TAIL}",
)
BY_FILE = (
    rf"(?:which|what) (?:test )?(?:file|module)s? (?:has|had|have|contains?|is|with)(?: the)? most "
    rf"(?:{OUT}(?: {TEST})?|test failures?){TAIL}",
)
BOTH = (
    rf"{MANY} {TEST} (?:are |were |have )?{OUT}(?:,? and |, )(?:{MANY} )?(?:{TEST} )?(?:are |were |have )?"
    rf"{OUT.replace('out', 'other')}{TAIL}",
)
NAMED = (
    rf"{LIST} ?{TEST} (?:are |were |have |that |which |got |did |do )*{OUT}{TAIL}",
    rf"{LIST} ?{OUT} {TEST}{TAIL}",
)
LONG = r"(?:,? (?:and )?how long(?: did (?:it|that|this) take| was it)?)?"
SLOWEST = (
    rf"(?:which|what) (?P<of>{TEST}(?: class)?) (?:took|ran|takes|needed|was) (?:the )?(?:longest|slowest){TAIL}{LONG}",
    rf"(?:(?:which|what)(?: was| is)? )?(?:the )?(?:slowest|longest(?:[ -]running)?) (?P<of>{TEST}(?: class)?)"
    rf"{TAIL}{LONG}",
)
SHARE = (
    rf"(?:what )?(?:percentage|percent|share|fraction|proportion) of (?:all )?(?:the )?(?:collected |executed )?{TEST} "
    rf"(?:that |which |have |were |was |are |is )*{OUT}{TAIL}",
)

LINES = r"""
hits = $hits
sums = $sums
own = sum(int(g) for s in sums for g in s.groups)
names = list(dict.fromkeys(h.groups[0] for h in hits))
same = not sums or not hits or own in (len(hits), len(names))
"""
"""Of one outcome: the lines of tests, the runner's own sum, and whether these agree."""

COUNT = r"""
n = own if sums else len(names)
cite = hits[:3] or sums[:3]
short = n if same else 'not understood'
answer = f'{n:,} tests $what.' if cite else ''
if not same:
    answer = f'I did not understand how many: the totals say {own:,}, of lines there are {len(names):,}.'
"""

FILES = r"""
places = [(h.doc, h.line, h.groups[0], -1) for h in $heads] + [(h.doc, h.line, '', n) for n, h in enumerate(hits)]
above, file = {}, ''
for doc, line, head, n in sorted(places):
    file = head if n < 0 else file
    above[n] = file
def file_of(n):
    own = re.search(r'^(.+?)::', hits[n].groups[0])
    return own.group(1) if own else above[n]
files = [(file_of(n), h) for n, h in enumerate(hits)]
"""
"""Which file a test is of: by its name, or by the line above that begins a file's tests."""
NAMES_IN = r"""
hits = [h for file, h in files if file == '$file' or file.endswith('/$file')]
names = list(dict.fromkeys(h.groups[0] for h in hits))
cite = hits[:20]
short = '; '.join(names) if same else 'not understood'
answer = f'{len(names):,} tests $what in $file:\n' + '\n'.join(f'- {name}' for name in names) if names and same else ''
"""
RANKED = r"""
counts = {}
for file, name in list(dict.fromkeys((file, h.groups[0]) for file, h in files)):
    counts[file] = counts.get(file, 0) + 1
ranked = sorted(counts.items(), key=lambda pair: -pair[1])
cite = hits[:3]
short = ranked[0][0] if ranked and same else 'not understood'
rows = '\n'.join(f'{i}. {file}: {n}' for i, (file, n) in enumerate(ranked[:10], 1))
answer = rows if ranked and same and '' not in counts else ''
"""
TOTALS = r"""
found = [(outcome, sum(int(g) for s in spans for g in s.groups), spans) for outcome, spans in $hits]
cite = [s for _, _, spans in found for s in spans][:5]
short = '; '.join(f'{outcome}={n}' for outcome, n, _ in found)
answer = '\n'.join(f'- {outcome}: {n:,} tests' for outcome, n, _ in found) if cite else ''
"""

NAMES = r"""
cite = hits[:20]
short = '; '.join(names) if same else 'not understood'
answer = f'{len(names):,} tests $what:\n' + '\n'.join(f'- {name}' for name in names[:500]) if names else ''
if not same:
    answer = f'I did not understand which: the totals say {own:,}, of lines there are {len(names):,}.'
"""

SLOW = r"""
def spaced(took):
    return re.sub(r'([0-9])([a-z])', r'\1 \2', took)
def seconds(hit):
    took = hit.groups[$time]
    return float(re.findall(r'[0-9.]+', took)[0]) * (0.001 if 'ms' in took else 1)
hits = sorted(regex($line$where, limit=$most), key=lambda h: -seconds(h))
cite = hits[:1]
short = hits[0].groups[$name] if hits else ''
rows = '\n'.join(f'{i}. {h.groups[$name]}: {spaced(h.groups[$time])}' for i, h in enumerate(hits[:10], 1))
answer = f'{short} took longest, {spaced(hits[0].groups[$time])}:\n{rows}' if 0 < len(hits) < $most else ''
"""

PART = r"""
cite = $part
n = sum(int(g) for s in cite for g in s.groups)
total = sum(int(g) for s in $all for g in s.groups)
short = f'{100 * n / max(total, 1):.4g}%'
answer = f'{short}: {n:,} of {total:,} tests $what.' if cite and total else ''
"""

MOST = 50_000
"""Lines of tests that a script looks at."""


def tests(asked: Asked) -> Script | None:
    """What became of tests; the question is read whole."""
    text = " ".join(re.sub(r"\bin the file\b", " ", asked.question.unnamed).split()).strip(" ?.!")
    for build, patterns in (
        (_count, COUNTED),
        (_both, BOTH),
        (_in_file, IN_FILE),
        (_by_file, BY_FILE),
        (_names, NAMED),
        (_slowest, SLOWEST),
        (_share, SHARE),
    ):
        match = next((found for one in patterns if (found := re.fullmatch(one, text, re.IGNORECASE))), None)
        if match is not None:
            runner = runner_of(asked.sample)
            return None if runner is None else build(asked, runner, match)
    return None


def runner_of(sample: Sequence[str]) -> Runner | None:
    """The one runner whose lines the sample has."""
    lines = [line[:SHORT] for line in sample]
    found = [
        runner
        for runner in RUNNERS.values()
        for known in [[re.compile(LEAD + one) for one in (*runner.lines.values(), *runner.totals.values())]]
        if any(pattern.match(line) for line in lines for pattern in known)
    ]
    return found[0] if len(found) == 1 else None


def _outcome(match: re.Match[str], group: str = "out") -> Outcome:
    if "all" in match.groupdict():
        return "ran"
    said = (match.groupdict().get(group) or "fail").lower()
    return "passed" if said.startswith(("pass", "succ")) else "skipped" if said in {"skipped", "ignored"} else "failed"


def _hits(asked: Asked, pattern: str | None) -> str:
    return f"regex({raw(LEAD + pattern)}{within(asked.place)}, limit={MOST})" if pattern else "[]"


def _of_outcome(asked: Asked, runner: Runner, outcome: Outcome, ending: str, gives: Gives) -> Script | None:
    line, total = runner.lines.get(outcome), runner.totals.get(outcome)
    if (line if gives == "values" else line or total) is None:
        return None
    plan = f"I look for what the tests that {outcome} are printed as."
    return coded(
        plan, LINES + ending.lstrip("\n"), gives=gives, hits=_hits(asked, line), sums=_hits(asked, total), what=outcome
    )


def _count(asked: Asked, runner: Runner, match: re.Match[str]) -> Script | None:
    return _of_outcome(asked, runner, _outcome(match), COUNT, "count")


def _both(asked: Asked, runner: Runner, match: re.Match[str]) -> Script | None:
    """How many have one outcome and how many another, by the runner's own totals."""
    outcomes = [_outcome(match), _outcome(match, "other")]
    totals = [runner.totals.get(outcome) for outcome in outcomes]
    if None in totals or outcomes[0] == outcomes[1]:
        return None
    hits = ", ".join(f"('{outcome}', {_hits(asked, total)})" for outcome, total in zip(outcomes, totals, strict=True))
    return coded("I read the runner's own totals.", TOTALS, gives="groups", hits=f"[{hits}]")


def _of_files(
    asked: Asked, runner: Runner, match: re.Match[str], ending: str, gives: Gives, file: str
) -> Script | None:
    line, outcome = runner.lines.get(_outcome(match)), _outcome(match)
    if line is None or not (runner.file or "::" in line):
        return None
    return coded(
        f"I look for the tests that {outcome}, and of which files they are.",
        LINES + FILES.lstrip("\n") + ending.lstrip("\n"),
        gives=gives,
        hits=_hits(asked, line),
        sums=_hits(asked, runner.totals.get(outcome)),
        heads=_hits(asked, runner.file),
        what=outcome,
        file=file,
    )


def _in_file(asked: Asked, runner: Runner, match: re.Match[str]) -> Script | None:
    return _of_files(asked, runner, match, NAMES_IN, "values", match["file"])


def _by_file(asked: Asked, runner: Runner, match: re.Match[str]) -> Script | None:
    return _of_files(asked, runner, match, RANKED, "ranking", "")


def _names(asked: Asked, runner: Runner, match: re.Match[str]) -> Script | None:
    return _of_outcome(asked, runner, _outcome(match), NAMES, "values")


def _slowest(asked: Asked, runner: Runner, match: re.Match[str]) -> Script | None:
    if not runner.timed or runner.classes != match["of"].lower().endswith("class"):
        return None
    return coded(
        "I sort the tests by the time that they took.",
        SLOW,
        gives="ranking",
        line=raw(LEAD + runner.timed),
        where=within(asked.place),
        most=MOST,
        name=int(runner.time_first),
        time=int(not runner.time_first),
    )


def _share(asked: Asked, runner: Runner, match: re.Match[str]) -> Script | None:
    outcome = _outcome(match)
    part, whole = runner.totals.get(outcome), runner.totals.get("ran")
    if part is None or whole is None:
        return None
    plan = "I compare the runner's own totals."
    return coded(plan, PART, gives="share", part=_hits(asked, part), all=_hits(asked, whole), what=outcome)
