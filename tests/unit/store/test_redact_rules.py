"""The rules of the store's door, one by one, to their edges."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest

from rlm_ls.store.redact import (
    WRITTEN_CHARACTERS,
    Written,
    for_trace,
    known_secrets,
    not_kept,
    redact,
    redact_answer,
    scrub,
)

CARD = "card 4111 of Véra"


def digest(text: str) -> dict[str, Any]:
    data = text.encode("utf-8", "surrogatepass")
    return {"sha256": hashlib.sha256(data).hexdigest(), "characters": len(text)}


def wrote(*texts: str) -> Written:
    written = Written()
    for text in texts:
        written.add(text)
    return written


def called(detail: str, *texts: str) -> str:
    return str(redact({"type": "verbCalled", "verb": "find", "detail": detail}, wrote(*texts))["detail"])


def warned(message: str, *texts: str) -> str:
    return str(redact({"type": "warned", "message": message}, wrote(*texts))["message"])


def error(text: str, *texts: str) -> str:
    return str(redact({"type": "programFinished", "error": text}, wrote(*texts))["error"])


def child(value: Any, *texts: str) -> Any:
    return redact({"type": "childFinished", "data": value}, wrote(*texts))["data"]


def partial(written: Written | None = None, **fields: Any) -> dict[str, Any]:
    return redact_answer({"status": "partial", **fields}, written)


# -- what was written ----------------------------------------------------------------------------------------------


def test_before_anything_was_written_no_word_is_known() -> None:
    assert not any(letter in Written() for letter in "aX")


def test_what_was_written_is_known_by_its_parts_and_nothing_else_is() -> None:
    written = wrote("first text", "", "second text")
    assert "rst te" in written
    assert "second" in written
    assert "text\nsecond" in written
    for other in ("textsecond", "X", "None"):
        assert other not in written
    written.add(None)
    written.add(7)
    assert "7" not in written
    assert "first" not in Written()
    written.add("third")
    assert "third" in written


def test_of_what_was_written_the_newest_is_remembered() -> None:
    half = WRITTEN_CHARACTERS // 2
    written = wrote("a" * half, "b" * half)
    assert "ab" not in written
    assert "a" in written
    written.add("c")
    assert "a" not in written
    assert "b" in written
    written.add("d" * (WRITTEN_CHARACTERS + 5))
    assert "c" not in written
    assert "d" * WRITTEN_CHARACTERS in written
    assert "d" * (WRITTEN_CHARACTERS + 1) not in written


def test_two_texts_that_are_too_long_together_leave_the_second() -> None:
    written = wrote("a" * WRITTEN_CHARACTERS, "b")
    assert "a" not in written
    assert "b" in written


def test_the_run_learns_what_was_written_from_its_events() -> None:
    for kind, name in (
        ("runStarted", "question"),
        ("modelReplied", "text"),
        ("compileStarted", "source"),
        ("programStarted", "source"),
    ):
        written = Written()
        for_trace({"type": kind, name: CARD}, "standard", known=(), written=written)
        assert CARD in written, kind
    written = wrote(CARD)
    kept = for_trace({"type": "childFinished", "answer": CARD}, "standard", known=(), written=written)
    assert kept["answer"] == CARD


# -- fields --------------------------------------------------------------------------------------------------------


def test_what_nobody_foresaw_is_digested_at_every_depth() -> None:
    kept = redact({"type": "new", "deep": {"a": [CARD, 7, {"b": (CARD, None)}]}, "seq": 3})
    assert kept == {
        "type": "new",
        "deep": {"a": [digest(CARD), 7, {"b": [digest(CARD), None]}]},
        "seq": 3,
    }
    assert redact(kept) == kept


def test_what_only_resembles_a_digest_is_digested() -> None:
    for odd in (
        {"sha256": CARD, "characters": 3},
        {"sha256": "0" * 63, "characters": 3},
        {"sha256": "0" * 65, "characters": 3},
        {"sha256": "0" * 64, "characters": 3, "more": CARD},
    ):
        assert CARD not in str(redact({"type": "new", "x": odd}))
        assert redact({"type": "new", "x": odd})["x"] != odd


def test_half_a_character_is_no_crash() -> None:
    half = "\ud800 x"
    assert redact({"type": "new", "x": half})["x"] == digest(half)
    assert child(half) == not_kept(half)
    sha = hashlib.sha256(half.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    assert not_kept(half) == f"(3 characters, sha256 {sha}, not kept; set rlm.trace to full to keep them)"
    assert not_kept("x" * 1234).startswith("(1,234 characters, ")


def test_what_a_child_hands_back_stays_where_the_model_wrote_it() -> None:
    assert child(CARD) == not_kept(CARD)
    assert child(CARD, f"look for {CARD}") == CARD
    assert child(not_kept(CARD)) == not_kept(CARD)
    data = {"who": [CARD, 7, None], CARD: ("who", True)}
    assert child(data, "who") == {"who": [not_kept(CARD), 7, None], not_kept(CARD): ["who", True]}
    assert child({7: 1}) == {not_kept("7"): 1}


def test_the_note_of_a_text_that_was_not_kept_is_that_note_alone() -> None:
    forged = f"{not_kept('x')} {CARD}"
    assert child(forged) == not_kept(forged)


# -- calls ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("detail", "kept"),
    [
        ("find('Véra') → 12", "find('Véra') → 12"),
        ("find('card') → 12", "find('…') → 12"),
        ('find("Véra") → 1,234', 'find("Véra") → 1,234'),
        ('find("card") → 0.5', "find('…') → 0.5"),
        ("find('Véra') → -1.5e-05", "find('Véra') → -1.5e-05"),
        ("find('Véra') → 40 characters", "find('Véra') → 40 characters"),
        ("find('Véra') → card", "find('Véra') → …"),
        ("find('Véra') → 1 card → 3", "find('Véra') → 1 … → 3"),
        ("find(card)", "find(…)"),
        ("find(card=1) → nan", "find(…=1) → nan"),
        ("find(limit=50, str, None)", "find(limit=50, str, None)"),
        ("find(12345678) → 1", "find(12345678) → 1"),
        ("find(123456789) → 1", "find(…) → 1"),
        ("find(b'card', r\"card\")", "find('…', '…')"),
        ("find('card", "find('…'"),
        ("find('')", "find('')"),
        ("find('", "find('…'"),
        ("find('a → b') → 40 characters", "find('…') → 40 characters"),
        ("find(Xcard, cardX)", "find(…, …)"),
        ("find(b'Véra', B'Véra', f'Véra', Rb'Véra')", "find(b'Véra', B'Véra', f'Véra', Rb'Véra')"),
    ],
)
def test_of_a_call_stays_what_the_model_wrote(detail: str, kept: str) -> None:
    assert called(detail, "find('Véra', limit=50)") == kept


def test_a_call_that_failed_tells_why_where_it_may() -> None:
    assert called("find('Véra') ✗ division by zero", "find('Véra')") == "find('Véra') ✗ division by zero"
    said = called("find('card') ✗ no ✗ card", "find('Véra')")
    assert said == f"find('…') ✗ {not_kept('no ✗ card')}"


def test_a_long_number_that_the_model_wrote_stays() -> None:
    assert called("lines(123456789)", "lines(123456789)") == "lines(123456789)"


def test_a_literal_is_compared_by_what_it_means() -> None:
    assert called("find(b'Véra', F'Véra', u'Véra')", "find the name Véra") == "find(b'Véra', F'Véra', u'Véra')"
    assert called(r"find('a\'b')", 'find("a\'b")') == r"find('a\'b')"
    assert called(r"find('a\'b')", 'find("ab")') == "find('…')"
    assert called(r"find(b'\x41')", "find(A)") == "find('…')"


# -- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("ZeroDivisionError", "ZeroDivisionError"),
        ("ZeroDivisionError: division by zero.", "ZeroDivisionError: division by zero."),
        ("Error: ValueError: division by zero", "Error: ValueError: division by zero"),
        ("line 3: IndexError: list index out of range", "line 3: IndexError: list index out of range"),
        ("Error on line 3: hits[0]\nIndexError: list index out of range", None),
        (
            "Error on line 3: card\nIndexError: list index out of range\ncard",
            "Error on line 3\nIndexError: list index out of range",
        ),
        ("Error on line 3\nIndexError", "Error on line 3\nIndexError"),
        ("TypeError: 'str' object is not callable", "TypeError: 'str' object is not callable"),
        ("TypeError: unsupported operand type(s) for +: 'int' and 'NoneType'", None),
        ("MemoryError: memory limit exceeded: 3 > 2", "MemoryError: memory limit exceeded: 3 > 2"),
    ],
)
def test_python_s_own_words_stay(text: str, kept: str | None) -> None:
    assert error(text, "hits[0]") == (text if kept is None else kept)


@pytest.mark.parametrize(
    "message",
    [
        "name 'card' is not defined",
        "'int' object has no attribute 'card'",
        "'card' object has no attribute 'int'",
        "unsupported operand type(s) for +: 'card' and 'int'",
        "unsupported operand type(s) for +: 'int' and 'card'",
        ".division by zero",
        "X division by zero",
    ],
)
def test_a_message_that_names_what_the_model_did_not_write_goes(message: str) -> None:
    assert error(f"NameError: {message}") == f"NameError: {not_kept(message)}"


def test_what_stands_behind_the_place_of_an_error_is_the_exception() -> None:
    assert error(f"Error on line 3: a\nKeyError: {CARD}\n{CARD}", "a") == (
        "Error on line 3: a\nKeyError: " + not_kept(f"{CARD}\n{CARD}")
    )
    assert error(CARD) == not_kept(CARD)


# -- sentences -----------------------------------------------------------------------------------------------------


def test_a_warning_is_its_first_line_and_literals_in_it_are_the_models_or_gone() -> None:
    assert warned("'x' differs: \"card\"\ncard", "x") == "'x' differs: '…'"
    assert warned("nothing in quotes") == "nothing in quotes"
    assert warned("a\nb\nc") == "a"
    assert redact_answer({"status": "answered", "warnings": ["'x' and 'card'\ncard"]}, wrote("x"))["warnings"] == [
        "'x' and '…'"
    ]


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("the limit was reached.", "the limit was reached."),
        (f"The provider said: {CARD}", "The provider said…"),
        (f"it has 'x' and 'card': {CARD}: {CARD}", "it has 'x' and '…'…"),
        (f"the limit\n{CARD}", "the limit"),
        ("internal error: KeyError: 'a'", "internal error: KeyError: 'a'"),
    ],
)
def test_a_reason_is_our_own_sentence_as_far_as_its_colon(reason: str, kept: str) -> None:
    assert partial(wrote("x"), reason=reason)["reason"] == kept


def test_findings_of_a_run_without_an_answer_say_why_there_is_none() -> None:
    found = partial(reason="the limit was reached.", answer=CARD, data={"a": CARD}, new=CARD)
    assert found == {
        "status": "partial",
        "reason": "the limit was reached.",
        "answer": f"**No final answer: the limit was reached.**\n\nWhat had been found: {not_kept(CARD)}",
        "data": {"a": digest(CARD)},
        "new": digest(CARD),
    }
    assert partial(answer=CARD)["answer"].startswith("**No final answer: the run found none.**")
    assert partial(answer=CARD, reason="")["answer"].startswith("**No final answer: the run found none.**")
    assert partial(answer=CARD, reason="...X...")["answer"].startswith("**No final answer: ...X.**")
    assert "answer" not in partial(reason="x")
    assert partial(reason="'a'")["reason"] == "'…'"


def test_of_a_final_answer_only_what_is_new_goes() -> None:
    answer = {"status": "answered", "answer": CARD, "data": [CARD], "citations": [{"quote": CARD}]}
    assert redact_answer({**answer, "new": CARD}) == {**answer, "new": digest(CARD)}
    assert redact({"type": "runFinished", "answer": {**answer, "reason": "'x' it"}}, wrote("x"))["answer"][
        "reason"
    ] == ("'x' it")


# -- keys ----------------------------------------------------------------------------------------------------------


def test_a_key_is_known_by_its_variable_and_its_length() -> None:
    environ = {
        "A_API_KEY": "12345678",
        "B_TOKEN": "1234567",
        "c_secret": "abcdefgh-longer",
        "D_SECRETS": "not-a-secret-name",
        "E_PATH": "/home/somebody",
    }
    assert known_secrets(environ, ["x", ""]) == ("abcdefgh-longer", "12345678", "x")


def test_the_longest_key_is_taken_out_first() -> None:
    known = known_secrets({"A_KEY": "", "A_TOKEN": "abcdefgh", "B_TOKEN": "abcdefgh-and-more"})
    assert scrub("x abcdefgh-and-more y abcdefgh", known) == "x [key removed] y [key removed]"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Bearer abcdefgh", "Bearer [key removed]"),
        ("bearer  abcdefgh", "bearer  [key removed]"),
        ("Bearer abc", "Bearer abc"),
        ("sk-abcdefghijklmnop", "[key removed]"),
        ("a gho_abcdefghijklmnopqrst b", "a [key removed] b"),
        ("a ghs_abcdefghijklmnopqrst b", "a [key removed] b"),
        ("a ghu_abcdefghijklmnopqrst b", "a [key removed] b"),
        ("a ghr_abcdefghijklmnopqrst b", "a [key removed] b"),
        ("AIza" + "x" * 30, "[key removed]"),
        ("ghp_short", "ghp_short"),
    ],
)
def test_what_looks_like_a_key_goes_and_nothing_else(text: str, kept: str) -> None:
    assert scrub(text, ()) == kept
    assert scrub({text: [text, (text,)], "n": 1}, ()) == {kept: [kept, [kept]], "n": 1}


def test_a_known_key_goes_from_names_and_values_at_every_depth() -> None:
    class Frozen(Mapping[str, Any]):
        def __getitem__(self, key: str) -> Any:
            return {"k-hunter2": ["hunter2"]}[key]

        def __iter__(self) -> Any:
            return iter(["k-hunter2"])

        def __len__(self) -> int:
            return 1

    assert scrub(Frozen(), ["hunter2"]) == {"k-[key removed]": ["[key removed]"]}


@pytest.mark.parametrize("level", ["standard", "full"])
def test_keys_are_kept_at_no_level(level: Any) -> None:
    event = {"type": "modelReplied", "text": "hunter2 and sk-abcdefghijklmnop"}
    assert for_trace(event, level, known=["hunter2"])["text"] == "[key removed] and [key removed]"
