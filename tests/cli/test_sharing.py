"""`rlm-ls trace --markdown` and `--html`: an answer to be passed on."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.cli.test_commands import rlm


def asked(folder: Path) -> Path:
    log = folder / "app.log"
    log.write_text("".join(f"{n} {'ERROR <b>x</b>' if n == 50 else 'INFO'} line\n" for n in range(1, 101)))
    done = rlm("ask", "Which lines contain ERROR?", log, "--model", "offline")
    assert done.returncode == 0, done.stderr
    return log


def test_an_answer_as_markdown_leads_nowhere_on_this_machine(tmp_path: Path) -> None:
    asked(tmp_path)
    told = rlm("trace", "last", "--markdown").stdout
    assert "# Which lines contain ERROR?" in told
    assert "app.log:50`: `50 ERROR <b>x</b> line`" in told
    assert "](file:" not in told


def test_a_page_holds_the_lines_around_what_is_cited(tmp_path: Path) -> None:
    log = asked(tmp_path)
    page = tmp_path / "page.html"
    assert rlm("trace", "last", "--html", page).returncode == 0
    log.unlink()  # a colleague does not have it
    html = page.read_text()
    (found,) = re.findall(r'<script type="application/json" id="trace">(.*?)</script>', html, re.DOTALL)
    (one,) = json.loads(found)["excerpts"]
    assert one["first"] == 45
    assert one["marked"] == [5, 5]
    assert one["lines"][5] == "50 ERROR <b>x</b> line"
    assert len(one["lines"]) == 11
    assert "<b>x</b>" not in html


def test_of_a_text_that_is_gone_a_page_holds_what_was_quoted(tmp_path: Path) -> None:
    asked(tmp_path).unlink()
    page = tmp_path / "page.html"
    assert rlm("trace", "last", "--html", page).returncode == 0
    (found,) = re.findall(r'id="trace">(.*?)</script>', page.read_text(), re.DOTALL)
    (one,) = json.loads(found)["excerpts"]
    assert one["lines"] == ["50 ERROR <b>x</b> line"]
    assert "This is what was quoted." in one["notes"][0]
