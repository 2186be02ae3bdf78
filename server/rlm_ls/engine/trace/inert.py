"""Makes Markdown that others wrote inert: nothing happens when a document that holds it is shown.

A preview fetches images without being asked, and an address can carry away text; links may run commands, and HTML may
be anything. What would be drawn, fetched or run is found by a Markdown parser and turned into the characters that it
was written with. The parser is run again until it finds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

MOST = 20_000
"""Characters that are read as Markdown, for a parser takes its time. More of them are shown as a block of code."""

MOST_OF_A_BLOCK, MOST_OF_BLOCKS = 4000, 20_000
"""The same of one paragraph with brackets, whose cost may grow with its square, and of all such."""

ROUNDS = 5
"""What is words now may join the paragraph below, and that be markup: so it is read again."""

DRAWN = ("mermaid", "uml", "dot", "graphviz", "math", "svg", "html", "vega", "wavedrom")
"""Languages of blocks of code that some preview draws, or sends away to have them drawn. Whatever holds such a name is
taken for one: previews differ in what else may stand there."""

_WEB = re.compile(r"(https?://|mailto:|#)[^\s\\]*", re.IGNORECASE)

_BRACKET = re.compile(r"(\\*)([\[<])")

_RUN = re.compile(r"([`~])(?=\1\1)")

_FENCE = re.compile(r"^([\s>*+.)\d-]*)(`{3,}|~{3,})[^`]*$")

_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{0,40}")

Mend = Callable[[str], str]


def part(markdown: str, own: Collection[str] = ()) -> str:
    """A part of a document, to stand between empty lines: without images, HTML, definitions of links, and links other
    than to the web and those in `own` (addresses as they stand in links). Code keeps its text, and has an end.
    """
    lines = re.sub("\r\n?", "\n", markdown).replace("\0", "\ufffd").strip("\n").split("\n")
    ours = frozenset(PARSERS[0].normalizeLink(address) for address in own)
    if len(markdown) <= MOST:
        for _ in range(ROUNDS):
            found = set(_offences("\n".join(lines), ours))
            for number, mend in found:
                lines[number] = mend(lines[number])
            if not found:
                return _ended("\n".join(lines))
    return fenced(markdown)


def line(text: str) -> str:
    """A text on one line of a document: nothing on it is a link, an image or HTML, and no code begins there."""
    return _RUN.sub(r"\\\1", _unlinked(" ".join(text.split())))


def code(text: str) -> str:
    """Inline code on one line, whatever is in it."""
    text = " ".join(text.split())
    fence = "`" * (_longest_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text else ""


def fenced(text: str, language: str = "text") -> str:
    """A block of code that its content cannot end."""
    fence = "`" * max(3, _longest_run(text) + 1)
    language = "text" if _is_drawn(language) else language
    return f"{fence}{language}\n{text.rstrip()}\n{fence}" if text.strip() else "(nothing)"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _unlinked(text: str) -> str:
    """A bracket behind an odd number of backslashes opens nothing as it is."""
    return _BRACKET.sub(lambda found: found[0] if len(found[1]) % 2 else f"{found[1]}\\{found[2]}", text)


def _undrawn(text: str) -> str:
    return _FENCE.sub(r"\1\2text", text)


def _ended(markdown: str) -> str:
    """A block of code that nobody has closed would go on over what follows."""
    last = PARSERS[0].parse(markdown + "\n\nend", {})[-1]
    return f"{markdown}\n{last.markup}" if last.type == "fence" else markdown


# ---- reading ---------------------------------------------------------------------------------------------------------


def _any_address(url: str) -> bool:
    return True


def _parser(*more: str) -> MarkdownIt:
    """Blocks only: what stands within them is read where there is something to look for."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["strikethrough", *more])
    parser.core.ruler.disable(["inline"])
    # Parsers differ in which addresses they take for harmless: here every one is a link, and is looked at.
    parser.validateLink = _any_address  # type: ignore[method-assign]
    return parser


PARSERS = (_parser(), _parser("table"))
"""As dialects differ: what is one paragraph to the one is many cells to the other."""


def _offences(text: str, own: frozenset[str]) -> Iterator[tuple[int, Mend]]:
    """Numbers of lines and what is to be done to them."""
    for parser in PARSERS:
        state: dict[str, Any] = {}
        read = 0
        place = range(0)
        for token in parser.parse(text, state):
            place = range(*token.map) if token.map else place
            if token.type == "fence" and _is_drawn(token.info.strip()):
                yield place.start, _undrawn
            elif token.type == "html_block":
                yield from ((number, _unlinked) for number in place)
            elif token.type == "inline" and _unlinked(token.content) != token.content:
                read += len(token.content)
                small = len(token.content) <= MOST_OF_A_BLOCK and read <= MOST_OF_BLOCKS
                if not small or _is_live(parser, token, own):
                    yield from ((number, _unlinked) for number in place)
        # They hold for a whole document: also for what others wrote, and with images too.
        for definition in (*state.get("references", {}).values(), *state.get("duplicate_refs", ())):
            yield from ((number, _unlinked) for number in range(*definition["map"]))


def _is_drawn(language: str) -> bool:
    return bool(language) and (not _LANGUAGE.fullmatch(language) or any(name in language.lower() for name in DRAWN))


def _is_live(parser: MarkdownIt, block: Token, own: frozenset[str]) -> bool:
    found: list[Token] = []
    parser.inline.parse(block.content, parser, {}, found)
    return any(
        token.type in {"image", "html_inline"}
        or (token.type == "link_open" and not _is_harmless(str(token.attrGet("href") or ""), own))
        for token in found
    )


def _is_harmless(href: str, own: frozenset[str]) -> bool:
    return href in own or _WEB.fullmatch(href) is not None
