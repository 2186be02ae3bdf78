"""History, traces, help, health, options and the command line."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.editors.neovim.conftest import VERSIONS, Models, Start
from tests.editors.neovim.driver import PLUGIN, Neovim
from tests.editors.programs import ON_BUILD_MACHINE, program
from tests.fakes.model_server import Scripted
from tests.scripted import script

COMMANDS = sorted(path.stem for path in (PLUGIN / "lua/rlm/commands").glob("*.lua"))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text("ERROR one\nINFO two\n" * 10, "utf-8")
    return path


def test_a_build_machine_has_both_neovims() -> None:
    if not ON_BUILD_MACHINE:
        pytest.skip("not a build machine: one Neovim will do")
    assert len(VERSIONS) == 2
    assert "0.10" in VERSIONS


def test_an_earlier_answer_is_chosen_from_the_history(nvim: Neovim, log: Path) -> None:
    nvim.edit(log)
    first = nvim.ask("ask How many lines contain ERROR?")
    nvim.ask("ask How many lines contain INFO?")
    nvim.command("%bwipeout!")
    nvim.lua("_G.chosen = 'contain ERROR'")
    nvim.command("Rlm history")
    nvim.until("vim.b.rlm_run == ...", first["run_id"])
    newest = nvim.lua("return asked[1].items[1]")
    assert newest.endswith("answered     How many lines contain INFO?")
    told = datetime.strptime(newest[:16], "%Y-%m-%d %H:%M").replace(tzinfo=timezone(timedelta(hours=9)))
    assert abs(datetime.now(UTC) - told) < timedelta(minutes=10)
    nvim.until("vim.fn.search('^# How many lines contain ERROR', 'n') > 0")
    assert nvim.lua("return vim.fn.bufname()") == f"rlm://answer/{first['run_id']}.md"
    assert nvim.lua("return { vim.bo.modifiable, vim.bo.buftype, vim.bo.filetype }") == [False, "nofile", "markdown"]


def test_earlier_questions_are_searched_and_deleted(nvim: Neovim, log: Path) -> None:
    nvim.edit(log)
    first = nvim.ask("ask How many lines of this nightly log contain ERROR?")
    nvim.ask("ask How many lines contain INFO?")
    nvim.command("%bwipeout!")
    nvim.lua("_G.chosen = 'contain'")
    nvim.command("Rlm history nightly ERROR?")  # other tests have asked others
    nvim.until("vim.b.rlm_run == ...", first["run_id"])
    assert len(nvim.lua("return asked[1].items")) == 1
    nvim.command(f"Rlm delete {first['run_id']}")
    nvim.until("vim.tbl_contains(require('rlm.history').complete(''), ...) == false", first["run_id"])


def test_a_trace_is_folded_by_turns(live: Neovim, log: Path, models: Models) -> None:
    models.begin(script("print(count('ERROR'))"), script("submit('Ten.', cite=[])"))
    live.edit(log)
    run = live.ask("ask How many?")
    live.command("Rlm trace")
    live.until("vim.fn.search('^## Turn 2', 'n') > 0")
    assert live.lua("return vim.fn.bufname()") == f"rlm://trace/{run['run_id']}.md"
    levels = live.lua("""
        local levels = {}
        for number = 1, vim.fn.line('$') do
          local line = vim.fn.getline(number)
          levels[number] = { line:sub(1, 8), vim.fn.foldlevel(number) }
        end
        return levels""")
    assert ["## Turn ", 1] in levels
    assert ["*Printed", 2] in levels
    live.command("normal! zM")
    assert live.lua("return vim.fn.foldclosed(vim.fn.search('^## Turn 1', 'n'))") > 0


def test_a_trace_follows_a_run_that_goes_on(live: Neovim, log: Path, models: Models) -> None:
    models.begin(Scripted(script("print(count('ERROR'))"), hold="middle"), script("submit('Ten.', cite=[])"))
    live.edit(log)
    live.command("Rlm ask How many?")
    live.until("require('rlm.runs').current().run_id ~= ''")
    for _ in range(600):  # the model has been asked: the turn is in the trace
        if models.asked():
            break
        time.sleep(0.1)
    live.command("Rlm trace")
    live.until("vim.fn.search('^## Turn 1', 'n') > 0")
    assert live.lua("return vim.fn.search('^## Answer', 'n')") == 0
    models.release()
    live.until("vim.fn.search('^## Answer', 'n') > 0")
    assert live.lua("return vim.fn.search('^## Turn 2', 'n')") > 0


def test_nothing_that_neovim_has_deprecated_is_used(start: Start, log: Path) -> None:
    nvim = start()
    nvim.edit(log)
    nvim.ask("ask How many lines contain ERROR?")
    nvim.command("Rlm trace")
    nvim.command("checkhealth vim.deprecated")
    report = nvim.text()
    assert "WARNING" not in report, report


def test_documents_are_opened_by_their_names(nvim: Neovim, log: Path) -> None:
    nvim.edit(log)
    run = nvim.ask("ask How many lines contain ERROR?")
    nvim.command("%bwipeout!")
    for name in (f"rlm://trace/{run['run_id']}.md", f"rlm:/answer/{run['run_id']}.md"):
        nvim.command(f"edit {name}")
        nvim.until("vim.fn.search('contain ERROR', 'n') > 0")
    nvim.command("edit rlm://answer/none.md")
    nvim.until("vim.fn.search('no run', 'nc') > 0 or vim.fn.search('failed', 'nc') > 0")


def test_the_command_line_is_completed(nvim: Neovim, log: Path) -> None:
    nvim.edit(log)
    complete = "return vim.fn.getcompletion(..., 'cmdline')"
    assert nvim.lua(complete, "Rlm ") == COMMANDS
    assert nvim.lua(complete, "'<,'>Rlm s") == ["selection", "stop"]
    assert nvim.lua(complete, "Rlm! st") == ["stop"]
    run = nvim.ask("ask How many lines contain ERROR?")
    assert run["run_id"] in nvim.lua(complete, "Rlm trace ")
    assert nvim.lua(complete, "Rlm ask wh") == []
    assert nvim.lua(complete, "Rlm model off") == ["offline"]


def test_what_does_not_exist_is_named(nvim: Neovim) -> None:
    nvim.command("Rlm sak")
    nvim.command("1Rlm doctor")
    first, second = nvim.told()
    assert "sak" in first
    assert "selection" in first
    assert "takes no lines" in second


def test_the_model_of_the_session_is_the_one_asked(live: Neovim, log: Path, models: Models) -> None:
    models.begin(script("submit('Yes.', cite=[])"))
    live.edit(log)
    live.lua("_G.chosen = 'openai/scripted'")
    live.command("Rlm model")
    live.until("#told > 0")
    assert "openai/scripted" in live.lua("return asked[1].items")
    live.command("Rlm model openai/another")
    live.ask("ask What?")
    assert models.asked()[0]["model"] == "another"
    live.command("Rlm model offline")
    assert live.ask("ask How many lines contain ERROR?")["answer"]["modelKind"] == "offline"


def test_the_doctor_tells_what_the_server_is(nvim: Neovim, log: Path) -> None:
    nvim.edit(log)
    nvim.command("Rlm doctor")
    nvim.until("#told > 0")
    (text,) = nvim.told()
    assert re.search(r"^version: \d", text, re.M)
    assert re.search(r"^levels: .*dsl", text, re.M)


def test_checkhealth_finds_nothing_wrong(start: Start, log: Path) -> None:
    nvim = start()
    nvim.edit(log)
    nvim.command("checkhealth rlm")
    report = nvim.text()
    assert "ERROR" not in report, report
    assert "WARNING" not in report, report
    for part in ("Neovim", "rlm-ls 0", "sandbox: works", "search workers", "client 1", "Python 3", "models:"):
        assert part in report, report


def test_checkhealth_says_what_is_missing(start: Start) -> None:
    nvim = start(options={"cmd": ["no-such-rlm-ls"], "answer": {"layout": "sideways"}})
    nvim.command("checkhealth rlm")
    report = nvim.text()
    assert "`no-such-rlm-ls` is not an executable" in report
    assert "pipx install" in report
    assert "vim.g.rlm.answer.layout" in report


def test_a_wrong_option_is_told_once_and_replaced(start: Start, log: Path) -> None:
    nvim = start(options={"attach": "yes", "citations": {"quickfx": True}, "spinner": 3, "models": ["a", "b"]})
    nvim.edit(log)
    nvim.until("#told >= 3")
    assert nvim.ask("ask How many lines contain ERROR?")["state"] == "answered"
    told = nvim.told()
    assert len(told) == 3, told
    assert any("vim.g.rlm.attach has to be true or false" in text for text in told)
    assert any("there is no option vim.g.rlm.citations.quickfx" in text for text in told)
    assert any("vim.g.rlm.spinner has to be a table" in text for text in told)


def test_help_has_every_command_and_option(nvim: Neovim, tmp_path: Path, version: str) -> None:
    shutil.copytree(PLUGIN / "doc", tmp_path / "doc")
    nvim.command(f"helptags {tmp_path / 'doc'}")
    tags = {line.split("\t")[0] for line in (tmp_path / "doc" / "tags").read_text("utf-8").splitlines()}
    assert {f":Rlm-{name}" for name in COMMANDS} <= tags
    options = nvim.lua("""
        local names = {}
        for name, value in pairs(require('rlm.config').defaults) do
          if type(value) == 'table' and not vim.islist(value) and next(value) then
            for inner in pairs(value) do names[#names + 1] = name .. '.' .. inner end
          else
            names[#names + 1] = name
          end
        end
        return names""")
    assert {f"rlm-option-{name}" for name in [*options, "model", "sample"]} <= tags
    # Every word between bars leads somewhere: to a tag of ours or of Neovim's.
    for tag in set(re.findall(r"\|([^|\s]+)\|", (tmp_path / "doc" / "rlm.txt").read_text("utf-8"))):
        later = version == "0.10" and tag.startswith("vim.lsp.")
        assert tag in tags or later or nvim.lua("return #vim.fn.getcompletion(..., 'help')", tag) > 0, tag


def test_the_lua_is_clean() -> None:
    checked = subprocess.run([program("luacheck"), "--no-color", "."], cwd=PLUGIN, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_each_command_is_a_file(nvim: Neovim) -> None:
    assert nvim.lua("return require('rlm.command').names") == COMMANDS


def test_nothing_is_loaded_before_it_is_used(start: Start) -> None:
    nvim = start()
    assert (
        nvim.lua(
            "return vim.tbl_filter(function(name) return vim.startswith(name, 'rlm') end, vim.tbl_keys(package.loaded))"
        )
        == []
    )
