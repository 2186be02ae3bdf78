"""Web pages (HTML): what a reader sees of them, a paragraph a line, headings as sections."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import BinaryIO

from rlm_ls.context.extraction.text import Text
from rlm_ls.context.sources.encoding import AUTO, encoding_of, guessed
from rlm_ls.errors import RlmError

TITLED = 1 << 16
"""Bytes of a page in which its title is looked for."""

_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html", "legend", "li", "main", "nav",
    "ol", "option", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "title", "tr", "ul",
))  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_UNSEEN = frozenset(("script", "style", "template", "svg", "math"))
_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.I)
_TITLE = re.compile(r"<(title|h[1-6])\b[^>]{0,500}>(.{0,1000}?)</\1\s*>", re.I | re.DOTALL)
_TAG = re.compile(r"<[^>]{0,500}>")
_SPACE = re.compile(r"[ \t\r\n\f]+")


def extract(source: BinaryIO, size: int, text: Text) -> None:
    write(source.read(size), text)


def write(raw: bytes, text: Text, level: int = 1) -> None:
    """The page's text; its headings are sections from `level` on."""
    read(decoded(raw), text, level)


def read(page: str, text: Text, level: int = 1) -> None:
    """`write` of a page that is decoded."""
    parser = _Reader(text, level)
    # Behind the last `>` no tag ends: html.parser would look for its end at each `<` anew.
    end = page.rfind(">") + 1
    parser.feed(page[:end])
    parser.handle_data(unescape(page[end:].partition("<")[0]))
    parser.close()
    parser.end_line()


def title_of(raw: bytes) -> str:
    """The first heading, else the title."""
    found = {match[1].lower(): match[2] for match in reversed(list(_TITLE.finditer(decoded(raw[:TITLED]))))}
    said = next((found[tag] for tag in ("h1", "h2", "h3", "title") if tag in found), "")
    return unescape(_TAG.sub("", said))


def decoded(raw: bytes, declared: str = "") -> str:
    """By the page's own word for its encoding where that fits, else as any text is judged."""
    match = _CHARSET.search(raw, 0, 4096)
    for codec in (declared, match[1].decode("ascii") if match and raw[:2] not in (b"\xff\xfe", b"\xfe\xff") else ""):
        if codec:
            try:
                return raw.decode(codec)
            except (LookupError, ValueError):
                pass
    try:
        encoding = encoding_of("", raw[:8192], AUTO)
        return raw[encoding.skip :].decode(encoding.codec)
    except (RlmError, ValueError):
        other = guessed(raw)
        return raw.decode(other.codec if other else "cp1252", "replace")


class _Reader(HTMLParser):
    """Flat: it keeps no tree, so that no depth of tags costs it anything."""

    def __init__(self, text: Text, level: int) -> None:
        super().__init__(convert_charrefs=True)
        self._text = text
        self._level = level
        self._said: list[str] = []
        self._unseen = ""
        self._depth = 0
        """How deep in elements of the unseen kind."""
        self._pre = 0
        self._heading = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._unseen:
            self._depth += tag == self._unseen
        elif tag in _UNSEEN:
            self._unseen, self._depth = tag, 1
        elif tag in ("td", "th"):
            if any(part.strip() for part in self._said):
                self._said.append("\t")
        elif tag == "br":
            self.end_line()
        elif tag in _HEADINGS:
            self.end_line()
            self._heading = _HEADINGS[tag]
        elif tag in _BLOCKS:
            self.end_line()
            self._pre += tag == "pre"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _UNSEEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._unseen:
            self._depth -= tag == self._unseen
            if not self._depth:
                self._unseen = ""
        elif tag in _HEADINGS or tag in _BLOCKS:
            self.end_line()
            self._pre -= tag == "pre" and self._pre > 0

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._pre:
            *lines, data = data.split("\n")
            for line in lines:
                self._said.append(line)
                self.end_line()
            self._said.append(data)
        else:
            self._said.append(_SPACE.sub(" ", data))

    def end_line(self) -> None:
        said = "".join(self._said)
        self._said.clear()
        if not self._pre:
            said = "\t".join(_SPACE.sub(" ", cell).strip() for cell in said.split("\t")) if said else ""
        if self._heading and said.strip():
            self._text.section("heading", said, level=min(self._level + self._heading - 1, 9))
        self._heading = 0
        if said.strip() or self._pre:
            self._text.line(said)
