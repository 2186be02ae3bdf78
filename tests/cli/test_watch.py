"""`rlm-ls watch` and `rlm-ls again`: real processes over a file that is written to, by the offline rules."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_commands import rlm
from tests.patience import PATIENCE

LINE = "2026-11-27 03:04:05 {} worker something happened\n"


class Watching:
    """A `rlm-ls watch` under way; its lines as they come."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "rlm_ls", "watch", "How many ERROR lines are there?", "app.log",
             "--model", "offline", "--every", "0.2s", *arguments],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def answer(self) -> dict[str, Any]:
        """The next one, of --json."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read() if self.process.stderr else ""
        told: dict[str, Any] = json.loads(line)
        return told

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float, str]:
        began = time.monotonic()
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, time.monotonic() - began, said


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text(LINE.format("ERROR") * 3 + LINE.format("INFO") * 30)
    return path


@pytest.fixture
def watch(log: Path) -> Iterator[Callable[..., Watching]]:
    under_way: list[Watching] = []

    def start(*arguments: str) -> Watching:
        under_way.append(Watching(log.parent, *arguments))
        return under_way[-1]

    yield start
    for one in under_way:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_speaks_up_when_the_answer_changes(watch: Callable[..., Watching], log: Path) -> None:
    watching = watch("--json")
    first = watching.answer()
    assert not first["changed"]
    assert "3" in first["answer"]["answer"]
    append(log, LINE.format("INFO"))  # nothing to speak of
    append(log, LINE.format("ERROR"))
    told = watching.answer()
    assert told["changed"]
    assert "app.log goes on: lines 34 to " in told["news"][0]
    assert any(line.startswith("- ") and "3" in line for line in told["difference"])
    assert any(line.startswith("+ ") and "4" in line for line in told["difference"])
    assert told["answer"]["coverage"]["upTo"][0]["line"] == 35
    code, _, _ = watching.end()
    assert code == 143


@pytest.mark.parametrize("how", ["renamed", "copied and truncated"])
def test_survives_a_rotation(watch: Callable[..., Watching], log: Path, how: str) -> None:
    watching = watch("--json")
    watching.answer()
    if how == "renamed":
        log.rename(log.with_suffix(".1"))
        time.sleep(0.5)  # some looks find no file
    else:
        os.truncate(log, 0)
        time.sleep(0.5)
    log.write_text(LINE.format("ERROR"))
    told = watching.answer()
    assert "was written anew" in told["news"][0]
    assert "1" in told["answer"]["answer"]
    _, _, said = watching.end()
    assert said.count("The next look may find it otherwise.") <= 2  # once for each thing that was wrong


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ends_at_once(watch: Callable[..., Watching], number: int) -> None:
    watching = watch("--json", "--every", "1h")
    watching.answer()
    code, seconds, said = watching.end(number)
    assert code == 128 + number
    assert seconds < 30  # and not an hour
    assert "Traceback" not in said


def test_ends_once_changed(watch: Callable[..., Watching], log: Path) -> None:
    watching = watch("--once-changed")
    stdout = watching.process.stdout
    assert stdout is not None
    while "Coverage" not in stdout.readline():
        pass
    append(log, LINE.format("ERROR"))
    text, _ = watching.process.communicate(timeout=PATIENCE)
    assert watching.process.returncode == 0
    assert "The answer has changed. app.log goes on: lines 34 to 34 are new" in text
    assert "app.log up to line 34 (" in text


def test_what_is_not_there_at_first_is_an_error(watch: Callable[..., Watching], log: Path) -> None:
    log.unlink()
    watching = watch()
    _, said = watching.process.communicate(timeout=PATIENCE)
    assert watching.process.returncode == 1
    assert "app.log" in said


def test_each_look_is_in_the_history_and_can_be_looked_at_again(log: Path) -> None:
    question = "How many ERROR lines are there?"
    done = rlm("watch", question, str(log), "--model", "offline", "--looks", "1")
    assert done.returncode == 0
    append(log, LINE.format("ERROR"))
    done = rlm("again", "last", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert "4" in answer["answer"]
    assert answer["coverage"]["upTo"][0]["line"] == 34
    assert len(json.loads(rlm("runs", "--json").stdout)) >= 2


@pytest.mark.parametrize("every", ["5", "0s", "8d", "-1m", "1e9s", "soon"])
def test_a_time_that_is_none_is_refused(log: Path, every: str) -> None:
    done = rlm("watch", "q?", str(log), f"--every={every}")
    assert done.returncode == 2
    assert "--every wants a time" in done.stderr
