"""Who is asked when a run goes on: those it asked before, where it asked them, or whom the user names on purpose."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.model_server import ModelServer, Scripted
from tests.scripted import TEXT, script

from rlm_ls.context.scope import Scope
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.trace.events import AnyEvent
from rlm_ls.errors import ModelChanged, ModelNotLocal, RlmError
from rlm_ls.settings.sections import Settings

LOOK = script("seen = count('ERROR')\nprint(seen)")
SUBMIT = script("submit(str(seen), cite=[lines(4)])")
BREAKS = [LOOK, Scripted(fault="400")]


def settings(server: ModelServer, *, privacy: str = "any", **models: Any) -> Settings:
    return Settings.model_validate(
        {"models": {"root": ("openai/one",), "api_base": server.base_url, **models}, "privacy": privacy}
    )


@asynccontextmanager
async def engine(folder: Path, chosen: Settings) -> AsyncIterator[Engine]:
    opened = await Engine.open(settings=chosen, state_dir=folder / "state")
    try:
        yield opened
    finally:
        await opened.close()


async def break_off(folder: Path, chosen: Settings, model: str | None = None) -> None:
    (folder / "app.log").write_text(TEXT)
    request = AskRequest("How many?", Scope("document", files=(str(folder / "app.log"),)), model=model, run_id="r")
    async with engine(folder, chosen) as opened:
        answer = await opened.ask(request, lambda _: None)
        assert answer.status in ("failed", "partial"), answer


async def go_on(folder: Path, chosen: Settings, **options: Any) -> tuple[Answer, list[AnyEvent]]:
    events: list[AnyEvent] = []
    async with engine(folder, chosen) as opened:
        return await opened.resume("r", events.append, **options), events


async def refused(folder: Path, chosen: Settings, kind: type[RlmError] = ModelChanged, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        await go_on(folder, chosen, **options)
    return str(caught.value)


async def test_the_same_model_at_the_same_endpoint_goes_on(tmp_path: Path) -> None:
    async with ModelServer([*BREAKS, SUBMIT]) as server:
        await break_off(tmp_path, settings(server))
        answer, _ = await go_on(tmp_path, settings(server, root=("openai/other",)))
        assert (answer.status, answer.model) == ("answered", "openai/one")
        assert [request.body["model"] for request in server.requests] == ["one", "one", "one"]


async def test_another_endpoint_under_the_same_name_hears_nothing(tmp_path: Path) -> None:
    async with ModelServer(BREAKS) as server, ModelServer([SUBMIT]) as elsewhere:
        await break_off(tmp_path, settings(server))
        said = await refused(tmp_path, settings(elsewhere))
        assert elsewhere.count == 0
        assert server.base_url in said
        assert elsewhere.base_url in said
        assert "--model" in said
        answer, events = await go_on(tmp_path, settings(elsewhere), choice="openai/two")
        assert answer.status == "answered"
        assert [request.body["model"] for request in elsewhere.requests] == ["two"]
    assert any("openai/one" in warning and "openai/two" in warning for warning in answer.warnings)
    assert [event.model for event in events if event.type == "runResumed"] == ["openai/two"]
    (chosen,) = [event for event in events if event.type == "routeChosen"]
    assert {one.address for one in chosen.answering or ()} == {elsewhere.base_url}


async def test_a_live_run_is_not_finished_by_rules(tmp_path: Path) -> None:
    async with ModelServer(BREAKS) as server:
        await break_off(tmp_path, settings(server))
        said = await refused(tmp_path, Settings())
        assert "openai/one" in said
        assert "rules" in await refused(tmp_path, settings(server), choice="offline")
        assert "recordings" in await refused(tmp_path, settings(server), choice="recorded:x.jsonl")


async def test_a_sub_model_configured_since_is_not_asked(tmp_path: Path) -> None:
    asks = script("print(llm('What?', lines(1)))\n" + "submit('x', cite=[lines(4)])")
    async with ModelServer([*BREAKS, asks, "said"]) as server:
        await break_off(tmp_path, settings(server))
        await go_on(tmp_path, settings(server, sub=("openai/spy",), code=("openai/spy",)))
        assert {request.body["model"] for request in server.requests} == {"one"}


async def test_a_sub_model_of_then_is_asked_and_a_list_keeps_its_members_and_weights(tmp_path: Path) -> None:
    asks = script("print(llm('What?', lines(1)))\n" + "submit('x', cite=[lines(4)])")
    async with ModelServer([*BREAKS, Scripted(fault="400"), asks, "said"]) as server:
        await break_off(tmp_path, settings(server, root=("openai/a*2", "openai/b"), sub=("openai/small",)))
        _, events = await go_on(tmp_path, settings(server, root=("openai/new",)))
        assert {request.body["model"] for request in server.requests} <= {"a", "b", "small"}
        assert server.requests[-1].body["model"] == "small"
    (chosen,) = [event for event in events if event.type == "routeChosen"]
    named = [(one.role, one.model, one.weight) for one in chosen.answering or ()]
    assert named[:3] == [("root", "openai/a", 2), ("root", "openai/b", 1), ("sub", "openai/small", None)]


async def test_privacy_is_not_weakened_on_the_way(tmp_path: Path) -> None:
    async with ModelServer([*BREAKS, SUBMIT]) as server:
        await break_off(tmp_path, settings(server, privacy="local"))
        assert "privacy" in await refused(tmp_path, settings(server))
        assert "privacy" in await refused(tmp_path, settings(server), choice="openai/one")
        await refused(tmp_path, Settings.model_validate({"privacy": "local"}), ModelNotLocal)
        assert server.count == 2
        assert (await go_on(tmp_path, settings(server, privacy="local")))[0].status == "answered"


async def test_a_trace_that_does_not_tell_wants_an_explicit_choice(tmp_path: Path) -> None:
    async with ModelServer([*BREAKS, SUBMIT]) as server:
        await break_off(tmp_path, settings(server))
        forget(tmp_path / "state")
        assert "does not tell" in await refused(tmp_path, settings(server))
        assert server.count == 2
        answer, _ = await go_on(tmp_path, settings(server), choice="openai/one")
        assert answer.status == "answered"


async def test_no_key_and_no_password_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ModelServer(BREAKS) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url.replace("//", "//me:pa55word@") + "?key=s3cret")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
        with contextlib.suppress(RlmError):
            await break_off(tmp_path, settings(server, api_base=None), model="openai/one")
    stored = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert not [secret for secret in (b"pa55word", b"s3cret", b"sk-0123456789abcdef") if secret in stored]


def forget(state: Path) -> None:
    """Make the stored trace one of version 0.1, which did not record who answered."""
    path = next(path for path in state.rglob("*") if path.is_file() and path.read_bytes().startswith(b"SQLite"))
    with sqlite3.connect(path) as base:
        for rowid, data in base.execute("SELECT rowid, event FROM events").fetchall():
            event = json.loads(data)
            if event.pop("answering", None) is not None:
                base.execute("UPDATE events SET event = ? WHERE rowid = ?", (json.dumps(event), rowid))
