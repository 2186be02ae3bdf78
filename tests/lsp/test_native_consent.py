"""The editor's user is asked before a native program runs, and what was answered holds as long as was said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import needed
from tests.fakes.model_server import ModelServer
from tests.lsp.editor import Connect, Editor, document, settings_for

from rlm_ls.executors.compiled.toolchains.installed import Toolchains

PROGRAM = "```rust native length\nfn analyze(text: &str) -> String { text.len().to_string() }\n```\n"
USES = "```python\nsubmit(length(), cite=[])\n```\n"
WITHOUT = "```python\nsubmit('not allowed', cite=[])\n```\n"

ONCE, HERE, DENY = "Allow once", "Allow in this workspace", "Deny"


def reply(body: Mapping[str, Any]) -> str:
    said = [one for one in body["messages"] if one["role"] == "user"]
    return f"{PROGRAM}{USES}" if len(said) == 1 else WITHOUT


class User:
    """Answers `window/showMessageRequest`."""

    def __init__(self, editor: Editor) -> None:
        self.choice: str | None = None
        self.asked: list[Any] = []
        editor.handlers["window/showMessageRequest"] = self._choose

    def _choose(self, params: Any) -> Any:
        self.asked.append(params)
        return None if self.choice is None else {"title": self.choice}


@pytest.mark.asyncio(loop_scope="module")
async def test_the_user_is_asked_and_the_answer_holds_as_long_as_was_said(session: Any, toolchains: Toolchains) -> None:
    await needed(toolchains, "rust", "native")
    user = User(session.editor)
    path = session.folder / "text.log"
    path.write_text("twelve bytes")
    session.begin(reply)

    async def ask(choice: str | None) -> tuple[str, int]:
        user.choice = choice
        before = len(user.asked)
        answer = await session.ask(document(path.as_uri()), levels=["dsl", "native"])
        return answer["answer"], len(user.asked) - before

    for no in (DENY, None):
        assert await ask(no) == ("not allowed", 1)
    assert await ask(ONCE) == ("12", 1)
    assert [one["title"] for one in user.asked[-1]["actions"]] == [ONCE, HERE, DENY]
    assert "native program" in user.asked[-1]["message"]
    assert str(session.folder) in user.asked[-1]["message"]
    assert await ask(HERE) == ("12", 1)
    assert await ask(DENY) == ("12", 0)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_doctor_lists_compilers_and_what_would_add_them(session: Any) -> None:
    doctor = await session.editor.request("rlm/doctor")
    assert [(one["language"], one["target"]) for one in doctor["toolchains"]] == [
        ("rust", "wasm"),
        ("c", "wasm"),
        ("wat", "wasm"),
    ]
    assert doctor["toolchains"][2]["works"]
    assert all(one["works"] != bool(one["whyNot"] and one["remedy"]) for one in doctor["toolchains"])
    assert doctor["sandbox"]["name"] or doctor["sandbox"]["whyNot"]


async def test_a_workspace_that_is_not_trusted_is_never_asked_about(
    editor: Connect, models: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: ModelServer = await models(reply)
    # Of such a workspace no endpoint is taken: this one is the user's own.
    monkeypatch.setenv("RLM_MODEL", "openai/scripted")
    monkeypatch.setenv("RLM_MODELS_API_BASE", server.base_url)
    monkeypatch.setenv("RLM_MODELS_API_KEY_ENV", "SCRIPTED_KEY")
    (tmp_path / "text.log").write_text("twelve bytes")
    options = settings_for(server.base_url, levels=["dsl", "native"], trusted=False)
    opened: Editor = await editor(options=options, folders=[tmp_path])
    user = User(opened)
    user.choice = HERE
    params = {"question": "How long?", "scope": document((tmp_path / "text.log").as_uri())}
    assert (await opened.request("rlm/ask", params))["answer"] == "not allowed"
    assert user.asked == []
