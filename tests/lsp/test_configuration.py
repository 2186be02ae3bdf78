"""Settings from the client: where they come from, and that a bad one is told and harmless."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.editor import Connect, Editor, document
from tests.patience import PATIENCE

from rlm_ls.engine.abilities import Abilities, Learnt

PULLS = {"workspace": {"configuration": True}}


async def roots(editor: Editor) -> list[str]:
    doctor = await editor.request("rlm/doctor")
    models: list[str] = doctor["models"]["root"]
    return models


@pytest.mark.parametrize("options", [{"models": {"root": "openai/a"}}, {"rlm": {"models": {"root": "openai/a"}}}])
async def test_initialization_options_are_taken_bare_or_in_a_section(editor: Connect, options: Any) -> None:
    assert await roots(await editor(options=options)) == ["openai/a"]


async def test_the_clients_section_wins_over_the_options(editor: Connect) -> None:
    asked: list[Any] = []

    def configuration(params: Any) -> Any:
        asked.append(params)
        return [{"models": {"root": "openai/b", "sub": None}, "privacy": None}]

    async with Editor() as connected:
        connected.handlers["workspace/configuration"] = configuration
        await connected.initialize(
            capabilities=PULLS, options={"models": {"root": "openai/a", "sub": "openai/s"}, "privacy": "local"}
        )
        await connected.message("workspace/configuration")
        doctor = await connected.request("rlm/doctor")
        assert doctor["models"]["root"] == ["openai/b"]
        assert doctor["models"]["sub"] == ["openai/s"]
        assert doctor["privacy"] == "local"
        assert asked == [{"items": [{"section": "rlm"}]}]


async def test_the_doctor_shows_what_the_check_of_a_model_found(editor: Connect, state_dir: Path) -> None:
    options = {"models": {"root": "openai/scripted", "apiBase": "http://127.0.0.1:9/v1"}}
    connected = await editor(options=options)
    assert (await connected.request("rlm/doctor"))["abilities"] is None
    unable = Abilities("openai/scripted", False, False, False, True, 10, None, 1.0, 4096, 512)
    await asyncio.to_thread(Learnt(state_dir).keep, unable, "127.0.0.1:9")
    found = (await connected.request("rlm/doctor"))["abilities"]
    assert found == asdict(unable) | {"route": unable.route}
    assert found["route"].startswith("guided")


async def test_a_change_counts_for_the_next_run(editor: Connect) -> None:
    connected = await editor()
    assert await roots(connected) == []
    connected.notify("workspace/didChangeConfiguration", {"settings": {"rlm": {"models": {"root": "openai/c"}}}})
    assert await roots(connected) == ["openai/c"]


async def test_a_change_without_settings_makes_the_server_ask(editor: Connect) -> None:
    sections = [{"models": {"root": "openai/new"}}, None]
    connected = await editor(capabilities=PULLS)
    await connected.message("workspace/configuration")
    connected.handlers["workspace/configuration"] = lambda _: [sections.pop(0)]
    connected.notify("workspace/didChangeConfiguration", {"settings": None})
    await connected.until(lambda: len(connected.all("workspace/configuration")) == 2)
    assert await roots(connected) == ["openai/new"]
    # Taken back: the default holds again.
    connected.notify("workspace/didChangeConfiguration", {"settings": None})
    await connected.until(lambda: len(connected.all("workspace/configuration")) == 3)
    assert await roots(connected) == []


async def test_bad_settings_are_told_once_and_the_defaults_hold(editor: Connect) -> None:
    connected = await editor(options={"models": {"root": 5}, "nonsense": True, "budget": {"turns": -1}})
    await connected.until(lambda: len(connected.all("window/showMessage")) >= 3)
    assert await roots(connected) == []
    shown = [params["message"] for params in connected.all("window/showMessage")]
    assert {params["type"] for params in connected.all("window/showMessage")} == {2}
    for name in ("models.root", "nonsense", "budget.turns"):
        assert sum(name in message for message in shown) == 1
    assert [params["message"] for params in connected.all("window/logMessage")]
    assert await connected.shutdown() == 0


@pytest.mark.parametrize("options", [5, [], {"rlm": 5}])
async def test_options_of_no_sense_do_not_stop_the_server(editor: Connect, options: Any) -> None:
    connected = await editor(options=options)
    assert await roots(connected) == []
    assert await connected.shutdown() == 0


async def test_a_client_that_refuses_or_never_answers_is_served_all_the_same() -> None:
    async with Editor() as refusing:
        del refusing.handlers["workspace/configuration"]
        await refusing.initialize(capabilities=PULLS, options={"models": {"root": "openai/a"}})
        assert await roots(refusing) == ["openai/a"]
    async with Editor() as silent:
        silent._answer = lambda message: None  # type: ignore[method-assign, assignment]
        await silent.initialize(capabilities=PULLS, options={"models": {"root": "openai/a"}})
        assert await roots(silent) == ["openai/a"]
        assert await silent.shutdown() == 0


async def test_of_an_untrusted_workspace_nothing_is_taken_where_the_client_cannot_tell_whose_it_is(
    editor: Connect,
) -> None:
    # `workspace` is a setting like others there: a folder cannot say that the rest is the user's.
    models = {"root": "openai/a", "apiBase": "http://localhost:1/v1"}
    connected = await editor(options={"trusted": False, "models": models, "workspace": {}})
    await connected.until(lambda: len(connected.all("window/showMessage")) >= 3)
    shown = " ".join(params["message"] for params in connected.all("window/showMessage"))
    assert "models.root is not taken" in shown.replace(":", "")
    assert "models.api_base" in shown
    assert await roots(connected) == []


async def test_what_the_user_has_set_counts_in_an_untrusted_workspace_too(editor: Connect) -> None:
    section = {"models": {"root": "openai/mine"}, "workspace": {"models": {"root": "evil/x"}}}
    connected = await editor(options={"trusted": False, "settingsApart": True, **section})
    assert await roots(connected) == ["openai/mine"]


EVIL = {"models": {"root": "evil/x", "apiBase": "http://evil.example/v1"}, "privacy": "any"}


async def test_a_trusted_workspaces_new_endpoint_is_asked_about_once(
    stack: AsyncExitStack, state_dir: Path, tmp_path: Path
) -> None:
    options = {"settingsApart": True, "models": {"root": "openai/mine"}, "privacy": "local", "workspace": EVIL}

    async def started(answer: str | None, folder: str = "w", theirs: dict[str, Any] = EVIL) -> Editor:
        connected = await stack.enter_async_context(Editor())
        connected.handlers["window/showMessageRequest"] = lambda _: answer and {"title": answer}
        await connected.initialize(options={**options, "workspace": theirs}, folders=[tmp_path / folder])
        return connected

    # Dismissed: a no, and asked again another time.
    first = await started(None)
    asked = await first.message("window/showMessageRequest")
    for words in ("evil/x", "http://evil.example/v1", "models.api_base", "not on this machine"):
        assert words in asked["message"]
    assert await roots(first) == ["openai/mine"]
    first.notify("workspace/didChangeConfiguration", {"settings": None})
    assert await roots(first) == ["openai/mine"]
    assert len(first.all("window/showMessageRequest")) == 1

    # Allowed: for this folder and these values, from now on.
    second = await started("Allow in this workspace")
    await second.message("window/showMessageRequest")
    await until_roots(second, ["evil/x"])
    third = await started(None)
    assert await roots(third) == ["evil/x"]
    assert third.all("window/showMessageRequest") == []
    fourth = await started("Use my own settings", theirs={**EVIL, "models": {"apiBase": "http://other.example/v1"}})
    assert "other.example" in (await fourth.message("window/showMessageRequest"))["message"]
    elsewhere = await started("Use my own settings", folder="other")
    await elsewhere.message("window/showMessageRequest")
    assert await roots(elsewhere) == ["openai/mine"]


async def until_roots(connected: Editor, wanted: list[str]) -> None:
    async with asyncio.timeout(PATIENCE):
        while await roots(connected) != wanted:  # noqa: ASYNC110 - no message tells of it
            await asyncio.sleep(0.01)


async def test_a_workspace_that_asks_for_more_does_not_hold_up_a_question(
    stack: AsyncExitStack, state_dir: Path, tmp_path: Path
) -> None:
    connected = await stack.enter_async_context(Editor())
    connected.silent.add("window/showMessageRequest")
    await connected.initialize(options={"settingsApart": True, "workspace": EVIL}, folders=[tmp_path])
    await connected.message("window/showMessageRequest")
    (tmp_path / "app.log").write_text("one\n")
    params = {"question": "How many lines?", "scope": document((tmp_path / "app.log").as_uri())}
    assert (await connected.request("rlm/ask", params))["modelKind"] == "offline"
    assert await connected.shutdown() == 0
