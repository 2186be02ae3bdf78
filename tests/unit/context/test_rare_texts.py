"""What every match holds is leapt to where it is rare, and then the matches are those of Python all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.unit.context.oracle import LOST, TEXT, clock, lines_of, matches_of, piece_of
from tests.unit.context.test_patterns import PATTERN, PLAIN, expected, found, valid

from rlm_ls.context.ops.matching import compiled_pattern, literal, match, windows
from rlm_ls.context.ops.matching.literal import Literal
from rlm_ls.context.patterns import required
from rlm_ls.context.patterns.translation import parse

FEW = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

TEXTS = ["ab", "a1", " b", "aa", "é", "b é", "1 a", "ab a"]
HOLDING = st.builds("{}{}{}".format, st.sampled_from(["", "^", r"\w+", ".*"]), st.sampled_from(TEXTS), PATTERN)
PATTERNS = st.one_of(PATTERN, PLAIN, st.sampled_from(TEXTS), HOLDING).filter(valid)


@pytest.fixture
def _all_rare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every text is rare, and worth looking for, and ends in the next stretch."""
    monkeypatch.setattr(literal, "RARE", 0)
    monkeypatch.setattr(literal, "STRIDE", 3)
    monkeypatch.setattr(required, "LEAST", 1)
    compiled_pattern.compile_pattern.cache_clear()
    yield
    compiled_pattern.compile_pattern.cache_clear()


@FEW
@given(text=st.text(st.sampled_from("ab\n"), max_size=60), held=st.text(st.sampled_from("ab"), min_size=1, max_size=4))
def test_a_text_is_found_where_python_finds_it(text: str, held: str) -> None:
    raw, wanted = text.encode(), held.encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(literal, "RARE", 0)
        patch.setattr(literal, "STRIDE", 5)
        one = Literal(wanted)
        places = one.places(raw)
        assert places == [found.start() for found in re.finditer(held, text)]
        assert one.count(raw) == raw.count(wanted)
        assert [one.find(raw, at) for at in range(len(raw) + 1)] == [raw.find(wanted, at) for at in range(len(raw) + 1)]
        lines = one.lines(raw) or []
    assert [raw[start:end] for start, end in lines] == [line for line in raw.split(b"\n") if wanted in line]


def test_a_text_that_is_frequent_is_not_leapt_to() -> None:
    for text in (b"ab" * 100_000, b"-" * 50_000 + b"ab" * 100_000):
        assert Literal(b"ab").places(text) is None
    rare = (b"-" * 3000 + b"ab") * 100
    assert Literal(b"ab").places(rare) == [place.start() for place in re.finditer(b"ab", rare)]


@FEW
@given(pattern=PATTERNS, text=TEXT, ignore_case=st.booleans())
def test_no_match_is_without_what_every_match_holds(pattern: str, text: str, ignore_case: bool) -> None:
    assume(not (ignore_case and LOST in pattern))
    flags = re.IGNORECASE if ignore_case else 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(required, "LEAST", 1)
        held, begins = required.required(parse(pattern, ignore_case))
    for start, end, _ in matches_of(pattern, text, flags):
        assert held.decode() in text[start:end]
        assert text[start:end].startswith(held.decode()) or not begins


@pytest.mark.parametrize(
    ("pattern", "held"),
    [
        (r"def handle_\w+", b"def handle_"),
        (r"\b(def) \w+", b"def "),
        ("ERROR.*timeout", b"timeout"),
        ("(?:no|yes) (answer)s?", b" answer"),
        (r"took(?=\d)=\b1", b"took=1"),
        ("(?i)error 404: x", b" 404: "),
        ("(?:abc)+d", b"abc"),
        ("ab|abc", b""),
        ("(?:abc)?", b""),
        ("(?!abc)", b""),
        ("ab.", b""),  # stands everywhere
        ("a\ud800bc", b""),
    ],
)
def test_the_longest_text_that_is_certain_is_looked_for(pattern: str, held: bytes) -> None:
    assert required.required(parse(pattern))[0] == held


@pytest.mark.usefixtures("_all_rare")
@FEW
@given(pattern=PATTERNS, text=TEXT, ignore_case=st.booleans())
def test_matches_in_lines_that_were_leapt_to_are_those_of_python(
    pattern: str, text: str, ignore_case: bool, tmp_path: Path
) -> None:
    assume(not (ignore_case and LOST in pattern))
    flags = re.IGNORECASE if ignore_case else 0
    assert found(pattern, text, tmp_path, ignore_case=ignore_case) == expected(pattern, text, flags)


@pytest.mark.usefixtures("_all_rare")
@FEW
@given(pattern=PATTERNS, text=TEXT, window=st.sampled_from([4, 16, 1 << 18]), limit=st.integers(0, 3))
def test_counts_and_values_of_lines_that_were_leapt_to_are_those_of_python(
    pattern: str, text: str, window: int, limit: int, tmp_path: Path
) -> None:
    pieces, every = [piece_of(tmp_path, text)], matches_of(pattern, text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "WINDOW", window)
        lines, _ = match.count(clock(), pieces, pattern, False, False, lines=True)
        matches, _ = match.count(clock(), pieces, pattern, False, False, lines=False)
        rows, _, total, _ = match.regex(clock(), pieces, pattern, False, False, limit)
        packs, *_ = match.values(clock(), pieces, pattern, False, False, 10**6, 10**9)
    assert lines.get(0, 0) == sum(re.search(pattern, line) is not None for _, line in lines_of(text))
    assert matches.get(0, 0) == total == len(every)
    assert len(rows) == min(limit, len(every))
    wanted = [groups if len(groups) > 1 else groups[0] if groups else text[a:b] for a, b, groups in every]
    assert [one for pack in packs for one in match.unpacked(pack)] == [one for one in wanted if one is not None]
