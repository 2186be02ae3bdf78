"""Small documents, made by hand: PDFs, office files, books, notebooks."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES_XML = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def pdf(pages: Sequence[Sequence[str]]) -> bytes:
    """A PDF of such lines on each page, in Helvetica; a page without lines is empty."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(count))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {count}>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number, lines in enumerate(pages):
        said = "".join(f"({line.replace('(', '').replace(')', '')}) Tj T*\n" for line in lines)
        stream = f"BT /F1 10 Tf 12 TL 40 780 Td\n{said}ET"
        objects.append(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>"
            f"/Contents {5 + 2 * number} 0 R>>"
        )
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
    return assembled(objects)


def assembled(objects: Sequence[str]) -> bytes:
    """A PDF file of numbered objects, the first of them its root."""
    made = bytearray(b"%PDF-1.4\n")
    places = []
    for number, one in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n{one}\nendobj\n".encode("latin-1")
    start = len(made)
    made += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    made += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    made += f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(made)


def zipped(files: dict[str, str | bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data, zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED)
    return made.getvalue()


def related(*parts: tuple[str, str]) -> str:
    """Relationships rId1, rId2 … of kinds and targets."""
    said = "".join(
        f'<Relationship Id="rId{n}" Type="{TYPES}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(parts, 1)
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{said}</Relationships>'


def docx(body: str, **parts: str) -> bytes:
    """A Word file of this body; `parts` are footnotes, comments and the like."""
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES_XML,
        "word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>",
        "word/styles.xml": f"<w:styles {W}>"
        '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="H2"><w:name w:val="heading 2"/></w:style></w:styles>',
        "word/_rels/document.xml.rels": related(*((kind, f"{kind}.xml") for kind in parts)),
    }
    for kind, said in parts.items():
        files[f"word/{kind}.xml"] = f"<w:{kind} {W}>{said}</w:{kind}>"
    return zipped(files)


def paragraph(text: str, style: str = "") -> str:
    styled = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{styled}<w:r><w:t>{text}</w:t></w:r></w:p>"


def pptx(slides: Sequence[tuple[str, Sequence[str]]], order: Sequence[int] = (), notes: str = "") -> bytes:
    """Slides with a title and lines; `order` is that of their showing, `notes` are the first one's."""
    order = order or range(1, len(slides) + 1)
    ids = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in order)
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES_XML,
        "ppt/presentation.xml": f"<p:presentation {P} {R}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": related(
            *(("slide", f"slides/slide{n}.xml") for n in range(1, len(slides) + 1))
        ),
    }
    for number, (title, lines) in enumerate(slides, 1):
        said = "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in lines)
        files[f"ppt/slides/slide{number}.xml"] = (
            f'<p:sld {P} {A}><p:sp><p:nvSpPr><p:nvPr><p:ph type="title"/></p:nvPr></p:nvSpPr>'
            f"<p:txBody><a:p><a:r><a:t>{title}</a:t></a:r></a:p></p:txBody></p:sp><p:sp><p:txBody>{said}</p:txBody></p:sp></p:sld>"
        )
    if notes:
        files["ppt/slides/_rels/slide1.xml.rels"] = related(("notesSlide", "../notesSlides/notesSlide1.xml"))
        files["ppt/notesSlides/notesSlide1.xml"] = (
            f"<p:notes {P} {A}><p:txBody><a:p><a:r><a:t>{notes}</a:t></a:r></a:p></p:txBody></p:notes>"
        )
    return zipped(files)


def xlsx(sheets: dict[str, Sequence[Sequence[str | float]]]) -> bytes:
    """A workbook of cells without styles."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(sheets, 1))
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES_XML,
        "_rels/.rels": related(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{main}" {R}><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": related(
            *(("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1))
        ),
    }
    for number, rows in enumerate(sheets.values(), 1):
        said = ""
        for y, row in enumerate(rows, 1):
            cells = ""
            for x, cell in enumerate(row):
                place = f"{chr(65 + x)}{y}"
                if isinstance(cell, str):
                    cells += f'<c r="{place}" t="inlineStr"><is><t>{cell}</t></is></c>' if cell else ""
                else:
                    cells += f'<c r="{place}"><v>{cell}</v></c>'
            said += f'<row r="{y}">{cells}</row>'
        files[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{main}"><sheetData>{said}</sheetData></worksheet>'
        )
    return zipped(files)


def ods(rows: Sequence[Sequence[str]]) -> bytes:
    def cell(text: str) -> str:
        return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    cells = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    table = f'<office:spreadsheet><table:table table:name="Stock">{cells}</table:table></office:spreadsheet>'
    return open_document("spreadsheet", table)


def open_document(kind: str, body: str) -> bytes:
    names = (
        "".join(
            f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
            for name in ("office", "text", "table", "manifest")
        )
        + ' xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
    )
    mime = f"application/vnd.oasis.opendocument.{kind}"
    entry = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{mime}"/>'
    return zipped(
        {
            "mimetype": mime,
            "content.xml": f"<office:document-content{names}><office:body>{body}</office:body>"
            "</office:document-content>",
            "META-INF/manifest.xml": f"<manifest:manifest{names}>{entry}</manifest:manifest>",
        }
    )


def epub(chapters: Sequence[str]) -> bytes:
    """A book of these pages, in this order; they lie in the archive in another."""
    container = "urn:oasis:names:tc:opendocument:xmlns:container"
    items = "".join(f'<item id="c{n}" href="text/c%20{n}.xhtml"/>' for n in range(len(chapters)))
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": f'<container xmlns="{container}"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
            **{f"OEBPS/text/c {n}.xhtml": page for n, page in reversed(list(enumerate(chapters)))},
            "OEBPS/book.opf": f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}</manifest>'
            f"<spine>{spine}</spine></package>",
        }
    )


def notebook(*cells: dict[str, object]) -> bytes:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def entries(archive: bytes) -> dict[str, str | bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}
