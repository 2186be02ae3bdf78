"""A small index over the demo's generated log: for `./dev bench quality`, and to try a model on before real money."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from bench.quality.index import Question, Scoring
from rlm_ls.cli.demo.generate import demo_log

LINES = 5_000


def questions(folder: Path) -> tuple[Question, ...]:
    """Make the log in `folder`, and the right answers from it by other means than the verbs."""
    path = demo_log(folder, lines=LINES)
    text = path.read_text(encoding="utf-8")
    levels = Counter(re.findall(r"^\S+ +([A-Z]+) ", text, re.MULTILINE))
    users = set(re.findall(r"\buser=(\w+)", text))
    name = path.relative_to(folder).as_posix()

    def question(id: str, asked: str, answer: Any, scoring: Scoring) -> Question:
        return Question(id=id, question=asked, context=name, answer=answer, scoring=scoring)

    return (
        question("errors", "How many lines contain ERROR?", levels["ERROR"], Scoring(type="contains")),
        question("warnings", "How many WARN lines are there?", levels["WARN"], Scoring(type="contains")),
        question("users", "How many different values of user are there?", len(users), Scoring(type="contains")),
        question(
            "levels",
            "How many lines of each level are there?\nEnd with one line: ANSWER: key=value; key=value; ...",
            {level: str(count) for level, count in levels.items()},
            Scoring(type="map_acc"),
        ),
    )
