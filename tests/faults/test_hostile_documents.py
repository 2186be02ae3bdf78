"""Documents made to do harm: bombs, loops, references to elsewhere. Each ends in an error with a remedy, or in a note;
the server and the other documents are none the worse, and nothing outside is opened."""

from __future__ import annotations

import asyncio
import struct
import sys
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.context import document_files as made

from rlm_ls import errors
from rlm_ls.context.extraction import lanes
from rlm_ls.context.extraction.lanes import ExtractionPool
from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context, ContextOptions
from rlm_ls.context.workers.pool import SearchPool

BEYOND = "stands outside, in a file of somebody else's"


@pytest.fixture
async def pool() -> AsyncIterator[SearchPool]:
    async with SearchPool(2) as pool:
        yield pool


async def refused(pool: SearchPool, path: Path, content: bytes, **options: object) -> errors.RlmError:
    """Why a document is refused, named by itself and in a folder with another one, which is read all the same."""
    folder = path.parent / "folder"
    folder.mkdir(exist_ok=True)
    (folder / path.name).write_bytes(content)
    (folder / "beside.txt").write_text("all is well\n")
    walked = Scope("workspace", roots=(str(folder),))
    async with await Context.take(walked, pool, ContextOptions(**options)) as context:  # type: ignore[arg-type]
        assert [one.path for one in context.documents] == ["beside.txt"]
        (skipped,) = context.skipped
    path.write_bytes(content)
    with pytest.raises(errors.RlmError) as caught:
        await Context.take(Scope("files", files=(str(path),)), pool, ContextOptions(**options))  # type: ignore[arg-type]
    assert caught.value.remedy
    assert skipped.code == caught.value.code
    return caught.value


async def text_of(pool: SearchPool, path: Path, content: bytes) -> tuple[str, list[str]]:
    """The text, and the notes."""
    path.write_bytes(content)
    async with await Context.take(Scope("files", files=(str(path),)), pool) as context:
        search = Search(context, pool)
        span = await search.line_span(0, 1, context.documents[0].lines)
        extraction = context.documents[0].extraction
        return await search.read(span), [] if extraction is None else list(extraction.notes)


async def extracted_alone(pool: SearchPool, path: Path, content: bytes) -> errors.RlmError | None:
    """The error of a document that may be read or refused, but must not be waited for; the pool is well after it."""
    path.write_bytes(content)
    try:
        taken = await Context.take(Scope("files", files=(str(path),)), pool, ContextOptions(seconds=60))
        await taken.close()
        return None
    except errors.RlmError as error:
        return error
    finally:
        assert (await text_of(pool, path.with_suffix(".txt"), b"well"))[0] == "well"


# ---- archives and XML ------------------------------------------------------------------------------------------------


async def test_a_zip_bomb_in_a_word_file_ends_at_what_it_claims(pool: SearchPool, tmp_path: Path) -> None:
    bomb = made.docx(made.paragraph("x"))
    filler = {"word/document.xml": "<a/>", "[Content_Types].xml": made.TYPES_XML}
    content = made.zipped({**filler, **{f"word/media/{n}": bytes(130 << 20) for n in range(8)}})
    assert len(content) < 4 << 20
    error = await refused(pool, tmp_path / "b.docx", content)
    assert "is not opened: it would grow to 1,04" in error.message
    assert "x" in (await text_of(pool, tmp_path / "good.docx", bomb))[0]


async def test_a_text_that_is_larger_than_allowed_is_an_error(pool: SearchPool, tmp_path: Path) -> None:
    content = made.docx(made.paragraph("spam " * 1000) * 500)
    error = await refused(pool, tmp_path / "l.docx", content, unpack_bytes=1 << 20)
    assert isinstance(error, errors.DocumentUnreadable)
    assert "holds more than 1 MiB of text" in error.message


def word_with(doctype: str, *paragraphs: str) -> bytes:
    body = "".join(map(made.paragraph, paragraphs))
    return made.zipped(
        {
            "[Content_Types].xml": made.TYPES_XML,
            "word/document.xml": f"{doctype}<w:document {made.W}><w:body>{body}</w:body></w:document>",
        }
    )


