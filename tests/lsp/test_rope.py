"""Open texts against a naive oracle: whatever edits come in, in whatever position encoding."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_ls.lsp.workspace import rope as rope_module
from rlm_ls.lsp.workspace.rope import Rope, characters, units

ENCODINGS = ("utf-8", "utf-16", "utf-32")
ALPHABET = "ab\n\r\u2028\x0b\x0c\x1c\x85é€😀𐐷"
texts = st.text(ALPHABET, max_size=60)
edits = st.lists(
    st.tuples(
        st.tuples(st.integers(0, 12), st.integers(0, 20)), st.tuples(st.integers(0, 12), st.integers(0, 20)), texts
    ),
    max_size=12,
)


def lines_of(text: str) -> list[str]:
    """The lines without their ends, by LSP's rule; there is always one more than there are ends."""
    return re.split("\r\n|\r|\n", text)


def offset(text: str, line: int, character: int, encoding: str) -> int:
    """Where a position lies: character by character."""
    starts = [0, *(match.end() for match in re.finditer("\r\n|\r|\n", text))]
    if line >= len(starts):
        return len(text)
    place, left = starts[line], character
    for char in lines_of(text)[line]:
        width = {"utf-8": len(char.encode()), "utf-16": len(char.encode("utf-16-le")) // 2, "utf-32": 1}[encoding]
        if width > left:
            break
        place, left = place + 1, left - width
    return place


def edited(text: str, start: tuple[int, int], end: tuple[int, int], new: str, encoding: str) -> str:
    first, last = offset(text, *start, encoding), offset(text, *end, encoding)
    return text[:first] + new + text[max(first, last) :]


@pytest.fixture(params=[4, 1 << 16], ids=["tiny pieces", "real pieces"], scope="module")
def piece(request: pytest.FixtureRequest) -> object:
    """Pieces of a few characters put every border between lines, pairs and line ends to the test."""
    before = rope_module.PIECE, rope_module.SMALL
    rope_module.PIECE, rope_module.SMALL = request.param, request.param // 4
    yield request.param
    rope_module.PIECE, rope_module.SMALL = before


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=texts, changes=edits)
@settings(max_examples=150, deadline=None)
def test_edits_give_the_same_text_as_naive_ones(
    piece: int, encoding: str, text: str, changes: list[tuple[tuple[int, int], tuple[int, int], str]]
) -> None:
    rope = Rope(text, encoding)
    for start, end, new in changes:
        text = edited(text, min(start, end), max(start, end), new, encoding)
        rope.replace(min(start, end), max(start, end), new)
        assert rope.text() == text
    for number, line in enumerate(lines_of(text)):
        assert rope.line(number, 1000) == line
        assert rope.line(number, 3) == line[:3]
    assert rope.line(len(lines_of(text)), 10) == ""


@given(text=texts, count=st.integers(-3, 100))
def test_characters_undoes_units(text: str, count: int) -> None:
    for encoding in ENCODINGS:
        found = characters(text, count, encoding)
        assert units(text[:found], encoding) <= max(count, 0)
        assert found == len(text) or units(text[: found + 1], encoding) > count


def test_a_range_that_ends_before_it_starts_inserts() -> None:
    rope = Rope("one\ntwo\n", "utf-16")
    rope.replace((1, 1), (0, 0), "X")
    assert rope.text() == "one\ntXwo\n"
