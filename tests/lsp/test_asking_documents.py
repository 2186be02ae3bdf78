"""A document that no editor has open as text is asked by its URI; its citations name the place."""

from __future__ import annotations

from pathlib import Path

from tests.lsp.editor import Connect, document
from tests.unit.context import document_files as made


async def test_a_document_is_asked_by_its_uri(editor: Connect, tmp_path: Path) -> None:
    path = tmp_path / "a b.docx"
    path.write_bytes(made.docx(made.paragraph("Costs", "H1") + made.paragraph("The surplus was 5")))
    connected = await editor()
    asked = {"question": "Which lines mention surplus?", "scope": document(path.as_uri())}
    answer = await connected.request("rlm/ask", asked)
    (citation,) = answer["citations"]
    assert (citation["quote"], citation["place"]) == ("The surplus was 5", "section Costs")
    assert citation["location"] == {
        "uri": path.as_uri(),
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
    }
