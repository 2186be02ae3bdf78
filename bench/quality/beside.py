"""`python -m bench.quality.beside INDEX… --full rows.jsonl… --rlms rlms.jsonl…`: the table of README.md, of what
`python -m bench.quality --json` and `reference.py` have written. The last row of a question counts."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.quality.index import Question, read_index
from bench.quality.results import Results
from bench.quality.scoring import score


@dataclass(frozen=True, slots=True)
class Cost:
    score: float
    calls: int
    tokens: int


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.quality.beside", description=__doc__)
    parser.add_argument("index", type=Path, nargs="+")
    parser.add_argument("--full", type=Path, nargs="+", required=True)
    parser.add_argument("--rlms", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    questions = [question for path in options.index for question in read_index(path)]
    print(table(questions, full_of(questions, options.full), reference_of(questions, options.rlms)))


def full_of(questions: Iterable[Question], paths: Iterable[Path]) -> dict[str, Cost]:
    rows = {row.id: row for path in paths for row in Results(path).rows.values() if row.arm == "full" and not row.error}
    return {
        one.id: Cost(score(row.output, one), row.calls, row.tokens) for one in questions if (row := rows.get(one.id))
    }


def reference_of(questions: Iterable[Question], paths: Iterable[Path]) -> dict[str, Cost]:
    told = (json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines())
    rows: dict[str, dict[str, Any]] = {row["id"]: row for row in told}
    return {
        one.id: Cost(score(row["output"], one), row["calls"], row["tokens"])
        for one in questions
        if (row := rows.get(one.id))
    }


def table(questions: Iterable[Question], full: dict[str, Cost], reference: dict[str, Cost]) -> str:
    lines = [
        "| question | score | `full` | calls | score | `rlms` | calls | ratio |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    both = [one.id for one in questions if one.id in full and one.id in reference]
    for name in both:
        ours, theirs = full[name], reference[name]
        lines.append(
            f"| {name} | {ours.score:.2g} | {ours.tokens:,} | {ours.calls} | {theirs.score:.2g} | {theirs.tokens:,} "
            f"| {theirs.calls} | {ours.tokens / theirs.tokens:.2f} |"
        )
    if both:
        ours_all, theirs_all = [full[name] for name in both], [reference[name] for name in both]
        ratio = sum(one.tokens for one in ours_all) / sum(one.tokens for one in theirs_all)
        lines.append(f"| {len(both)} {_summed(ours_all)} {_summed(theirs_all)} | {ratio:.2f} |")
    return "\n".join(lines)


def _summed(costs: list[Cost]) -> str:
    """Mean score, tokens in all and of the median question, mean calls."""
    count = len(costs)
    tokens = [one.tokens for one in costs]
    return (
        f"| {sum(one.score for one in costs) / count:.2f} | {sum(tokens):,}, median {median(tokens):,.0f} "
        f"| {sum(one.calls for one in costs) / count:.1f}"
    )


if __name__ == "__main__":
    main()
