"""What is measured beside the reference implementation: the questions with their texts, and the table."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from bench.quality.beside import full_of, reference_of, table
from bench.quality.index import Question, Scoring, read_index
from bench.quality.making import PLACES, questions
from bench.quality.results import Row


def test_the_made_answers_are_those_of_the_made_texts(tmp_path: Path) -> None:
    made = {one["id"]: one for one in questions(tmp_path, None)}
    assert len(made) == 10
    (tmp_path / "index.json").write_text(json.dumps(list(made.values())), encoding="utf-8")
    assert [one.id for one in read_index(tmp_path / "index.json")] == list(made)

    events = [json.loads(line) for line in (tmp_path / made["pods"]["context"]).read_text("utf-8").splitlines()]
    warned = Counter(event["kubernetes"]["pod"] for event in events if event["level"] == "warning")
    assert [tuple(pair) for pair in made["pods"]["answer"]] == warned.most_common(3)
    spoken = (tmp_path / made["key"]["context"]).read_text("utf-8").splitlines()
    carried = [line for line in spoken if "carried the brass key" in line]
    assert [line.partition(" to the ")[2].partition(",")[0] for line in carried] == list(PLACES[1:])
    log = (tmp_path / made["users"]["context"]).read_text("utf-8").splitlines()
    failed = {word for line in log if " ERROR " in line for word in line.split() if word.startswith("user=")}
    assert made["users"]["answer"] == len(failed) > 1


def test_the_table_holds_what_both_were_asked_and_of_each_the_last_row(tmp_path: Path) -> None:
    asked = [
        Question(id=name, question="How many?", context="a.txt", answer=3, scoring=Scoring(type="number"))
        for name in ("one", "two", "three")
    ]
    full = tmp_path / "full.jsonl"
    rows = [("one", "ANSWER: 3", 1_000, "full"), ("two", "ANSWER: 4", 3_000, "full"), ("three", "3", 9, "loop")]
    told = [
        Row(id=id, digest="d", arm=arm, model="m", type="number", output=said, calls=1, prompt_tokens=tokens)
        for id, said, tokens, arm in rows
    ]
    full.write_text("".join(row.model_dump_json(by_alias=True) + "\n" for row in told), encoding="utf-8")
    other = tmp_path / "rlms.jsonl"
    again = [{"id": "one", "output": "2", "calls": 1, "tokens": 1}]
    again += [{"id": one.id, "output": "ANSWER: 3", "calls": 2, "tokens": 4_000} for one in asked]
    other.write_text("".join(json.dumps(row) + "\n" for row in again), encoding="utf-8")

    lines = table(asked, full_of(asked, [full]), reference_of(asked, [other])).splitlines()
    assert lines[2:] == [
        "| one | 1 | 1,000 | 1 | 1 | 4,000 | 2 | 0.25 |",
        "| two | 0 | 3,000 | 1 | 1 | 4,000 | 2 | 0.75 |",
        "| 2 | 0.50 | 4,000, median 2,000 | 1.0 | 1.00 | 8,000, median 4,000 | 2.0 | 0.50 |",
    ]
