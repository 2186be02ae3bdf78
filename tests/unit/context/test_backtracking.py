"""What RE2 cannot decide goes to PCRE2 where the text is ASCII, and means what it means in Python's `re`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.context.oracle import clock, matches_of, piece_of

from rlm_ls.context.ops.matching import match
from rlm_ls.context.ops.matching.compiled_pattern import compile_pattern
from rlm_ls.context.patterns.backtracking import TooHard, backtracking, every
from rlm_ls.context.patterns.translation import parse

ATOM = st.sampled_from(
    [
        *"abBé_1.-",
        r"\w",
        r"\d",
        r"\s",
        r"\W",
        "[ab]",
        "[^a]",
        "(?i:K)",
        "ſ",
        "^",
        "$",
        r"\b",
        r"\A",
        r"\Z",
        r"\1",
        r"\2",
    ]
)
BEHIND = st.sampled_from(["a", "ab", r"[ab]\w", "^", r"\b", "^a", "a|b", r"\d\s", "(?=a)", "(?!b)"])
REPEAT = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,2}", "*?", "+?", "??", "*+", "++"])


def _around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    parts = st.lists(st.tuples(inner, REPEAT).map("".join), min_size=1, max_size=4).map("".join)
    return st.one_of(
        parts.map("({})".format),
        parts.map("(?={})".format),
        parts.map("(?!{})".format),
        parts.map("(?>{})".format),
        BEHIND.map("(?<={})".format),
        BEHIND.map("(?<!{})".format),
        st.tuples(parts, parts).map(lambda both: "(?:{}|{})".format(*both)),
        st.tuples(parts, parts).map(lambda both: "(?(1){}|{})".format(*both)),
    )


PATTERN = st.lists(
    st.tuples(st.recursive(ATOM, _around, max_leaves=6), REPEAT).map("".join), min_size=1, max_size=4
).map("".join)
TEXT = st.one_of(
    st.text(st.sampled_from("abABkK1_ -.\n"), min_size=1, max_size=16),
    st.text(st.sampled_from("abAB1_ \néßſKİ٠\u0301𝔘"), min_size=1, max_size=16),
)


@settings(max_examples=1500, deadline=None)
@given(pattern=PATTERN, texts=st.lists(TEXT, min_size=1, max_size=4), ignore_case=st.booleans())
def test_it_finds_and_captures_what_python_does(pattern: str, texts: list[str], ignore_case: bool) -> None:
    flags = re.IGNORECASE if ignore_case else 0
    try:
        re.compile(pattern, flags)
    except re.error:
        return
    parsed = parse(pattern, ignore_case)
    engines = {ascii_only: backtracking(parsed, ascii_only=ascii_only) for ascii_only in (True, False)}
    for text in texts:
        if (engine := engines[text.isascii()]) is None:
            continue
        raw = text.encode()
        end = (len(text), len(text)) if text.endswith("\n") else None  # on no line
        expected = [
            (start, stop, groups) for start, stop, groups in matches_of(pattern, text, flags) if (start, stop) != end
        ]
        found = [
            (
                *(len(raw[:at].decode()) for at in spans[0]),
                tuple(raw[a:b].decode() if a >= 0 else None for a, b in spans[1:]),
            )
            for spans in every(engine, raw, 0)
            if spans[0] != (len(raw), len(raw)) or end is None
        ]
        assert found == expected


@pytest.mark.parametrize(
    ("pattern", "goes"),
    [
        (r"took(?!=\d)", True),
        (r"(?<=status=)5\d\d", True),
        (r"(\w+) \1", True),
        (r"(?i)(\w+) \1", True),
        (r"(?>a+)b", True),
        (r"a++b", True),
        (r"(a)++b", False),  # Python loses its way there
        (r"(a)?(?(1)b|c)", True),
        (r"(?=(a?)*)b", False),  # what repeats of nothing capture is each engine's own affair
        (r"\Bx", False),  # an empty line is told differently by Pythons
        (r"(a)(?<=\1)b", True),
    ],
)
def test_what_might_mean_something_else_is_left_to_python(pattern: str, goes: bool) -> None:
    assert (backtracking(parse(pattern), ascii_only=True) is not None) == goes


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pattern=st.sampled_from([r"a(?!b)", r"(?<=a)\w*", r"(\w)\1", r"(?<!a)$", r"^(?!#)", r"(?<=é)a|b(?=é)"]),
    text=st.text(st.sampled_from("abé# \r\n"), max_size=40),
)
def test_lines_that_are_ascii_and_others_are_counted_alike(pattern: str, text: str, tmp_path: Path) -> None:
    piece = piece_of(tmp_path, text)
    counts, _ = match.count(clock(), [piece], pattern, False, False, False)
    assert counts.get(0, 0) == len(matches_of(pattern, text))


def test_a_place_that_takes_too_many_steps_is_left_to_python_which_an_alarm_can_stop(tmp_path: Path) -> None:
    hard = r"(a+)+(?=x)c"
    with pytest.raises(TooHard):
        every(backtracking(parse(hard), ascii_only=True), b"a" * 100 + b"c\n", 0)
    piece = piece_of(tmp_path, "easy\n" + "a" * 100 + "c\n")
    deadline = clock(1.0)
    match.count(deadline, [piece], hard, False, False, False)
    assert deadline.stopped
    assert compile_pattern(hard, False, False)._backtracking == {True: None}
