"""Ctrl-C at any moment, from the first import to the last line: 130, no traceback, nothing left over.

Moments are told by what the process has said, not by a clock: each module that it imports is a line (`-X importtime`),
each step of the run is another.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to a process group of one's own")

FIRST = "rlm_ls.isolation"
"""The first module after Ctrl-C has become ours; before there is only the interpreter."""


class Interrupted:
    """A command in a terminal's process group, to which Ctrl-C is sent as a terminal does: to all of the group."""

    def __init__(self, *arguments: object) -> None:
        self._mark = uuid4().hex
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-X", "importtime", "-m", "rlm_ls", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd="/",
            env={**os.environ, "RLM_TEST_MARK": self._mark},
        )
        self._lines: list[str] = []
        while FIRST not in self._said():
            pass

    def _said(self) -> str:
        assert self._process.stderr is not None
        line = self._process.stderr.readline()
        self._lines.append(line)
        return line or FIRST  # it has ended

    def after(self, lines: int) -> None:
        """Waits until it has said so many lines more."""
        for _ in range(lines):
            self._said()

    def until(self, text: str) -> None:
        while text not in (line := self._said()):
            assert line != FIRST, "".join(self._lines)

    def press(self) -> tuple[int, str]:
        """Ctrl-C, and its end: the exit code, and what it said to its user. Fails where a process of it is left."""
        os.killpg(self._process.pid, signal.SIGINT)
        printed, rest = self._process.communicate(timeout=PATIENCE)
        self._lines += rest.splitlines(keepends=True)
        end = time.monotonic() + PATIENCE
        while left := self._left():
            assert time.monotonic() < end, left
        said = "".join(line for line in self._lines if not line.startswith("import time:"))
        return self._process.returncode, printed + said

    def lines(self) -> int:
        """How many lines it says when nobody interrupts it."""
        _, rest = self._process.communicate(timeout=PATIENCE)
        assert self._process.returncode == 0, rest
        return rest.count("\n")

    def _left(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get("RLM_TEST_MARK") == self._mark
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found


def asking(log: Path) -> tuple[object, ...]:
    return "ask", "--steps", "--model", "offline", "How many lines contain ERROR?", log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text("ERROR one\n" * 100, encoding="utf-8")
    return path


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands put what is temporary."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.mark.parametrize(
    ("moments", "arguments"),
    [
        (16, asking),
        (6, lambda _: ("runs",)),
        (6, lambda _: ("--help",)),
        (6, lambda _: ("mcp",)),
        (6, lambda _: ("doctor",)),
    ],
    ids=["ask", "runs", "help", "mcp", "doctor"],
)
def test_ctrl_c_ends_a_command_at_any_moment(
    log: Path, temporary: Path, state_dir: Path, moments: int, arguments: Callable[[Path], tuple[object, ...]]
) -> None:
    every = Interrupted(*arguments(log)).lines()
    for number in range(moments):
        command = Interrupted(*arguments(log))
        command.after(every * number // moments)
        code, said = command.press()
        assert code == 130, said
        assert "Traceback" not in said
        assert "rror" not in said.replace("ERROR", "")
        assert list(temporary.iterdir()) == []


def test_ctrl_c_while_the_server_is_loading_is_no_error(temporary: Path, state_dir: Path) -> None:
    """Once it serves, that is its end like any other (code 0), or that of its client (1)."""
    for number in range(8):
        server = Interrupted()
        server.after(80 * number)
        code, said = server.press()
        assert code in (0, 1, 130), said
        assert "Traceback" not in said


def test_ctrl_c_ends_the_demo_and_not_only_its_question(temporary: Path, state_dir: Path) -> None:
    demo = Interrupted("demo", "--steps")
    demo.until("turn 1")
    code, said = demo.press()
    assert code == 130
    assert "1 of 3" in said
    assert "2 of 3" not in said


def test_ctrl_c_while_the_demo_writes_its_log_leaves_no_part_of_it(temporary: Path, state_dir: Path) -> None:
    demo = Interrupted("demo")
    demo.until("The demo generates")
    made = Path(os.environ["XDG_CACHE_HOME"]) / "rlm-ls" / "demo"
    while not list(made.rglob(".shop.log.*")):
        pass
    code, said = demo.press()
    assert code == 130, said
    assert [path for path in made.rglob("*") if path.is_file()] == []
