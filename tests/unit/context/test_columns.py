"""Copied texts in columns: what is made of a row is what was put in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rlm_ls.context.scope import Scope
from rlm_ls.context.snapshot.columns import CopiedDocument, in_columns
from rlm_ls.context.snapshot.intake import CopiedText, Packed
from rlm_ls.context.snapshot.measure import TextMeasure
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.sources.encoding import UTF_8, Encoding

Taking = Callable[..., Awaitable[Context]]

COUNT = st.integers(0, 1 << 20)
WHOLE = st.builds(
    TextMeasure,
    characters=COUNT,
    lines=COUNT,
    longest_line=COUNT,
    ascii=st.booleans(),
    crlf=st.booleans(),
    checkpoints=st.one_of(st.tuples(st.just(0), COUNT), st.tuples(st.just(0), COUNT, COUNT)),
    bad=st.just(-1),
    bad_line=st.just(0),
    digest=st.binary(min_size=16, max_size=16),
)
STAMP = st.tuples(COUNT, st.integers(-(1 << 62), 1 << 62), st.integers(0, 1 << 62), st.integers(0, (1 << 64) - 1))
TEXT = st.builds(
    CopiedText,
    stamp=STAMP,
    settled=st.booleans(),
    place=COUNT,
    size=COUNT,
    whole=WHOLE,
    encoding=st.sampled_from([UTF_8, Encoding("latin-1", assumed=True)]),
    faults=st.just(0),
)


@given(outcomes=st.lists(st.one_of(TEXT, st.just(Packed("gzip"))), max_size=6))
def test_every_outcome_comes_back_as_it_was(outcomes: list[CopiedText | Packed]) -> None:
    texts, others = in_columns(outcomes)
    again = dict(others)
    for row in range(len(texts)):
        index = texts.numbers[row * (len(texts.numbers) // len(texts))]
        again[index] = texts.text(row)
        assert texts.stamp(row) == texts.text(row).stamp
    assert [again[index] for index in range(len(outcomes))] == outcomes
    apart = [one for one in others.values() if isinstance(one, CopiedText)]
    assert not [one for one in apart if one.plain and one.stamp[3] < 1 << 63]


async def test_columns_say_what_the_documents_say(taking: Taking, tmp_path: Path) -> None:
    for name, raw in {
        "a.py": b"x = 1\r\ny = 2",
        "b.ipynb.txt": b"",
        "c.log": "é\n".encode(),
        "d.txt": "é\n".encode("latin-1") * 9,
    }.items():
        (tmp_path / name).write_bytes(raw)
    context = await taking(Scope("workspace", roots=(str(tmp_path),)))
    documents = context.documents
    assert documents.paths == [one.path for one in documents] == ["a.py", "c.log", "d.txt"]
    assert list(documents.sizes) == [one.size for one in documents]
    assert list(documents.lines) == [one.lines for one in documents]
    assert documents.languages == [one.language for one in documents]
    assert [one.path for one in documents.not_plain] == ["d.txt"]
    assert documents.largest(2) == [2, 0]
    assert documents[-1] == documents[2]
    assert documents[:2] == (documents[0], documents[1])
    assert [one.source for one in context.files] == [one.source for one in documents]
    assert [context.number(one.uri) for one in documents] == [0, 1, 2]


async def test_a_copied_text_takes_the_name_that_a_question_gives_it(taking: Taking, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text("x\n", "utf-8")
    above = await taking(Scope("workspace", roots=(str(tmp_path),)))
    beside = await taking(Scope("workspace", roots=(str(tmp_path / "logs"),)))
    assert [above.documents.paths, beside.documents.paths] == [["logs/a.log"], ["a.log"]]
    assert above.digest != beside.digest
    assert beside.documents[0].uri == above.documents[0].uri
    assert all(isinstance(one, CopiedDocument) for one in above._contents.read)
