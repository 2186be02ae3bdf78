"""Large texts to measure on. Written once to `bench/out`, which is not kept in the repository."""

from __future__ import annotations

from pathlib import Path

from rlm_ls.cli.demo.generate import demo_log

OUT = Path(__file__).parent / "out"

LINES_OF_200_MB = 1_600_000


def large_log(lines: int = LINES_OF_200_MB) -> Path:
    """The demo's log with so many lines: about 131 bytes each, so that the default is a little over 200 MB."""
    return demo_log(OUT, lines=lines)
