"""Outlines: definitions, headings, times of a log, and blocks where there is nothing else."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.unit.context.conftest import Asking

from rlm_ls.context.ops.structure.definitions import LANGUAGES, definitions
from rlm_ls.context.search.search import Search
from rlm_ls.errors import ProgramError

SOURCES = {
    "python": ("class A:\n    def f(self): pass\n\ndef g(): pass\n", ["class A", "method f", "function g"]),
    "javascript": (
        "class A { f() {} }\nfunction g() {}\nconst h = () => 1;\n",
        ["class A", "method f", "function g", "function h"],
    ),
    "typescript": (
        "interface I { x: number }\nclass A { f(): void {} }\ntype T = I;\n",
        ["interface I", "class A", "method f", "type T"],
    ),
    "typescriptreact": ("function App() { return <b/>; }\n", ["function App"]),
    "java": ("class A { int f() { return 1; } A() {} }\n", ["class A", "method f", "constructor A"]),
    "go": ("package p\ntype T struct{}\nfunc (t T) M() {}\nfunc F() {}\n", ["type T", "method M", "function F"]),
    "rust": (
        "struct S;\nimpl S { fn f() {} }\nfn g() {}\nmod m {}\n",
        ["struct S", "impl S", "method f", "function g", "module m"],
    ),
    "c": ("struct S { int a; };\nstruct S s;\nint *f(int a) { return 0; }\n", ["struct S", "function f"]),
    "cpp": ("namespace n { class A { void f() {} }; }\n", ["namespace n", "class A", "method f"]),
    "csharp": ("namespace N { class A { void F() {} } }\n", ["namespace N", "class A", "method F"]),
    "ruby": ("module M\n  class A\n    def f; end\n  end\nend\n", ["module M", "class A", "method f"]),
    "php": ("<?php\nclass A { function f() {} }\nfunction g() {}\n", ["class A", "method f", "function g"]),
    "kotlin": ("class A { fun f() {} }\nfun g() {}\nobject O\n", ["class A", "method f", "function g", "object O"]),
    "swift": ("class A { func f() {} }\nfunc g() {}\n", ["class A", "method f", "function g"]),
    "scala": ("object O { def f = 1 }\ntrait T\n", ["object O", "method f", "trait T"]),
    "lua": ("function f() end\n", ["function f"]),
    "shellscript": ("f() { echo; }\n", ["function f"]),
}  # fmt: skip


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_definitions(language: str) -> None:
    text, wanted = SOURCES.get(language, SOURCES["javascript"])
    assert [f"{kind} {name}" for kind, name, *_ in definitions(text.encode(), language)] == wanted


async def outline(search: Search) -> list[tuple[str, str, int, int, int]]:
    return [(kind, name, level, span.line, span.end_line) for kind, name, level, span, _ in await search.outline(0)]


async def test_spans_of_definitions(asking: Asking) -> None:
    search = await asking(
        "import os\n\nclass A:\r\n    x = 1\r\n    def f(self):\n        pass\n\nz = 1\n", language="python"
    )
    assert await outline(search) == [("class", "A", 1, 3, 6), ("method", "f", 2, 5, 6)]


async def test_markdown(asking: Asking) -> None:
    text = "# One\ntext\n## Two ##\n```sh\n# not a heading\n```\nThree\n=====\n\n| a |\n|---|\n\n- x\n---\n## Four"
    search = await asking(text, language="markdown")
    assert await outline(search) == [
        ("heading", "One", 1, 1, 6),
        ("heading", "Two", 2, 3, 6),
        ("heading", "Three", 1, 7, 15),
        ("heading", "Four", 2, 15, 15),
    ]


async def test_other_markup(asking: Asking) -> None:
    rest = await asking("Title\n=====\n\nPart\n----\n\ntext\n\nOther\n=====\n", language="restructuredtext")
    assert [(name, level, line) for _, name, level, line, _ in await outline(rest)] == [
        ("Title", 1, 1), ("Part", 2, 4), ("Other", 1, 9),
    ]  # fmt: skip
    asciidoc = await asking("= Title\n\n== Part\ntext\n", language="asciidoc")
    assert [(name, level) for _, name, level, *_ in await outline(asciidoc)] == [("Title", 1), ("Part", 2)]
    tex = await asking("\\chapter{One}\n\\section*[s]{Two}\n", language="latex")
    assert [(name, level) for _, name, level, *_ in await outline(tex)] == [("One", 2), ("Two", 3)]


async def test_books(asking: Asking) -> None:
    text = (
        "BOOK ONE: 1805\n\nCHAPTER I\n\nWell, Prince\npart. of it\nPart of it.\n\nCHAPTER II\n\nI said\nso.\n\n"
        "BOOK TWO: 1806\n\nIV\n\nx\n"
    )
    search = await asking(text, language="plaintext")
    assert [(name, level, line) for _, name, level, line, _ in await outline(search)] == [
        ("BOOK ONE: 1805", 1, 1), ("CHAPTER I", 2, 3), ("CHAPTER II", 2, 9), ("BOOK TWO: 1806", 1, 14), ("IV", 3, 16),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("2024-05-01T{h:02d}:{m:02d}:00Z INFO x", "2024-05-01 03h"),
        ("[01/May/2024:{h:02d}:{m:02d}:00 +0000] GET /", "01/May/2024 03h"),
        ("May  1 {h:02d}:{m:02d}:00 host x", "May  1 03h"),
        ("{h:02d}:{m:02d}:00 x", "03h"),
    ],
)
async def test_logs_by_the_hour(asking: Asking, form: str, name: str) -> None:
    lines = [form.format(h=n // 600, m=n // 10 % 60) + f" number {n} " + "." * 60 for n in range(6000)]
    search = await asking("\n".join(lines), language="log")
    found = await outline(search)
    assert len(found) == 10
    assert found[3] == ("time", name, 1, 1801, 2400)
    assert (found[0][3], found[-1][4]) == (1, 6000)


async def test_without_any_structure_there_are_blocks(asking: Asking) -> None:
    search = await asking("\n".join(f"word {n} " + "x" * (n % 7) for n in range(1000)), language="unknown-language")
    found = await outline(search)
    assert len(found) == 20
    assert {kind for kind, *_ in found} == {"block"}
    assert (found[0][3], found[-1][4]) == (1, 1000)
    assert all(one[4] + 1 == two[3] for one, two in pairwise(found))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", "=#*-~+_")
async def test_titles_between_rules(asking: Asking, mark: str, end: str) -> None:
    rule = mark * 5
    lines = [f"{rule} MEETING {n} {rule}{end}said {n}{end * 20}" for n in ("one", "two")]
    search = await asking("".join(lines) + f"{rule}{end}{rule} {rule}{end}a {rule} b{end}")
    assert [(kind, name, span.line) for kind, name, _, span, _ in await search.outline(0)] == [
        ("heading", "MEETING one", 1),
        ("heading", "MEETING two", 22),
    ]
    assert [(await search.part_named(0, name)).line for name in ("meeting two", "Two")] == [22, 22]
    with pytest.raises(ProgramError):
        await search.part_named(0, "meeting")


@pytest.mark.parametrize("text", ["x", "x\n", "\n", "\r", "class", "\x01\x02", "def f(:\n" * 50])
@pytest.mark.parametrize("language", ["python", "markdown", "plaintext", "log", "nonsense", "restructuredtext"])
def test_no_text_is_an_error(text: str, language: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from tests.unit.context.oracle import clock, file_of, lines_of

    from rlm_ls.context.ops.structure.outline import outline

    for _, _, _, span, _ in outline(clock(), file_of(tmp_path, text), language, True, len(lines_of(text))):
        assert 0 <= span.start <= span.end <= len(text)


async def test_an_outline_is_not_cut_short(asking: Asking) -> None:
    search = await asking("".join(f"def f{n}(): pass\n" for n in range(5200)), language="python")
    found = await outline(search)
    assert [name for _, name, *_ in found] == [f"f{n}" for n in range(5200)]
