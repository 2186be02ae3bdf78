from __future__ import annotations

import hashlib
import json
import time
from typing import Any, get_args

import pytest

from rlm_ls.engine.answer import Answer
from rlm_ls.engine.trace.events import AnyEvent
from rlm_ls.store.redact import (
    Written,
    answer_fields,
    event_fields,
    for_trace,
    known_secrets,
    not_kept,
    redact,
    redact_answer,
    scrub,
)

SECRET_LINE = "card 4111 1111 1111 1111 of Véra"


def digest(text: str) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "characters": len(text)}


def test_what_models_were_shown_is_replaced_by_its_digest_and_their_replies_stay() -> None:
    event = {
        "type": "modelCalled",
        "runId": "r",
        "messages": [
            {"role": "system", "content": "rules"},
            {"role": "user", "content": SECRET_LINE},
            {"role": "assistant", "content": "find('card')"},
        ],
    }
    assert redact(event)["messages"] == [
        {"role": "system", "content": digest("rules")},
        {"role": "user", "content": digest(SECRET_LINE)},
        {"role": "assistant", "content": "find('card')"},
    ]


def test_the_event_that_was_given_is_not_changed() -> None:
    event = {"type": "modelCalled", "messages": [{"role": "user", "content": SECRET_LINE}]}
    before = json.dumps(event)
    redact(event)
    assert json.dumps(event) == before


def test_the_output_of_a_program_and_what_its_error_quotes_are_not_kept() -> None:
    event = {
        "type": "programFinished",
        "output": SECRET_LINE,
        "error": f"line 3: ValueError: invalid literal for int(): '{SECRET_LINE}'",
        "submitted": False,
    }
    kept = redact(event)
    assert kept["output"] == digest(SECRET_LINE)
    assert kept["error"] == f"line 3: ValueError: {not_kept(event['error'].removeprefix('line 3: ValueError: '))}"
    assert kept["submitted"] is False


def finished(error: str, written: Written | None = None) -> str:
    return str(redact({"type": "programFinished", "output": "", "error": error}, written)["error"])


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        ("ZeroDivisionError: division by zero", "ZeroDivisionError: division by zero"),
        ("IndexError: list index out of range\nHint: no", "IndexError: list index out of range"),
        ("NameError: name 'hits' is not defined", "NameError: name 'hits' is not defined"),
        (
            "AttributeError: 'str' object has no attribute 'hits'",
            "AttributeError: 'str' object has no attribute 'hits'",
        ),
        ("Error on line 2: assert hits\nAssertionError", "Error on line 2: assert hits\nAssertionError"),
        ("ValueError: nothing found", "ValueError: nothing found"),
    ],
)
def test_what_an_exception_says_in_pythons_or_the_models_own_words_stays(error: str, kept: str) -> None:
    written = Written()
    written.add('hits = find("x")\nassert hits\nraise ValueError("nothing found")')
    assert finished(error, written) == kept


@pytest.mark.parametrize(
    "error",
    [
        f"KeyError: '{SECRET_LINE}'",
        f"Error on line 2: assert rows == '', rows\nAssertionError: {SECRET_LINE}\n{SECRET_LINE}",
        f"Error on line 1: {SECRET_LINE}\nValueError: bad",
        f"ValueError: Hint\nHint: {SECRET_LINE}",
        f"{SECRET_LINE}: division by zero",
        "NameError: name 'Véra' is not defined",
        f"IndexError: list index out of range\n{SECRET_LINE}",
    ],
)
def test_what_an_exception_quotes_goes_quoted_or_not(error: str) -> None:
    kept = finished(error)
    assert "4111" not in kept
    assert "Véra" not in kept
    assert finished(kept) == kept


def test_arguments_stay_where_the_model_wrote_them() -> None:
    written = Written()
    redact({"type": "modelReplied", "text": "find('Véra', limit=50)\nlines(123456789)"}, written)

    def called(detail: str) -> str:
        return str(redact({"type": "verbCalled", "detail": detail}, written)["detail"])

    assert called("find('Véra', limit=50) → 12") == "find('Véra', limit=50) → 12"
    assert called("find('card 4111', limit=50) → 12") == "find('…', limit=50) → 12"
    assert called("lines(123456789) → 1") == "lines(123456789) → 1"
    assert called("lines(4111111111111111) → 1") == "lines(…) → 1"
    assert "4111" not in called("find('card 4111") + called("find('a') ✗ no card 4111 there")


def test_a_run_without_a_final_answer_keeps_why_and_not_what_was_found() -> None:
    answer = {
        "status": "partial",
        "reason": "the limit of 2 turns was reached",
        "answer": SECRET_LINE,
        "data": [SECRET_LINE],
    }
    kept = redact({"type": "runFinished", "answer": answer})["answer"]
    assert "4111" not in json.dumps(kept)
    assert "the limit of 2 turns was reached" in kept["answer"]
    failed = redact_answer({**answer, "status": "failed", "reason": f"The provider said: {SECRET_LINE}"})
    assert failed["reason"] == "The provider said…"


