"""Whether a reply of the offline rules is right, declined or wrong: the rules of README.md beside this file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Verdict = Literal["right", "declined", "wrong"]

DECLINED = re.compile(r"^(?:I did not understand|Found nothing|Nothing )")
QUOTED = re.compile(r"^\s*(?:>|- \S+:\d+:|\d+\|).*$", re.MULTILINE)
GROUPED = re.compile(r"(?<=\d)[,'_ ](?=\d{3}(?!\d))")
NUMBER = re.compile(r"(?<![\w.:/-])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w/-]|:\S)(?!\.\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Examination:
    id: str
    file: str
    question: str
    kind: str
    accept: tuple[Mapping[str, Any], ...]


def examinations(folder: Path) -> list[Examination]:
    rows = json.loads((folder / "questions.json").read_text("utf-8"))
    return [Examination(r["id"], r["file"], r["question"], r["kind"], tuple(r["accept"])) for r in rows]


def verdict(reply: str, accept: Sequence[Mapping[str, Any]]) -> Verdict:
    """A reply that says that it was not understood is a decline, whatever it shows besides."""
    reply = reply.split("\n\n*Offline model")[0].strip()
    if DECLINED.match(reply):
        return "right" if any(rule.get("decline") for rule in accept) else "declined"
    return "right" if any(_holds(rule, reply) for rule in accept) else "wrong"


def _holds(rule: Mapping[str, Any], reply: str) -> bool:
    return all(_part(name, value, rule, reply) for name, value in rule.items() if name not in {"tol", "unit"})


def _part(name: str, value: Any, rule: Mapping[str, Any], reply: str) -> bool:
    stated = re.sub(r"\n\nRead as .*", "", QUOTED.sub("", reply), flags=re.DOTALL)
    lower = reply.lower().replace('"', "").replace("'", "")
    places = {text: _place(lower, text) for text in value} if isinstance(value, list) and name != "all_number" else {}
    match name:
        case "number":
            return any(_near(found, float(value), float(rule.get("tol", 0))) for found in _numbers(stated))
        case "all_number":
            return all(_holds(one, reply) for one in value)
        case "all_of":
            return all(place >= 0 for place in places.values())
        case "any_of":
            return any(place >= 0 for place in places.values())
        case "none_of":
            return all(place < 0 for place in places.values())
        case "ordered":
            order = list(places.values())
            return all(place >= 0 for place in order) and order == sorted(order)
        case "table":
            return _table(value, reply)
        case "hour":
            return bool(re.search(rf"(?<!\d)0?{int(value)}(?::00|h\b|(?![\d:.,]))", stated))
        case "yes":
            return _yes(stated) is value
        case _:
            return False


def _numbers(text: str) -> list[str]:
    return NUMBER.findall(GROUPED.sub("", text))


def _near(found: str, wanted: float, tolerance: float) -> bool:
    number = float(found)
    if abs(number - wanted) <= tolerance + 1e-9:
        return True
    decimals = len(found.partition(".")[2])
    return decimals >= 2 and abs(number - wanted) <= 0.5 * 10**-decimals + 1e-9


def _place(text: str, wanted: str) -> int:
    plain = wanted.lower().replace('"', "").replace("'", "")
    match = re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", text)
    return match.start() if match else -1


def _table(wanted: Mapping[str, float], text: str) -> bool:
    rows: dict[str, float] = {}
    for line in text.splitlines():
        match = re.match(r"\s*(?:[-*]|\d+\.)?\s*(.+?): ([\d,.]+)(?: \D*)?$", line)
        if match:
            rows[match[1].strip().lower()] = float(match[2].replace(",", "").rstrip("."))
    keys = {key: [row for row in rows if _same(row, key)] for key in wanted}
    for key, n in wanted.items():
        if not keys[key]:
            if n:
                return False
        elif len(keys[key]) > 1 or abs(rows[keys[key][0]] - n) > 1e-9:
            return False
    known = {row for found in keys.values() for row in found}
    return all(row in known or not n for row, n in rows.items())


def _same(row: str, key: str) -> bool:
    plain = key.lower()
    if row == plain:
        return True
    if re.fullmatch(r"\d\d", plain):
        return re.search(r"(?:^|[ t:-])0?(\d{1,2})(?::00)?(?:h|-\d\d:00)?$", row) is not None and int(
            re.findall(r"\d+", re.sub(r":00|h$|-\d\d:00$", "", row))[-1]
        ) == int(plain)
    if match := re.fullmatch(r"(\d{4}-\d\d-\d\d) (\d\d)", plain):
        return row.replace("t", " ").removesuffix(":00") in {plain, match[2]}
    return False


def _yes(text: str) -> bool | None:
    first = text.strip().lower()
    if re.match(r"(?:no\b|none\b|0\b|nothing)", first):
        return False
    return True if re.match(r"(?:yes\b|there (?:is|are)\b|[1-9])", first) else None
