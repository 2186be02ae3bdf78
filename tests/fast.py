"""What `./dev test --fast` leaves out, and why: the one place to change when a file has become slow.

`pytest --durations=40` tells what is slow.
"""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parent

LEFT_OUT = {
    "agents": "starts servers of other protocols",
    "cli": "starts the command for each test",
    "cluster": "starts clusters",
    "editors": "drives real editors",
    "faults": "breaks things on purpose, and waits for what becomes of it",
    "lsp": "starts the server for each test",
    "recorded": "replays whole runs over large texts",
    "remote": "starts a server of buckets",
    "unit/bench": "runs every measurement in small",
}
"""Folders and files of tests by their path here."""


def left_out(path: Path) -> bool:
    """Whether this file or folder is none of the fast tests."""
    return any(path.is_relative_to(TESTS / name) for name in LEFT_OUT)
