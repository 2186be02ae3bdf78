"""Office files and books, by what their archive holds: Word, PowerPoint, OpenDocument texts and slides. Workbooks and
books have files of their own."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from rlm_ls.context.extraction.formats import books, sheets
from rlm_ls.context.extraction.formats.packages import Package, attribute, dropped, local
from rlm_ls.context.extraction.text import NotADocument, Text

DEEPEST = 9
"""Levels of headings."""

_WORD_PARTS = ("footnotes", "endnotes", "comments", "header", "footer")
_HEADING = re.compile(r"heading ?(\d)", re.IGNORECASE)


def extract(source: BinaryIO, size: int, text: Text) -> None:
    """Raises NotADocument for another archive, and what zipfile and lxml raise for a damaged one."""
    package = Package(source, text.name)
    names = package.names
    if "word/document.xml" in names:
        _word(package, text)
    elif "ppt/presentation.xml" in names:
        _slides(package, text)
    elif "xl/workbook.xml" in names or "xl/workbook.bin" in names:
        sheets.extract(source, size, text)
    elif "META-INF/container.xml" in names and "content.xml" not in names:
        books.extract(package, text)
    elif "content.xml" in names and "mimetype" in names:
        kind = package.read("mimetype")[:200]
        if b"spreadsheet" in kind:
            sheets.extract(source, size, text)
        else:
            _open_document(package, text, b"presentation" in kind)
    elif "[Content_Types].xml" in names and (main := _main_part(package)):
        _word(package, text, main)
    else:
        raise NotADocument


def _main_part(package: Package) -> str:
    """Word's text under a name of its own, as some programs write it."""
    tree = package.tree("_rels/.rels")
    found = () if tree is None else tree.iter("{*}Relationship")
    parts = [one.get("Target", "").lstrip("/") for one in found if one.get("Type", "").endswith("/officeDocument")]
    return next((part for part in parts if part.startswith("word/") and part in package.names), "")


# ---- Word ----------------------------------------------------------------------------------------------------------


def _word(package: Package, text: Text, main: str = "word/document.xml") -> None:
    levels = _style_levels(package)
    _body(package, main, text, levels)
    for kind, part in sorted(set(package.related(main).values())):
        if kind in _WORD_PARTS and part in package.names:
            _body(package, part, text, {}, title=kind)


def _style_levels(package: Package) -> dict[str, int]:
    """The level of each paragraph style that makes a heading."""
    tree = package.tree("word/styles.xml")
    found: dict[str, int] = {}
    for style in () if tree is None else tree.iter("{*}style"):
        name = next((attribute(one, "val") for one in style if local(one) == "name"), "")
        outline = next((attribute(one, "val") for one in style.iter("{*}outlineLvl")), "")
        if match := _HEADING.fullmatch(name):
            found[attribute(style, "styleId")] = int(match[1])
        elif name.lower() == "title":
            found[attribute(style, "styleId")] = 1
        elif outline.isdigit() and int(outline) < DEEPEST:
            found[attribute(style, "styleId")] = int(outline) + 1
    return found


def _body(package: Package, part: str, text: Text, levels: dict[str, int], title: str = "") -> None:
    """Paragraphs as lines, rows of tables as lines of cells; what is in a cell or a text box stays together."""
    for block, cells in _blocks(package, part, "p", "tr", "tc"):
        said = "\t".join(_words(cell).replace("\n", " ").strip() for cell in cells) if cells else _words(block).rstrip()
        if title and said.strip():
            text.section("part", title, mark=True)
            title = ""
        level = 0 if cells or not said.strip() else _level(block, levels)
        if level:
            text.section("heading", said, level=level)
        if not title:
            text.line(said)


def _level(paragraph: Any, levels: dict[str, int]) -> int:
    for one in paragraph.iter("{*}pStyle", "{*}outlineLvl"):
        value = attribute(one, "val")
        if local(one) == "pStyle" and value in levels:
            return levels[value]
        if local(one) == "outlineLvl" and value.isdigit() and int(value) < DEEPEST:
            return int(value) + 1
    return 0


def _blocks(package: Package, part: str, *tags: str) -> Iterator[tuple[Any, list[Any]]]:
    """The outermost paragraphs and rows of a part, the latter with their cells. They are freed after use."""
    paragraph, row, cell = tags
    depth = 0
    for event, element, tag in package.elements(part, frozenset((paragraph, row))):
        if event == "start":
            depth += 1
            continue
        depth -= 1
        if depth:
            continue
        # A cell may stand in a content control, and in it a row of its own.
        cells = [one for one in element.iter(f"{{*}}{cell}") if _row_of(one) is element] if tag == row else []
        if tag == paragraph or cells:
            yield element, cells
        dropped(element)


def _row_of(cell: Any) -> Any:
    return next(cell.iterancestors("{*}tr"), None)


