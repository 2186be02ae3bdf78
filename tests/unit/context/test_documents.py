"""Documents that are not text are read as the text they hold, with their pages, sheets and chapters."""

from __future__ import annotations

import asyncio
import codecs
import json
import mailbox
import tarfile
import time
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.unit.context import document_files as made

from rlm_ls import errors
from rlm_ls.context.document import Document
from rlm_ls.context.extraction.kinds import kind_of
from rlm_ls.context.scope import Scope, Stream
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.cache import SnapshotCache
from rlm_ls.context.snapshot.snapshot import Context, ContextOptions
from rlm_ls.context.sources.stamp import is_settled, stamp_of
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.engine.setup.opening.structure import structures

Taking = Callable[..., Awaitable[Context]]

PAGES = made.pdf([["Introduction", "Alpha on the first page"], ["Beta on the second"], ["Gamma ends it"]])


def scope(*paths: Path) -> Scope:
    return Scope("files", files=tuple(map(str, paths)))


async def text_of(context: Context, pool: SearchPool, number: int = 0) -> str:
    document = context.documents[number]
    return await Search(context, pool).read(await Search(context, pool).line_span(number, 1, document.lines))


async def read(taking: Taking, pool: SearchPool, path: Path, content: bytes) -> tuple[Document, list[str]]:
    path.write_bytes(content)
    context = await taking(scope(path))
    (document,) = context.documents
    return document, (await text_of(context, pool)).split("\n")


def settle(path: Path) -> None:
    """A file that was just written may be written again without a new time."""
    while not is_settled(stamp_of(path.stat())):
        time.sleep(0.1)


def sections(document: Document) -> list[tuple[str, str, int]]:
    return [(one.kind, one.name, one.level) for one in document.sections]


async def test_a_page_of_a_pdf_is_a_section_that_its_lines_know(
    taking: Taking, pool: SearchPool, tmp_path: Path
) -> None:
    document, lines = await read(taking, pool, tmp_path / "paper.pdf", PAGES)
    assert lines[:6] == [
        "[page 1]", "Introduction", "Alpha on the first page", "[page 2]", "Beta on the second", "[page 3]",
    ]  # fmt: skip
    assert sections(document) == [("page", "1", 1), ("page", "2", 1), ("page", "3", 1)]
    assert [document.place(line, line) for line in (2, 5, 7)] == ["page 1", "page 2", "page 3"]
    assert document.place(3, 5) == "page 1 to 2"
    assert document.inside
    context = await taking(scope(tmp_path / "paper.pdf"))
    search = Search(context, pool)
    entries = await search.outline(0)
    assert [(kind, name) for kind, name, *_ in entries] == [("page", "1"), ("page", "2"), ("page", "3")]
    assert await search.read(entries[1][3]) == "[page 2]\nBeta on the second"
    assert (entries[1][3].line, entries[1][3].end_line) == (4, 5)
    assert await search.count("Beta|Gamma", context.limit) == 2


