"""How a question ends early: stopped, given up, its server killed; and how one goes on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest
from tests.editors.neovim.conftest import Models, Start
from tests.editors.neovim.driver import Neovim
from tests.fakes.model_server import Scripted
from tests.lsp.editor import settings_for
from tests.patience import PATIENCE
from tests.scripted import script

HELD = Scripted(fault="hang-mid", text="I think about it, and then about it again.")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text("ERROR one\nINFO two\n" * 10, "utf-8")
    return path


def ask_and_wait_for_text(nvim: Neovim, log: Path) -> int:
    """Asks what the model never answers, and returns the answer's buffer."""
    nvim.edit(log)
    nvim.command("Rlm ask What?")
    nvim.until("require('rlm.runs').current().run_id ~= ''")
    nvim.until("#require('rlm.runs').current().turns > 0")
    return int(nvim.run()["bufnr"])


def test_stop_is_seen_at_once_and_keeps_what_was_found(live: Neovim, log: Path, models: Models) -> None:
    models.begin(HELD)
    answer = ask_and_wait_for_text(live, log)
    assert live.spinners()
    assert live.status()
    # In one call: nothing of the server can have come in between.
    assert live.lua("""
        vim.cmd('Rlm stop')
        local space = vim.api.nvim_get_namespaces()['rlm.spinner']
        return { #vim.api.nvim_buf_get_extmarks(0, space, 0, -1, {}), require('rlm').status() }
    """) == [0, ""]
    run = live.finished()
    assert run["state"] == "cancelled"
    assert run["answer"]["runId"] == run["run_id"]
    assert "cancelled" in live.text(answer)
    assert live.status() == ""


def test_giving_up_waits_for_nothing(live: Neovim, log: Path, models: Models) -> None:
    models.begin(HELD)
    ask_and_wait_for_text(live, log)
    assert live.lua("vim.cmd('Rlm! stop') return #require('rlm.runs').live()") == 0
    assert live.run()["state"] == "cancelled"
    assert live.spinners() == []
    assert live.status() == ""
    models.begin(script("submit('Fine.', cite=[])"))
    assert live.ask("ask And now?")["state"] == "answered"


def test_an_answer_that_is_wiped_out_is_not_waited_for(live: Neovim, log: Path, models: Models) -> None:
    models.begin(HELD)
    answer = ask_and_wait_for_text(live, log)
    live.command(f"bwipeout! {answer}")
    live.until("#require('rlm.runs').live() == 0")
    assert live.spinners() == []


def test_a_killed_server_is_told_started_again_and_its_run_goes_on(start: Start, log: Path, all_models: Models) -> None:
    settings = settings_for(all_models.server.base_url)
    nvim = start(options={"settings": settings, "env": {"SCRIPTED_KEY": "sk-test"}})
    all_models.begin(HELD)
    answer = ask_and_wait_for_text(nvim, log)
    run_id = nvim.run()["run_id"]
    killed = nvim.server_pid()
    os.kill(killed, signal.SIGKILL)
    nvim.until("require('rlm.runs').current().state == 'interrupted'")
    assert nvim.spinners() == []
    assert ":Rlm resume" in nvim.text(answer)
    (message,) = [text for text in nvim.told() if "the language server ended (signal 9)" in text]
    assert ":Rlm resume" in message
    # The buffer is served again, and questions are answered.
    nvim.until("#vim.lsp.get_clients({ name = 'rlm', bufnr = 0 }) == 1")
    assert nvim.server_pid() != killed
    nvim.until("require('rlm').status() == ''")
    # What was interrupted stands in the history as such, and goes on under the same name.
    nvim.command("Rlm history")
    nvim.until("#asked > 0")
    (title,) = nvim.lua("return asked[#asked].items")
    assert "interrupted" in title
    assert nvim.lua("return vim.fn.getcompletion('Rlm resume ', 'cmdline')") == [run_id]
    all_models.begin(script("submit('Twenty lines.', cite=[])"))
    nvim.command("Rlm resume")
    nvim.until("require('rlm.runs').current().state == 'answered'")
    run = nvim.finished()
    assert (run["run_id"], run["bufnr"]) == (run_id, answer)
    assert "Twenty lines." in run["text"]


def test_a_server_that_keeps_dying_is_left_alone(start: Start, log: Path) -> None:
    nvim = start()
    nvim.edit(log)
    for _ in range(3):
        nvim.until("#require('rlm.server').clients() == 1")
        os.kill(nvim.server_pid(), signal.SIGKILL)
        nvim.until("#require('rlm.server').clients() == 0")
    nvim.until_told(":Rlm restart")
    assert "signal 9" in nvim.status()
    nvim.command("Rlm restart")
    nvim.until("#require('rlm.server').clients() == 1")
    assert nvim.ask("ask How many lines contain ERROR?")["state"] == "answered"
    assert nvim.status() == ""


def test_restart_takes_the_options_of_now_and_keeps_the_buffers(start: Start, log: Path) -> None:
    nvim = start()
    nvim.edit(log)
    before = nvim.server_pid()
    nvim.lua("local o = vim.g.rlm; o.settings = { privacy = 'local' }; vim.g.rlm = o")
    nvim.command("Rlm restart")
    nvim.until_told("runs again")
    nvim.until("#vim.lsp.get_clients({ name = 'rlm', bufnr = 0 }) == 1")
    assert nvim.server_pid() != before
    assert not psutil.pid_exists(before)
    nvim.command("Rlm doctor")
    nvim.until_told("privacy: local")
    assert nvim.ask("ask How many lines contain ERROR?")["state"] == "answered"


def test_a_server_that_neovim_stops_stays_stopped_until_it_is_needed(start: Start, log: Path) -> None:
    nvim = start()
    nvim.edit(log)
    nvim.lua("local client = vim.lsp.get_clients({ name = 'rlm' })[1] require('rlm.compat').call(client, 'stop')")
    nvim.until("#vim.lsp.get_clients({ name = 'rlm' }) == 0")
    assert nvim.told() == []
    assert nvim.status() == ""
    assert nvim.ask("ask How many lines contain ERROR?")["state"] == "answered"


def test_a_server_that_cannot_be_started_is_told_with_the_remedy(start: Start, log: Path) -> None:
    nvim = start(options={"cmd": ["no-such-rlm-ls"]})
    nvim.edit(log, attached=False)
    assert nvim.told() == []
    run = nvim.ask("ask What?")
    assert run["state"] == "failed"
    assert ":checkhealth rlm" in run["problem"]
    assert nvim.spinners() == []


def test_leaving_neovim_leaves_no_server_behind(start: Start, log: Path, models: Models) -> None:
    nvim = start()
    nvim.edit(log)
    server = psutil.Process(nvim.server_pid())
    nvim.nvim.command("qall!", async_=True)
    server.wait(PATIENCE)
