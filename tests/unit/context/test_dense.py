"""Where many lines match they are counted many at a time, and the count is the one of line by line."""

from __future__ import annotations

import re
from itertools import cycle, pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.unit.context.oracle import ALPHABET, LOST, clock, lines_of, matches_of, number_of, piece_of
from tests.unit.context.test_patterns import PATTERN, PLAIN, valid

from rlm_ls.context.ops.matching import compiled_pattern, match, windows
from rlm_ls.context.ops.matching.window import Window
from rlm_ls.context.ops.matching.windows import ascii_apart, line_count, match_count
from rlm_ls.context.patterns.linear import wide
from rlm_ls.context.patterns.translation import parse
from rlm_ls.context.search.rows import hit_of
from rlm_ls.context.workers.piece import Bundling

REPEATED = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

LINES = st.lists(st.text(st.sampled_from(ALPHABET.replace("\n", "").replace("\r", "")), max_size=6), max_size=8)
ENDS = st.lists(st.sampled_from(["\n", "\n", "\r\n", "\r"]), min_size=1, max_size=3)


def dense(lines: list[str], ends: list[str], times: int) -> str:
    """The lines over and over, with all kinds of line ends."""
    return "".join(line + end for line, end in zip(lines * times, cycle(ends), strict=False))


TEXT = st.builds(dense, LINES, ENDS, st.integers(1, 12))
OF_ONE_KIND = st.builds(lambda lines, times: dense(lines, ["\n"], times), LINES, st.integers(1, 12))

SOME = [
    r"\w+", r"\w", ".", r"^\s*$", "", "^", "$", r"[a-z]+\(", "a|B", r"\ba", r"\w\b", "(?=a)", "(?<!b)a", "a+?", "[^a]",
    "ab|1", "a.|B$", r"^(?:a|\S\S)$", r"a[^\w]", "(?i)k", "(?i)ss?", r"\S+ ?", "é", r"\D\d?", "(a)(.)?", r"^(\w+)",
    r".\n", r"\s", r"a\S{1,3}", "_.*1", r"\bab", r"\bA\w+", r"\ba\b", r"\b1\w", r"\b\w+", r"é\b", r"1\b", r"\b-a",
    r"\bé", r"(a)\b", r"\b(\w)", r"\baB\d*", r"a(\w)\w*", r"(a)\w", r"(1)(?:\s)\w*", r"\b(a+)", r"\b(\w+)-",
    r"A(.)(\D+)", r"(_\w)\b", r"_(\d+)", r"1[aB]+", r"aB[a]+", r"a(\d)_", r"-é+", r"^\w+",
]  # fmt: skip


