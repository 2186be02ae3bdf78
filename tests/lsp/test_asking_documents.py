"""A document that no editor has open as text is asked by its URI; its citations name the place."""

from __future__ import annotations

from pathlib import Path

from tests.lsp.editor import Connect, document
from tests.lsp.test_citations import linked, links_of
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


async def test_the_words_for_a_place_are_a_link_to_the_page(editor: Connect, tmp_path: Path) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(made.pdf([["Introduction"], ["The surplus was 5"]]))
    connected = await editor()
    asked = {"question": "Which lines mention surplus?", "scope": document(path.as_uri())}
    answer = await connected.request("rlm/ask", asked)
    uri = f"rlm:/answer/{answer['runId']}.md"
    text = (await connected.request("workspace/textDocumentContent", {"uri": uri}))["text"]
    found = linked(await links_of(connected, uri), text)
    target = f"{path.as_uri()}#page=2&line=4"
    assert found[f"[paper.pdf, page 2]({target})"][0] == target
    assert found["paper.pdf:4"][0] == target


async def test_the_place_of_a_citation_moves_with_its_text(editor: Connect, tmp_path: Path) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(made.pdf([["Introduction"], ["The surplus was 5"]]))
    connected = await editor()
    asked = {"question": "Which lines mention surplus?", "scope": document(path.as_uri())}
    answer = await connected.request("rlm/ask", asked)
    path.write_bytes(made.pdf([["Title"], ["Introduction"], ["The surplus was 5"]]))
    (moved,) = await connected.request("rlm/citations", {"runId": answer["runId"]})
    assert (moved["state"], moved["place"], moved["location"]["uri"]) == ("moved", "page 3", path.as_uri())
