"""Every measurement still measures: run once over a small log. No figure is judged here."""

from __future__ import annotations

import importlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from bench import jail, loop, memory, programs, quality, responsiveness, search, startup, store, tokens
from bench import suite as figures
from bench.__main__ import names
from bench.suite.figure import Scale, compared
from tests.compilers import missing

LINES = 16_000
LASTING = ("a model call", "a script's endless loop")


@pytest.fixture
def log(small_log: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    path = small_log(LINES)
    for module in (loop, memory, responsiveness, search):
        monkeypatch.setattr(module, "large_log", lambda *_: path)
    return path


def rows(printed: str) -> dict[str, str]:
    """The lines of the tables by their first column."""
    return {re.split(r" {2,}", line)[0]: line for line in printed.splitlines()}


@pytest.mark.parametrize("name", names())
def test_a_measurement_says_what_it_measures(name: str) -> None:
    module = importlib.import_module(f"bench.{name}")
    assert (module.__doc__ or "").strip()
    assert callable(module.measure)


def test_the_loop_is_measured_turn_by_turn(log: Path) -> None:
    printed = rows(loop.measure(1))
    assert {"second question", "turn 1", "turn 6"} <= printed.keys()


def test_the_verbs_count_what_grep_counts(log: Path) -> None:
    printed = rows(search.measure(1))
    assert {case.name for case in search.CASES} <= printed.keys()
    # A count that differs is printed in its column: "1.20 (12 not 13)".
    assert shutil.which("grep")
    assert not [line for line in printed.values() if re.search(r"\d \(\S+ not ", line)]


def test_the_sandbox_is_measured_against_none() -> None:
    printed = rows(jail.measure(1))
    for name in ("run over 1 MB, no sandbox", "run over 1 MB, launcher", "compile rust to native"):
        assert float(re.split(r" {2,}", printed[name])[1].split()[0]) > 0, printed[name]


def test_memory_is_that_of_the_server_and_its_children(log: Path) -> None:
    printed = rows(memory.measure(1))
    for name in ("server, before the first question", "its children, most"):
        assert float(re.split(r" {2,}", printed[name])[1].split()[0]) > 1


def test_cancelling_is_timed_to_the_answer(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A small log's snapshot, and a slow search of it, are over before they can be cancelled.
    lasting = [replace(case, seconds=0.1) for case in responsiveness.STOPPED if case.name in LASTING]
    monkeypatch.setattr(responsiveness, "STOPPED", lasting)
    monkeypatch.setattr(responsiveness, "BUSY_WITH", {"counting": "count('ERROR')"})
    monkeypatch.setattr(responsiveness, "SETTLE_SECONDS", 0.0)
    printed = rows(responsiveness.measure(1))
    assert len(lasting) == 2
    assert {"first question", "counting", *LASTING} <= printed.keys()


def test_the_store_is_timed_beside_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "EVENTS", 64)
    printed = rows(store.measure(1))
    assert {"sqlite3, 0.2 KB", "append, 0.2 KB"} <= printed.keys()


def test_the_start_is_timed_beside_a_bare_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "SETTLE_SECONDS", 0.0)
    assert "ratio of medians" in rows(startup.measure(1))


def test_the_offline_rules_are_scored() -> None:
    printed = rows(quality.measure(1))
    assert {"errors", "warnings", "users", "levels", "loop, offline"} <= printed.keys()


def test_programs_are_timed_beside_bare_wasmtime(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "large_log", lambda: log)
    monkeypatch.setattr(programs, "OUT", tmp_path)
    monkeypatch.setattr(programs, "LARGE", 1_000_000)
    monkeypatch.setattr(programs, "SMALL", 100_000)
    monkeypatch.setattr(programs, "SOURCES", {"line_ends": programs.SOURCES["line_ends"]})
    if not programs.available():
        missing("a compiler for Rust")
    assert re.search(r"\d\.\d\d", rows(programs.measure(1))["line_ends"])


def test_the_shipped_recordings_are_counted() -> None:
    printed = tokens.measure(1)
    assert "median of runs" in rows(printed)
    assert re.search(r"System prompt: \d{3}", printed)


WORKS = ("lines of", "values of", "what needs", "snapshot", "1 GB", "20,000", "100,000", "server", "./dev demo", "runs")


def test_every_figure_is_measured_in_small_and_counts_what_its_anchors_count(tmp_path: Path) -> None:
    assert figures.run(Scale(quick=True), out=tmp_path) == 0
    written = json.loads((tmp_path / "quick.json").read_text("utf-8"))
    for work in WORKS:
        assert [figure for figure in written["figures"] if figure["work"].startswith(work)], work
    assert not [figure for figure in written["figures"] if "counts" in figure["note"] or "expected" in figure["note"]]
    assert len(written["growth"]["bytes"]) == len(written["growth"]["files"]) == 2
    assert "<svg" in (tmp_path / "quick.svg").read_text("utf-8")


def test_a_figure_is_judged_by_its_anchor_or_by_the_quickest_of_all() -> None:
    took = {"ours": 2.0, "rg": 1.0, "grep": 4.0}
    assert compared("", "", took, 1.5, "rg").used == pytest.approx(2 / 1.5)
    assert compared("", "", took, 1.0, "grep").used == pytest.approx(0.5)
    assert compared("", "", took, 1.0).used == pytest.approx(2.0)
    assert "not installed" in compared("", "", {"ours": 2.0}, 1.5, "rg").note
