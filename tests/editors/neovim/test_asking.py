"""A question and its answer, as the user of Neovim meets them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.editors.neovim.conftest import Models
from tests.editors.neovim.driver import Neovim
from tests.fakes.model_server import Scripted
from tests.fakes.web import web
from tests.scripted import script

SHOWN = "table.concat(vim.api.nvim_buf_get_lines(..., 0, -1, false), '\\n'):find('{}', 1, true)"
LOG = "ERROR één timeout\n→ 𝄞 ERROR two\nINFO three\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text(LOG, "utf-8")
    return path


def test_files_are_attached_to_in_the_editors_own_encoding(nvim: Neovim, log: Path, version: str) -> None:
    nvim.edit(log)
    encoding = nvim.lua("return vim.lsp.get_clients({ bufnr = 0 })[1].offset_encoding")
    assert encoding == ("utf-16" if version == "0.10" else "utf-8")


def test_an_answer_is_about_the_text_as_it_is_in_the_buffer(nvim: Neovim, log: Path) -> None:
    nvim.edit(log)
    nvim.lua("vim.api.nvim_buf_set_lines(0, 0, 0, false, { 'ERROR not saved' })")
    run = nvim.ask("ask Which lines contain ERROR?")
    assert run["state"] == "answered"
    assert "app.log:1: ERROR not saved" in run["text"]
    assert "app.log:3: → 𝄞 ERROR two" in run["text"]
    assert "ERROR not saved" not in log.read_text("utf-8")


@pytest.mark.parametrize("layout", ["split", "vsplit", "float", "tab"])
def test_neither_focus_nor_cursor_nor_view_move(nvim: Neovim, log: Path, layout: str) -> None:
    log.write_text(LOG * 100, "utf-8")
    nvim.edit(log)
    nvim.lua("local o = vim.g.rlm; o.answer = { layout = ... }; vim.g.rlm = o", layout)
    nvim.command("normal! 150Gzt3l")
    here = """return { vim.fn.winsaveview().topline, vim.api.nvim_win_get_cursor(0), vim.api.nvim_get_current_win(),
      vim.fn.mode(), vim.fn.bufname() }"""
    before = nvim.lua(here)
    run = nvim.ask("ask How many lines contain ERROR?")
    assert nvim.lua(here) == before
    assert nvim.lua("return #vim.fn.win_findbuf(...)", run["bufnr"]) == 1
    assert nvim.lua("return #vim.api.nvim_list_tabpages()") == (2 if layout == "tab" else 1)
    assert nvim.lua("return vim.bo[...].filetype", run["bufnr"]) == "markdown"
    nvim.lua("local o = vim.g.rlm; o.answer = nil; vim.g.rlm = o")


def test_the_answer_streams_while_a_spinner_shows_where_it_was_asked(live: Neovim, log: Path, models: Models) -> None:
    models.begin(
        Scripted("I look for errors.\n```python\nhits = find('ERROR')\nprint(len(hits))\n```", hold="middle"),
        Scripted(script("submit('Two **errors**.', cite=hits)"), hold="middle"),
    )
    live.edit(log)
    live.command("normal! 2G")
    live.command("Rlm ask What failed?")
    answer = live.run()["bufnr"]
    live.until("vim.api.nvim_buf_get_lines(..., 0, 1, false)[1] == '# What failed?'", answer)
    live.until(SHOWN.format("I look for"), answer)
    live.until("require('rlm').status():find('turn 1')")
    (spinner,) = live.spinners()
    assert spinner.startswith("1:")
    assert "turn 1" in spinner
    assert len(live.spinners(answer)) == 1
    models.release()
    live.until(SHOWN.format("1. I look for errors."), answer)
    models.release()
    run = live.finished()
    assert "Two **errors**." in run["text"]
    assert "```" not in run["text"]
    assert live.spinners() == []
    assert live.spinners(answer) == []
    assert live.status() == ""


def test_citations_are_in_the_quickfix_list_at_their_line_and_column(live: Neovim, log: Path, models: Models) -> None:
    # Of a long line only the part around the match is cited.
    long = "ähm 𝄞 " * 2000 + "ERROR in the middle" + " öl 𝄞" * 2000
    other = log.with_name("other.log")
    other.write_text(f"first\n{long}\n", "utf-8")
    (log.parent / ".git").mkdir()
    models.begin(script("submit('Here.', cite=regex('ERROR'))"))
    live.edit(log)
    live.lua("vim.api.nvim_buf_set_lines(0, 2, 2, false, { ... })", long)
    run = live.ask("workspace Where?")
    assert run["state"] == "answered"
    assert live.lua("return vim.fn.getqflist({ title = 1 }).title") == "rlm: Where?"
    places = []
    for entry, citation in zip(live.lua("return vim.fn.getqflist()"), run["answer"]["citations"], strict=True):
        name = live.lua("return vim.fn.bufname(...)", entry["bufnr"])
        live.command(f"hide buffer {entry['bufnr']}")
        line = live.lua("return vim.fn.getline(...)", entry["lnum"]).encode()
        assert line[entry["col"] - 1 :].startswith(citation["quote"].encode()), entry
        assert entry["end_col"] == entry["col"] + len(citation["quote"].encode())
        places.append((Path(name).name, entry["lnum"], entry["col"] > 1))
    assert sorted(places) == [
        ("app.log", 1, False),
        ("app.log", 2, False),
        ("app.log", 3, True),
        ("other.log", 2, True),
    ]


@pytest.mark.parametrize("key", ["gf", "\r"])
def test_a_key_on_a_citation_goes_to_where_its_text_stands_now(
    live: Neovim, log: Path, models: Models, key: str
) -> None:
    models.begin(script("submit('See [there](app.log:2).', cite=regex('ERROR two'))"))
    live.edit(log)
    run = live.ask("ask Where?")
    live.lua("vim.api.nvim_buf_set_lines(0, 0, 2, false, { 'new', 'lines', '𝄞 and ' .. vim.fn.getline(2) })")
    source = live.lua("return vim.api.nvim_get_current_win()")
    live.command("Rlm answer")
    assert live.lua("return vim.api.nvim_get_current_buf()") == run["bufnr"]
    live.lua("vim.fn.search('^- .app.log:2')")
    live.nvim.input(key)
    live.until("vim.api.nvim_get_current_win() == ...", source)
    live.until("vim.api.nvim_win_get_cursor(0)[1] == 3")
    assert live.lua("return vim.api.nvim_get_current_line():sub(vim.fn.col('.'))") == "→ 𝄞 ERROR two"
    assert any("moved" in text for text in live.told())


def test_a_selection_is_asked_about_by_its_characters(nvim: Neovim, log: Path, version: str) -> None:
    nvim.edit(log)
    # From the clef in line 2, which is four bytes and two UTF-16 units, to the first letter of ERROR.
    nvim.command("normal! 2G0wvw")
    nvim.nvim.input(":Rlm selection How many lines?<CR>")
    nvim.until("require('rlm.runs').current().asked.question == 'How many lines?'")
    selected = nvim.finished()["scope"]["range"]
    line = LOG.splitlines()[1]

    def unit(text: str) -> int:
        return len(text.encode()) if version != "0.10" else len(text.encode("utf-16-le")) // 2

    assert selected == {
        "start": {"line": 1, "character": unit(line[: line.index("𝄞")])},
        "end": {"line": 1, "character": unit(line[: line.index("E") + 1])},
    }


def test_tables_of_an_answer_are_taken_as_csv_and_json(live: Neovim, log: Path, models: Models) -> None:
    models.begin(script("submit('| host | n |\\n| --- | --- |\\n| pay-03 | 81 |', cite=[], data=[{'a': 1}])"))
    live.edit(log)
    live.ask("ask How many by host?")
    live.command("Rlm data")
    live.until("vim.bo.filetype == 'csv'")
    assert live.text() == "a\n1\n\nhost,n\npay-03,81"
    live.command("Rlm data json")
    live.until("vim.bo.filetype == 'json'")
    assert '"pay-03"' in live.text()


def test_lines_may_be_given_as_a_range(nvim: Neovim, log: Path) -> None:
    nvim.edit(log)
    nvim.command("2,3Rlm ask How many lines contain ERROR?")
    run = nvim.finished()
    assert run["scope"]["range"]["start"] == {"line": 1, "character": 0}
    assert run["answer"]["citations"][0]["location"]["range"]["start"]["line"] == 1


def test_every_unsaved_buffer_of_the_workspace_counts(nvim: Neovim, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for name in ("one", "two"):
        (tmp_path / f"{name}.txt").write_text("nothing\n")
        nvim.edit(tmp_path / f"{name}.txt")
        nvim.lua("vim.api.nvim_buf_set_lines(0, 0, 0, false, { 'apple in ' .. ... })", name)
        nvim.command("set hidden")
    run = nvim.ask("workspace Which lines contain apple?")
    assert "apple in one" in run["text"]
    assert "apple in two" in run["text"]


def test_a_large_file_is_not_sent_but_read_by_the_server(nvim: Neovim, tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    path.write_text("ERROR here\n" + "fill " * 20 + "\n" * 200_000)
    nvim.lua("local o = vim.g.rlm; o.attach_max_bytes = 100000; vim.g.rlm = o")
    nvim.edit(path, attached=False)
    run = nvim.ask("ask How many lines contain ERROR?")
    assert run["state"] == "answered"
    assert nvim.lua("return #vim.lsp.get_clients({ bufnr = 0 })") == 0
    # Unsaved edits count all the same.
    nvim.lua("vim.api.nvim_buf_set_lines(0, 0, 0, false, { 'ERROR unsaved' })")
    run = nvim.ask("ask Which lines contain ERROR?")
    assert "ERROR unsaved" in run["text"]
    nvim.lua("local o = vim.g.rlm; o.attach_max_bytes = nil; vim.g.rlm = o")


def test_a_buffer_without_a_name_is_refused_with_the_remedy(nvim: Neovim) -> None:
    run = nvim.ask("ask What is this?")
    assert run["state"] == "failed"
    assert ":file NAME" in run["problem"]
    assert any(":file NAME" in text for text in nvim.told())


def test_without_a_question_one_is_typed(nvim: Neovim, log: Path) -> None:
    nvim.edit(log)
    nvim.lua("_G.typed = nil")
    nvim.command("Rlm ask")
    assert nvim.lua("return asked") == ["Ask about this file: "]
    assert nvim.lua("return #require('rlm.runs').live()") == 0
    nvim.lua("_G.typed = 'How many lines contain ERROR?'")
    assert nvim.ask("ask")["state"] == "answered"


def test_a_follow_up_knows_the_answer_before_it(live: Neovim, log: Path, models: Models) -> None:
    models.begin(script("submit('Eleven.', cite=[])"), script("submit('Twelve.', cite=[])"))
    live.edit(log)
    first = live.ask("ask How many?")
    live.command("Rlm answer")
    second = live.ask("follow And now?")
    assert second["run_id"] != first["run_id"]
    assert second["scope"] == first["scope"]
    assert "Eleven." in str(models.asked()[-1]["messages"])


def test_a_follow_up_goes_to_the_server_that_knows_the_edits(nvim: Neovim, log: Path) -> None:
    nvim.edit(log)
    first = nvim.ask("ask How many lines contain ERROR?")
    # Another folder's server is the one used last.
    other = log.parent / "other" / "notes.txt"
    (other.parent / ".git").mkdir(parents=True)
    other.write_text("plum\n")
    nvim.edit(other)
    nvim.ask("ask How many lines contain plum?")
    nvim.command(f"buffer {log}")
    nvim.lua("vim.api.nvim_buf_set_lines(0, 0, 0, false, { 'ERROR added' })")
    nvim.command(f"Rlm answer {first['run_id']}")
    run = nvim.ask("follow Which lines contain ERROR?")
    assert "ERROR added" in run["text"]


def test_lua_can_ask_and_hears_of_the_end(nvim: Neovim, log: Path) -> None:
    nvim.edit(log)
    nvim.lua("""
      _G.heard = nil
      vim.api.nvim_create_autocmd('User', { pattern = 'RlmFinished', once = true,
        callback = function(event) _G.heard = event.data end })
      require('rlm').ask('How many lines contain ERROR?')""")
    heard = nvim.until("heard")
    assert heard["status"] == heard["answer"]["status"] == "answered"
    assert heard["answer"]["answer"].startswith("2 lines")


def test_errors_of_the_model_are_told_in_one_sentence(live: Neovim, log: Path, models: Models) -> None:
    models.begin(Scripted(fault="401"))
    live.edit(log)
    run = live.ask("ask What?")
    assert run["state"] == "failed"
    assert run["problem"] in "".join(live.told())
    assert "**failed**" in live.text(run["bufnr"])
    assert live.spinners() == []


def test_a_run_that_fails_on_its_way_says_why_and_keeps_what_it_has(live: Neovim, log: Path, models: Models) -> None:
    models.begin(script("print(count('ERROR'))"), Scripted(fault="401"))
    live.edit(log)
    run = live.ask("ask How many?")
    assert run["state"] == "failed"
    assert run["answer"]["reason"] in "".join(live.told())
    assert "**failed**" in run["text"]


def test_nothing_a_model_writes_is_drawn_or_evaluated_while_it_writes(live: Neovim, log: Path, models: Models) -> None:
    fence = "```"
    draft = f"![x](https://evil.example/a.png) <img src=b>\n{fence}python\nv = 'vec![1]'\nprint(v)\n{fence}\n"
    models.begin(draft, script("submit('done', cite=[])"))
    live.edit(log)
    live.lua(
        """_G.drafts, _G.lines = {}, {}
           local documents, status = require('rlm.documents'), require('rlm.status')
           local set = documents.set_lines
           documents.set_lines = function(bufnr, lines)
             table.insert(_G.drafts, table.concat(lines, '\\n'))
             return set(bufnr, lines)
           end
           require('rlm.server').problem = '%{execute("let g:ran = 1")}'
           _G.lines = vim.api.nvim_eval_statusline(status.line(), {}).str
           require('rlm.server').problem = nil"""
    )
    live.ask("ask How many?")
    drafts = "\n".join(live.lua("return _G.drafts"))
    assert "evil.example" in drafts
    assert "![x]" not in drafts
    assert "<img" not in drafts.replace("\\<img", "")
    assert "vec![1]" in drafts
    assert live.lua("return vim.g.ran == nil and _G.lines:find('execute', 1, true) ~= nil")


def test_a_question_is_asked_again_of_what_has_come(live: Neovim, log: Path, models: Models) -> None:
    count = script("submit(f\"{count('ERROR')} errors\", cite=find('ERROR', limit=1))")
    models.begin(count, count)
    live.edit(log)
    first = live.ask("ask How many errors?")
    assert "2 errors" in first["text"]
    log.write_text(LOG + "ERROR four\n", "utf-8")
    live.command("checktime")
    live.command("Rlm again")
    live.until("require('rlm.runs').current().run_id ~= ...", first["run_id"])
    second = live.finished()
    assert "3 errors" in second["text"]
    assert second["run_id"] != first["run_id"]


def test_an_answer_is_copied_with_its_citations(live: Neovim, log: Path, models: Models) -> None:
    models.begin(script("submit('Two **errors**.', cite=find('ERROR', limit=1))"))
    live.edit(log)
    live.ask("ask How many errors?")
    live.command("Rlm copy")
    live.until("vim.fn.getreg('\"'):find('Two **errors**', 1, true)")
    copied = live.lua("return vim.fn.getreg('\"')")
    assert "`app.log:1`: `ERROR één timeout`" in copied
    assert "file:" not in copied


def test_a_text_that_lies_elsewhere_is_asked_about_by_its_address(
    live: Neovim, log: Path, models: Models, tmp_path: Path
) -> None:
    models.begin(script("submit(f\"{count('ERROR')} errors\", cite=find('ERROR', limit=1))"))
    with web(tmp_path) as address:
        run = live.ask(f"ask {address}/app.log How many errors?")
    assert run["state"] == "answered"
    assert "2 errors" in run["text"]