@pytest.fixture(autouse=True, params=[(1, 2), (3, 4)], ids="{0[0]} one by one, then {0[1]}".format)
def _dense(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few lines are many."""
    monkeypatch.setattr(windows, "DENSE", request.param[0])
    monkeypatch.setattr(windows, "LEAP", request.param[1])
    monkeypatch.setattr(compiled_pattern, "LEAP", request.param[1])
    compiled_pattern.compile_pattern.cache_clear()


def counted(text: str, folder: Path, pattern: str, ignore_case: bool = False, **options: bool) -> int:
    counts, searched = match.count(clock(), [piece_of(folder, text)], pattern, ignore_case, False, **options)
    assert searched == len(text.encode())
    return counts.get(0, 0)


@REPEATED
@given(
    pattern=st.one_of(PATTERN.filter(valid), PLAIN, PLAIN.map("^{}".format), st.sampled_from(SOME)),
    text=st.one_of(TEXT, OF_ONE_KIND),
    ignore_case=st.booleans(),
    window=st.sampled_from([16, 64, 1 << 18]),
)
def test_dense_matches_and_their_lines_are_counted_as_python_counts_them(
    pattern: str, text: str, ignore_case: bool, window: int, tmp_path: Path
) -> None:
    assume(not (ignore_case and LOST in pattern))
    flags = re.IGNORECASE if ignore_case else 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "WINDOW", window)
        lines = counted(text, tmp_path, pattern, ignore_case, lines=True)
        matches = counted(text, tmp_path, pattern, ignore_case, lines=False)
    assert lines == sum(re.search(pattern, line, flags) is not None for _, line in lines_of(text))
    assert matches == len(matches_of(pattern, text, flags))


@REPEATED
@given(
    pattern=st.one_of(PATTERN.filter(valid), PLAIN, PLAIN.map(r"\b{}".format), st.sampled_from(SOME)),
    text=st.one_of(TEXT, OF_ONE_KIND),
    window=st.sampled_from([16, 64, 1 << 18]),
)
def test_dense_values_are_those_of_python_in_their_order(pattern: str, text: str, window: int, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "WINDOW", window)
        packs, _, _, _ = match.values(clock(), [piece_of(tmp_path, text)], pattern, False, False, 10**6, 10**9)
    found = [value for pack in packs for value in match.unpacked(pack)]
    expected = [one for _, line in lines_of(text) for one in _values(re.compile(pattern), line)]
    assert found == expected


@REPEATED
@given(
    pattern=st.one_of(PATTERN.filter(valid), PLAIN, PLAIN.map(r"\b{}".format), st.sampled_from(SOME)),
    text=st.one_of(TEXT, OF_ONE_KIND),
    window=st.sampled_from([16, 64, 1 << 18]),
    limit=st.integers(0, 6),
)
def test_the_first_dense_matches_stand_where_python_finds_them_and_all_are_counted(
    pattern: str, text: str, window: int, limit: int, tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "WINDOW", window)
        rows, _, total, searched = match.regex(clock(), [piece_of(tmp_path, text)], pattern, False, False, limit)
    every = matches_of(pattern, text)
    assert (total, searched) == (len(every), len(text.encode()))
    found = [hit_of(row) for row in rows]
    expected = [(number_of(text, start), text[start:end][:1000], groups) for start, end, groups in every[:limit]]
    assert [(hit.span.line, hit.match, hit.groups) for hit in found] == expected


def _values(pattern: re.Pattern[str], line: str) -> list[object]:
    """Like findall, but None for a group that took no part, which is left out where it is the only one."""
    rows = [match.groups() if pattern.groups else (match[0],) for match in pattern.finditer(line)]
    return [row[0] if len(row) == 1 else row for row in rows if len(row) > 1 or row[0] is not None]


@REPEATED
@given(
    pattern=st.sampled_from(SOME), text=TEXT, test=st.sampled_from(["a", r"\w", "^$", "é"]), keep=st.booleans()
)  # fmt: skip
def test_dense_lines_that_a_filter_leaves_are_counted(
    pattern: str, text: str, test: str, keep: bool, tmp_path: Path
) -> None:
    kept = [line for _, line in lines_of(text) if bool(re.search(test, line)) == keep]
    pieces = [piece_of(tmp_path, text, ((test, keep),))]
    counts, _ = match.count(clock(), pieces, pattern, False, False, lines=True)
    assert counts.get(0, 0) == sum(re.search(pattern, line) is not None for line in kept)
    counts, _ = match.count(clock(), pieces, pattern, False, False, lines=False)
    assert counts.get(0, 0) == sum(len(list(re.finditer(pattern, line))) for line in kept)


@REPEATED
@given(texts=st.lists(st.one_of(TEXT, OF_ONE_KIND), min_size=1, max_size=4), pattern=st.sampled_from(SOME))
def test_documents_searched_together_are_counted_together(texts: list[str], pattern: str, tmp_path: Path) -> None:
    raw, bundling = b"", Bundling()
    texts = [text for text in texts if text]
    if not texts:
        return
    for number, text in enumerate(texts):
        source = piece_of(tmp_path, text).file.source
        bundling.add(number, (str(tmp_path / "pack"), len(raw), source.size), f"{number}.txt", ())
        raw += text.encode() + b"\n"
    (tmp_path / "pack").write_bytes(raw)
    every = [line for text in texts for _, line in lines_of(text)]
    lines, _ = match.count(clock(), bundling.made(), pattern, False, False, lines=True, apart=False)
    assert sum(lines.values()) == sum(re.search(pattern, line) is not None for line in every)
    matches, _ = match.count(clock(), bundling.made(), pattern, False, False, lines=False, apart=False)
    total = sum(len(list(re.finditer(pattern, line))) for line in every)
    assert sum(matches.values()) == total
    assert match.regex(clock(), bundling.made(), pattern, False, False, 0)[2] == total


@pytest.mark.parametrize("pattern", [r"\w+", "x .|y x", ".", "^", r"\bx"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_longer_than_a_window_is_one_line(
    pattern: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "WINDOW", 32)
    text = end.join(["x y"] * 20 + ["x é " * 100] + ["y x"] * 20)
    assert counted(text, tmp_path, pattern, lines=True) == 41
    assert counted(text, tmp_path, pattern, lines=False) == len(matches_of(pattern, text))


@pytest.mark.parametrize("pattern", ["a|b", r"a$|b a|^a", r"\w", "a", r"a\b"])
def test_a_line_that_is_not_utf8_hides_no_other(pattern: str) -> None:
    text = b"a\n" * 20 + b"\xff\xfe\n" + b"b a\n" * 20 + b"a\xff\n" * 2
    assert line_count(compiled_pattern.compile_pattern(pattern), Window(0, text), clock()) == 42


@REPEATED
@given(text=st.one_of(TEXT, OF_ONE_KIND))
def test_lines_that_are_ascii_are_taken_apart_from_the_others(text: str) -> None:
    text = re.sub("\r\n|\r", "\n", text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rlm_ls.context.ops.matching.window._GLANCE", 3)
        parts = ascii_apart(Window(0, text.encode()))
    lines = text.encode().splitlines(keepends=True)
    wanted = [b"".join(line for line in lines if line.isascii() == ascii_only) for ascii_only in (True, False)]
    assert [part.text for part in parts] == [some for some in wanted if some] or not text
    for part in parts:
        assert part.ascii == part.text.isascii()
        for start, end in pairwise([*part.runs, len(part.text)]):
            origin = part.origin(start)
            assert text.encode()[origin : origin + end - start] == part.text[start:end]


@pytest.mark.parametrize(
    ("pattern", "lines", "is_wide"),
    [
        (r"return \w+", True, True),
        (r"return \w+", False, True),
        (r"(\w+) = \d", False, False),  # looks at a long word from each of its letters
        (r"x\w y", True, False),  # one character is several bytes
        (r"x\w{1,3}y", True, False),
        (r"x\w{1,3}", False, True),
        (r"x\w+[^a]", False, False),  # `[^a]` takes the bytes that `\w` takes
        ("x|y\\b", True, False),
    ],
)
def test_only_patterns_that_are_plain_over_bytes_run_over_bytes(pattern: str, lines: bool, is_wide: bool) -> None:
    assert (wide(parse(pattern), "lines" if lines else "matches") is not None) == is_wide


@pytest.mark.parametrize(
    ("pattern", "is_wide"),
    [
        (r"x=\w+", True),
        (r"x=(\w+)", True),
        (r"(x=(?:a\w+))", True),
        (r"(x)=(\w+)", True),
        (r"(x)=\w+", False),  # what is not ASCII may stand where no group tells of it
        (r"x\w(?:\d)(=)", False),
        (r"\bx(\d+)", True),
        (r"(x)\b", False),
        (r"\b(x\d+)", False),  # nor may it stand before them
        (r"\bx\d+", True),
    ],
)
def test_values_are_taken_from_any_text_at_once_only_where_they_tell_that_they_are_right(
    pattern: str, is_wide: bool
) -> None:
    assert (wide(parse(pattern), "values") is not None) == is_wide


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"(x)=\w", ["x"]),
        (r"(x)=\S", ["x", "x", "x"]),
        (r"x=(\w)", ["1"]),
        (r"(x)=(\w)", [("x", "1")]),
        (r"(x)=(\d)\b", [("x", "1")]),
        (r"\b(y+)", []),
    ],
)
def test_a_value_beside_what_is_not_ascii_is_python_s(pattern: str, found: list[object], tmp_path: Path) -> None:
    packs, *_ = match.values(clock(), [piece_of(tmp_path, "x=1\nx=–\nx=–\néy\n")], pattern, False, False, 10, 100)
    assert [value for pack in packs for value in match.unpacked(pack)] == found


def test_an_automaton_that_grows_too_large_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"a\nb\n\n" * 100
    test = compiled_pattern.compile_pattern("a|b$")
    window = Window(0, text)
    leap = test.leap(window)
    assert leap is not None
    assert leap(0) > 0
    monkeypatch.setattr(compiled_pattern, "SPARE_SECONDS", -1.0)  # as if it had used up what it may
    leap(0)
    assert leap(0) == 0
    assert test.leap(window) is None
    assert line_count(test, window, clock()) == 200


def test_time_up_stops_counting() -> None:
    late = clock(0.0)
    window = Window(0, b"a b\n" * 1000)
    assert line_count(compiled_pattern.compile_pattern("a b|c"), window, late) < 1000
    assert late.stopped
    assert match_count(compiled_pattern.compile_pattern("a b|b"), window, clock(0.0)) < 1000
