"""How test runners print: a line for each test, totals, times. By what each is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["failed", "passed", "skipped", "ran"]

LEAD = r"^(?:\[?\d[\d:.,TZ+ -]{7,34}\]? ?)?\s*(?<![\d.])"
"""What may stand before a runner's line: the time that a build server writes, and no part of the line's own number."""
TIME = r"\d[\d.]* ?m?s"
DONE = rf"(?: \({TIME}\))?\s?$"


@dataclass(frozen=True, slots=True)
class Runner:
    """`lines`: what a test of an outcome is printed as, its name in the group. `totals`: the runner's own sums, all
    groups added. `timed`: a name and its time, the other way round where `time_first`; of classes, where `classes`."""

    lines: dict[Outcome, str]
    totals: dict[Outcome, str]
    timed: str = ""
    time_first: bool = False
    classes: bool = False
    file: str = ""
    """The line behind which the tests of a file stand, where their names do not say it."""


RUNNERS: dict[str, Runner] = {
    "pytest": Runner(
        {
            "failed": r"(?=FAILED |.* FAILED\b)(?:FAILED )?([\w./-]+\.py::.+?)(?: FAILED\b.*| - .*)?$",
            "passed": r"([\w./-]+\.py::.+?) (?:PASSED|XPASS)\b",
            "skipped": r"([\w./-]+\.py::.+?) (?:SKIPPED|XFAIL)\b",
        },
        {
            "failed": r"=+ (?:.*, )?(\d+) failed\b.* in \d",
            "passed": r"=+ (?:.*, )?(\d+) passed\b.* in \d",
            "skipped": r"=+ (?:.*, )?(\d+) skipped\b.* in \d",
            "ran": r"(?:collecting \.\.\. )?collected (\d+) items?",
        },
        r"(\d[\d.]*s) +(?:call|setup|teardown) +(\S+)",
        time_first=True,
    ),
    "cargo": Runner(
        {
            "failed": r"test (\S+)(?: - .*)? \.\.\. FAILED",
            "passed": r"test (\S+)(?: - .*)? \.\.\. ok\b",
            "skipped": r"test (\S+)(?: - .*)? \.\.\. ignored",
        },
        {
            "failed": r"test result: .*\b(\d+) failed",
            "passed": r"test result: .*\b(\d+) passed",
            "skipped": r"test result: .*\b(\d+) ignored",
            "ran": r"running (\d+) tests?$",
        },
    ),
    "Jest": Runner(
        {
            "failed": rf"[✕×✗] (.+?){DONE}",
            "passed": rf"[✓✔] (.+?){DONE}",
            "skipped": r"[○↓] (?:skipped )?(.+?)\s?$",
        },
        {
            "failed": r"Tests:? +(?:.* )?(\d+) failed",
            "passed": r"Tests:? +(?:.* )?(\d+) passed",
            "skipped": r"Tests:? +(?:.* )?(\d+) skipped",
            "ran": r"Tests:? +.* (\d+) total",
        },
        rf"[✕×✗✓✔] (.+?) \(({TIME})\)\s?$",
        file=r"(?:PASS|FAIL) (\S+)",
    ),
    "TAP": Runner(
        {
            "failed": rf"not ok \d+ (?:- )?(.+?){DONE}",
            "passed": rf"ok \d+ (?:- )?((?:(?! # (?i:skip|todo)).)+?){DONE}",
            "skipped": r"ok \d+ (?:- )?(.+?) # (?i:skip)",
        },
        {
            "failed": r"# fail +(\d+)",
            "passed": r"# pass +(\d+)",
            "skipped": r"# skip(?:ped)? +(\d+)",
            "ran": r"# tests +(\d+)",
        },
        rf"(?:not )?ok \d+ (?:- )?(.+?) \(({TIME})\)\s?$",
    ),
    "go test": Runner(
        {
            "failed": r"--- FAIL: (\S+)",
            "passed": r"--- PASS: (\S+)",
            "skipped": r"--- SKIP: (\S+)",
        },
        {},
        rf"--- (?:FAIL|PASS): (\S+) \(({TIME})\)",
    ),
    "GoogleTest": Runner(
        {
            "failed": r"\[  FAILED  \] (\w[\w/]*\.[\w/]+)",
            "passed": r"\[       OK \] (\w[\w/]*\.[\w/]+)",
            "skipped": r"\[  SKIPPED \] (\w[\w/]*\.[\w/]+)",
        },
        {
            "failed": r"\[  FAILED  \] (\d+) tests?,",
            "passed": r"\[  PASSED  \] (\d+) tests?",
            "skipped": r"\[  SKIPPED \] (\d+) tests?,",
        },
        rf"\[(?:  FAILED  |       OK )\] (\S+) \(({TIME})\)",
    ),
    "CTest": Runner(
        {
            "failed": r"\d+/\d+ +Test +#\d+: (\S+) [ .*]*(?:Failed|Exception|Timeout)",
            "passed": r"\d+/\d+ +Test +#\d+: (\S+) [ .*]*Passed",
            "skipped": r"\d+/\d+ +Test +#\d+: (\S+) [ .*]*(?:Not Run|Skipped)",
        },
        {"failed": r"\d+% tests passed, (\d+) tests? failed", "ran": r"\d+% tests passed, .* out of (\d+)"},
        r"\d+/\d+ +Test +#\d+: (\S+) [ .*]*\w+ +(\d[\d.]* sec)",
    ),
    ".NET": Runner(
        {
            "failed": rf"Failed (\S.*?) \[{TIME}\]",
            "passed": rf"Passed (\S.*?) \[{TIME}\]",
            "skipped": r"Skipped (\S+) \[.*\]",
        },
        {
            "failed": r"(?:Failed|Passed)! +- Failed: +(\d+)",
            "passed": r"(?:Failed|Passed)! +- .*\bPassed: +(\d+)",
            "skipped": r"(?:Failed|Passed)! +- .*\bSkipped: +(\d+)",
            "ran": r"(?:Failed|Passed)! +- .*\bTotal: +(\d+)",
        },
        rf"(?:Failed|Passed) (\S.*?) \[({TIME})\]",
    ),
    "Gradle": Runner(
        {
            "failed": r"([\w.$]+ > \S.*?) FAILED$",
            "passed": r"([\w.$]+ > \S.*?) PASSED$",
            "skipped": r"([\w.$]+ > \S.*?) SKIPPED$",
        },
        {
            "failed": r"\d+ tests completed, (\d+) failed",
            "skipped": r"\d+ tests completed, .*\b(\d+) skipped",
            "ran": r"(\d+) tests completed",
        },
    ),
    "Surefire": Runner(
        {"failed": r"\[ERROR\] +([\w.$]+\.\w+|\w+\([\w.$]+\)) .*<<< (?:FAILURE|ERROR)!"},
        {
            "failed": r"(?:\[\w+\] )?Tests run: \d+, Failures: (\d+), Errors: (\d+),.*Time elapsed",
            "skipped": r"(?:\[\w+\] )?Tests run: .*, Skipped: (\d+), Time elapsed",
            "ran": r"(?:\[\w+\] )?Tests run: (\d+), .*Time elapsed",
        },
        r"(?:\[\w+\] )?Tests run: .*Time elapsed: (\d[\d.]* s)\b.* in ([\w.$]+)",
        time_first=True,
        classes=True,
    ),
}
