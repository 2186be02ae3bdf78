"""A bare machine's first answer: `./dev demo` in a fresh clone beside `pip install` of its lock (goal: ≤ 1.1 times)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.tables import table

PROJECT = Path(__file__).resolve().parent.parent
ANSWERED = "Coverage: "
"""Begins the line under an answer."""


def measure(repeats: int) -> str:
    """Once each, since it takes minutes: the installation without a cache, a clone without one, the former again."""
    del repeats
    with tempfile.TemporaryDirectory(prefix="rlm-bench-") as folder:
        before = _installed(Path(folder) / "before")
        first, all_three = _demo(Path(folder) / "clone")
        after = _installed(Path(folder) / "after")
    anchor = min(before, after)
    rows = [
        ["pip install of install.lock", f"{before:.1f}, {after:.1f}", "1"],
        ["./dev demo: first answer", f"{first:.1f}", f"{first / anchor:.2f}"],
        ["./dev demo: all three answers", f"{all_three:.1f}", f"{all_three / anchor:.2f}"],
    ]
    return table(["nothing cached", "s", "ratio"], rows)


def _installed(folder: Path) -> float:
    """Seconds of what anybody would do by hand: a virtual environment, and the locked packages in it."""
    folder.mkdir()
    started = time.perf_counter()
    _run([sys.executable, "-P", "-m", "venv", str(folder / "venv")], folder)
    python = str(folder / "venv" / "bin" / "python")
    lock = str(PROJECT / "install.lock")
    _run([python, "-P", "-m", "pip", "install", "-q", "--require-hashes", "-r", lock], folder)
    return time.perf_counter() - started


def _demo(folder: Path) -> tuple[float, float]:
    """Seconds to the demo's first answer and to its end, in a clone of what is committed."""
    subprocess.run(["git", "clone", "-q", str(PROJECT), str(folder)], check=True)
    environment = _bare(folder.parent / "cache")
    started, first = time.perf_counter(), 0.0
    with subprocess.Popen(
        ["./dev", "demo"], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as demo:
        for line in demo.stdout or ():
            if line.startswith(ANSWERED) and not first:
                first = time.perf_counter() - started
    if demo.returncode or not first:
        raise AssertionError(f"./dev demo ended with {demo.returncode}")
    return first, time.perf_counter() - started


def _run(command: Sequence[str], folder: Path) -> None:
    subprocess.run(command, check=True, cwd=folder, env=_bare(folder / "cache"), stdout=subprocess.DEVNULL)


def _bare(cache: Path) -> Mapping[str, str]:
    """This machine without what pip, uv and the demo have kept, and without this environment."""
    kept = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    return kept | {"PIP_NO_CACHE_DIR": "1", "UV_NO_CACHE": "1", "XDG_CACHE_HOME": str(cache)}
