"""What counts as a right answer, scorer by scorer: as models write them, malformed ones included."""

from __future__ import annotations

import math
from typing import Any

import pytest
from bench.quality.index import ANSWERS, Question, Scoring
from bench.quality.scoring import SCORERS, score
from bench.quality.stated import final, numbers
from hypothesis import given
from hypothesis import strategies as st

PEOPLE = {"Anna Pávlovna": "1810111", "Bilíbin": "2215279"}
RANKING = [["timeout", 90], ["denied", 90], ["refused", 12]]
PAIRS = [[24310, 47935], [24310, 99116]]
SUMMARY = "The synthesis module will be the last one to do."


def scored(kind: str, answer: Any, output: str, **scoring: Any) -> float:
    question = Question(
        id="q", question="?", context="t.txt", answer=answer, scoring=Scoring.model_validate({"type": kind, **scoring})
    )
    return score(output, question)


@pytest.mark.parametrize(
    ("output", "counts"),
    [
        ("ANSWER: 4", "4"),
        ("I think.\n**ANSWER:** 4", "4"),
        ("ANSWER: 3\nNo, wait.\nANSWER: 4", "4"),
        ("`ANSWER`: 4", "4"),
        ("ANSWER:\n```\n(1, 2)\n(3, 4)\n```", "(1, 2)\n(3, 4)"),
        ("**Final answer:** 4", "4"),
        ("The answer: 3\nANSWER: 4\nAnswer: 5", "4\nAnswer: 5"),
        ("No marker at all", "No marker at all"),
        ("", ""),
        ("ANSWER:", ""),
    ],
)
def test_what_follows_the_last_marker_counts(output: str, counts: str) -> None:
    assert final(output) == counts


def test_numbers_are_those_that_stand_by_themselves() -> None:
    assert numbers("p95=49ms, host-17, 1,529 or −3; v1.2.3, 2.5e3, 10.") == [49.0, 1529.0, -3.0, 2500.0, 10.0]


RIGHT: list[tuple[str, Any, str]] = [
    ("exact", "QUIET-SAMOVAR-7468", "It is in chapter 3.\nANSWER: QUIET-SAMOVAR-7468"),
    ("exact", "QUIET-SAMOVAR-7468", "ANSWER: **`quiet-samovar-7468`**."),
    ("exact", "Volokolámsk", "ANSWER: Volokolamsk\n\nSources: t.txt:3"),
    ("exact", 96895, "ANSWER: 96895"),
    ("exact", "O'Brien", "ANSWER: O’Brien"),
    ("contains", "47.3N 122.4W", "The coordinates are 47.3N 122.4W (line 3)."),
    ("contains", "40", "There are 40 such lines."),
    ("contains", "1405", "There are 1,405 of them."),
    ("contains", "40", "There are 40, not more."),
    ("contains_all", ["Bolkónski", "Rostov"], "The Rostóvs and the Bolkonskis."),
    ("regex", "40.*100|0\\.4", "40 to 100\nANSWER: two fifths"),
    ("number", 491, "ANSWER: 491 hosts"),
    ("number", 1529, "of 40 files\nANSWER: about 1,529"),
    ("number", 10, "There are 10 of them, that is: 10."),
    ("number", -3.5, "ANSWER: −3.5"),
    ("none", None, "ANSWER: not found"),
    ("none", None, "ANSWER: None."),
    ("none", "NOT IN TEXT", "ANSWER: not in text"),
    ("none", None, "ANSWER: The text does not mention it."),
    ("none", None, "The log does not contain such a line."),
    ("mc", "C", "ANSWER: C"),
    ("mc", "C", "ANSWER: (c)"),
    ("mc", "C", "ANSWER: **C) The mill.**"),
    ("mc", "C", "ANSWER: Option C, since A is false"),
    ("mc", "B", "ANSWER: B The mill"),
    ("mc", "C", "A is wrong. So the answer is C."),
    ("mc", "D", "D"),
    ("bool", True, "ANSWER: Yes"),
    ("bool", False, "ANSWER: **False**, as line 3 says"),
    ("bool", True, "Yes, on line 3."),
    ("set_f1", ["red", "green"], "ANSWER: Green; red"),
    ("set_f1", ["red", "green"], "ANSWER: green and red"),
    ("set_f1", ["red", "green", "blue"], "ANSWER:\n- red\n- green\n- `blue`\n\nThese are all."),
    ("set_f1", ["red", "green"], 'ANSWER: ["red", "green"]'),
    ("set_f1", ["Smith, J.", "Roe, A."], "ANSWER: Roe, A.; Smith, J."),
    ("set_f1", ["Smith, J."], "ANSWER: Smith, J."),
    ("set_f1", [], "ANSWER: none"),
    ("map_acc", PEOPLE, "ANSWER: Bilibin=2215279; Anna Pavlovna=1810111"),
    ("map_acc", PEOPLE, "ANSWER:\n- **Anna Pávlovna**: 1,810,111\n- **Bilíbin**: 2,215,279"),
    ("map_acc", PEOPLE, 'ANSWER: {"Anna Pávlovna": 1810111, "Bilíbin": "2215279"}'),
    ("map_acc", {"notice": "1405", "error": "595"}, "ANSWER: notice=1,405, error=595"),
    ("map_acc", {"a": "yes"}, "ANSWER: A = Yes."),
    ("ranked", RANKING, "ANSWER: timeout=90; denied=90; refused=12"),
    ("ranked", RANKING, "ANSWER: denied=90; timeout=90; refused=12"),
    ("ranked", RANKING, "ANSWER:\n1. Denied: 90\n2. Timeout: 90 times\n3. Refused: 12"),
    ("pairs_f1", PAIRS, "ANSWER:\n(24310, 47935)\n(24310, 99116)"),
    ("pairs_f1", PAIRS, "ANSWER: (99116, 24310), (47935, 24310), (24310, 47935)"),
    ("pairs_f1", PAIRS, "ANSWER: [[24310, 47935], [24310, 99116]]"),
    ("pairs_f1", PAIRS, "ANSWER:\n24310, 47935\n24310, 99116"),
    ("pairs_f1", [], "ANSWER: none"),
    ("rouge", SUMMARY, f"ANSWER: {SUMMARY}"),
    ("oolong", "human being", "ANSWER: Label: human being"),
    ("oolong", "96895", "ANSWER: User: 96895"),
    ("oolong", "more common than", "ANSWER: more common than"),
]


