"""The searches as the verbs call them, through the worker processes."""

from __future__ import annotations

import asyncio
import pickle
import re
import statistics
import threading
from collections import Counter
from collections.abc import Awaitable
from itertools import pairwise
from types import SimpleNamespace

import pytest
from tests.unit.context.conftest import Asking
from tests.unit.context.oracle import SLOW, slow_text

from rlm_ls.context.document import Part, Selection
from rlm_ls.context.ops.matching import match
from rlm_ls.context.search import scanner, values
from rlm_ls.context.search.region import resolve
from rlm_ls.context.search.search import Search
from rlm_ls.context.workers import pool as pool_module
from rlm_ls.errors import BadPattern, ProgramError, SearchTimeout

LOG = "".join(
    f"2024-05-01T{n // 600 % 24:02d}:{n // 10 % 60:02d}:00 {'ERROR' if n % 7 == 0 else 'INFO'} "
    f"user-{n % 13} took {n * 37 % 1009} ms\n"
    for n in range(20_000)
)
LINES = LOG.splitlines()


def everything(search: Search) -> Selection:
    return resolve(search.context, None)


@pytest.fixture
async def log(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> Search:
    """A log of 1 MB in pieces of 100 kB."""
    monkeypatch.setattr(pool_module, "PIECE", 100_000)
    return await asking(LOG)


@pytest.mark.parametrize(("start", "end"), [(0, 10**9), (1, 950_001), (123_456, 130_000), (100_000, 200_000)])
async def test_fewer_pieces_are_the_same_text_and_the_last_ones_are_small(log: Search, start: int, end: int) -> None:
    part = Part(0, start, min(end, log.context.documents[0].size))
    few, even = ([one for some in log.pieces((part,), few=few) for one in some] for few in (True, False))
    for pieces in (few, even):
        assert [piece.start for piece in pieces] == [part.start, *[piece.end for piece in pieces[:-1]]]
        assert pieces[-1].end == part.end
        assert all(piece.end % 100_000 == 0 for piece in pieces[:-1])
    assert all(piece.end - piece.start <= 400_000 for piece in few)
    assert few[-1].end - few[-1].start <= 100_000
    assert len(few) < len(even) or len(even) < 4


async def test_pieces_stay_small_where_each_takes_its_time(log: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(scanner, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    part = Part(0, 0, log.context.documents[0].size)
    sizes = [one.end - one.start for some in log.pieces((part,), few=True) for one in some]
    assert max(sizes) == 100_000


async def test_pieces_keep_every_process_busy_to_the_end(asking: Asking) -> None:
    search = await asking(LOG * 29)
    part = Part(0, 0, search.context.documents[0].size)
    sizes = [one.end - one.start for some in search.pieces((part,)) for one in some]
    processes, done = search.pool.size, [0] * search.pool.size
    assert len(sizes) >= min(2 * processes, part.end // scanner.LEAST)
    for size in sizes:  # as they are handed out
        done[done.index(min(done))] += size
    assert max(done) - min(done) <= scanner.LEAST


async def test_find_stops_at_the_limit_and_says_how_many_there_are(log: Search) -> None:
    found = await log.find("ERROR", everything(log), limit=3)
    wanted = [number for number, line in enumerate(LINES, 1) if "ERROR" in line]
    assert [hit.span.line for hit in found.hits] == wanted[:3]
    assert (found.total, found.partial, found.hint) == (len(wanted), "", "")
    found = await log.find("ERROR", everything(log), limit=100_000)
    assert [hit.span.line for hit in found.hits] == wanted


async def test_find_of_a_phrase_brings_phrase_hits_alone_where_there_are_any(asking: Asking) -> None:
    search = await asking("red\nblue green\nred green blue\ngreen red\nnothing\nred green\nblue", "red green here")
    found = await search.find("red green", everything(search), limit=4)
    assert [hit.text for hit in found.hits] == ["red green blue", "red green", "red green here"]
    assert (found.total, found.words) == (3, False)


async def test_find_ranks_lines_by_how_many_whole_words_they_hold_where_none_has_the_phrase(asking: Asking) -> None:
    search = await asking("snuffbox\nunsealed\na box\nthe box was sealed\nnothing")
    found = await search.find("sealed box", everything(search), limit=4)
    assert [hit.text for hit in found.hits] == ["the box was sealed", "a box"]
    assert (found.total, found.words) == (2, True)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("vera", "0 lines as written; 1 with ignore_case=True; 2 with ignore_case=True, fold=True"),
        ("Vera", "0 lines as written; 1 with fold=True"),
        ("nobody", ""),
    ],
)
async def test_find_hints_at_what_it_would_have_found(asking: Asking, text: str, hint: str) -> None:
    search = await asking("Véra came\nVERA went\n")
    if text == "Vera":
        search = await asking("Véra came\n")
    assert (await search.find(text, everything(search))).hint == hint


async def test_texts_that_no_line_can_hold_are_refused(log: Search) -> None:
    for text in ("", "a\nb"):
        with pytest.raises(ProgramError):
            await log.find(text, everything(log))
    for words in ([], [""], ["a\r"]):
        with pytest.raises(ProgramError):
            await log.find_any(words, everything(log))


async def test_counts(log: Search) -> None:
    within = everything(log)
    assert await log.count("ERROR", within) == LOG.count("ERROR")
    assert await log.count(r"\d", within) == len(re.findall(r"\d", LOG))
    assert await log.count("0", within, by="line") == sum("0" in line for line in LINES)
    assert await log.count("error", within, ignore_case=True, by="doc") == {"1.txt": LOG.count("ERROR")}
    assert await log.count("nowhere", within, by="doc") == {}
    assert await log.count(r"ms\n2024-05-01T\S+ ERROR", within, multiline=True) == len(
        re.findall(r"ms\n\S+ ERROR", LOG)
    )


async def test_captured_values(log: Search) -> None:
    within = everything(log)
    numbers = re.findall(r"took (\d+) ms", LOG)
    assert await log.extract(r"took (\d+) ms", within) == (numbers, "")
    counts = Counter(numbers)
    best = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:5]
    assert await log.top(r"took (\d+) ms", within, 5) == (best, len(counts), len(numbers), "")
    values = sorted(map(float, numbers))
    found, ignored, partial = await log.stats(r"took (\d+) ms", within)
    stats = found[None]
    assert stats["count"] == len(values)
    assert stats["sum"] == sum(values)
    assert stats["mean"] == pytest.approx(statistics.fmean(values))
    assert (stats["min"], stats["max"], stats["p50"]) == (values[0], values[-1], values[len(values) // 2 - 1])
    assert stats["p99"] == values[-(-99 * len(values) // 100) - 1]
    assert (ignored, partial) == (0, "")


async def test_values_that_are_no_numbers_are_counted(asking: Asking) -> None:
    search = await asking("v=1 v=-2.5 v=1e3 v=1,5 v=x v=nan v=1_0 v= v=inf\n")
    found, ignored, _ = await search.stats(r"v=(\S*)", everything(search))
    assert (found[None]["count"], found[None]["sum"], ignored) == (3, 998.5, 6)
    assert await search.stats("nothing", everything(search)) == ({}, 0, "")


async def test_filters_narrow_every_search(log: Search) -> None:
    errors = [line for line in LINES if "ERROR" in line and "user-1 " not in line]
    within = tuple(
        Part(part.doc, part.start, part.end, (("ERROR", True), ("user-1 ", False))) for part in everything(log)
    )
    assert await log.count("took", within) == len(errors)
    assert (await log.extract(r"took (\d+)", within))[0] == [line.split()[4] for line in errors]
    found = await log.regex(r"^(\S+) (\w+)", within, limit=2)
    assert [hit.text for hit in found.hits] == errors[:2]
    assert [hit.span.line for hit in found.hits] == [LINES.index(line) + 1 for line in errors[:2]]
    assert {hit.text for hit in await log.sample(20, within)} <= set(errors)
    with pytest.raises(ProgramError, match="filtered"):
        await log.chunks(within, 10)


async def test_samples_are_spread_and_repeatable(log: Search) -> None:
    hits = await log.sample(10, everything(log))
    lines = [hit.span.line for hit in hits]
    assert len(lines) == 10
    assert all(abs(line - (0.5 + n) * 2000) < 200 for n, line in enumerate(lines))
    assert [hit.text for hit in hits] == [LINES[line - 1] for line in lines]
    assert await log.sample(10, everything(log)) == hits
    assert await log.sample(10, everything(log), seed=1) != hits
    assert await log.sample(0, everything(log)) == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("by", "size", "overlap"), [("lines", 3, 0), ("lines", 4, 2), ("tokens", 20, 0), ("tokens", 20, 8)]
)
async def test_chunks_cover_the_text_in_order(asking: Asking, end: str, by: str, size: int, overlap: int) -> None:
    text = end.join(["x" * (n * 7 % 50) + "é" for n in range(100)])
    search = await asking(text)
    spans = await search.chunks(everything(search), size, overlap, by)  # type: ignore[arg-type]
    raw = text.encode()
    assert (spans[0].start, spans[-1].end) == (0, len(raw))
    for one, two in pairwise(spans):
        assert one.start < two.start
        between = raw[one.end : two.start] if two.start >= one.end else b""
        assert between.strip(b"\r\n") == b""
        assert two.start <= one.end + len(end)
        assert (two.start < one.end) == (overlap > 0) or two.line > one.end_line
        if by == "lines":
            assert one.end_line - one.line + 1 == size
    for span in spans:
        assert span == await search.span_at(0, span.start, span.end)


async def test_split_cuts_before_each_separator(asking: Asking) -> None:
    search = await asking("preface\nCHAPTER 1\none\nCHAPTER 2\ntwo\n", "CHAPTER 3\nthree")
    spans = await search.split(r"^CHAPTER", everything(search))
    assert [await search.read(span) for span in spans] == [
        "preface", "CHAPTER 1\none", "CHAPTER 2\ntwo", "CHAPTER 3\nthree",
    ]  # fmt: skip
    assert [(span.doc, span.line, span.end_line) for span in spans] == [
        ("1.txt", 1, 1), ("1.txt", 2, 3), ("1.txt", 4, 5), ("2.txt", 1, 2),
    ]  # fmt: skip


async def test_terms(asking: Asking) -> None:
    text = (
        "The prince met Pierre. Pierre spoke; then Prince Andrew and Pierre left.\n"
        "But Pierre’s stayed. Then NATO_X came.\n"
    )
    search = await asking(text)
    names = {
        term: (count, hit.span.line, hit.column)
        for term, count, hit in (await search.terms("names", everything(search)))[0]
    }
    assert names["Pierre"] == (4, 1, 16)
    assert names["Prince Andrew"] == (1, 1, 43)
    assert "The" not in names
    assert "But Pierre" not in names
    caps, _, _ = await search.terms("caps", everything(search))
    assert [(term, count) for term, count, _ in caps] == [("NATO_X", 1)]
    identifiers, _, _ = await search.terms("identifiers", everything(search), 1)
    assert [(term, count, hit.column) for term, count, hit in identifiers] == [("Pierre", 4, 16)]
    own, _, _ = await search.terms(r"(\w+)ed\b", everything(search))
    assert [(term, count) for term, count, _ in own] == [("stay", 1)]


@pytest.mark.usefixtures("processes")
async def test_late_searches_are_partial_and_say_so(asking: Asking) -> None:
    search = await asking("needle\n", slow_text(800_000), seconds=0.5)
    found = await asyncio.wait_for(search.regex(f"needle|{SLOW}", everything(search)), 60)
    assert [hit.text for hit in found.hits] in (["needle"], [])
    assert re.fullmatch(r"stopped after 0\.5 s: \d+ % of \d+ kB searched, [01] of 2 documents whole", found.partial)
    with pytest.raises(SearchTimeout):
        await search.count(SLOW, everything(search))


@pytest.mark.usefixtures("processes")
async def test_cancelling_a_search_leaves_the_pool_usable(asking: Asking) -> None:
    search = await asking(slow_text(8_000_000))
    task = asyncio.create_task(search.count(SLOW, everything(search)))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 60)
    assert await search.count(".", everything(search), by="line") == 1


async def test_searches_run_side_by_side(log: Search) -> None:
    counts = await asyncio.gather(*[log.count(f"user-{n}\\b", everything(log)) for n in range(13)])
    assert sum(one for one in counts if isinstance(one, int)) == len(LINES)


async def test_bad_patterns_are_refused_by_every_search(log: Search) -> None:
    within = everything(log)
    searches: list[Awaitable[object]] = [
        log.regex("(", within), log.count("(", within), log.extract("(", within), log.top("(", within),
        log.stats("(", within), log.terms("(", within), log.split("(", within),
        log.count("x", tuple(Part(part.doc, part.start, part.end, (("(", True),)) for part in within)),
    ]  # fmt: skip
    for search in searches:
        with pytest.raises(BadPattern):
            await search


async def test_places_to_search_in(asking: Asking) -> None:
    search = await asking("one\ntwo\nthree\n", "four\n")
    context = search.context
    span = await search.line_span(0, 2, 3)
    assert tuple(resolve(context, None)) == (Part(0, 0, 14), Part(1, 0, 5))
    assert resolve(context, "2.txt") == (Part(1, 0, 5),)
    assert resolve(context, "*.txt") == tuple(resolve(context, None))
    assert resolve(context, span) == (Part(0, 4, 13),)
    assert resolve(context, ["2.txt", span, Part(0, 0, 6), "2.txt"]) == (Part(0, 0, 13), Part(1, 0, 5))
    filtered = Part(0, 0, 14, (("o", True),))
    assert resolve(context, [filtered, filtered]) == (filtered,)
    assert resolve(context, [filtered, span]) == (filtered, Part(0, 4, 13))
    assert resolve(context, []) == ()
    with pytest.raises(ProgramError, match=r"Did you mean '2\.txt'"):
        resolve(context, "22.txt")
    for wrong in ("*.py", 5, Part(9, 0, 1)):
        with pytest.raises(ProgramError):
            resolve(context, wrong)  # type: ignore[arg-type]


async def test_nothing_to_search_in_is_nothing_found(log: Search) -> None:
    assert (await log.find("a", ())).total == 0
    assert await log.count("a", ()) == 0
    assert await log.extract("a", ()) == ([], "")
    assert await log.chunks((), 5) == []
    assert await log.split("a", ()) == []


@pytest.mark.usefixtures("processes")
async def test_many_values_are_merged_off_the_loop_and_a_few_at_a_time(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n".join(f"v{number % 3000}" for number in range(50_000))
    sizes: list[int] = []

    def loads(pack: bytes) -> object:
        assert threading.current_thread() is not threading.main_thread()
        value = pickle.loads(pack)
        sizes.append(len(value))
        return value

    search = await asking(text + "\n" + "\n".join(f"w{number}" for number in range(70_000)))
    monkeypatch.setattr(values, "pickle", SimpleNamespace(loads=loads))
    best, distinct, total, note = await search.top(r"[vw]\d+", search.context.limit, 2)
    assert (best, distinct, total, note) == ([("v0", 17), ("v1", 17)], 73_000, 120_000, "")
    assert max(sizes) <= match.PACKED < sum(sizes)
