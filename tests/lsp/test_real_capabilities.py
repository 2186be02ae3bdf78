"""With pytest-lsp, which checks what the server sends against what well-known editors say they can do."""

from __future__ import annotations

import sys
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.checks import LspSpecificationWarning
from pytest_lsp.client import make_test_lsp_client


@pytest.fixture
async def client() -> AsyncIterator[LanguageClient]:
    client = make_test_lsp_client()
    progress: list[Any] = []
    client.progress_values = progress  # type: ignore[attr-defined]
    # pytest-lsp's own handler raises on partial results and warns about tokens that the client chose itself.
    client.protocol.fm.features.pop(types.PROGRESS)

    @client.feature(types.PROGRESS)
    def on_progress(params: types.ProgressParams) -> None:
        progress.append((params.token, params.value))

    @client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def on_registration(_: types.RegistrationParams) -> None:
        pass

    await client.start_io(sys.executable, "-P", "-m", "rlm_ls")
    yield client
    await client.shutdown_session()
    await client.stop()


@pytest.mark.parametrize("name", ["visual-studio-code", "neovim", "emacs"])
async def test_a_known_editor_is_served_from_the_code_action_to_the_answer(
    client: LanguageClient, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("apple\npear\n# rlm: How many lines contain apple?\n")
    identity = types.TextDocumentIdentifier(path.as_uri())
    with warnings.catch_warnings():
        warnings.simplefilter("error", LspSpecificationWarning)
        result = await client.initialize_session(types.InitializeParams(client_capabilities(name)))
        assert result.capabilities.code_action_provider
        item = types.TextDocumentItem(path.as_uri(), "plaintext", 1, path.read_text())
        client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        line = types.Range(types.Position(2, 0), types.Position(2, 0))
        context = types.CodeActionContext([])
        offered = await client.text_document_code_action_async(types.CodeActionParams(identity, line, context))
        assert offered
        assert offered[0].title == "Answer this question: How many lines contain apple?"
        # lsprotocol takes a code action that has a command for a command, so it is written out here.
        scope = {"kind": "document", "textDocument": {"uri": path.as_uri()}}
        argument = {"question": "How many lines contain apple?", "scope": scope}
        params = types.ExecuteCommandParams("rlm.server.ask", [argument], work_done_token="mine")
        answer = await client.workspace_execute_command_async(params)
    kinds = [value["kind"] for token, value in client.progress_values if token == "mine"]  # type: ignore[attr-defined]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    assert _field(answer, "status") == "answered"
    shows = getattr(client_capabilities(name).window, "show_document", None)
    if shows is not None and shows.support:
        assert len(client.shown_documents) == 1
    else:
        assert any("the answer is in" in message.message for message in client.messages)


def _field(value: Any, name: str) -> Any:
    return value[name] if isinstance(value, dict) else getattr(value, name)
