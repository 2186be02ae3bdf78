"""Searches against what plain Python finds: every kind of line end, every kind of cut."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from operator import itemgetter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.unit.context.oracle import TEXT, byte_at, clock, lines_of, matches_of, number_of, piece_of

from rlm_ls.context import document
from rlm_ls.context.document import Hit, Source, Span, base_of, counts_between, line_want
from rlm_ls.context.ops import places
from rlm_ls.context.ops.files import inspect
from rlm_ls.context.ops.matching import find, hits, match, scan, windows
from rlm_ls.context.ops.matching.compiled_pattern import compile_pattern
from rlm_ls.context.ops.matching.folding import fold
from rlm_ls.context.ops.matching.hits import Hits
from rlm_ls.context.ops.numbers import numbered, summaries
from rlm_ls.context.ops.reader import opened
from rlm_ls.context.search.rows import hit_of, row_of
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.measure import join
from rlm_ls.context.workers.piece import Bundling, File, Piece

REPEATED = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = st.sampled_from(["a", "b", "ab", "a1", "é", "k", "𝔘", " ", "ß", "a b"])


@pytest.fixture(params=[3, 7, 1 << 18], ids="window of {}".format)
def _window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "WINDOW", request.param)


def cut(piece: Piece, places: list[int]) -> list[Piece]:
    """The piece in several, as the parent would cut a large document."""
    edges = [0, *sorted(place for place in set(places) if 0 < place < piece.high), piece.high]
    return [replace(piece, start=a, end=b) for a, b in pairwise(edges)]


@REPEATED
@given(text=TEXT, word=WORDS, ignore_case=st.booleans(), places=st.lists(st.integers(1, 60), max_size=4))
@pytest.mark.usefixtures("_window")
def test_find_brings_each_line_that_holds_the_text(
    text: str, word: str, ignore_case: bool, places: list[int], tmp_path: Path
) -> None:
    pieces = cut(piece_of(tmp_path, text), places)
    rows, _, total, searched = find.find(clock(), pieces, word, ignore_case, folded=False, limit=100)
    flags = re.IGNORECASE if ignore_case else 0
    wanted = [
        (number_of(text, at), one.start() + 1, one.end() + 1, line)
        for at, line in lines_of(text)
        if (one := re.search(re.escape(word), line, flags))
    ]
    hits = [(hit.span.line, hit.column, hit.end_column, hit.text) for hit in map(hit_of, rows)]
    assert (hits, total, searched) == (wanted, len(wanted), len(text.encode()))
    for limit in (0, 1, 2):  # the others are only counted
        some = find.find(clock(), pieces, word, ignore_case, folded=False, limit=limit)
        assert (some[0], *some[2:]) == (rows[:limit], total, searched)


@REPEATED
@given(text=TEXT, ignore_case=st.booleans(), places=st.lists(st.integers(1, 60), max_size=4))
@pytest.mark.usefixtures("_window")
def test_lines_with_most_of_the_words_are_the_best(
    text: str, ignore_case: bool, places: list[int], tmp_path: Path
) -> None:
    pieces = cut(piece_of(tmp_path, text), places)
    found, total, searched = find.find_words(clock(), pieces, "a b", ignore_case, folded=False, limit=3)
    flags = re.IGNORECASE if ignore_case else 0
    scores = [
        (
            "a b" in (line.lower() if ignore_case else line),
            sum(bool(re.search(rf"\b{word}\b", line, flags)) for word in "ab"),
        )
        for _, line in lines_of(text)
    ]
    assert (
        sorted((score for score, *_ in found), reverse=True) == sorted(filter(itemgetter(1), scores), reverse=True)[:3]
    )
    assert (total, searched) == (sum(count > 0 for _, count in scores), len(text.encode()))


@REPEATED
@given(text=TEXT, places=st.lists(st.integers(1, 60), max_size=4))
@pytest.mark.usefixtures("_window")
def test_hits_know_their_lines_columns_and_groups(text: str, places: list[int], tmp_path: Path) -> None:
    pattern = r"(a|b)|(\d)"
    rows, _, total, _ = match.regex(clock(), cut(piece_of(tmp_path, text), places), pattern, False, False, 100)
    wanted = []
    for start, end, groups in matches_of(pattern, text):
        at, line = next((at, line) for at, line in reversed(lines_of(text)) if at <= start)
        wanted.append((number_of(text, start), start - at + 1, end - at + 1, line, groups, byte_at(text, at)))
    shown = [
        (hit.span.line, hit.column, hit.end_column, hit.text, hit.groups, hit.span.start) for hit in map(hit_of, rows)
    ]
    assert shown == wanted
    assert total == len(wanted)


@REPEATED
@given(
    text=TEXT.filter(bool),
    every=st.sampled_from([4, 5, 12]),
    few=st.booleans(),
    cuts=st.lists(st.integers(1, 60), max_size=3),
    asked=st.lists(st.integers(0, 60), max_size=6),
)
@pytest.mark.usefixtures("_window")
def test_lines_are_counted_from_the_nearest_checkpoint(
    text: str, every: int, few: bool, cuts: list[int], asked: list[int], tmp_path: Path
) -> None:
    piece = piece_of(tmp_path, text)
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (document, "CHECKPOINT"),
            (hits, "CHECKPOINT"),
            (inspect, "CHECKPOINT"),
            (inspect, "BLOCK"),
        ):
            patch.setattr(module, name, every)
        whole = join([inspect.measure(clock(), piece.file, 0, piece.high)])
        if few:
            whole = whole._replace(checkpoints=(0, whole.checkpoints[-1]))
        one = whole.document("", "text.txt", "", piece.file.source)
        pieces = [
            replace(part, base=base_of(one, part.start), later=counts_between(one, part.start, part.end))
            for part in cut(piece, cuts)
        ]
        rows, *_ = match.regex(clock(), pieces, "a|b|1", False, False, 100)
        assert [hit_of(row).span.line for row in rows] == [
            number_of(text, start) for start, *_ in matches_of("a|b|1", text)
        ]
        with opened(piece.file) as reader:
            for part in pieces:
                lines = Hits(reader, part)
                for character in asked:  # in any order
                    at = byte_at(text, character)
                    assert lines.line(at) == number_of(text, min(character, len(text)))
        for number, (at, _) in enumerate(lines_of(text), 1):
            want = line_want(one, number)
            assert places.line_range(clock(), piece.file, want, want)[0] == byte_at(text, at)


@given(text=st.text(st.sampled_from("ab\n")))
def test_lines_of_a_text_are_counted_and_measured(text: str) -> None:
    parts = text.split("\n")
    longest = max(map(len, parts))
    assert inspect.lines_of(text.encode()) == (len(parts) - 1, len(lines_of(text)), longest)


@REPEATED
@given(
    text=TEXT,
    filters=st.lists(
        st.tuples(st.sampled_from(["a", "b", r"\d", "^$", r"\w", "é", "(?=a)"]), st.booleans()), max_size=3
    ),
    places=st.lists(st.integers(1, 60), max_size=3),
)
@pytest.mark.usefixtures("_window")
def test_filters_let_whole_lines_through(
    text: str, filters: list[tuple[str, bool]], places: list[int], tmp_path: Path
) -> None:
    kept = [
        (at, line) for at, line in lines_of(text) if all(bool(re.search(test, line)) == keep for test, keep in filters)
    ]
    wanted = [(byte_at(text, at + one.start()), one.group()) for at, line in kept for one in re.finditer(r"\w|$", line)]
    pieces = cut(piece_of(tmp_path, text, tuple(filters)), places)
    rows, _, total, searched = match.regex(clock(), pieces, r"\w|$", False, False, 1000)
    raw = text.encode()
    shown = []
    for hit in map(hit_of, rows):
        line_start = hit.span.start
        prefix = len(hit.text[: hit.column - 1].encode())
        shown.append((line_start + prefix, hit.text[hit.column - 1 : hit.end_column - 1]))
    assert shown == wanted
    assert (total, searched) == (len(wanted), len(raw))
    assert match.count(clock(), pieces, "", False, False, True)[0].get(0, 0) == len(kept)


@REPEATED
@given(text=TEXT, words=st.lists(WORDS, min_size=1, max_size=4, unique=True), ignore_case=st.booleans())
def test_find_any_brings_every_occurrence_of_every_word(
    text: str, words: list[str], ignore_case: bool, tmp_path: Path
) -> None:
    rows, _, total, _ = find.find_any(clock(), [piece_of(tmp_path, text)], words, ignore_case, 1000)
    flags = re.IGNORECASE if ignore_case else 0
    wanted = Counter(
        (number_of(text, at), one.start() + 1, word)
        for word in words
        for at, line in lines_of(text)
        for one in re.finditer(re.escape(word), line, flags)
    )
    assert Counter((hit.span.line, hit.column, hit.word) for hit in map(hit_of, rows)) == wanted
    assert total == wanted.total()


@REPEATED
@given(text=TEXT)
def test_with_multiline_small_windows_find_what_large_ones_do(text: str, tmp_path: Path) -> None:
    pattern = r"a\n?b|\n\n|\d|b$"
    piece = piece_of(tmp_path, text)

    def found() -> tuple[list[tuple[int, int]], int]:
        rows, _, _, searched = match.regex(clock(), [piece], pattern, False, True, 1000)
        return [(hit.span.start, hit.column) for hit in map(hit_of, rows)], searched

    whole = found()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "REACH", 8)
        patch.setattr(scan, "ACROSS", 8)
        assert found() == whole


FOLDED = st.text(st.sampled_from("eéEÉe\u0301 \u00a0\tﬁfi\nx\r"), max_size=20)


@REPEATED
@given(text=FOLDED, word=st.sampled_from(["e", "é", "fi", "e e", "x", "ﬁ"]), ignore_case=st.booleans())
def test_fold_ignores_accents_and_runs_of_blanks(text: str, word: str, ignore_case: bool, tmp_path: Path) -> None:
    rows, _, total, _ = find.find(clock(), [piece_of(tmp_path, text)], word, ignore_case, folded=True, limit=100)

    def plain(line: str) -> str:
        return re.sub(r"\s+", " ", fold(line))

    flags = re.IGNORECASE if ignore_case else 0
    wanted = [
        number_of(text, at) for at, line in lines_of(text) if re.search(re.escape(plain(word)), plain(line), flags)
    ]
    hits = [hit_of(row) for row in rows]
    assert [hit.span.line for hit in hits] == wanted
    assert total == len(wanted)
    for hit in hits:
        part = hit.text[hit.column - 1 : hit.end_column - 1]
        assert re.search(re.escape(plain(word)), plain(part), flags)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_long_line_is_shown_around_the_match(end: str, tmp_path: Path) -> None:
    text = f"first{end}" + "é" * 3000 + "needle" + "𝔘" * 3000 + end
    ((row,), _, total, _) = match.regex(clock(), [piece_of(tmp_path, text)], "needle", False, False, 5)
    hit = hit_of(row)
    assert total == 1
    assert (hit.span.line, hit.column, hit.end_column) == (2, 3001, 3007)
    assert hit.text == "…" + "é" * 150 + "needle" + "𝔘" * 150 + "…"
    assert text.encode()[hit.span.start : hit.span.end].decode() == hit.text[1:-1]


def test_a_line_longer_than_any_window_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "LONGEST", 1 << 16)
    monkeypatch.setattr(windows, "REACH", 1 << 10)
    text = ("x" * 99_999 + "needle é") * 5
    piece = piece_of(tmp_path, text)
    assert match.count(clock(), [piece], "needle", False, False, False)[0] == {0: 5}
    rows, *_ = match.regex(clock(), [piece], "needle", False, False, 5)
    found = [hit_of(row) for row in rows]
    assert [hit.column for hit in found] == [100_000 + 100_007 * n for n in range(5)]
    assert {hit.span.line for hit in found} == {1}


@REPEATED
@example(text="ab" * 60, pattern="ab")
@given(
    text=st.lists(st.sampled_from(["ab", "12", " ", "é", "𝔘", "a", "\n", "\r\n"]), max_size=40).map("".join),
    pattern=st.sampled_from([r"\d+", "ab", r"\w{1,3}", "^a", r"a\b", "(?<=b)a", "é|$", r"[^ ]{2}"]),
)
def test_matches_across_the_pieces_of_a_long_line_are_found_once(text: str, pattern: str, tmp_path: Path) -> None:
    piece = piece_of(tmp_path, text)
    runs = [one for one in re.findall(r"\d+", text) if len(one) > 8]
    if runs:
        return  # longer than the reach
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "WINDOW", 4)
        patch.setattr(windows, "LONGEST", 24)
        patch.setattr(windows, "REACH", 10)
        patch.setattr(windows, "_BEHIND", 8)  # of a piece is looked at again, never all of it
        counts, searched = match.count(clock(), [piece], pattern, False, False, False)
        packs, *_ = match.values(clock(), [piece], pattern, False, False, 1000, 10**6)
    wanted = matches_of(pattern, text)
    assert (counts.get(0, 0), searched) == (len(wanted), len(text.encode()))
    values = [value for pack in packs for value in match.unpacked(pack)]
    assert values == [text[start:end] for start, end, _ in wanted]


def test_time_up_leaves_what_was_found_so_far(tmp_path: Path) -> None:
    late = clock(0.0)
    counts, searched = match.count(late, [piece_of(tmp_path, "a\n" * 1000)], "a", False, False, False)
    assert (sum(counts.values()), searched, late.stopped) == (0, 0, True)


PATTERNS = ["a", "ab|é", "^", "$", r"^a", r"\bab\b", r"(?<!a)b", r"\s", "", "^$", r"b$|^ ", r"\r?a"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXT, min_size=1, max_size=6), gaps=st.lists(st.booleans(), min_size=6, max_size=6),
       pattern=st.sampled_from(PATTERNS), keep=st.sampled_from([(), (("a", True),), (("b", False),)]))  # fmt: skip
def test_a_bundle_is_searched_as_its_documents_are(
    texts: list[str], gaps: list[bool], pattern: str, keep: tuple[tuple[str, bool], ...], tmp_path: Path
) -> None:
    raw, pieces, bundling = b"", [], Bundling()
    path = tmp_path / "pack"
    for number, text in enumerate(filter(None, texts)):
        file = File(f"{number}.txt", Source(str(path), len(raw), len(text.encode())))
        raw += text.encode() + b"\n" + (b"ab\0" if gaps[number] else b"")
        size = file.source.size
        pieces.append(Piece(number, file, 0, size, 0, size, (0, 0), keep))
        bundling.add(number, (str(path), file.source.offset, size), file.name, keep)
    if not pieces:
        return
    path.write_bytes(raw)
    bundle = bundling.made()
    for lines in (False, True):
        one = match.count(clock(), pieces, pattern, False, False, lines)
        two = match.count(clock(), bundle, pattern, False, False, lines)
        assert ({doc: count for doc, count in one[0].items() if count}, one[1]) == (
            {doc: count for doc, count in two[0].items() if count},
            two[1],
        )
    for most in (1, 3):  # what comes after them is only counted
        one = match.regex(clock(), pieces, pattern, False, False, most)
        assert match.regex(clock(), bundle, pattern, False, False, most) == one
    for multiline in (False, True):
        one = match.values(clock(), pieces, pattern, False, multiline, 100, 1000)
        assert match.values(clock(), bundle, pattern, False, multiline, 100, 1000) == one
    for folded in (False, True):
        for search in (find.find, find.find_words):
            assert search(clock(), bundle, "a b", False, folded, 5) == search(clock(), pieces, "a b", False, folded, 5)
        for most in (0, 1, 3):
            one = find.find(clock(), pieces, "a", False, folded, most)
            assert find.find(clock(), bundle, "a", False, folded, most) == one
    assert find.find_any(clock(), bundle, ["a", "é"], False, 5) == find.find_any(clock(), pieces, ["a", "é"], False, 5)


@pytest.mark.parametrize("pattern", ["return", r"return \w+", r"^\w+ = ", r"^", r"x+", r"(\d+)", r"\bx", "é", r"^$"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
async def test_dense_lines_are_counted_as_python_counts_them(
    asking: Callable[..., Awaitable[Search]], pattern: str, ending: str
) -> None:
    lines = [
        ("return x1", "y = 2 return z return", "", "xx", "é x")[number % (4 if number < 700 else 5)]
        for number in range(900)
    ]
    for text in (ending.join(lines), ending.join(lines) + ending):
        search = await asking(text, "return one\nreturn two")
        expected = sum(re.search(pattern, line) is not None for line in lines)
        within = search.context.limit
        assert await search.count(pattern, within[:1], by="line") == expected
        by_path = await search.counted(pattern, within, by="line")
        assert by_path[0].get("1.txt", 0) == expected


@pytest.mark.parametrize("odd", [b"", b"x", b"1_0", b"inf", b"nan"])
def test_what_is_no_number_is_left_out_and_counted_among_numbers(odd: bytes) -> None:
    found, ignored, more = numbered([[b"3", odd, b"1"], [b"2.5"]], 1, 10)
    assert list(found[None][0]) == [1.0, 2.5, 3.0]
    assert (ignored, more) == (1, False)


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(
    doc=ANY_TEXT,
    text=ANY_TEXT,
    groups=st.lists(st.none() | ANY_TEXT, max_size=3).map(tuple),
    word=st.none() | ANY_TEXT,
    match=st.sampled_from(["", 'a"\\b', "\x00\x1f\x7f\u2028"]),
)
def test_a_row_is_what_json_makes_of_its_hit(
    doc: str, text: str, groups: tuple[str | None, ...], word: str | None, match: str
) -> None:
    hit = Hit(Span(doc, 1, 2, 3, 4), text, 5, 6, groups, word, match, 7)
    assert hit_of(row_of(hit)) == hit
    written = [doc, 3, 4, 1, 2, text, 5, 6, groups, word, match, 7]
    assert row_of(hit) == json.dumps(written, ensure_ascii=False)


@REPEATED
@given(text=TEXT, low=st.integers(0, 12), places=st.lists(st.integers(1, 60), max_size=3))
@pytest.mark.usefixtures("_window")
def test_a_hit_in_a_region_that_begins_within_a_line_is_the_same_by_its_window(
    text: str, low: int, places: list[int], tmp_path: Path
) -> None:
    whole = piece_of(tmp_path, text)
    low = min(low, whole.high)
    test = compile_pattern(r"\w|^")
    for piece in cut(replace(whole, low=low), places):
        with opened(piece.file) as reader:
            quick, slow = Hits(reader, piece), Hits(reader, piece)
            for window in windows.windows(reader, piece, clock()):
                for spans in test.matches(window, clock()):
                    assert quick.row(window, *spans[0]) == row_of(slow.hit(*window.span(*spans[0])))


def batched(values: list[bytes], size: int) -> Iterator[list[bytes]]:
    for at in range(0, len(values), size):
        yield values[at : at + size]


@given(
    numbers=st.lists(
        st.one_of(st.integers(-5, 5).map(float), st.floats(allow_nan=False, allow_infinity=False)), min_size=1
    ),
    repeated=st.integers(1, 50),
    cut=st.integers(0, 50),
    few=st.sampled_from([1, 3, 1000]),
    batch=st.sampled_from([1, 7, 1000]),
)
def test_numbers_that_are_counted_come_to_what_each_of_them_comes_to(
    numbers: list[float], repeated: int, cut: int, few: int, batch: int
) -> None:
    every = sorted(numbers * repeated)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rlm_ls.context.ops.numbers.FEW", few)
        texts = [[str(number).encode() for number in some] for some in (every[:cut], every[cut:]) if some]
        parts = [numbered(list(batched(some, batch)), 1, 10)[0] for some in texts]
    found = summaries(clock(), {None: [part[None] for part in parts]}, [50, 90, 99])[None]
    exact = sum(map(Fraction, every))
    assert (found["count"], found["min"], found["max"]) == (len(every), every[0], every[-1])
    ranks = {p: every[max(1, -(-p * len(every) // 100)) - 1] for p in (50, 90, 99)}
    assert {p: found[f"p{p}"] for p in ranks} == ranks
    rounding = abs(exact) / 2**51 + Fraction(max(map(abs, numbers))) / 2**900 + Fraction(5e-324)
    assert abs(Fraction(found["mean"]) - exact / len(every)) <= rounding
    if abs(exact) < Fraction(2) ** 1023:
        assert abs(Fraction(found["sum"]) - exact) <= rounding
    else:
        assert abs(found["sum"]) > 1e300
