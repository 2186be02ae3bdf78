"""What single calls are shown of a text."""

from __future__ import annotations

import asyncio

import pytest
from bench.quality.excerpts import Retriever, Tokenizer, chunks, ends

from rlm_ls.models.providers import library

TEXT = "".join(f"Line {n}: rain on the mill.\n" for n in range(5_000))


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.of(asyncio.run(library.load()))


def test_a_short_text_is_shown_whole(tokenizer: Tokenizer) -> None:
    assert ends("One line.\n", 100, tokenizer) == "One line.\n"
    assert ends("", 100, tokenizer) == ""


def test_of_a_long_text_the_two_ends_are_shown_in_whole_lines(tokenizer: Tokenizer) -> None:
    shown = ends(TEXT, 1_000, tokenizer)
    head, _, tail = shown.partition("\n[… ")
    left_out, _, tail = tail.partition(" characters left out …]\n\n")
    assert TEXT.startswith(head)
    assert TEXT.endswith(tail)
    assert head.endswith("mill.\n")
    assert tail.startswith("Line ")
    assert int(left_out.replace(",", "")) == len(TEXT) - len(head) - len(tail)
    assert 950 <= len(tokenizer.encode(head + tail)) <= 1_000


def test_a_character_of_several_tokens_is_not_cut(tokenizer: Tokenizer) -> None:
    assert "\ufffd" not in ends("𓀀𓀁𓀂" * 5_000, 101, tokenizer)


def test_chunks_are_the_text_in_whole_lines() -> None:
    pieces = chunks(TEXT, 1_000)
    assert "".join(pieces) == TEXT
    assert all(len(piece) <= 1_000 and piece.endswith("\n") for piece in pieces)
    assert [len(piece) for piece in chunks("x" * 2_500, 1_000)] == [1_000, 1_000, 500]
    assert chunks("", 1_000) == []


def test_the_search_finds_rare_words_whatever_their_accents_in_the_order_of_the_text() -> None:
    text = f"Natásha has a key.\n{TEXT}The key of Natasha is brass.\n"
    best = Retriever(text, 100).best("natasha's KEY", 5)
    assert "has a key" in best[0]
    assert "is brass" in best[-1]
    assert len(best) == 2  # pieces without any word of the question are left out


@pytest.mark.parametrize(("text", "query"), [("", "rain"), ("the\nof\n", "rain"), ("rain\n", ""), ("rain\n", "the")])
def test_nothing_to_find_finds_nothing(text: str, query: str) -> None:
    assert Retriever(text, 100).best(query, 5) == []
