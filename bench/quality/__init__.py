"""Right answers over the demo's log, by the offline rules; any model, any index: `python -m bench.quality --help`."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path


def measure(repeats: int) -> str:
    """Rules and log are always the same, so nothing is repeated."""
    del repeats
    from bench.quality import measuring, report, results, sample

    with tempfile.TemporaryDirectory(prefix="rlm-ls-quality-") as folder:
        texts = Path(folder)
        questions = sample.questions(texts)
        found = results.Results()
        plan = measuring.Plan(texts=texts, model="offline", arms=("loop",))
        asyncio.run(measuring.measure(plan, questions, found))
        return report.report(measuring.rows_of(plan, questions, found))
