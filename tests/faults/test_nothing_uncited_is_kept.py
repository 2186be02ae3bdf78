"""Real runs over a text whose every line holds a marker of its own: at level standard no marker that was not cited is
found in any file of the state folder, however the run ends.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.scripted import Asker, FakeModel, asking, document, script

from rlm_ls.engine.request import Budget
from rlm_ls.engine.trace.events import AnyEvent
from rlm_ls.errors import ModelFailed, RlmError

MARKER = re.compile(rb"MARK[0-9]{4}E")
LINES = 900
TEXT = "".join(f"2024-01-01 ERROR worker={n % 7} secret=MARK{n:04}E took={n} ms MARK{n:04}E\n" for n in range(LINES))
CITED = 7
GOOD = script(f"submit('seven', cite=[lines({CITED + 1})])")
DRAFT = "submit('draft: ' + text(lines(20, 24)), cite=[lines(9999)])"


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Asker]:
    async with asking(tmp_path / "state") as asker:
        yield asker


async def kept(ask: Asker, folder: Path) -> set[int]:
    """The markers in the bytes of the state folder's files, once while they are open and once after."""
    found: set[int] = set()
    for _ in range(2):
        for path in folder.rglob("*"):
            if path.is_file():
                found |= {int(match[0][4:8]) for match in MARKER.finditer(path.read_bytes())}
        await ask.engine.close()
    return found


ENDS = {
    "answered": [script("print(text(lines(1, 40)))"), GOOD],
    "partial, with output": [script("print(text(lines(1, 40)))")] * 2,
    "partial, with a draft": [script(DRAFT)] * 2,
    "stuck": [script("for hit in find('ERROR', limit=5): print(hit.text)")] * 4,
    "an assert": [script("rows = text(lines(3, 9))\nassert rows == '', rows"), GOOD],
    "a key": [script("{}[text(lines(3, 3))]"), GOOD],
    "a message without quotes": [script("raise ValueError(text(lines(3, 9)))"), GOOD],
    "a message of hints": [script("raise ValueError('x\\nHint: ' + text(lines(3, 3)))"), GOOD],
    "a number": [script("int(text(lines(3, 3)))"), GOOD],
    "an attribute": [script("getattr('', text(lines(3, 3)))"), GOOD],
    "arguments of verbs": [
        script("for hit in find('ERROR', limit=5): find(re.escape(hit.text[-40:]))\ncount(text(lines(3, 3))[-9:])"),
        GOOD,
    ],
    "refused arguments": [
        script("find(text(lines(3, 3)) + '(')"),
        script("find('a', **{'x' + hit.text: 1 for hit in find('took=5 ms')})"),
        GOOD,
    ],
    "a wrong verb": [script("text(text(lines(3, 3)))"), script("lines(doc=text(lines(3, 3)))"), GOOD],
    "a refused submission": [
        script("submit('x', cite=[text(lines(3, 3))])"),
        script("submit('He said “' + text(lines(30, 30)) + ' and more”', cite=[])\n"),
        GOOD,
    ],
    "printed last expression": [script("text(lines(3, 9))"), GOOD],
}


@pytest.mark.parametrize("end", ENDS)
async def test_nothing_uncited_is_kept(ask: Asker, tmp_path: Path, end: str) -> None:
    told = await ask(*ENDS[end], text=TEXT, budget=Budget(turns=len(ENDS[end])))
    assert len(told.events) > 5
    assert told.answer.status == ("answered" if ENDS[end][-1] == GOOD else "partial")
    cited = {CITED} if told.answer.status == "answered" else set()
    assert await kept(ask, tmp_path / "state") == cited


async def test_a_run_that_was_stopped(ask: Asker, tmp_path: Path) -> None:
    def stop(event: AnyEvent) -> None:
        if event.type == "programFinished":
            ask.engine.stop(event.run_id)

    told = await ask(script("print(text(lines(1, 40)))"), GOOD, text=TEXT, on_event=stop)
    assert told.answer.status == "cancelled"
    assert "MARK0003E" in told.answer.answer
    # Its user sees what was found, also in the document that an editor opens.
    assert ask.engine.answers.get(told.answer.run_id) is not None
    assert await kept(ask, tmp_path / "state") == set()


@pytest.mark.parametrize(
    "code",
    [
        "print(llm('who?', lines(5)))",
        "print(llm('who? ' + text(lines(5, 5))))",
        "print(llm_map('who?', lines(5, 30)))",
        "print(rlm('who is in ' + text(lines(5, 5)) + '?', lines(1, 100)))",
        "submit(text(lines(5, 5))[:0] + 'x', cite=[])\nraise ValueError(rlm(text(lines(6, 6)), lines(1, 100)))",
    ],
)
async def test_sub_models_and_child_runs(ask: Asker, tmp_path: Path, code: str) -> None:
    child = script("print(text(lines(1, 3)))\nsubmit('child: ' + text(lines(2, 2)), cite=[])")
    replies = [script(code), child, GOOD, GOOD] if "rlm(" in code.replace("llm(", "") else [script(code), GOOD]
    model = FakeModel(replies, lambda _: "nobody")
    told = await ask(model=model, text=TEXT, levels=("dsl", "llm"), budget=Budget(turns=4, depth=1))
    assert told.answer.status == "answered", told.answer.reason
    assert await kept(ask, tmp_path / "state") == {CITED}


async def test_a_provider_that_repeats_what_it_was_sent(ask: Asker, tmp_path: Path) -> None:
    model = FakeModel(
        [script("print(llm('who?', lines(5)))"), GOOD], lambda prompt: ModelFailed(f"400 Bad Request: {prompt}")
    )
    told = await ask(model=model, text=TEXT)
    assert told.answer.status == "answered"

    class Broken(FakeModel):
        async def complete(self, messages, **options):  # type: ignore[no-untyped-def]
            raise ModelFailed(f"The provider answered 400: {messages[-1].content}")

    with suppress(RlmError):
        await ask(model=Broken([]), text=TEXT)
    assert await kept(ask, tmp_path / "state") == {CITED}


async def test_a_recording_that_differs(ask: Asker, tmp_path: Path) -> None:
    from rlm_ls.engine.request import AskRequest
    from rlm_ls.models.base import Usage
    from rlm_ls.models.recorded import RecordedCall, RecordedMessage, RecordedModel

    warnings: list[str] = []
    call = RecordedCall((RecordedMessage("system"), RecordedMessage("user", content="secret=MARK0001E")), GOOD, Usage())
    model = RecordedModel([call], strict=False, on_difference=warnings.append)
    answer = await ask.engine.ask(AskRequest("What?", document(TEXT)), lambda _: None, model=lambda *_: model)
    assert answer.status == "answered"
    assert "MARK" in warnings[0]
    assert await kept(ask, tmp_path / "state") == {CITED}