def _words(element: Any) -> str:
    """What stands in it, in the order of reading; without what was deleted or moved elsewhere, and without the copy
    that is kept for old programs."""
    from lxml import etree

    found: list[str] = []
    walk = etree.iterwalk(element, events=("start",))
    for _, one in walk:
        match local(one):
            case "t":
                found.append((one.text or "") + "".join(inner.tail or "" for inner in one))
            case "tab" if len(one.attrib) == 0:  # in a paragraph's properties it is a tab stop
                found.append("\t")
            case "br" | "cr":
                found.append("\n")
            case "noBreakHyphen":
                found.append("-")
            case "p" if one is not element and found:
                found.append("\n")
            case "Fallback" | "pPr" | "rPr" | "del" | "moveFrom":
                walk.skip_subtree()
    return "".join(found)


# ---- PowerPoint ----------------------------------------------------------------------------------------------------


def _slides(package: Package, text: Text) -> None:
    main = "ppt/presentation.xml"
    related = package.related(main)
    tree = package.tree(main)
    wanted = [attribute(one, "id") for one in tree.iter("{*}sldId")]
    references = [
        one.get("{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id", "")
        for one in tree.iter("{*}sldId")
    ]
    parts = [related[one][1] for one in (references if any(references) else wanted) if one in related]
    for number, part in enumerate(parts, 1):
        if part not in package.names:
            text.note(f"slide {number} is missing")
            continue
        slide = package.tree(part)
        text.section("slide", str(number), _title(slide), mark=True)
        _drawn(slide, text)
        for kind, notes in package.related(part).values():
            if kind == "notesSlide" and notes in package.names:
                said = [line for line in _lines_of(package.tree(notes)) if not line.strip().isdigit()]
                if any(line.strip() for line in said):
                    text.line("Notes:")
                    for line in said:
                        text.line(line)


def _title(slide: Any) -> str:
    for shape in slide.iter("{*}sp"):
        if any(attribute(one, "type") in ("title", "ctrTitle") for one in shape.iter("{*}ph")):
            return " ".join(_lines_of(shape))
    return ""


def _drawn(slide: Any, text: Text) -> None:
    for line in _lines_of(slide):
        text.line(line)


def _lines_of(root: Any) -> Iterator[str]:
    """Paragraphs outside of tables, and rows of tables, in the order of the file."""
    from lxml import etree

    walk = etree.iterwalk(root, events=("start",))
    for _, one in walk:
        tag = local(one)
        if tag == "tr":
            yield "\t".join(_words(cell).replace("\n", " ").strip() for cell in one if local(cell) == "tc")
        elif tag == "p" and (said := _words(one).strip()):
            yield said
        if tag in ("tr", "p", "Fallback"):
            walk.skip_subtree()


# ---- OpenDocument --------------------------------------------------------------------------------------------------


_BLOCKS = frozenset(("p", "h", "table-row", "page", "tracked-changes"))


def _open_document(package: Package, text: Text, slides: bool) -> None:
    depth = number = 0
    aside: list[str] = []
    for event, element, tag in package.elements("content.xml", _BLOCKS):
        if tag == "page":
            if event == "start" and slides:
                number += 1
                text.section("slide", str(number), attribute(element, "name"), mark=True)
            continue
        depth += 1 if event == "start" else -1
        if event == "start" or depth:
            continue
        if tag == "table-row":
            cells = [one for one in element if local(one) in ("table-cell", "covered-table-cell")]
            text.line("\t".join(_spoken(one, aside).replace("\n", " ").strip() for one in cells))
        elif tag != "tracked-changes":  # what was deleted
            said = _spoken(element, aside)
            if tag == "h" and said.strip():
                level = attribute(element, "outline-level")
                text.section("heading", said, level=int(level) if level.isdigit() and int(level) <= DEEPEST else 1)
            text.line(said)
        dropped(element)
    if aside:
        text.section("part", "notes", mark=True)
        for said in aside:
            text.line(said)


def _spoken(element: Any, aside: list[str] | None) -> str:
    """OpenDocument's text is what stands in the elements themselves, with spaces and breaks as elements. Its notes and
    comments go to `aside`; None: it is one of them."""
    from lxml import etree

    found: list[str] = []
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, one in walk:
        if event == "end":
            if one is not element:
                found.append(one.tail or "")
            continue
        match local(one):
            case "s":
                count = attribute(one, "c")
                found.append(" " * min(int(count) if count.isdigit() else 1, 1000))
            case "tab":
                found.append("\t")
            case "line-break":
                found.append("\n")
            case "p" | "h" if one is not element and found:
                found.append("\n")
            case "note" | "annotation" if aside is not None:
                aside.append(_spoken(one, None).strip())
                walk.skip_subtree()
                continue
            case "note-citation" | "creator" | "date" if aside is None:
                walk.skip_subtree()
                continue
        if not isinstance(one, etree._Comment):
            found.append(one.text or "")
    return "".join(found)


DAMAGED = (zipfile.BadZipFile, zipfile.LargeZipFile)
