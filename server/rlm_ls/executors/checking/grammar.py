"""The fenced blocks of a reply, found by a CommonMark parser: nested, longer and unclosed ones mean what Markdown says.

What it cannot know: where a fence stands inside a script's string, the script goes on; and no other line of a script
begins with its fence, so it ends there, whatever stands behind. Models also open a block at the end of a sentence.
"""

from __future__ import annotations

import ast
import io
import re
import textwrap

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.executors.scripts.echo import MAX_SOURCE

MOST = 32
"""Blocks of one reply that are told apart; further ones are counted."""

MOST_ENDS = 50
"""Closing fences that are tried as the end of one script."""

MOST_READINGS = 100
"""Times that what follows a block is read anew."""

PYTHON = frozenset({"", "python", "py", "python3", "ipython", "tool_code", "repl", "dsl"})

_FENCE = "```"
_LANGUAGE = re.compile(r"[\w+#-]*")
_OPENS = re.compile(r"[\w.{}+#-]+")

# Of a reply's prose nothing but its blocks is asked: no links, no emphasis, which take long where they are hostile.
# What stands between tags, or is indented, is read like all else.
_PARSER = MarkdownIt("commonmark").disable(["inline", "reference", "html_block", "code"])


def language(info: str) -> str:
    """The language that an info string names first: `python` of "python", "{.python}", "python:a.py"."""
    words = info.lower().replace("{", " ").replace("}", " ").split()
    found = _LANGUAGE.match(words[0].lstrip(".")) if words else None
    return found[0] if found else ""


def fences(_clock: Deadline, reply: str) -> tuple[list[tuple[str, str]], int]:
    """Info and content of the first blocks that are not empty, in order, and how many come after them."""
    found: list[tuple[str, str]] = []
    rest, readings = reply, 0
    while rest:
        readings += 1
        rest, blocks = _read(rest, as_models_write=len(found) < MOST and readings < MOST_READINGS)
        found += blocks
    told = [(info, _set_back(content) if language(info) in PYTHON else content) for info, content in found[:MOST]]
    return told, max(0, len(found) - MOST)


def _set_back(source: str) -> str:
    """A script without the indentation of all of it, and without the language's name on a line of its own."""
    source = re.sub(r"\A\s*python3?[ \t]*(?=\n)", "", source, count=1, flags=re.IGNORECASE)
    return textwrap.dedent(source) if source.lstrip("\n")[:1] in (" ", "\t") else source


def _read(reply: str, *, as_models_write: bool) -> tuple[str, list[tuple[str, str]]]:
    """The blocks up to the first that ends elsewhere than Markdown says, or opens where it sees none, and what is left
    to read after that; all blocks, if there is none such."""
    found: list[tuple[str, str]] = []
    lines = _lines(reply) if as_models_write else []
    last = max((at for at, line in enumerate(lines) if line.lstrip().startswith(_FENCE)), default=-1)
    for token in _PARSER.parse(reply):
        if token.map is None or not as_models_write:
            other = None
        elif token.type == "inline":
            other = _glued(token, lines, last)
        else:
            other = _longer(token, lines) or _shorter(token, lines)
        if other is not None:
            content, rest = other
            return rest, [*found, (token.info.strip(), content)] if content.strip() else found
        if token.type == "fence" and token.content.strip():
            found.append((token.info.strip(), token.content))
    return "", found


def _glued(token: Token, lines: list[str], last: int) -> tuple[str, str] | None:
    """What follows a fence that stands at the end of a sentence, to be read as its block; the `last` line that begins
    with a fence is behind it."""
    assert token.map is not None
    for at in range(token.map[0], min(token.map[1], last)):
        before, fence, info = lines[at].rpartition(_FENCE)
        if before and language(info) in PYTHON and _OPENS.fullmatch(info.strip()):
            return "", f"{fence}{info}{''.join(lines[at + 1 :])}"
    return None


def _shorter(token: Token, lines: list[str]) -> tuple[str, str] | None:
    """A script up to the line in it that begins with its fence, and the rest of the reply, from that line on where it
    opens another block."""
    if token.type != "fence" or language(token.info) not in PYTHON or token.markup not in token.content:
        return None
    assert token.map is not None
    first = token.map[0] + 1
    end = next((at for at in range(first, token.map[1]) if _behind(lines[at], token.markup)), None)
    if end is None or _is_python(token.content):
        return None
    content = "".join(_lines(token.content)[: end - first])
    if any(content.count(quotes) % 2 for quotes in ('"""', "'''")):
        return None  # the line stands in a string, and something else is wrong
    opens = _OPENS.fullmatch(_behind(lines[end], token.markup))
    return content, "".join(lines[end if opens else end + 1 :])


def _behind(line: str, markup: str) -> str:
    """What stands behind the fence that a line begins with, "" where it does not or nothing does."""
    text = line.strip()
    return text.lstrip(markup[0]).strip() if text.startswith(markup) else ""


def _longer(token: Token, lines: list[str]) -> tuple[str, str] | None:
    """A block whose last string is left open, up to the fence that ends it, and the rest of the reply."""
    if token.type != "fence" or not _is_open(token.content):
        return None
    assert token.map is not None
    first = token.map[0] + 1
    indent = _indent(lines[first - 1])
    ends = [at for at in range(token.map[1], len(lines)) if _closes(lines[at], token.markup, indent)][:MOST_ENDS]
    for end in [*ends, len(lines)]:
        inside = (line[min(indent, _indent(line)) :] for line in lines[first:end])
        content = "".join(inside)
        if _is_python(content):
            return content, "".join(lines[end + 1 :])
    return None


def _lines(text: str) -> list[str]:
    """As Markdown counts them, which knows no other line ends than these three; each with its own, a line feed."""
    return list(io.StringIO(text, newline=None))


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