async def test_pages_without_text_are_said(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(made.pdf([["Text"], [], [], ["More"], []]))
    context = await taking(scope(tmp_path / "scan.pdf"))
    assert [(one.path, one.reason) for one in context.skipped] == [("scan.pdf", "pages 2–3, 5 hold no text: scanned?")]


async def test_a_word_file_is_its_paragraphs_tables_notes_and_headings(
    taking: Taking, pool: SearchPool, tmp_path: Path
) -> None:
    table = "".join(
        f"<w:tr><w:tc>{made.paragraph(a)}</w:tc><w:tc>{made.paragraph(b)}{made.paragraph('x')}</w:tc></w:tr>"
        for a, b in (("Name", "Price"), ("Tea", "3"))
    )
    changed = (
        "<w:p><w:ins><w:r><w:t>new </w:t></w:r></w:ins><w:del><w:r><w:delText>old </w:delText></w:r></w:del>"
        '<w:r><w:t xml:space="preserve">words</w:t><w:tab/><w:t>&amp; more</w:t><w:br/><w:t>below</w:t></w:r></w:p>'
    )
    body = (
        made.paragraph("Report", "H1")
        + changed
        + f"<w:tbl>{table}</w:tbl>"
        + made.paragraph("Costs", "H2")
        + made.paragraph("Café for 5 €")
    )
    document, lines = await read(
        taking, pool, tmp_path / "r.docx", made.docx(body, footnotes=made.paragraph("See the annex"))
    )
    assert lines == [
        "Report", "new words\t& more", "below", "Name\tPrice x", "Tea\t3 x", "Costs", "Café for 5 €",
        "[part footnotes]", "See the annex",
    ]  # fmt: skip
    assert sections(document) == [("heading", "Report", 1), ("heading", "Costs", 2), ("part", "footnotes", 1)]
    assert document.place(7, 7) == "section Costs"


async def test_what_word_keeps_beside_the_text_is_not_taken_for_it(
    taking: Taking, pool: SearchPool, tmp_path: Path
) -> None:
    def controlled(cell: str) -> str:
        return f"<w:sdt><w:sdtPr/><w:sdtContent>{cell}</w:sdtContent></w:sdt>"

    cell = f"<w:tc>{made.paragraph('Tea')}</w:tc>"
    inner = f"<w:tbl><w:tr><w:tc>{made.paragraph('in')}</w:tc><w:tc>{made.paragraph('ner')}</w:tc></w:tr></w:tbl>"
    body = (
        f"<w:tbl><w:tr>{controlled(cell)}<w:tc>{made.paragraph('3')}</w:tc></w:tr>"
        f"<w:tr>{controlled(cell)}{controlled(cell)}</w:tr><w:tr><w:tc>{inner}</w:tc>{cell}</w:tr></w:tbl>"
        "<w:p><w:moveFrom><w:r><w:t>It was here. </w:t></w:r></w:moveFrom><w:r><w:t>Text.</w:t></w:r>"
        "<w:moveTo><w:r><w:t> It is here.</w:t></w:r></w:moveTo></w:p>"
    )
    _, lines = await read(taking, pool, tmp_path / "r.docx", made.docx(body))
    assert lines == ["Tea\t3", "Tea\tTea", "in ner\tTea", "Text. It is here."]


async def test_slides_come_in_the_order_of_their_showing_with_their_notes(
    taking: Taking, pool: SearchPool, tmp_path: Path
) -> None:
    content = made.pptx([("Second", ["two"]), ("First", ["one", "uno"])], order=[2, 1], notes="say it slowly")
    document, lines = await read(taking, pool, tmp_path / "talk.pptx", content)
    assert lines == ["[slide 1]", "First", "one", "uno", "[slide 2]", "Second", "two", "Notes:", "say it slowly"]
    assert sections(document) == [("slide", "1: First", 1), ("slide", "2: Second", 1)]
    assert document.place(8, 8) == "slide 2"


async def test_a_row_of_a_sheet_is_a_line_and_its_columns_are_known(
    taking: Taking, pool: SearchPool, tmp_path: Path
) -> None:
    content = made.xlsx({"Sales": [["Region", "Sum"], ["North", 12.5], ["", ""], ["South &amp; West", 7]], "Empty": []})
    document, lines = await read(taking, pool, tmp_path / "book.xlsx", content)
    assert lines == ["[sheet Sales]", "Region\tSum", "North\t12.5", "", "South & West\t7", "[sheet Empty]"]
    assert document.sections[0].columns == ("Region", "Sum")
    assert document.place(3, 3) == "sheet Sales, row 2"
    context = await taking(scope(tmp_path / "book.xlsx"))
    entries = await Search(context, pool).outline(0)
    assert [(kind, name) for kind, name, *_ in entries] == [
        ("sheet", "Sales"), ("column", "Region"), ("column", "Sum"), ("sheet", "Empty"),
    ]  # fmt: skip


async def test_the_only_sheet_of_a_workbook_has_its_rows_for_lines(
    taking: Taking, pool: SearchPool, tmp_path: Path
) -> None:
    document, lines = await read(taking, pool, tmp_path / "stock.ods", made.ods([["Item", "Left"], ["Nut", "3"]]))
    assert lines == ["Item\tLeft", "Nut\t3"]
    assert document.place(2, 2) == "sheet Stock, row 2"


async def test_open_document_texts_and_slides_are_read(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    body = (
        '<office:text><text:h text:outline-level="2">Plan</text:h><text:p>one<text:s text:c="2"/>two <text:span>three'
        "</text:span> four<text:line-break/>five</text:p></office:text>"
    )
    document, lines = await read(taking, pool, tmp_path / "plan.odt", made.open_document("text", body))
    assert lines == ["Plan", "one  two three four", "five"]
    assert sections(document) == [("heading", "Plan", 2)]
    said = "<office:annotation><text:p>Really?</text:p></office:annotation>"
    note = (
        "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>See the annex</text:p>"
        "</text:note-body></text:note>"
    )
    gone = "<text:changed-region><text:deletion><text:p>deleted</text:p></text:deletion></text:changed-region>"
    body = (
        f"<office:text><text:tracked-changes>{gone}</text:tracked-changes><text:p>It{note} costs {said}3 €.</text:p>"
        "<text:p>Next</text:p></office:text>"
    )
    document, lines = await read(taking, pool, tmp_path / "note.odt", made.open_document("text", body))
    assert lines == ["It costs 3 €.", "Next", "[part notes]", "See the annex", "Really?"]
    assert sections(document) == [("part", "notes", 1)]
    body = '<office:presentation><draw:page draw:name="Start"><text:p>hello</text:p></draw:page></office:presentation>'
    document, lines = await read(taking, pool, tmp_path / "talk.odp", made.open_document("presentation", body))
    assert lines == ["[slide 1]", "hello"]
    assert sections(document) == [("slide", "1: Start", 1)]


async def test_a_book_is_its_chapters_in_the_order_of_reading(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    pages = [f"<html><body><h1>{name}</h1><p>It was <i>{name}</i>.</p></body></html>" for name in ("Dawn", "Dusk")]
    document, lines = await read(taking, pool, tmp_path / "b.epub", made.epub(pages))
    assert lines == ["Dawn", "It was Dawn.", "Dusk", "It was Dusk."]
    assert [one.name for one in document.sections if one.kind == "chapter"] == ["1: Dawn", "2: Dusk"]
    assert document.place(4, 4) == "section Dusk"


PAGE = b"""<!DOCTYPE html><html><head><title>Menu</title><style>p { color: secret }</style>
<script>if (a < b) hidden()</script>
</head><body><h1>Caf&eacute;</h1><p>Stra&szlig;e <b>H</b>ello
world<br>next</p><table><tr><th>Tea</th><td>3&nbsp;&euro;</td></tr></table><pre>a
  b</pre></body></html>"""


async def test_a_page_that_is_named_is_what_its_reader_sees(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    document, lines = await read(taking, pool, tmp_path / "menu.html", PAGE)
    assert lines == ["Menu", "Café", "Straße Hello world", "next", "Tea\t3\xa0€", "a", "  b"]
    assert sections(document) == [("heading", "Café", 1)]


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
async def test_a_mark_of_its_encoding_hides_no_document(
    taking: Taking, pool: SearchPool, tmp_path: Path, codec: str
) -> None:
    _, lines = await read(taking, pool, tmp_path / "menu.html", PAGE.decode().encode(codec))
    assert lines[:3] == ["Menu", "Café", "Straße Hello world"]
    _, lines = await read(taking, pool, tmp_path / "m.eml", codecs.BOM_UTF8 + mail().as_bytes())
    assert lines[0] == "From: Zoë <zoe@example.org>"


async def test_in_a_folder_and_as_a_template_a_page_is_source(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    (tmp_path / "menu.html").write_bytes(PAGE)
    (tmp_path / "site.zip").write_bytes(made.zipped({"menu.html": PAGE}))
    context = await taking(Scope("workspace", roots=(str(tmp_path),)))
    assert [one.extraction for one in context.documents] == [None, None]
    document, _ = await read(taking, pool, tmp_path / "t.html", b"<!doctype html><html>{% if x %}<p>a</p></html>")
    assert not document.inside


def mail(attachment: bytes = b"", name: str = "paper.pdf") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "Zoë <zoe@example.org>", "bo@example.org"
    message["Subject"], message["Date"] = "Größe der Öfen", "Mon, 02 Nov 2026 10:00:00 +0000"
    message["Message-ID"] = "<1@example.org>"
    message.set_content("Es sind fünf Öfen.\n", cte="base64")
    message.add_alternative("<p>Es sind <b>fünf</b> Öfen, in HTML.</p>", subtype="html")
    if attachment:
        message.add_attachment(attachment, "application", "octet-stream", filename=name)
    return message


async def test_a_mail_is_its_headers_text_and_attachments(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    _, lines = await read(taking, pool, tmp_path / "m.eml", mail(PAGES).as_bytes())
    assert lines[:7] == [
        "From: Zoë <zoe@example.org>", "To: bo@example.org", "Date: Mon, 02 Nov 2026 10:00:00 +0000",
        "Subject: Größe der Öfen", "", "Es sind fünf Öfen.", "[attachment paper.pdf]",
    ]  # fmt: skip
    assert "Beta on the second" in lines
    assert not any("HTML" in line for line in lines)
    _, lines = await read(taking, pool, tmp_path / "m.eml", mail(b"\x89PNG\0\0", "a.png").as_bytes())
    assert "(application/octet-stream, 6 bytes: not read)" in lines


@pytest.mark.parametrize("kind", ["octet-stream", "json", "x-log"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "latin-1"])
async def test_an_attached_text_is_read_whatever_it_is_declared_as(
    taking: Taking, pool: SearchPool, tmp_path: Path, kind: str, codec: str
) -> None:
    message = mail()
    message.add_attachment("2026 ERROR é\n2026 INFO\n".encode(codec), "application", kind, filename="app.log")
    for archive in (made.zipped({"a": "x"}), b"\x1f\x8b\x08\0" + bytes(range(20)), bytes(range(256)) * 9):
        message.add_attachment(archive, "application", kind, filename="more")
    _, lines = await read(taking, pool, tmp_path / "m.eml", message.as_bytes())
    at = lines.index("[attachment app.log]")
    assert lines[at + 1 : at + 4] == ["2026 ERROR é", "2026 INFO", "[attachment more]"]
    assert sum("not read" in line for line in lines) == 3


async def test_a_line_from_somebody_begins_a_message_only_with_a_day(
    taking: Taking, pool: SearchPool, tmp_path: Path
) -> None:
    post = "From n@example.org Mon Nov  2 10:00:00 2026\nFrom: n@example.org\nSubject: s\n\nHi\n\nFrom here on\n\n"
    document, lines = await read(taking, pool, tmp_path / "inbox", (post * 3).encode())
    assert [one.label for one in document.sections] == ["1", "2", "3"]
    assert lines.count("From here on") == 3


async def test_a_message_of_a_mailbox_is_a_section(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "inbox")
    for number in (1, 2, 3):
        message = EmailMessage()
        message["From"], message["Subject"] = f"n{number}@example.org", f"Number {number}"
        message.set_content(f"From here on: {number}\n")
        stored = mailbox.mboxMessage(message)
        stored.set_from("n@example.org Mon Nov  2 10:00:00 2026")
        box.add(stored)
    box.close()
    document, lines = await read(taking, pool, tmp_path / "inbox", (tmp_path / "inbox").read_bytes())
    assert [one.name for one in document.sections] == ["1: Number 1", "2: Number 2", "3: Number 3"]
    assert lines[:5] == ["[message 1]", "From: n1@example.org", "Subject: Number 1", "", "From here on: 1"]
    assert document.place(document.lines, document.lines) == "message 3"


async def test_a_notebook_is_its_cells_with_what_they_put_out(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    outputs: list[dict[str, object]] = [
        {"output_type": "stream", "name": "stdout", "text": ["epoch 3 acc=0.91\n"]},
        {"output_type": "execute_result", "data": {"text/plain": "<Figure>", "image/png": "aGk="}, "metadata": {}},
        {"output_type": "display_data", "data": {"text/html": "<table><tr><td>1</td><td>2</td></tr></table>"}},
        {"output_type": "error", "ename": "ValueError", "evalue": "bad shape", "traceback": ["\x1b[31mTrace\x1b[0m"]},
    ]
    content = made.notebook(
        {"cell_type": "markdown", "source": "# Title", "metadata": {}},
        {"cell_type": "code", "source": ["train()\n", "x"], "outputs": outputs, "metadata": {}},
    )
    document, lines = await read(taking, pool, tmp_path / "n.ipynb", content)
    assert lines == [
        "# %% [markdown] cell 1", "# Title", "", "# %% [code] cell 2", "train()", "x", "# %% [output] cell 2",
        "epoch 3 acc=0.91", "<Figure>", "[image/png]", "1\t2", "Trace", "ValueError: bad shape",
    ]  # fmt: skip
    assert (document.language, document.place(8, 8)) == ("jupyter", "cell 2")


async def test_a_title_can_be_sent_whatever_it_holds(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    cell = {"cell_type": "markdown", "source": "# half \ud83d of one\x1b", "metadata": {}}
    document, _ = await read(taking, pool, tmp_path / "n.ipynb", made.notebook(cell))
    assert [one.name for one in document.sections] == ["1 markdown: # half ? of one"]
    post = b"From a@b Mon Nov  2 10:00:00 2026\nFrom: a@b\nSubject: " + b"(" * 2000 + b"\xe9\n\nHi\n"
    document, _ = await read(taking, pool, tmp_path / "inbox", post)
    assert document.sections[0].name.encode()


async def test_a_table_in_plain_text_keeps_its_lines_and_names_its_columns(
    taking: Taking, pool: SearchPool, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text('day,"total, net",who\n1,2,3\n')
    context = await taking(scope(tmp_path / "t.csv"))
    assert not context.documents[0].inside
    entries = await Search(context, pool).outline(0)
    assert [(kind, name) for kind, name, *_ in entries] == [
        ("column", "day"), ("column", "total, net"), ("column", "who"),
    ]  # fmt: skip


async def test_every_way_in_leads_to_the_same_text(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "paper.pdf").write_bytes(PAGES)
    (folder / "r.docx").write_bytes(made.docx(made.paragraph("Beta of the report")))
    (folder / "zip.zip").write_bytes(
        made.zipped({"in/paper.pdf": PAGES, "in/r.docx": (folder / "r.docx").read_bytes()})
    )
    with tarfile.open(folder / "tar.tgz", "w:gz") as archive:
        archive.add(folder / "paper.pdf", "in/paper.pdf")
        archive.add(folder / "r.docx", "in/r.docx")
    context = await taking(Scope("workspace", roots=(str(folder),)))
    assert [(one.path, one.place(5, 5)) for one in context.documents if one.path.endswith("pdf")] == [
        ("paper.pdf", "page 2"), ("tar.tgz!/in/paper.pdf", "page 2"), ("zip.zip!/in/paper.pdf", "page 2"),
    ]  # fmt: skip
    assert not context.skipped
    assert await Search(context, pool).count("Beta", context.limit) == 6
    stream = Stream("stdin:1", "standard input", str(folder / "paper.pdf"), len(PAGES))
    piped = await taking(Scope("files", files=("stdin:1",), streams=(stream,)))
    assert await text_of(piped, pool) == await text_of(await taking(scope(folder / "paper.pdf")), pool)
    by_uri = await taking(Scope("document", files=((folder / "paper.pdf").as_uri(),)))
    assert by_uri.documents[0].place(2, 2) == "page 1"


async def test_a_text_is_taken_out_once(pool: SearchPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(PAGES)
    await asyncio.to_thread(settle, path)
    cache = SnapshotCache()
    try:
        async with await Context.take(scope(path), pool, ContextOptions(), cache) as first:
            said = await text_of(first, pool)

        async def again(*_: object) -> None:
            raise AssertionError("taken out again")

        monkeypatch.setattr("rlm_ls.context.extraction.lanes.extracted", again)
        async with await Context.take(scope(path), pool, ContextOptions(), cache) as second:
            assert second.documents[0].place(5, 5) == "page 2"
            assert await text_of(second, pool) == said
    finally:
        cache.close()


async def test_a_set_encoding_is_not_that_of_a_documents_text(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    (tmp_path / "r.docx").write_bytes(made.docx(made.paragraph("Größe")))
    context = await taking(scope(tmp_path / "r.docx"), encoding="latin-1")
    assert (await text_of(context, pool)).strip() == "Größe"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: a\n", "0001-x.patch"),
        (b"From here on all is text\nNote: so it is\n", "a.txt"),
        (b"Subject: a list\nDate: today\n\nwhat there is\n", "a.txt"),
        (b"PK\x03\x04" + bytes(22) + b"\x05\0\0\0a.log", "logs.zip"),
        (b"the format %PDF- is said of in this text\n", "a.txt"),
        (json.dumps({"cells": 1}).encode(), "a.json"),
    ],
)
def test_what_only_begins_like_a_document_is_none(head: bytes, name: str) -> None:
    assert kind_of(head, name, True) is None


async def test_an_archive_of_a_folder_named_like_words_is_an_archive(
    taking: Taking, pool: SearchPool, tmp_path: Path
) -> None:
    (tmp_path / "w.zip").write_bytes(made.zipped({"word/list.txt": "apple\n", "word/b.txt": "pear\n"}))
    context = await taking(scope(tmp_path / "w.zip"))
    assert [one.path for one in context.documents] == ["w.zip!/word/list.txt", "w.zip!/word/b.txt"]


async def test_a_part_is_found_by_its_name(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(PAGES)
    (tmp_path / "talk.pptx").write_bytes(made.pptx([("Start", ["one"]), ("Results", ["two"])]))
    (tmp_path / "a.py").write_text("def main():\n    pass\n\ndef other():\n    pass\n")
    context = await taking(scope(tmp_path / "paper.pdf", tmp_path / "talk.pptx", tmp_path / "a.py"))
    search = Search(context, pool)
    assert await search.read(await search.part_named(0, "Page 2")) == "[page 2]\nBeta on the second"
    assert (await search.part_named(1, "slide 2")) == (await search.part_named(1, "2: Results"))
    assert (await search.part_named(2, "function other")).line == 4
    with pytest.raises(errors.ProgramError, match=r"has no part called 'page 9'.*'page 1'"):
        await search.part_named(0, "page 9")


async def test_the_card_says_what_documents_are_made_of(taking: Taking, pool: SearchPool, tmp_path: Path) -> None:
    (tmp_path / "book.xlsx").write_bytes(made.xlsx({"Sales": [["Region", "Sum"], ["North", 2]], "Notes": [["x"]]}))
    (tmp_path / "paper.pdf").write_bytes(PAGES)
    (tmp_path / "t.tsv").write_text("day\twho\n1\t2\n")
    context = await taking(Scope("workspace", roots=(str(tmp_path),)))
    assert await structures(context.documents, Search(context, pool)) == [
        "book.xlsx is made of 2 sheets: Sales (Region, Sum); Notes (x).",
        "paper.pdf is made of 3 pages.",
        "t.tsv has the columns day, who.",
    ]
