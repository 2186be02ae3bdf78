from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import pytest

from rlm_ls.store.redact import for_trace, known_secrets, redact, scrub

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
    assert kept["error"] == "line 3: ValueError: invalid literal for int(): '…'"
    assert kept["submitted"] is False


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        ("TypeError: can't multiply by non-int of type 'float'", "TypeError: can't multiply by non-int of type '…'"),
        ("KeyError: b'se\\'cret' and \"sec'ret\"", "KeyError: '…' and '…'"),
        ("line 2: 'secret without end\nline 3", "line 2: '…'\nline 3"),
        ("ends in a backslash: 'secret\\", "ends in a backslash: '…'"),
        ("ZeroDivisionError: division by zero", "ZeroDivisionError: division by zero"),
    ],
)
def test_quoted_text_in_errors_goes_and_the_sentence_stays(error: str, kept: str) -> None:
    assert redact({"type": "programFinished", "output": "", "error": error})["error"] == kept


def test_a_hostile_error_is_redacted_at_once() -> None:
    started = time.monotonic()
    for text in ("'" + "\\'" * 200_000, "'" * 400_000, '"\\' * 200_000, "'\n" * 200_000):
        redact({"type": "programFinished", "output": "", "error": text})
    assert time.monotonic() - started < 20


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
        {"type": "verbCalled", "detail": "find('Véra', limit=50) → 12"},
        {"type": "runFinished", "answer": {"answer": "Véra", "citations": [{"quote": SECRET_LINE}]}},
        {"type": "somethingNew", "text": "kept"},
    ],
)
def test_questions_programs_replies_calls_answers_and_citations_stay(event: dict[str, Any]) -> None:
    assert redact(event) == event


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
