"""A document is asked at a terminal like any file, and its answer names pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.test_streams import asked
from tests.unit.context import document_files as made

QUESTION = "Which lines mention surplus?"
PAGES = made.pdf([["Introduction"], ["The surplus was 5"], [], ["End"]])


def answer(*arguments: object, stdin: bytes = b"") -> dict[str, Any]:
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
