"""The editor's own model through `rlm/sample`, and what an answer is likely to cost."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.editors.neovim.conftest import Models, Start
from tests.editors.neovim.driver import Neovim

SAMPLE = """
_G.requests, _G.given_up = {}, 0
local options = vim.g.rlm
options.settings = { models = { root = 'editor' }, context = { directTokens = 0 } }
options.sample = function(request, on_text, done)
  table.insert(requests, request)
  local reply = 'A plan.\\n```python\\nsubmit("Ten, says the editor.", cite=find("ERROR", limit=1))\\n```'
  if _G.mode == 'fail' then
    vim.schedule(function() done(nil, 'the subscription has ended') end)
  elseif _G.mode == 'throw' then
    error('no such adapter')
  elseif _G.mode == 'at once' then
    done(reply)
  elseif _G.mode ~= 'hang' then
    vim.defer_fn(function()
      on_text(reply:sub(1, 20))
      on_text(reply:sub(21))
      done({ text = reply, model = 'tests', usage = { promptTokens = 100, completionTokens = 20 } })
    end, 20)
  end
  return function() _G.given_up = _G.given_up + 1 end
end
vim.g.rlm = options
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text("ERROR one\nINFO two\n" * 10, "utf-8")
    return path


def test_the_editors_own_model_answers(start: Start, log: Path) -> None:
    nvim = start(more=SAMPLE)
    nvim.edit(log)
    run = nvim.ask("ask How many errors?")
    assert run["state"] == "answered", run
    assert "Ten, says the editor." in run["text"]
    (request,) = nvim.lua("return requests")
    assert request["role"] == "root"
    assert [message["role"] for message in request["messages"]] == ["system", "user"]
    # A reply that is there before anybody waits for it is one as well.
    nvim.lua("_G.mode = 'at once'")
    assert nvim.ask("ask How many errors now?")["state"] == "answered"


@pytest.mark.parametrize(("mode", "words"), [("fail", "subscription has ended"), ("throw", "no such adapter")])
def test_a_failure_of_the_editors_model_is_told(start: Start, log: Path, mode: str, words: str) -> None:
    nvim = start(more=SAMPLE)
    nvim.edit(log)
    nvim.lua("_G.mode = ...", mode)
    run = nvim.ask("ask How many errors?")
    assert run["state"] == "failed"
    assert words in str(run["problem"]) + str(run["answer"])


def test_the_editors_model_is_given_up_when_the_run_is_stopped(start: Start, log: Path) -> None:
    nvim = start(more=SAMPLE)
    nvim.edit(log)
    nvim.lua("_G.mode = 'hang'")
    nvim.command("Rlm ask How many errors?")
    nvim.until("#requests == 1")
    nvim.command("Rlm stop")
    nvim.until("given_up == 1")
    assert nvim.finished()["state"] == "cancelled"


def test_an_estimate_is_told_before_anything_is_asked(live: Neovim, log: Path, models: Models) -> None:
    live.edit(log)
    live.command("Rlm estimate What failed?")
    live.until_told("likely: ")
    (text,) = live.told()
    assert "openai/scripted" in text
    assert "1 document," in text
    assert models.asked() == []
