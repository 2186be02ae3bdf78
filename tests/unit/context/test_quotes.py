"""A quote is found again where it is now: at its place, elsewhere, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.context.conftest import Asking
from tests.unit.context.oracle import clock, file_of

from rlm_ls.context.ops import quotes
from rlm_ls.context.search.quotes import Quoted, QuotePosition, locate_quote

QUOTE = Quoted("😀 two", (1, 0), (1, 6), 4, 12)
"""As in "one\\n😀 two\\n"."""


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text("ab", min_size=1, max_size=60), needle=st.text("ab", min_size=1, max_size=4), data=st.data())
def test_the_nearest_occurrence_is_found(text: str, needle: str, data: st.DataObject, tmp_path: Path) -> None:
    near = data.draw(st.integers(0, len(text) + 2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quotes, "STEP", data.draw(st.integers(1, 7)))
        found = quotes.nearest(clock(), file_of(tmp_path, text), [needle.encode()], near)
    starts = [at for at in range(len(text)) if text.startswith(needle, at)]
    if not starts:
        assert found is None
        return
    assert found is not None
    clamped = min(near, len(text))
    assert found[0] in starts
    assert found[1] == found[0] + len(needle)
    assert abs(found[0] - clamped) == min(abs(at - clamped) for at in starts)


async def stands(asking: Asking, text: str, quoted: Quoted = QUOTE) -> QuotePosition:
    return await locate_quote(await asking(text), 0, quoted)


async def test_a_quote_at_its_place_is_verified(asking: Asking) -> None:
    assert await stands(asking, "one\n😀 two\n") == QuotePosition("verified", (1, 0), (1, 6), 4, 12)
    # The bytes before it may be others, and so may line ends.
    assert await stands(asking, "longer\r\n😀 two") == QuotePosition("verified", (1, 0), (1, 6), 8, 16)


async def test_a_quote_that_is_elsewhere_has_moved_to_the_nearest_place(asking: Asking) -> None:
    moved = await stands(asking, "😀 two\nx\nx\nx\nx\n\nand 😀 two.\n😀 two\n")
    assert (moved.state, moved.start, moved.end) == ("moved", (0, 0), (0, 6))
    moved = await stands(asking, "one\n\n\n\nand 😀 two.\n")
    assert (moved.state, moved.start, moved.end) == ("moved", (4, 4), (4, 10))


async def test_a_quote_that_is_nowhere_keeps_its_place(asking: Asking) -> None:
    for text in ("one\n", "one\n😀 Two\n", "😀 tw"):
        assert await stands(asking, text) == QuotePosition("unmatched", (1, 0), (1, 6), 4, 12)


async def test_quotes_of_several_lines_may_have_other_line_ends(asking: Asking) -> None:
    quoted = Quoted("b\nc\nd", (1, 0), (3, 1), 2, 7)
    assert (await stands(asking, "a\r\nb\r\nc\r\nd\r\n", quoted)).state == "verified"
    moved = await stands(asking, "b\r\nc\r\nd\r\n", quoted)
    assert (moved.state, moved.start, moved.end, moved.end_byte) == ("moved", (0, 0), (2, 1), 7)
    assert (await stands(asking, "a\nb\nc\nx\nd\n", quoted)).state == "unmatched"


async def test_of_a_cut_quote_the_beginning_counts(asking: Asking) -> None:
    quoted = Quoted("b\nc", (1, 0), (4, 2), 2, 9, whole=False)
    assert (await stands(asking, "a\nb\nc\nd\neé\n", quoted)).state == "verified"
    moved = await stands(asking, "a\na\nb\nc\nD\nEé\n", quoted)
    assert (moved.state, moved.start, moved.end) == ("moved", (2, 0), (5, 2))
    assert (await stands(asking, "a\nB\nc\nd\neé\n", quoted)).state == "unmatched"


async def test_an_empty_quote_is_not_looked_for(asking: Asking) -> None:
    empty = Quoted("", (1, 0), (1, 0), 2, 2)
    assert (await stands(asking, "a\n\nb\n", empty)).state == "verified"
    assert (await stands(asking, "a", empty)).state == "unmatched"
    # The line is no longer empty: what was quoted has no text to be recognized by.
    line = Quoted("x", (1, 0), (1, 1), 2, 3)
    assert (await stands(asking, "a\n" + "y" * 100_000, line)).state == "unmatched"
