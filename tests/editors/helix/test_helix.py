"""Helix, driven through a terminal: a question in the text, a code action, and the answer opens beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.editors.programs import HELIX, missing, program
from tests.patience import PATIENCE

TEXT = "apple\n# rlm: How many lines contain apple?\nplum\n"
LANGUAGES = """
[language-server.rlm]
command = "{python}"
args = ["-P", "-m", "rlm_ls"]

[[language]]
name = "text"
scope = "text.plain"
file-types = ["txt"]
language-servers = ["rlm"]
"""


class Screen:
    """A terminal of its own tmux server."""

    def __init__(self, tmux: str, folder: Path) -> None:
        self._tmux = [tmux, "-S", str(folder / "tmux"), "-f", os.devnull]

    def start(self, command: list[str], env: dict[str, str]) -> None:
        given = [f"{name}={value}" for name, value in env.items()]
        subprocess.run([*self._tmux, "new-session", "-d", "-x", "110", "-y", "30", "env", *given, *command], check=True)

    def keys(self, *keys: str) -> None:
        subprocess.run([*self._tmux, "send-keys", *keys], check=True)

    def text(self) -> str:
        return subprocess.run(
            [*self._tmux, "capture-pane", "-p"], check=True, capture_output=True, text=True, encoding="utf-8"
        ).stdout

    def until(self, condition: Callable[[str], bool]) -> str:
        end = time.monotonic() + PATIENCE
        while not condition(text := self.text()):
            assert time.monotonic() < end, text
            time.sleep(0.05)
        return text

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True)


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    screen = Screen(program("tmux"), tmp_path)
    yield screen
    screen.close()


def test_a_question_in_the_text_is_answered_in_helix(screen: Screen, tmp_path: Path, state_dir: Path) -> None:
    if HELIX is None:
        missing("Helix")
    config = tmp_path / "config" / "helix"
    config.mkdir(parents=True)
    (config / "languages.toml").write_text(LANGUAGES.format(python=sys.executable), "utf-8")
    notes = tmp_path / "notes.txt"
    notes.write_text(TEXT, "utf-8")
    home = {
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "RLM_STATE_DIR": str(state_dir),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "TERM": "screen-256color",
        "LANG": "C.UTF-8",
    }
    screen.start([str(HELIX), str(notes)], home)
    screen.until(lambda text: "notes.txt" in text and "plum" in text)
    # An edit that is not saved. Keys wait for the mode: an Escape and a letter sent together are another key.
    screen.keys("O")
    screen.until(lambda text: " INS " in text)
    screen.keys("-l", "more apple")
    screen.until(lambda text: "more apple" in text)
    screen.keys("Escape")
    screen.until(lambda text: " NOR " in text)
    screen.keys("j", "j")
    screen.until(lambda text: " 3:" in text)
    asked = 0.0

    def offered(text: str) -> bool:
        nonlocal asked
        if "Answer this question" in text:
            return True
        # Until the server is there, Helix says that there are no code actions.
        if time.monotonic() - asked > 5:
            asked = time.monotonic()
            screen.keys("Space", "a")
        return False

    screen.until(offered)
    # Once to choose the first, once to take it.
    screen.keys("Enter")
    screen.keys("Enter")
    shown = screen.until(lambda text: "2 lines" in text)
    assert "# How many lines contain apple?" in shown