def test_every_field_of_every_event_has_a_rule_and_what_is_new_is_not_kept() -> None:
    for kind in get_args(get_args(AnyEvent)[0]):
        name = kind.model_fields["type"].default
        fields = {field.alias or field_name for field_name, field in kind.model_fields.items()}
        ruled = event_fields(name)
        assert name in ("textStreamed", "thinkingStreamed") or fields <= ruled, f"{name}: {fields - ruled}"
    answer = {field.alias or name for name, field in Answer.model_fields.items()}
    assert answer <= answer_fields()


def test_a_hostile_error_is_redacted_at_once() -> None:
    started = time.process_time()
    for text in ("'" + "\\'" * 200_000, "'" * 400_000, '"\\' * 200_000, "'\n" * 200_000):
        redact({"type": "programFinished", "output": "", "error": text})
    assert time.process_time() - started < 20


def test_excerpts_of_the_card_are_not_kept() -> None:
    event = {"type": "contextTaken", "count": 1, "excerpts": [{"path": "a", "lines": [SECRET_LINE]}]}
    assert SECRET_LINE not in json.dumps(redact(event), ensure_ascii=False)
    assert redact(event)["count"] == 1


@pytest.mark.parametrize(
    "event",
    [
        {"type": "runStarted", "question": "who is Véra?", "scope": {"kind": "files"}},
        {"type": "modelReplied", "text": "```python\nprint(1)\n```"},
        {"type": "programStarted", "source": "print(1)"},
        {
            "type": "runFinished",
            "answer": {"status": "answered", "answer": "Véra", "citations": [{"quote": SECRET_LINE}]},
        },
    ],
)
def test_questions_programs_replies_calls_answers_and_citations_stay(event: dict[str, Any]) -> None:
    assert redact(event) == event


def test_events_that_nobody_foresaw_are_digested() -> None:
    assert redact({"type": "somethingNew", "text": SECRET_LINE})["text"] == digest(SECRET_LINE)


def test_redacting_twice_is_the_same_as_once() -> None:
    event = {"type": "programFinished", "output": SECRET_LINE, "error": ""}
    assert redact(redact(event)) == redact(event)


def test_values_of_key_variables_are_taken_out_of_every_string() -> None:
    environ = {
        "OPENAI_API_KEY": "abcd-efgh-1234",
        "MY_TOKEN": "tok-99887766",
        "EDITOR": "vim-is-not-secret",
        "X_SECRET": "1",
    }
    event = {
        "type": "warned",
        "message": "failed with abcd-efgh-1234",
        "deep": [{"tok-99887766": ("vim-is-not-secret", "1", 1, None)}],
    }
    kept = json.dumps(scrub(event, known_secrets(environ)))
    assert "abcd-efgh" not in kept
    assert "tok-9988" not in kept
    assert "vim-is-not-secret" in kept
    assert '"1", 1, null' in kept


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc.def-ghi_jkl",
        "key sk-proj-abcdefghijklmnop1234",
        "key ghp_abcdefghijklmnopqrst0123",
    ],
)
def test_what_looks_like_a_key_is_taken_out(text: str) -> None:
    kept = scrub(text, ())
    assert "abc" not in kept
    assert "[key removed]" in kept


def test_words_that_only_contain_the_letters_of_a_key_stay() -> None:
    text = "risk-management-and-governance, task-force-alpha-bravo-charlie, sk-short"
    assert scrub(text, ()) == text


def test_a_key_with_a_name_of_the_users_own_is_taken_out_when_named() -> None:
    assert scrub("x hunter2 y", known_secrets({}, ["hunter2"])) == "x [key removed] y"


def test_level_full_keeps_all_but_keys() -> None:
    event = {"type": "programFinished", "output": f"{SECRET_LINE} Bearer abcdefghijkl", "error": ""}
    kept = for_trace(event, "full", known=())
    assert kept["output"] == f"{SECRET_LINE} Bearer [key removed]"
    assert for_trace(event, "standard", known=())["output"] == digest(event["output"])


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ("page 12", "page 12"),
        ("page 3 to 4", "page 3 to 4"),
        ("sheet Salaries of Ann, rows 5–9", "rows 5–9"),
        ("sheet Ann, Bob, row 5", "row 5"),
        ("Chapter of secrets", ""),
        ("sheet page 2 of Ann", ""),
        ("page 12, Ann", ""),
        ("", ""),
    ],
)
def test_of_a_citations_place_the_number_stays_and_no_name(place: str, kept: str) -> None:
    cited = {"uri": "file:///a.xlsx", "quote": "x", "place": place}
    answer = {"status": "answered", "answer": "x", "citations": [cited, {"uri": "file:///b", "quote": "y"}]}
    assert redact_answer(answer)["citations"] == [{**cited, "place": kept}, {"uri": "file:///b", "quote": "y"}]
