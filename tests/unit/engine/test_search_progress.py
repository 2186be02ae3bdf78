"""A search that takes its time says how far it is; one that does not come to its end says how far it came."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from tests.scripted import Asker, script

from rlm_ls.cli.terminal import screen
from rlm_ls.context.document import Part
from rlm_ls.context.search import progress, scanner
from rlm_ls.context.search.progress import Progress
from rlm_ls.context.workers import pool
from rlm_ls.context.workers.piece import File, Piece, Source
from rlm_ls.engine.trace.events import SearchProgressed, VerbCalled
from rlm_ls.engine.trace.render import trace_markdown
from rlm_ls.errors import NodeGone, SearchTimeout
from rlm_ls.lsp.jobs.streaming import RunState

LONG = "".join(f"{n} {'ERROR' if n % 10 == 3 else 'INFO'} {'x' * 80}\n" for n in range(20_000))


@pytest.fixture
def talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every piece is said, and pieces are small, however quickly they are searched."""
    monkeypatch.setattr(progress, "FIRST_TOLD", 0.0)
    monkeypatch.setattr(progress, "TOLD_EVERY", 0.0)
    monkeypatch.setattr(pool, "PIECE", 200_000)
    monkeypatch.setattr(scanner, "LARGER", 1)


@pytest.mark.usefixtures("talkative")
async def test_a_search_says_bytes_of_bytes_and_its_first_hit_while_it_goes_on(ask: Asker) -> None:
    told = await ask(script("print(len(find('ERROR', limit=5)))"), script("submit('x')"), text=LONG, run_id="r")
    (verb,) = [event for event in told.events if isinstance(event, VerbCalled) and event.verb == "find"]
    said = [event for event in told.events if isinstance(event, SearchProgressed)]
    assert len(said) > 3
    assert [one.searched for one in said] == sorted({one.searched for one in said})
    assert {one.size for one in said} == {verb.size} == {verb.searched} == {len(LONG)}
    assert all(0 < one.searched < one.size for one in said)
    assert said[-1].first == "app.log:4"
    assert 0 < said[-1].found < 2_000
    assert told.events.index(said[-1]) < told.events.index(verb)
    state = RunState(10)
    state.take(said[-1])
    assert state.message() == said[-1].in_words
    assert f" of {len(LONG) / 1e6:.1f} MB searched · " in said[-1].in_words
    stored = await ask.engine.store.events("r")
    assert "searchProgressed" not in [event["type"] for event in stored]
    (kept,) = [event for event in stored if event["type"] == "verbCalled" and event["verb"] == "find"]
    assert (kept["searched"], kept["size"]) == (len(LONG), len(LONG))


@pytest.mark.usefixtures("talkative")
async def test_a_terminal_shows_how_far_a_search_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(screen, "err", Console(file=shown, force_terminal=True, width=120))
    with screen.Screen() as one:
        one(
            SearchProgressed(run_id="r", turn=1, searched=1_200_000_000, size=4_000_000_000, found=37, first="a.log:12")
        )
        assert one._status is not None
        assert "1.2 of 4.0 GB searched · 37 found, first at a.log:12" in str(one._status.status)


async def test_quick_searches_say_nothing(ask: Asker) -> None:
    told = await ask(script("print(count('ERROR'))"), script("submit('x')"))
    assert [event for event in told.events if isinstance(event, SearchProgressed)] == []


async def test_a_trace_says_how_far_a_verb_came(ask: Asker) -> None:
    await ask(script("print(count('ERROR'))"), script("submit('x')"), run_id="r")
    events = await ask.engine.store.events("r")
    row = await ask.engine.store.run("r")
    assert "searched" not in trace_markdown(row, events).split("count(")[1].split("\n")[0]
    for event in events:
        if event["type"] == "verbCalled":
            event |= {"searched": 120_000_000, "size": 840_000_000}
    assert "120.0 of 840.0 MB searched" in trace_markdown(row, events)


def piece(doc: int, size: int) -> list[Piece]:
    return [Piece(doc, File("", Source("", 0, size)), 0, size, 0, size, (0, 0))]


def test_a_partial_result_says_bytes_and_documents() -> None:
    within = tuple(Part(doc, 0, 1_000) for doc in range(4))
    some = Progress(within, 20)
    assert some.took(piece(0, 1_000), ({}, 1_000))
    assert not some.took(piece(1, 1_000), SearchTimeout("late"))
    assert some.took(piece(2, 1_000), ({}, 500))
    assert some.took(piece(3, 1_000), ({}, 1_000))
    assert some.note == "stopped after 20 s: 62 % of 4 kB searched, 2 of 4 documents whole"
    assert str(some.error("The count", "Narrow it.", 7)).startswith(f"The count was {some.note}; 7 were found so far.")
    assert not some.took(piece(3, 1_000), NodeGone("The cluster has no node at x.", "Start it."))
    assert some.note.startswith("The cluster has no node at x: 62 % of")
    assert isinstance(some.error("The count", "Narrow it."), NodeGone)


def test_of_all_that_was_searched_nothing_is_said() -> None:
    done = Progress((Part(0, 0, 10),), 20)
    assert done.took(piece(0, 10), ([], 10))
    assert done.note == ""
    done.found(0)
    assert done.first_place == ""
