"""Lines, columns and positions, against plain Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.context.conftest import Asking
from tests.unit.context.oracle import TEXT, byte_at, clock, file_of, lines_of, number_of, starts_of

from rlm_ls.context.document import Span
from rlm_ls.context.ops import places
from rlm_ls.context.ops.files import inspect
from rlm_ls.context.ops.reader import BLOCK, NEAR, opened
from rlm_ls.context.search.rows import hit_of
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.measure import join
from rlm_ls.errors import ProgramError

REPEATED = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@REPEATED
@given(text=TEXT.filter(bool), some=st.sampled_from([4, 5, 7]), blocks=st.integers(1, 3), ranges=st.integers(1, 4))
def test_a_text_is_measured_alike_however_it_is_cut(
    text: str, some: int, blocks: int, ranges: int, tmp_path: Path
) -> None:
    block = some * blocks
    file = file_of(tmp_path, text)
    size = file.source.size
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inspect, "CHECKPOINT", block)
        patch.setattr(inspect, "BLOCK", some)
        step = block * ranges
        whole = join([inspect.measure(clock(), file, at, min(at + step, size)) for at in range(0, size, step)])
    lines = lines_of(text)
    assert whole.characters == len(text)
    assert whole.lines == len(lines)
    assert whole.longest_line == max(len(line.encode()) for _, line in lines)
    assert (whole.ascii, whole.crlf, whole.bad) == (text.isascii(), "\r\n" in text, -1)
    starts = [byte_at(text, start) for start in starts_of(text)[1:]]
    edges = [*range(0, size, block), size]
    assert list(whole.checkpoints) == [sum(start <= edge for start in starts) for edge in edges]


def first_bad(raw: bytes) -> int:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return error.start
    return -1


@REPEATED
@given(
    raw=st.binary(max_size=40), good=st.text(max_size=20), some=st.sampled_from([4, 5, 64]), blocks=st.integers(1, 3)
)
def test_the_first_byte_that_is_not_utf8_is_found(
    raw: bytes, good: str, some: int, blocks: int, tmp_path: Path
) -> None:
    block = some * blocks
    whole_text = good.encode() + raw
    if not whole_text:
        return
    file = file_of(tmp_path, whole_text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inspect, "CHECKPOINT", block)
        patch.setattr(inspect, "BLOCK", some)
        whole = join(
            [
                inspect.measure(clock(), file, at, min(at + block, len(whole_text)))
                for at in range(0, len(whole_text), block)
            ]
        )
    first = first_bad(whole_text)
    # At the edge of a block the error may be laid to another byte of the same broken character.
    assert whole.bad == first == -1 or (whole.bad >= 0 and abs(whole.bad - first) <= 3)


@REPEATED
@given(text=TEXT, at=st.integers(0, 40))
def test_positions_and_bytes_are_each_others_inverse(text: str, at: int, tmp_path: Path) -> None:
    at = min(at, len(text))
    if text[at - 1 : at + 1] == "\r\n":
        at -= 1
    file = file_of(tmp_path, text)
    offset = byte_at(text, at)
    ((line, column),) = places.positions(clock(), file, [(offset, 0, 0)])
    start = starts_of(text)[line]
    assert line + 1 == number_of(text, at)
    assert column == len(text[start:at].encode("utf-16-le")) // 2
    assert places.byte_of(clock(), file, (0, line), column) == offset
    end = next((s + len(body) for s, body in lines_of(text) if s == start), len(text))
    assert places.byte_of(clock(), file, (0, line), 1000) == byte_at(text, end)


@REPEATED
@given(text=TEXT, at=st.integers(0, 60))
def test_line_starts_are_found_from_anywhere(text: str, at: int, tmp_path: Path) -> None:
    starts = [byte_at(text, start) for start in starts_of(text)]
    with opened(file_of(tmp_path, text)) as reader:
        at = min(at, reader.size)
        assert reader.line_start(at) == max(start for start in starts if start <= at)
        assert reader.next_line(at, reader.size) == min([start for start in starts if start >= at], default=reader.size)
        assert reader.line_starts(0, at) == sum(0 < start <= at for start in starts)
        for number in range(len(starts)):
            assert places.nth_line(reader, 0, number) == starts[number]


def test_half_of_a_pair_and_columns_beyond_the_end_are_clamped(tmp_path: Path) -> None:
    file = file_of(tmp_path, "a𝔘b\r\nc")
    assert [places.byte_of(clock(), file, (0, 0), column) for column in range(6)] == [0, 1, 1, 5, 6, 6]


def test_the_column_of_a_character_far_into_a_long_line(tmp_path: Path) -> None:
    text = "x\n" + "é𝔘" * 300_000 + "!\n"
    file = file_of(tmp_path, text)
    at = byte_at(text, text.index("!"))
    assert places.positions(clock(), file, [(at, 0, 0)]) == [(1, 900_000)]
    assert places.byte_of(clock(), file, (0, 1), 900_000) == at


TEXT_OF_FIVE = "one\r\ntwo\nthree\rfour\n\nsix"


@pytest.mark.parametrize(
    ("start", "end", "text", "first", "last"),
    [
        (1, 1, "one", 1, 1),
        (2, 3, "two\nthree", 2, 3),
        (-1, -1, "six", 6, 6),
        (-2, -1, "\nsix", 5, 6),
        (5, 5, "", 5, 5),
        (4, 99, "four\n\nsix", 4, 6),
        (-99, 2, "one\r\ntwo", 1, 2),
    ],
)
async def test_lines(asking: Asking, start: int, end: int, text: str, first: int, last: int) -> None:
    search: Search = await asking(TEXT_OF_FIVE)
    hit = await search.lines(0, start, end)
    assert (hit.text, hit.span.line, hit.span.end_line) == (text, first, last)
    assert await search.read(hit.span) == text
    assert await search.line_span(0, start, end) == hit.span


@pytest.mark.parametrize(("start", "end", "said"), [(7, 9, "6 lines"), (0, 1, "line 0"), (3, 2, "before the start")])
async def test_lines_that_are_not_there_are_refused(asking: Asking, start: int, end: int, said: str) -> None:
    search = await asking(TEXT_OF_FIVE)
    with pytest.raises(ProgramError, match=said):
        await search.lines(0, start, end)


async def test_around_is_clamped_to_the_document(asking: Asking) -> None:
    search = await asking(TEXT_OF_FIVE)
    span = await search.line_span(0, 2, 2)
    assert (await search.around(span, 1, 1)).text == "one\r\ntwo\nthree"
    assert (await search.around(span, 50, 50)).text == TEXT_OF_FIVE


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("block", [NEAR, 5 * NEAR, BLOCK])
def test_a_line_end_at_the_edge_of_a_block_is_one_line_end(block: int, end: str, tmp_path: Path) -> None:
    for length in range(block - 4, block + 4):
        text = f"first{end}{'x' * length}{end}last{end}"
        starts = starts_of(text)
        with opened(file_of(tmp_path, text)) as reader:
            for at in range(starts[2] - 4, starts[2] + 5):
                assert reader.line_start(at) == max(start for start in starts if start <= at)
                assert reader.next_line(at, len(text)) == min(start for start in starts if start >= at)
            assert [reader.line_end(start, len(text)) for start in starts[1:3]] == [
                5 + len(end) + length,
                len(text) - len(end),
            ]


async def test_hits_stay_as_they_are_where_no_time_is_left_for_the_lines_around(asking: Asking) -> None:
    search = await asking("one\nhit\nthree\n" * 1000)
    rows = (await search.find("hit", search.context.limit, limit=1000)).rows
    around, fit = await search.with_lines_around(rows, 1, 20.0)
    assert (fit, hit_of(around[-1]).text) == (1000, "one\nhit\nthree")
    assert await search.with_lines_around(rows, 1, 0.0) == (list(rows), 0)


async def test_spans_of_bytes(asking: Asking) -> None:
    search = await asking(TEXT_OF_FIVE)
    assert await search.span_at(0, 5, 9) == Span("1.txt", 5, 9, 2, 2)
    assert await search.span_at(0, 0, 999) == Span("1.txt", 0, len(TEXT_OF_FIVE), 1, 6)


async def test_line_numbers_use_the_checkpoints_of_a_large_text(asking: Asking) -> None:
    text = "".join(f"line {number}\r\n" for number in range(1, 300_001))
    search = await asking(text, on_disk=True)
    assert search.context.documents[0].lines == 300_000
    assert len(search.context.documents[0].checkpoints) > 3
    for number in (1, 2, 99_999, 250_000, 300_000):
        assert (await search.lines(0, number, number)).text == f"line {number}"
    offset = text.index("line 222222\r")
    assert await search.positions(0, [offset, offset + 3]) == [(222_221, 0), (222_221, 3)]
    assert await search.byte_of(0, 222_221, 0) == offset
    assert await search.byte_of(0, 999_999, 5) == len(text)


async def test_reading_too_much_at_once_is_refused(asking: Asking) -> None:
    search = await asking("x" * 20_000_000)
    with pytest.raises(ProgramError, match="at most 16 MiB"):
        await search.lines(0, 1, 1)
