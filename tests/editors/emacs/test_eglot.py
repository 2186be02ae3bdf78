"""Emacs with eglot and no plugin of ours: a question in the text, a code action, and the answer as a file."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.editors.programs import missing, program
from tests.patience import PATIENCE

ASK = Path(__file__).with_name("ask.el")
TEXT = "apple\n# rlm: How many lines contain apple?\nplum\n"


def test_a_question_in_the_text_is_answered_through_eglot(tmp_path: Path, state_dir: Path) -> None:
    emacs = program("emacs")
    here = ["--batch", "-q", "--eval", "(progn (require 'package) (package-initialize) (require 'eglot))"]
    if subprocess.run([emacs, *here], capture_output=True).returncode:
        missing("eglot (in Emacs since 29; Debian's elpa-eglot before)")
    notes = tmp_path / "notes.txt"
    notes.write_text(TEXT, "utf-8")
    server = [sys.executable, "-P", "-m", "rlm_ls"]
    ran = subprocess.run(
        [emacs, "--batch", "-q", "-l", str(ASK), str(notes), "2", "Answer this question", *server],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    said = re.match(r"(shown|answer): (.*)\n", ran.stdout)
    assert said is not None, ran.stdout + ran.stderr
    answer = Path(said[2])
    assert answer.parent == state_dir / "answers"
    text = answer.read_text("utf-8")
    assert text.startswith("# How many lines contain apple?")
    # The line that was inserted and not saved counts, the question's own does not.
    assert "2 lines" in text
