"""Twenty questions with known answers, over a log that is made here and over the demo's project of code."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import rlm_ls.cli.demo

CODE = Path(rlm_ls.cli.demo.__file__).parent / "project"
LINES = 4_000
EVENTS = {
    412: "WARN gate-3 lock L-208 refused to close: ice in the lower hinge",
    933: "ERROR gate-1 pump P-4 stopped after 3 restarts: its fuse F12 had blown",
    1377: "INFO office shift handed over from Marta Keel to Joris Band",
    1822: "WARN gate-2 barge Clementine waits at the upper basin because her draught exceeds 2.4 m",
    2290: "ERROR gate-3 sensor S-31 replaced by technician Nadia Orr, old serial was KX-7719",
    2744: "WARN office backup of the ledger went to drive TANGO-5 since the usual one was full",
    3108: "ERROR gate-1 telephone line cut by excavator near kilometre 14",
    3561: "INFO gate-2 speed limit lowered to 6 km/h until the dredging ends",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """`right` is a pattern for the answer's first paragraph; `code`: of the project, else of the log."""

    name: str
    question: str
    right: str
    code: bool = False


def log() -> str:
    """A lock-keeper's log of a canal: counts and ranks can be worked out, events are told once."""
    chance = random.Random(7)
    rows: list[str] = []
    for number in range(1, LINES + 1):
        hour, minute, second = number // 600, number // 10 % 60, number % 10 * 6
        at = f"2031-05-02T{hour:02}:{minute:02}:{second:02}Z"
        if number in EVENTS:
            rows.append(f"{at} {EVENTS[number]}")
            continue
        gate = f"gate-{chance.choices((1, 2, 3), (2, 5, 3))[0]}"
        level = chance.choices(("INFO", "WARN", "ERROR"), (90, 7, 3))[0]
        text = {
            "INFO": f"level={chance.randint(180, 260)} flow={chance.randint(3, 90)} valve moved",
            "WARN": f"pressure={chance.randint(60, 99)} above the usual",
            "ERROR": f"valve V{chance.randint(1, 9)} did not answer in {chance.randint(2, 9)} s",
        }[level]
        rows.append(f"{at} {level} {gate} {text}")
    return "\n".join(rows) + "\n"


def questions(text: str) -> list[Asked]:
    """Of the log's counts the answers are worked out from it."""
    rows = text.splitlines()
    gates = [sum(f" gate-{gate} " in row for row in rows) for gate in (1, 2, 3)]
    errors = sum(" ERROR " in row for row in rows)
    warns3 = sum(" WARN gate-3 " in row for row in rows)
    highest = max(int(row.partition("pressure=")[2].split()[0]) for row in rows if "pressure=" in row)
    return [
        Asked("errors", "How many lines are at level ERROR?", rf"\b{errors}\b"),
        Asked("gate", "Which gate has the most lines?", rf"gate-{gates.index(max(gates)) + 1}\b"),
        Asked("warnings", "How many WARN lines does gate-3 have?", rf"\b{warns3}\b"),
        Asked("pressure", "What is the highest pressure?", rf"\b{highest}\b"),
        Asked("fuse", "Which fuse had blown when pump P-4 stopped?", r"\bF12\b"),
        Asked("ice", "Why did lock L-208 refuse to close?", r"\bice\b"),
        Asked("barge", "Which barge waits at the upper basin?", r"Clementine"),
        Asked("technician", "Which technician replaced sensor S-31?", r"Nadia Orr"),
        Asked("drive", "To which drive did the backup of the ledger go?", r"TANGO-5"),
        Asked("line", "What cut the telephone line?", r"excavator"),
        Asked("limit", "To what was the speed limit lowered at gate-2?", r"\b6\b"),
        Asked("shift", "To whom did Marta Keel hand over the shift?", r"Joris Band"),
        Asked("retry", "How often does production try a charge (payments.retry.max_attempts)?", r"\b8\b", code=True),
        Asked("port", "On which port does the server listen by default?", r"\b8080\b", code=True),
        Asked("declined", "What is the value of DECLINED_CENTS?", r"\b10\b", code=True),
        Asked("bury", "In which file is the function bury defined?", r"queue\.py", code=True),
        Asked(
            "refund", "Which exception is raised when a refund exceeds what the order paid?", r"ValueError", code=True
        ),
        Asked("jitter", "What does jitter mean in the retry policy?", r"chance|random", code=True),
        Asked("webhooks", "After how many attempts are webhooks given up by default?", r"\b10\b", code=True),
        Asked(
            "variable",
            "Which environment variable raises the retry limit without a release?",
            r"LARDER__PAYMENTS__RETRY__MAX_ATTEMPTS",
            code=True,
        ),
    ]
