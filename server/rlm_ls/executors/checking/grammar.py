"""The fenced blocks of a reply, found by a CommonMark parser: nested, longer, indented and unclosed ones mean what
Markdown says. One thing it cannot know: where a fence stands inside a script's string, the script goes on."""

from __future__ import annotations

import ast

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.executors.scripts.echo import MAX_SOURCE

MOST = 32
"""Blocks of one reply that are told apart; further ones are counted."""

MOST_ENDS = 50
"""Closing fences that are tried as the end of one script."""

# Of a reply's prose nothing but its blocks is asked: no links, no emphasis, which take long where they are hostile.
_PARSER = MarkdownIt("commonmark").disable(["inline", "reference"])


def fences(_clock: Deadline, reply: str) -> tuple[list[tuple[str, str]], int]:
    """Info and content of the first blocks that are not empty, in order, and how many come after them."""
    found: list[tuple[str, str]] = []
    rest = reply
    while rest:
        rest, blocks = _until_a_string_goes_on(rest, may=len(found) < MOST)
        found += blocks
    return found[:MOST], max(0, len(found) - MOST)


def _until_a_string_goes_on(reply: str, *, may: bool) -> tuple[str, list[tuple[str, str]]]:
    """The blocks up to the first script that goes on after what Markdown takes for its end, and what is left to read
    after that one; all blocks, if there is none such."""
    found: list[tuple[str, str]] = []
    for token in _PARSER.parse(reply):
        if token.type != "fence" or not token.content.strip():
            continue
        info = token.info.strip()
        if may and (longer := _longer(token, reply.splitlines(keepends=True))) is not None:
            content, rest = longer
            return rest, [*found, (info, content)]
        found.append((info, token.content))
    return "", found


def _longer(token: Token, lines: list[str]) -> tuple[str, str] | None:
    """A block whose last string is left open, up to the fence that ends it, and the rest of the reply."""
    if token.map is None or not _is_open(token.content):
        return None
    first = token.map[0] + 1
    indent = _indent(lines[first - 1])
    ends = [at for at in range(token.map[1], len(lines)) if _closes(lines[at], token.markup, indent)][:MOST_ENDS]
    for end in [*ends, len(lines)]:
        inside = (line[min(indent, _indent(line)) :] for line in lines[first:end])
        content = "".join(inside).replace("\r\n", "\n")
        if _is_python(content):
            return content, "".join(lines[end + 1 :])
    return None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _closes(line: str, markup: str, indent: int) -> bool:
    text = line.strip()
    return _indent(line) <= indent + 3 and text.startswith(markup) and not text.strip(markup[0])


def _is_python(source: str) -> bool:
    return _fault(source) is None


def _is_open(source: str) -> bool:
    """Whether a text is Python but for a string of several lines that has no end."""
    return "unterminated triple-quoted" in (_fault(source) or "")


def _fault(source: str) -> str | None:
    """Why a text is no Python; None if it is."""
    if len(source) > MAX_SOURCE or ("'''" not in source and '"""' not in source):
        return ""
    try:
        compile(source, "<script>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return str(error)
    return None
