"""Code actions and the configuration of Neovim's own LSP client."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.editors.neovim.conftest import Models, Start
from tests.editors.neovim.driver import Neovim
from tests.scripted import script

TEXT = "apple\n# rlm: How many lines contain apple?\napple pie\n"


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text(TEXT, "utf-8")
    return path


def act(nvim: Neovim, title: str) -> None:
    nvim.lua("_G.chosen = ...", title)
    nvim.command("lua vim.lsp.buf.code_action()")
    nvim.until("#require('rlm.runs').live() > 0 or #asked > 1")


def test_a_question_in_the_text_is_answered(nvim: Neovim, notes: Path) -> None:
    nvim.edit(notes)
    nvim.command("2")
    act(nvim, "Answer this question")
    run = nvim.finished()
    assert run["state"] == "answered"
    assert run["text"].startswith("# How many lines contain apple?")
    # The question's own line does not count.
    assert run["answer"]["answer"].startswith("2 lines")


def test_a_question_about_the_file_is_typed_into_neovims_input(nvim: Neovim, notes: Path) -> None:
    nvim.edit(notes)
    nvim.lua("_G.typed = 'How many lines contain pie?'")
    act(nvim, "Ask about this file")
    run = nvim.finished()
    assert run["answer"]["answer"].startswith("1 line")


def test_a_name_is_asked_about_with_what_the_editor_knows(live: Neovim, notes: Path, models: Models) -> None:
    models.begin(script("submit('Fruit.', cite=[])"))
    live.edit(notes)
    live.lua("""vim.diagnostic.set(vim.api.nvim_create_namespace('tests'), 0,
                  { { lnum = 2, col = 6, message = 'no pie is left', severity = 1, source = 'baker' } })""")
    live.command("normal! 3G0")
    act(live, "Ask about apple")
    run = live.finished()
    assert run["state"] == "answered"
    card = str(models.asked()[0]["messages"])
    assert "no pie is left" in card


def test_vim_lsp_enable_is_not_needed_and_does_no_harm(start: Start, notes: Path, version: str) -> None:
    if version == "0.10":
        pytest.skip("Neovim 0.10 has no vim.lsp.config")
    python = json.dumps(sys.executable)
    own = f"{{ cmd = {{ {python}, '-P', '-m', 'rlm_ls' }}, settings = {{ rlm = {{ budget = {{ turns = 3 }} }} }} }}"
    nvim = start(options={"cmd": ["no-such-rlm-ls"]}, more=f"vim.lsp.config('rlm', {own})\nvim.lsp.enable('rlm')\n")
    nvim.edit(notes)
    run = nvim.ask("ask How many lines contain apple?")
    assert run["state"] == "answered"
    assert nvim.lua("return #require('rlm.server').clients()") == 1
    assert nvim.lua("return require('rlm.server').clients()[1].settings.rlm.budget.turns") == 3