@pytest.mark.parametrize(("kind", "answer", "output"), RIGHT)
def test_a_right_answer_scores_one(kind: str, answer: Any, output: str) -> None:
    assert scored(kind, answer, output) == pytest.approx(1.0)


WRONG: list[tuple[str, Any, str]] = [
    ("exact", "Moscow", "ANSWER: Moscow or Tver"),
    ("exact", "Moscow", "Moscow\nANSWER: Tver"),
    ("exact", "Moscow", "ANSWER:"),
    ("contains", "40", "There are 140 such lines."),
    ("contains", "40", "There are 40.5 of them."),
    ("contains", "40", "There are 1,40"),
    ("contains", "40", "40 was wrong.\nANSWER: 41"),
    ("contains_all", ["Rostov", "Bezukhov"], "Only the Rostovs."),
    ("regex", "^40$", "140"),
    ("number", 491, "ANSWER: many"),
    ("number", 491, "491\nANSWER: 490"),
    ("number", 491, "Between 480 and 491."),
    ("number", 17, "ANSWER: host-17"),
    ("none", None, "ANSWER: QUIET-SAMOVAR-7468"),
    ("none", None, "ANSWER: Nonesuch"),
    ("none", None, "ANSWER: November"),
    ("none", None, "It is on line 3, and nothing else is."),
    ("mc", "C", "ANSWER: B or C"),
    ("mc", "C", "ANSWER: C and D"),
    ("mc", "A", "ANSWER: A miller did it"),
    ("mc", "C", "ANSWER: Cabbage"),
    ("mc", "C", "ANSWER: 3"),
    ("bool", True, "ANSWER: not true"),
    ("bool", True, "ANSWER: perhaps yes"),
    ("bool", False, "ANSWER: nothing"),
    ("bool", False, "ANSWER:"),
    ("set_f1", ["red"], "ANSWER: none"),
    ("set_f1", [], "ANSWER: red"),
    ("map_acc", PEOPLE, "ANSWER: 1810111, 2215279"),
    ("map_acc", {"a": "1"}, "ANSWER: a=1; a=2"),
    ("map_acc", {"a": "1"}, "ANSWER: {a: "),
    ("map_acc", {"a": "10"}, "ANSWER: a=11"),
    ("ranked", RANKING, "ANSWER: refused=12; timeout=90; denied=90"),
    ("ranked", RANKING, "ANSWER: timeout=90; denied=90"),
    ("ranked", RANKING, "ANSWER: timeout=90; denied=90; refused=12; other=1"),
    ("ranked", RANKING, "ANSWER: timeout=90; timeout=90; refused=12"),
    ("ranked", RANKING, "ANSWER: timeout=90; denied=89; refused=12"),
    ("ranked", RANKING, "ANSWER: timeout, denied, refused"),
    ("pairs_f1", PAIRS, "ANSWER: 24310 47935"),
    ("pairs_f1", [], "ANSWER: (1, 2)"),
    ("rouge", SUMMARY, "ANSWER:"),
    ("rouge", SUMMARY, "ANSWER: Otters swim."),
    ("oolong", "human being", "ANSWER: location"),
    ("oolong", "human being", "ANSWER: human being or location"),
]


