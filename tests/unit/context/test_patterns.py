"""Patterns mean what they mean to Python's re, line by line, whatever engine runs them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from tests.unit.context.oracle import LOST, TEXT, byte_at, clock, matches_of, piece_of

from rlm_ls.context.ops.matching import match
from rlm_ls.context.ops.matching.compiled_pattern import compile_pattern
from rlm_ls.context.ops.matching.scan import Scan
from rlm_ls.context.patterns.linear import plain
from rlm_ls.context.patterns.translation import parse
from rlm_ls.errors import BadPattern

ATOM = st.sampled_from(
    [
        "a", "B", "k", "s", "i", "é", "ß", "µ", "0", "_", " ", ".", r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", r"\.",
        "[ab]",
        "[^a]", "[^ab\\n]", "[a-z]", r"[\w.]", r"[^\W\d]", r"[^\s]", "[A-K]", "^", "$", r"\A", r"\Z", r"\b", r"\B",
        "\\u00e9", r"\x61", "\U00010400", "\u212a", r"\n", "(?=a)", "(?!b)", "(?<=a)", "(?<!b)",
    ]
)  # fmt: skip


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    quantifier = st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,3}", "*?", "+?", "??", "{1,}"])
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join),
        inner.map(lambda body: f"({body})"),
        inner.map(lambda body: f"(?:{body})"),
        inner.map(lambda body: f"(?i:{body})"),
        inner.map(lambda body: f"(?s:{body})"),
        inner.map(lambda body: f"(?-i:{body})"),
        st.tuples(inner, quantifier).map(lambda both: f"(?:{both[0]}){both[1]}"),
        st.tuples(inner, quantifier).map(lambda both: f"({both[0]}){both[1]}"),
    )


PATTERN = st.recursive(ATOM, _combined, max_leaves=6)


def found(pattern: str, text: str, folder: Path, *, ignore_case: bool = False, multiline: bool = False):
    scan = Scan(clock(), [piece_of(folder, text)])
    test = compile_pattern(pattern, ignore_case, multiline)
    results = []
    for piece, reader in scan.pieces():
        for window, spans in scan.matches(test, reader, piece):
            groups = tuple(window.text[a:b].decode() if a >= 0 else None for a, b in spans[1:])
            results.append((*window.span(*spans[0]), groups))
    return results


def expected(pattern: str, text: str, flags: int = 0):
    return [(byte_at(text, a), byte_at(text, b), groups) for a, b, groups in matches_of(pattern, text, flags)]


def valid(pattern: str) -> bool:
    if "(?i" in pattern and LOST in pattern:
        return False
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(pattern=r"(?s:(?:\n)*?)", text="\x85", ignore_case=False)
@given(pattern=PATTERN.filter(valid), text=TEXT, ignore_case=st.booleans())
def test_matches_are_those_of_python_on_each_line(pattern: str, text: str, ignore_case: bool, tmp_path: Path) -> None:
    assume(not (ignore_case and LOST in pattern))
    flags = re.IGNORECASE if ignore_case else 0
    assert found(pattern, text, tmp_path, ignore_case=ignore_case) == expected(pattern, text, flags)


PLAIN_ATOM = st.sampled_from(["a", "b", "1", " ", r"\d", r"\w", r"\S", ".", "[ab]", "[^ ]", "_"])
PLAIN = st.lists(
    st.one_of(
        PLAIN_ATOM,
        st.tuples(PLAIN_ATOM, st.sampled_from(["+", "*", "?", "{1,2}", "{2}"])).map("".join),
        st.tuples(PLAIN_ATOM, st.sampled_from(["+", "*", "{2}"])).map(lambda both: "({}{})".format(*both)),
    ),
    min_size=1,
    max_size=5,
).map("".join)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=st.one_of(PLAIN, PLAIN.map("^{}".format), PLAIN.map("a{}".format)), text=TEXT)
def test_captured_values_are_those_of_python(pattern: str, text: str, tmp_path: Path) -> None:
    packs, *_ = match.values(clock(), [piece_of(tmp_path, text)], pattern, False, False, 10**6, 10**9)
    values = [value for pack in packs for value in match.unpacked(pack)]
    wanted = []
    for start, end, groups in matches_of(pattern, text):
        value = groups if len(groups) > 1 else groups[0] if groups else text[start:end]
        wanted += [value] if value is not None else []
    assert values == wanted


@pytest.mark.parametrize(
    ("pattern", "is_plain"),
    [
        (r"took (\d+) ms", True),
        (r"^(\S+) (\S+)", True),
        (r"id=(\S+)", True),
        (r"\[(\w+)\]", True),
        (r"(?i)level=(\w+)", True),
        (r"\w+", True),
        (r"(\w)", True),
        (r"\w{2,}", False),
        (r"(\w+)=", False),  # looks at a long word from each of its letters
        (r"a(\w+)=", False),
        (r"id=\S+ ms", False),
        (r"x\d+\d+!", False),
        (r"x(\d+)+!", False),
        (r"x(a|b)", True),
        (r"x(ab|b)", False),
        (r"x{5}\w{1000}", False),
    ],
)
def test_only_plain_patterns_go_to_the_backtracking_engine(pattern: str, is_plain: bool) -> None:
    assert (plain(parse(pattern)) is not None) == is_plain


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=PATTERN.filter(valid), text=TEXT)
def test_counts_of_matches_and_of_lines_are_those_of_python(pattern: str, text: str, tmp_path: Path) -> None:
    piece = piece_of(tmp_path, text)
    matches = matches_of(pattern, text)
    counts, searched = match.count(clock(), [piece], pattern, False, False, False)
    assert (counts.get(0, 0), searched) == (len(matches), len(text.encode()))
    lines, _ = match.count(clock(), [piece], pattern, False, False, True)
    starts = {max(text.rfind("\n", 0, a), text.rfind("\r", 0, a)) for a, _, _ in matches}
    assert lines.get(0, 0) == len(starts)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=PATTERN.filter(lambda p: valid(p) and r"\A" not in p and r"\Z" not in p), text=TEXT)
def test_with_multiline_matches_are_those_of_python_on_the_text(pattern: str, text: str, tmp_path: Path) -> None:
    plain = re.sub("\r\n|\r", "\n", text)
    wanted = [
        (one.group(), one.groups())
        for one in re.finditer(pattern, plain, re.MULTILINE)
        if not (one.start() == one.end() == len(plain) and (plain.endswith("\n") or not plain))
    ]
    shown = [
        (re.sub("\r\n|\r", "\n", text.encode()[a:b].decode()), groups)
        for a, b, groups in found(pattern, text, tmp_path, multiline=True)
    ]
    assert shown == wanted


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(?x) a \s b  # a comment", "a b"),
        (r"(?P<who>\w+)@(?P<where>\w+)", "me@home and you@work"),
        (r"(a)|(b)", "ab"),
        (r"(\w)\1", "aabbc"),
        (r"(?P<x>a)(?P=x)", "aa"),
        (r"^\s*$", "a\r\n\r\n \rb"),
        (r"$", "a\r\nb\r\n"),
        (r"", "ab\r\n\rc"),
        (r"a++b", "aab"),
        (r"(?>a+)b", "aab"),
        (r"(a)?(?(1)b|c)", "ab c"),
        (r"\bfoo\b", "foo éfoo foo"),
        (r"|a", "a"),
        (r"(?:|a)+", "aa"),
        (r"(a*)*", "aab"),
        (r"[\d\-x]+", "1-x"),
        (r"\N{LATIN SMALL LETTER E WITH ACUTE}", "é"),
        (r"(?a)\w+\d?\S", "é1 a٠b"),
        (r"(?i)straße", "STRAßE STRAẞE"),
        (r"(?i)[^k]", "kKKx"),
        (r"[^\x00-\x7f]+", "aéb"),
    ],
)
def test_syntax_of_python(pattern: str, text: str, tmp_path: Path) -> None:
    assert found(pattern, text, tmp_path) == expected(pattern, text)


def test_a_line_end_in_a_multiline_pattern_matches_every_kind_of_line_end(tmp_path: Path) -> None:
    text = "a\nb\r\na\r\nb\ra\rb"
    assert [text.encode()[a:b] for a, b, _ in found(r"a\nb", text, tmp_path, multiline=True)] == [
        b"a\nb", b"a\r\nb", b"a\rb",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("((a{1,100}){1,100}){1,100}", "repeat"),
        ("x{1001}", "1001 times"),
        ("(", "missing )"),
        ("(?<=a+)b", "look-behind"),
        (r"\p{Lu}", "bad escape"),
        ("a" * 30_000, "limit"),
        ("(" * 5000 + ")" * 5000, ""),
        (r"(\w{1,100} ){1,10}\w{1000}", ""),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason_and_a_remedy(pattern: str, reason: str, tmp_path: Path) -> None:
    text = "é" + "ab" * 20  # not ASCII: the larger program
    with pytest.raises(BadPattern) as refused:
        found(pattern, text, tmp_path)
    assert reason in refused.value.message
    assert refused.value.remedy


def test_nested_repeats_take_linear_time(tmp_path: Path) -> None:
    text = "a" * 1_000_000 + "!"
    assert match.count(clock(30), [piece_of(tmp_path, text)], "(a+)+$", False, False, False)[0] == {0: 0}


def test_backtracking_is_interrupted_by_the_clock(tmp_path: Path) -> None:
    watch = clock(0.3)
    _, searched = match.count(
        watch, [piece_of(tmp_path, "a" * 40 + "!\n")], "(a+)+$(?=x)|(?<=x)(a+)+$|(a+)+(?!a)b", False, False, False
    )
    assert watch.stopped or searched == 42
