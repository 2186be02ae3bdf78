"""Index files: what is read, what is refused and how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bench.quality.index import Question, Scoring, read_index, texts_of

from rlm_ls.errors import BadRequest, DocumentMissing

OWN = Path(__file__).parents[3] / "bench/quality/own.json"

GOOD: dict[str, Any] = {
    "id": "one",
    "question": "How many?\nEnd with one line: ANSWER: <number>",
    "context": "data/a.txt",
    "answer": 3,
    "scoring": {"type": "number"},
}


def index(folder: Path, *entries: Any) -> Path:
    path = folder / "eval" / "index.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(list(entries)), encoding="utf-8")
    return path


def test_an_index_is_read_and_its_texts_are_found_above_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("x")
    path = index(tmp_path, GOOD)
    (question,) = read_index(path)
    assert question.asked == "How many?"
    assert texts_of(path, (question,)) == tmp_path
    assert question.text(tmp_path) == tmp_path / "data" / "a.txt"


def test_a_missing_text_names_the_question_and_the_file(tmp_path: Path) -> None:
    (question,) = read_index(index(tmp_path, GOOD))
    with pytest.raises(DocumentMissing, match=r"one: .*a\.txt.*--texts"):
        question.text(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scoring": {"type": "magic"}}, "one.scoring.type"),
        ({"scoring": {"type": "exact", "tolerance": 1}}, "tolerance"),
        ({"answer": "many"}, "one: .*number"),
        ({"scoring": {"type": "regex"}, "answer": "("}, "pattern|regular"),
        ({"scoring": {"type": "ranked"}, "answer": ["a", "b"]}, "one"),
        ({"scoring": {"type": "mc"}, "answer": "CD"}, "one"),
        ({"scoring": {"type": "oolong", "answer_type": "NUMERIC"}, "answer": "x"}, "float"),
        ({"question": ""}, "one.question"),
        ({"id": "../x"}, "id"),
    ],
)
def test_a_bad_entry_is_named_with_its_field(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        read_index(index(tmp_path, GOOD | change))


def test_no_two_questions_have_one_id(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="one"):
        read_index(index(tmp_path, GOOD, GOOD))


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for content in ("", "{}", "[3]", '"x"'):
        path.write_text(content)
        with pytest.raises(BadRequest, match=r"x\.json"):
            read_index(path)
    with pytest.raises(BadRequest, match="cannot be read"):
        read_index(tmp_path / "none.json")


def test_an_answer_is_taken_as_its_scorer_compares_it() -> None:
    yes = Question(id="q", question="?", context="t", answer="yes", scoring=Scoring(type="bool"))
    assert yes.answer is True


def test_the_four_recorded_questions_are_an_index() -> None:
    questions = read_index(OWN)
    assert {question.id for question in questions} == {"own-detective", "own-meetings", "own-labels", "own-family"}
