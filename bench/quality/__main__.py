"""`python -m bench.quality INDEX --model M`: scores a model on an index file. See README.md beside this file."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from bench.quality.index import Question, read_index, texts_of
from bench.quality.measuring import REPLAY, Plan, check, measure, rows_of
from bench.quality.report import line, report
from bench.quality.results import Arm, Results
from rlm_ls.engine.request import Budget
from rlm_ls.errors import BadRequest, RlmError

ARMS: tuple[Arm, ...] = get_args(Arm)


def main(argv: Sequence[str] | None = None) -> int:
    """0: every question has an answer, right or wrong; 1: some ended in an error; 2: nothing could be asked."""
    arguments = parser().parse_args(argv)
    try:
        every = read_index(arguments.index)
        questions = chosen(every, arguments.only, arguments.limit)
        plan = plan_of(arguments, every)
        check(plan, questions)
        results = Results(arguments.json)
    except RlmError as error:
        print(f"bench.quality: {error}", file=sys.stderr)
        return 2
    before = sum(row.error == "" for row in rows_of(plan, questions, results))
    if before:
        print(f"{before} of {len(questions) * len(plan.arms)} are done already, in {arguments.json}.", flush=True)
    code = 0
    try:
        asyncio.run(measure(plan, questions, results, lambda row: print(line(row), flush=True)))
    except KeyboardInterrupt:
        code = 130
        print("Stopped. The same command goes on from here." if arguments.json else "Stopped.")
    except RlmError as error:
        print(f"bench.quality: {error}", file=sys.stderr)
        return 2
    rows = rows_of(plan, questions, results)
    if rows:
        print(f"\n{report(rows)}")
    return code or int(any(row.error for row in rows))


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bench.quality", description="Score a model on an index file.")
    made.add_argument("index", type=Path, metavar="INDEX", help="JSON file of questions, answers and their scoring")
    who = made.add_mutually_exclusive_group(required=True)
    who.add_argument("--model", help="LiteLLM model, several with commas, offline, or recorded:FILE")
    who.add_argument("--replay", type=Path, metavar="DIR", help="play recordings that --record made; asks no model")
    made.add_argument("--sub", default="", metavar="MODEL", help="sub-model of the full arm (default: the same model)")
    made.add_argument("--arm", default="full", help=f"with commas between several, or `all`: {', '.join(ARMS)}")
    made.add_argument("--only", default="", metavar="ID,…", help="only these questions")
    made.add_argument("--limit", type=positive, metavar="N", help="only the first N of them")
    made.add_argument(
        "--json", type=Path, metavar="OUT", help="append results, a JSON line each; done ones are skipped"
    )
    made.add_argument("--record", type=Path, metavar="DIR", help="write each run as a recording; they quote the texts")
    made.add_argument("--texts", type=Path, metavar="DIR", help="what contexts are relative to (default: by the index)")
    made.add_argument("--concurrency", type=positive, default=4, metavar="N", help="questions at a time (default 4)")
    for name, kind in (("turns", positive), ("tokens", positive), ("seconds", float), ("usd", float)):
        made.add_argument(f"--{name}", type=kind, help="limit of one question")
    made.add_argument("--depth", type=int, choices=range(9), help="levels of child runs (default: by the settings)")
    return made


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def chosen(questions: tuple[Question, ...], only: str, limit: int | None) -> tuple[Question, ...]:
    """Raises BadRequest for an id that is not there."""
    ids = [each.strip() for each in only.split(",") if each.strip()]
    if unknown := sorted(set(ids) - {question.id for question in questions}):
        raise BadRequest(f"The index has no question {', '.join(unknown)}.")
    return tuple(question for question in questions if not ids or question.id in ids)[:limit]


def plan_of(arguments: argparse.Namespace, questions: tuple[Question, ...]) -> Plan:
    """Raises BadRequest for an arm that does not exist."""
    names = ARMS if arguments.arm == "all" else tuple(each.strip() for each in arguments.arm.split(",") if each.strip())
    if unknown := sorted(set(names) - set(ARMS)):
        raise BadRequest(f"There is no arm {', '.join(unknown)}.", f"There are: {', '.join(ARMS)}.")
    return Plan(
        texts=(arguments.texts or texts_of(arguments.index, questions)).resolve(),
        model=arguments.model or REPLAY,
        arms=tuple(arm for arm in ARMS if arm in names),
        sub=arguments.sub,
        budget=Budget(
            turns=arguments.turns,
            tokens=arguments.tokens,
            seconds=arguments.seconds,
            usd=arguments.usd,
            depth=arguments.depth,
        ),
        concurrency=arguments.concurrency,
        record=arguments.record,
        replay=arguments.replay,
    )


if __name__ == "__main__":
    sys.exit(main())
