"""A document is asked at a terminal like any file, and its answer names pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_streams import asked
from tests.unit.context import document_files as made

QUESTION = "Which lines mention surplus?"
PAGES = made.pdf([["Introduction"], ["The surplus was 5"], [], ["End"]])


def answer(*arguments: object, stdin: bytes = b"", state: Path | None = None) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        if state is not None:
            patch.setenv("RLM_STATE_DIR", str(state))
        done = asked("--json", QUESTION, *arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_citation_names_the_page_and_its_address_leads_there(tmp_path: Path) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(PAGES)
    said = asked(QUESTION, path).stdout.decode()
    assert f"- [paper.pdf, page 2]({path.as_uri()}#page=2&line=4): `The surplus was 5`" in said
    assert "paper.pdf: page 3 holds no text: scanned?" in said


def test_what_comes_by_a_pipe_or_lies_in_an_archive_is_cited_alike(tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(made.zipped({"a/paper.pdf": PAGES}))
    for found in (answer("-", stdin=PAGES), answer(tmp_path / "all.zip")):
        (citation,) = found["citations"]
        assert (citation["place"], citation["inside"], citation["line"]) == ("page 2", True, 4)
        assert citation["startUtf16"] == [0, 0]


def test_a_damaged_document_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(PAGES[:100])
    done = asked(QUESTION, tmp_path / "broken.pdf")
    assert done.returncode == 1
    assert b"error 4106" in done.stderr
    assert b"broken.pdf is damaged" in done.stderr


def test_the_name_of_a_heading_or_sheet_is_not_kept(tmp_path: Path) -> None:
    between = "".join(made.paragraph(f"between {n}") for n in range(40))
    body = made.paragraph("MARKED heading", "H1") + between + made.paragraph("The surplus was 5") + between
    (tmp_path / "r.docx").write_bytes(made.docx(body))
    rows = [["about"], *[["nothing"]] * 40, ["the surplus was 5"], *[["nothing"]] * 40]
    (tmp_path / "b.xlsx").write_bytes(made.xlsx({"MARKED sheet": rows}))
    state = tmp_path / "state"
    places = {name: answer(tmp_path / name, state=state)["citations"][0]["place"] for name in ("r.docx", "b.xlsx")}
    assert places == {"r.docx": "section MARKED heading", "b.xlsx": "sheet MARKED sheet, row 42"}
    kept = b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())
    assert b"surplus was 5" in kept
    assert b"row 42" in kept
    assert b"MARKED" not in kept
