"""Settings from the client: where they come from, and that a bad one is told and harmless."""

from __future__ import annotations

from typing import Any

import pytest
from tests.lsp.editor import Connect, Editor

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


async def test_an_untrusted_workspace_sets_no_endpoint(editor: Connect) -> None:
    options = {"trusted": False, "models": {"root": "openai/a", "apiBase": "http://localhost:1/v1"}}
    connected = await editor(options=options)
    message = await connected.message("window/showMessage")
    assert "apiBase" in message["message"]