@pytest.mark.parametrize(("kind", "answer", "output"), WRONG)
def test_a_wrong_or_malformed_answer_scores_nothing(kind: str, answer: Any, output: str) -> None:
    assert scored(kind, answer, output) == 0.0


def test_a_tolerance_is_relative() -> None:
    right = {"p50": "49", "p99": "588"}
    assert scored("map_acc", right, "ANSWER: p50=49 ms; p99=580ms", rel_tol=0.02) == 1.0
    assert scored("map_acc", right, "ANSWER: p50=49 ms; p99=580ms") == 0.5
    assert scored("number", 588, "ANSWER: 580", rel_tol=0.02) == 1.0


def test_a_map_scores_its_share_of_right_keys() -> None:
    assert scored("map_acc", PEOPLE, "ANSWER: Bilíbin=2215279; Pierre=3") == 0.5


def test_sets_and_pairs_score_the_harmonic_mean_of_precision_and_recall() -> None:
    # 2 of 4 given are right, 2 of 3 right ones are given.
    assert scored("set_f1", ["a", "b", "c"], "ANSWER: a; b; x; y") == pytest.approx(4 / 7)
    assert scored("pairs_f1", PAIRS, "ANSWER: (24310, 47935)") == pytest.approx(2 / 3)


def test_an_oolong_number_loses_a_quarter_for_each_it_is_off() -> None:
    assert [scored("oolong", 530, f"ANSWER: {n}", answer_type="numeric") for n in (530, 531, 528)] == [
        1.0,
        0.75,
        0.75**2,
    ]
    assert scored("oolong", 530, "ANSWER: many", answer_type="numeric") == 0.0
    assert scored("oolong", 530, "ANSWER: 1e400", answer_type="numeric") == 0.0


def test_rouge_is_the_geometric_mean_of_three() -> None:
    # Words: 3 of 3 and 3 of 4; pairs of words: 2 of 2 and 2 of 3; longest common subsequence: 3 of 3 and 3 of 4.
    assert scored("rouge", "mills grind slowly everywhere", "ANSWER: Mill grinds slowly!") == pytest.approx(
        ((6 / 7) * (4 / 5) * (6 / 7)) ** (1 / 3)
    )


def test_every_type_has_a_scorer_and_a_kind_of_answer() -> None:
    assert SCORERS.keys() == ANSWERS.keys()


ANSWER_OF: dict[str, Any] = {
    "exact": "a",
    "contains": "40",
    "contains_all": ["a", "40"],
    "regex": "a+b",
    "number": 3,
    "none": None,
    "mc": "C",
    "bool": True,
    "set_f1": ["a", "b"],
    "map_acc": {"a": "1", "b": "x"},
    "ranked": [["a", 2], ["b", 1]],
    "pairs_f1": [[1, 2]],
    "rouge": "a b c",
    "oolong": 3,
}

NASTY = st.lists(
    st.sampled_from(["ANSWER:", "\n", "=", ";", ",", "(", ")", "[", "{", '"', "1", "e9", "999e999", "½", "²", "a", " "])
    | st.text(max_size=5)
).map("".join)


@given(st.sampled_from(sorted(ANSWER_OF)), NASTY, st.sampled_from(["", "numeric"]))
def test_no_output_breaks_a_scorer(kind: str, output: str, answer_type: str) -> None:
    found = scored(kind, ANSWER_OF[kind], output, answer_type=answer_type)
    assert 0.0 <= found <= 1.0
    assert not math.isnan(found)
