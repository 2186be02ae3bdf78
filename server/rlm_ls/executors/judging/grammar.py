"""The fenced blocks of a reply, found by a CommonMark parser: nested, longer, indented and unclosed ones mean what
Markdown says."""

from __future__ import annotations

from markdown_it import MarkdownIt

from rlm_ls.context.clock import Clock

MOST = 32
"""Blocks of one reply that are told apart; further ones are counted."""

# Of a reply's prose nothing but its blocks is asked: no links, no emphasis, which take long where they are hostile.
_PARSER = MarkdownIt("commonmark").disable(["inline", "reference"])


def fences(_clock: Clock, reply: str) -> tuple[list[tuple[str, str]], int]:
    """Info and content of the first blocks that are not empty, in order, and how many come after them."""
    found = [
        (token.info.strip(), token.content)
        for token in _PARSER.parse(reply)
        if token.type == "fence" and token.content.strip()
    ]
    return found[:MOST], max(0, len(found) - MOST)
