"""A cited place in a text that no buffer should hold: the lines around it, with the text's own numbers."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from tests.editors.neovim.conftest import Models, Start
from tests.editors.neovim.driver import Neovim
from tests.lsp.editor import settings_for

CITED = "é😀 NEEDLE the pool ran dry"
LINES = 1000
TEXT = "".join(f"2026-03-14T{n // 300:02}:00:00Z {CITED if n == 700 else 'nothing'} {n}\n" for n in range(1, LINES + 1))
ANSWER = f"I look.\n```python\nsubmit('The pool ran dry.', cite=regex('{CITED}', limit=1))\n```\n"


@pytest.fixture
def small(start: Start, models: Models) -> Neovim:
    """A Neovim for which 10,000 bytes are large."""
    options = {
        "settings": settings_for(models.server.base_url),
        "env": {"SCRIPTED_KEY": "sk-test"},
        "excerpts_above_bytes": 10_000,
    }
    return start(options=options)


def shown(nvim: Neovim) -> dict[str, Any]:
    """The excerpt in this window, when its lines have come: the cursor's line, and the numbers before the lines."""
    nvim.until("vim.b.rlm_excerpt ~= nil")
    found: dict[str, Any] = nvim.lua(
        """local space = vim.api.nvim_get_namespaces()['rlm.excerpt']
           local numbers, marked = {}, {}
           for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
             local virtual = mark[4].virt_text
             if virtual then numbers[mark[2] + 1] = vim.trim(virtual[1][1])
             else marked = { mark[2], mark[3], mark[4].end_row, mark[4].end_col } end
           end
           local at = vim.api.nvim_win_get_cursor(0)
           local a, b, c, d = unpack(marked)
           return { number = numbers[at[1]], line = vim.api.nvim_get_current_line(), marked = marked,
                    text = a and vim.api.nvim_buf_get_text(0, a, b, c, d, {})[1],
                    first = numbers[1], last = numbers[#numbers], bar = vim.wo.winbar,
                    change = vim.bo.modifiable, name = vim.fn.bufname() }"""
    )
    return found


@pytest.mark.parametrize("name", ["large.log", "packed.log.gz"])
def test_a_citation_opens_the_lines_around_it(small: Neovim, models: Models, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(TEXT.encode()) if name.endswith(".gz") else TEXT.encode())
    models.begin(ANSWER)
    small.command(f"noautocmd edit {path}")
    run = small.ask("ask Why?")
    small.lua("vim.api.nvim_set_current_win(vim.fn.bufwinid(...))", run["bufnr"])
    small.command(f"call search('{name}:700')")
    small.command("normal gf")
    found = shown(small)
    assert (found["number"], found["first"], found["last"]) == ("700", "640", "760")
    assert found["text"] == found["line"]
    assert found["line"].endswith(f"{CITED} 700")
    assert found["bar"].startswith(f"{name}, lines 640 to 760 of 1,000")
    assert found["change"] is False
    windows = small.lua("return #vim.api.nvim_tabpage_list_wins(0)")

    small.command("normal ]x")
    small.until("vim.b.rlm_excerpt.first == 761")
    assert (shown(small)["first"], shown(small)["last"]) == ("761", "1000")
    small.command("normal gz")
    small.until("vim.b.rlm_excerpt.first == 640")
    small.command("normal gh")
    small.until("vim.b.rlm_excerpt.first == 600")
    assert (shown(small)["number"], shown(small)["last"]) == ("700", "899")
    small.lua("_G.typed = 'NOTHING 88'")
    small.command("normal gs")
    small.until("vim.b.rlm_excerpt.line == 880")
    assert shown(small)["number"] == "880"
    assert small.lua("return #vim.api.nvim_tabpage_list_wins(0)") == windows

    # The quickfix list leads there as well, also where the buffer is new.
    small.command("wincmd p | wincmd p")
    small.command("cfirst")
    small.until("vim.b.rlm_excerpt ~= nil and vim.b.rlm_excerpt.first == 640")
    small.until("vim.api.nvim_win_get_cursor(0)[1] == 61")
    assert f"{name}:700: " in small.lua("return vim.fn.getqflist()[1].text")
    assert small.lua("return vim.fn.getqflist()[1].lnum") == 61
    small.command("bdelete! | cfirst")
    small.until("vim.b.rlm_excerpt ~= nil and vim.api.nvim_win_get_cursor(0)[1] == 61")


def test_a_bar_of_a_chart_leads_to_its_lines(small: Neovim, models: Models, tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    path.write_text(TEXT, "utf-8")
    models.begin("I count.\n```python\nchart('bars', '(NEEDLE|nothing)', 'Said')\nsubmit('See.', cite=[1])\n```\n")
    small.command(f"noautocmd edit {path}")
    run = small.ask("ask Why?")
    small.lua("vim.api.nvim_set_current_win(vim.fn.bufwinid(...))", run["bufnr"])
    small.command("call search('| NEEDLE |')")
    row = small.lua("return vim.api.nvim_get_current_line()")
    assert row.startswith("| NEEDLE | 1 | ▏ | [large.log:700](")
    small.command("normal gf")
    assert (shown(small)["number"], shown(small)["text"]) == ("700", shown(small)["line"])
    assert small.lua("return #vim.fn.getqflist()") == 1


def test_a_question_in_an_excerpt_is_about_the_whole_text(small: Neovim, models: Models, tmp_path: Path) -> None:
    path = tmp_path / "packed.log.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))
    small.command(f"Rlm open {path} 300")
    assert shown(small)["number"] == "300"
    models.begin(ANSWER)
    run = small.ask("ask Why?")
    assert run["scope"]["textDocument"]["uri"] == path.as_uri()
    assert [one["line"] for one in run["answer"]["citations"]] == [700]


def test_a_file_is_opened_by_its_size(small: Neovim, tmp_path: Path) -> None:
    large, little = tmp_path / "large.log", tmp_path / "little one.log"
    large.write_text(TEXT, "utf-8")
    little.write_text("one\ntwo\n")
    small.command(f"Rlm open {large} 500")
    found = shown(small)
    assert (found["number"], found["name"].rpartition("/")[2]) == ("500", "large.log")
    small.command(f"Rlm open {little} 2")
    assert small.lua("return { vim.api.nvim_get_current_line(), vim.bo.buftype }") == ["two", ""]
    assert small.lua("return vim.wo.winbar") == ""
    small.command(f"Rlm! open {little} 2")
    assert shown(small)["line"] == "two"
    small.command(f"Rlm open {tmp_path / 'none.log.gz'}")
    small.until_told("does not exist")
