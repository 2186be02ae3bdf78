"""What of a text a single call is shown: its two ends, or the pieces that a search ranks first."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.quality.stated import folded

MOST_CHARACTERS_A_TOKEN = 12
"""No text of any length has more: so much of each end is enough to cut tokens from."""

Encode = Callable[[str], list[int]]
Decode = Callable[[list[int]], str]


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """One for all models, so that all are shown the same excerpt."""

    encode: Encode
    decode: Decode

    @classmethod
    def of(cls, litellm: Any, name: str = "gpt-4") -> Tokenizer:
        """cl100k, which LiteLLM brings along: others would have to be fetched."""
        return cls(
            lambda text: list(litellm.encode(model=name, text=text)),
            lambda tokens: str(litellm.decode(model=name, tokens=tokens)),
        )


def ends(text: str, tokens: int, tokenizer: Tokenizer) -> str:
    """The whole text if it has at most so many tokens, else its first and last half of them, cut at line ends."""
    reach = tokens * MOST_CHARACTERS_A_TOKEN
    if len(text) <= 2 * reach and len(tokenizer.encode(text)) <= tokens:
        return text
    first, last = tokenizer.encode(text[:reach])[: tokens // 2], tokenizer.encode(text[-reach:])[-(tokens // 2) :]
    # A character of several tokens may be cut in the middle.
    head, tail = tokenizer.decode(first).rstrip("\ufffd"), tokenizer.decode(last).lstrip("\ufffd")
    head, tail = head[: head.rfind("\n") + 1] or head, tail[tail.find("\n") + 1 :] or tail
    left_out = len(text) - len(head) - len(tail)
    return f"{head}\n[… {left_out:,} characters left out …]\n\n{tail}"


def chunks(text: str, size: int) -> list[str]:
    """The text in order in pieces of whole lines, of at least one line and otherwise at most `size` characters."""
    pieces: list[str] = []
    lines: list[str] = []
    length = 0
    for line in text.splitlines(keepends=True):
        for start in range(0, len(line), size):  # a line without end is no piece
            part = line[start : start + size]
            if lines and length + len(part) > size:
                pieces.append("".join(lines))
                lines, length = [], 0
            lines.append(part)
            length += len(part)
    return [*pieces, "".join(lines)] if lines else pieces


class Retriever:
    """BM25 (Robertson and Zaragoza 2009; the library's variant is Lucene's) over the chunks of one text."""

    def __init__(self, text: str, size: int) -> None:
        import bm25s  # type: ignore[import-untyped,unused-ignore]  # with numpy: only this arm pays for it

        logging.getLogger("bm25s").setLevel(logging.WARNING)
        self._library = bm25s
        self.chunks = chunks(text, size)
        words = self._words(self.chunks)
        self._index = bm25s.BM25() if any(words) else None
        if self._index is not None:
            self._index.index(words, show_progress=False)

    def best(self, query: str, k: int) -> list[str]:
        """The `k` best chunks, in the order of the text; none if no word of the query occurs."""
        if self._index is None:
            return []
        k = min(k, len(self.chunks))
        found, scores = self._index.retrieve(self._words([query]), k=k, show_progress=False)
        ranked = zip(found[0].tolist(), scores[0].tolist(), strict=True)
        return [self.chunks[number] for number in sorted(number for number, score in ranked if score > 0)]

    def _words(self, texts: list[str]) -> list[list[str]]:
        """Of each text, without accents and English stop words."""
        words: list[list[str]] = self._library.tokenize(
            [folded(text) for text in texts], return_ids=False, show_progress=False
        )
        return words