async def test_an_entity_bomb_is_not_multiplied(pool: SearchPool, tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
    content = word_with(f'<!DOCTYPE d [<!ENTITY l0 "lol">{laughs}]>', "&l12;")
    assert isinstance(await refused(pool, tmp_path / "bomb.docx", content), errors.DocumentUnreadable)


async def test_entities_from_elsewhere_are_not_read(pool: SearchPool, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(BEYOND)
    uri = (tmp_path / "secret.txt").as_uri()
    doctype = f'<!DOCTYPE d SYSTEM "{uri}" [<!ENTITY x SYSTEM "{uri}"><!ENTITY n SYSTEM "http://127.0.0.1:9/">]>'
    text, _ = await text_of(pool, tmp_path / "e.docx", word_with(doctype, "&x;", "&n; stays"))
    assert "stays" in text
    assert BEYOND not in text


@pytest.mark.parametrize("kind", ["docx", "xlsx", "odt", "epub"])
async def test_xml_nested_without_end_is_an_error(pool: SearchPool, tmp_path: Path, kind: str) -> None:
    deep = "<w:x>" * 500_000
    content = {
        "docx": lambda: made.docx(deep),
        "xlsx": lambda: made.zipped({"[Content_Types].xml": made.TYPES_XML, "xl/workbook.xml": "<a>" * 500_000}),
        "odt": lambda: made.open_document("text", "<text:p>" * 500_000),
        "epub": lambda: made.zipped({"mimetype": "application/epub+zip", "META-INF/container.xml": "<a>" * 500_000}),
    }[kind]()
    error = await refused(pool, tmp_path / f"deep.{kind}", content)
    assert isinstance(error, errors.DocumentUnreadable)


async def test_a_relationship_leads_to_nothing_outside(pool: SearchPool, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(f"<p:sld>{BEYOND}</p:sld>")
    slides = made.related(("slide", f"../../../../../..{tmp_path}/secret.txt"), ("slide", "slides/slide1.xml"))
    content = made.zipped(
        {
            "[Content_Types].xml": made.TYPES_XML,
            "ppt/presentation.xml": f'<p:presentation {made.P} {made.R}><p:sldId r:id="rId1"/><p:sldId r:id="rId2"/>'
            "</p:presentation>",
            "ppt/_rels/presentation.xml.rels": slides,
            "ppt/slides/slide1.xml": f"<p:sld {made.P} {made.A}><a:p><a:t>inside</a:t></a:p></p:sld>",
        }
    )
    text, notes = await text_of(pool, tmp_path / "s.pptx", content)
    assert "inside" in text
    assert BEYOND not in text
    assert notes == ["slide 1 is missing"]


async def test_a_book_leads_to_nothing_outside(pool: SearchPool, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(BEYOND)
    book = "http://www.idpf.org/2007/opf"
    outside = f"../../../../../../..{tmp_path}/secret.txt"
    content = made.zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container><rootfile full-path="b.opf"/></container>',
            "b.opf": f'<package xmlns="{book}"><item id="a" href="{outside}"/><item id="b" href="b.xhtml"/>'
            '<itemref idref="a"/><itemref idref="b"/></package>',
            "b.xhtml": f'<p>inside</p><img src="{outside}"><object data="{outside}"></object>',
        }
    )
    text, notes = await text_of(pool, tmp_path / "b.epub", content)
    assert (text.strip(), notes) == ("inside", ["1 of its 2 chapters is missing"])


async def test_a_sheet_that_claims_every_cell_there_is_ends_its_process_only(pool: SearchPool, tmp_path: Path) -> None:
    content = made.xlsx({"S": [["a", "b"]]})
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    huge = made.zipped(
        {
            **made.entries(content),
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
        }
    )
    error = await refused(pool, tmp_path / "h.xlsx", huge)
    assert isinstance(error, errors.DocumentUnreadable)


async def test_an_old_or_encrypted_office_file_is_said_to_be(pool: SearchPool, tmp_path: Path) -> None:
    error = await refused(pool, tmp_path / "old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    assert "encrypted, or another old Office file" in error.message


# ---- PDF -------------------------------------------------------------------------------------------------------------


async def test_a_truncated_pdf_is_refused_and_one_without_its_end_read(pool: SearchPool, tmp_path: Path) -> None:
    whole = made.pdf([[f"page {n}"] for n in range(30)])
    error = await refused(pool, tmp_path / "short.pdf", whole[: len(whole) // 3])
    assert error.message == "short.pdf is damaged: it cannot be opened as a PDF."
    text, _ = await text_of(pool, tmp_path / "almost.pdf", whole[:-20])
    assert "page 29" in text


async def test_a_pdf_whose_pages_lead_in_a_circle_ends(pool: SearchPool, tmp_path: Path) -> None:
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2000000000>>",
        "<</Type/Pages/Kids[2 0 R 3 0 R]/Count 1000000000/Parent 2 0 R>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
    ]
    error = await refused(pool, tmp_path / "loop.pdf", made.assembled(objects))
    assert error.code in (errors.DocumentUnreadable.code, errors.DocumentEmpty.code)


async def test_an_encrypted_pdf_is_said_to_be(pool: SearchPool, tmp_path: Path) -> None:
    keys = "/O<" + "00" * 32 + ">/U<" + "11" * 32 + ">"
    whole = made.pdf([["secret"]])
    trailer = f"/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -1{keys}>>/ID[<01><01>]>>\nstartxref".encode()
    error = await refused(pool, tmp_path / "locked.pdf", whole.replace(b">>\nstartxref", trailer))
    assert (error.message, error.remedy[:22]) == ("locked.pdf is encrypted.", "Save it without its pa")


async def test_a_stream_that_grows_without_end_ends_its_process_only(pool: SearchPool, tmp_path: Path) -> None:
    squeezed = zlib.compress(zlib.compress(b"(x) Tj " * (20 << 20), 9), 9)
    assert len(squeezed) < 100_000
    whole = made.pdf([["x"]]).decode("latin-1").split("5 0 obj", maxsplit=1)[0]
    said = f"5 0 obj\n<</Length {len(squeezed)}/Filter[/FlateDecode/FlateDecode]>>stream\n".encode()
    content = whole.encode("latin-1") + said + squeezed + b"\nendstream\nendobj\ntrailer<</Root 1 0 R>>\n"
    outcome = await extracted_alone(pool, tmp_path / "grows.pdf", content)
    assert outcome is None or outcome.remedy


# ---- mail, pages, notebooks ------------------------------------------------------------------------------------------


async def test_mail_nested_without_end_is_an_error_or_a_note(pool: SearchPool, tmp_path: Path) -> None:
    head = "From: a@example.org\nSubject: deep\nMIME-Version: 1.0\nDate: today\nMessage-ID: <1>\n"
    deep = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(2_000))
    error = await refused(pool, tmp_path / "deep.eml", (head + deep + "\ntext").encode())
    assert isinstance(error, errors.DocumentUnreadable)
    within = "Content-Type: message/rfc822\n\n" * 30 + "Content-Type: text/plain\n\ntext"
    text, notes = await text_of(pool, tmp_path / "within.eml", (head + within).encode())
    assert text.startswith("From: a@example.org")
    assert notes == ["messages within messages are read to a depth of 8"]


@pytest.mark.parametrize("name", ["From", "To", "Subject", "Date", "Content-Type", "Content-Disposition"])
async def test_a_header_without_end_is_cut(pool: SearchPool, tmp_path: Path, name: str) -> None:
    for value in ("=?utf-8?q?a?= ", '"', "(", "a,", ";a=", "\n b@c"):  # minutes, where all of it is taken apart
        mail = f"From: a@b\nTo: c@d\nMessage-ID: <1>\n{name}: {value * 200_000}\nMIME-Version: 1.0\n\nHello\n"
        text, _ = await text_of(pool, tmp_path / "m.eml", mail.encode())
        assert "Hello" in text


async def test_an_attachment_that_is_damaged_is_a_line_of_its_mail(pool: SearchPool, tmp_path: Path) -> None:
    mail = (
        b"From: a@example.org\nTo: b\nSubject: s\nMessage-ID: <1>\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nhello\n--b\nContent-Type: application/pdf\n'
        b'Content-Disposition: attachment; filename="../../p.pdf"\n\n%PDF-1.4 rubbish\n--b--\n'
    )
    text, _ = await text_of(pool, tmp_path / "m.eml", mail)
    said = "(not read: m.eml is damaged: it cannot be opened as a PDF.)"
    assert text.rstrip().endswith(f"hello\n[attachment ../../p.pdf]\n{said}")


async def test_tags_without_end_are_no_work(pool: SearchPool, tmp_path: Path) -> None:
    page = b"<!doctype html><html><p>first" + b"<div>" * 100_000 + b"last" + b"<a " * 50_000
    text, _ = await text_of(pool, tmp_path / "p.html", page)
    assert text.split("\n")[0] == "first"
    assert "last" in text


# ---- processes -------------------------------------------------------------------------------------------------------


async def test_what_takes_too_long_is_killed_and_said(
    pool: SearchPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "SECONDS", 0.0)
    (tmp_path / "a.docx").write_bytes(made.docx(made.paragraph("x")))
    with pytest.raises(errors.SearchTimeout, match=r"Taking the text out of a\.docx took too long"):
        await Context.take(Scope("files", files=(str(tmp_path / "a.docx"),)), pool)


async def test_extractors_end_with_the_snapshot_that_is_cancelled(pool: SearchPool, tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    for n in range(4):
        (tmp_path / f"{n}.docx").write_bytes(made.docx(made.paragraph("much " * 50) * 30_000))
    task = asyncio.create_task(Context.take(Scope("workspace", roots=(str(tmp_path),)), pool))

    def extractors() -> list[object]:
        children = psutil.Process().children()
        return [one for one in children if any("extraction.worker" in part for part in one.cmdline())]

    while not extractors():
        assert not task.done()
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not extractors()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits address space")
async def test_an_extractor_has_a_limit_of_memory_and_speaks_to_nobody() -> None:
    from rlm_ls.context.workers import confinement

    program = (
        "import socket, sys\n"
        f"sys.path.insert(0, {str(Path(confinement.__file__).parents[3])!r})\n"
        "from rlm_ls.context.extraction.worker import MEMORY\n"
        "from rlm_ls.context.workers.confinement import shut_in; shut_in(MEMORY)\n"
        "try: bytearray(3 << 30)\nexcept MemoryError: print('no memory')\n"
        "try: socket.socket().connect(('127.0.0.1', 9))\nexcept PermissionError: print('no network')\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-I", "-c", program, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert said.decode().split("\n")[:2] == ["no memory", "no network"]
    assert ExtractionPool.worker == "rlm_ls.context.extraction.worker"


@pytest.mark.parametrize("name", ["paper.pdf", "r.docx", "book.xlsx"])
async def test_without_the_libraries_the_remedy_names_them(
    pool: SearchPool, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {
        "paper.pdf": made.pdf([["x"]]),
        "r.docx": made.docx(made.paragraph("x")),
        "book.xlsx": made.xlsx({"S": [["a"]]}),
    }[name]

    class Bare(ExtractionPool):
        worker = "tests.fakes.bare_extraction_worker"

    monkeypatch.setattr(lanes, "ExtractionPool", Bare)
    monkeypatch.setattr("rlm_ls.context.workers.pool.PLACE", str(Path(__file__).parents[2]))
    monkeypatch.setattr("rlm_ls.context.workers.pool.python", lambda *arguments: [sys.executable, *arguments])
    error = await refused(pool, tmp_path / name, content)
    assert (error.code, error.remedy) == (4109, "Install it: pip install 'rlm-ls[documents]'")


def test_a_part_of_a_file_is_a_file_of_its_own(tmp_path: Path) -> None:
    from rlm_ls.context.extraction.extract import _Part

    (tmp_path / "f").write_bytes(struct.pack("<8I", *range(8)))
    with open(tmp_path / "f", "rb", buffering=0) as raw:
        part = _Part(raw, 4, 12)
        assert struct.unpack("<3I", part.read()) == (1, 2, 3)
        assert part.seek(-4, 2) == 8
        assert part.read(100) == struct.pack("<I", 3)
        assert part.read(1) == b""
