"""The offline rules on questions that they were not made for: right, declined, wrong, by format."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from bench.quality.offline.judging import Examination, Verdict, examinations, verdict
from bench.tables import table
from rlm_ls.context.scope import Scope
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.settings.sections import Settings

FOLDER = Path(__file__).parent / "quality" / "offline"
HELD = FOLDER / "held"
"""Questions that nobody who makes the rules has seen; there may be none."""


def measure(repeats: int) -> str:
    """Rules and texts are always the same, so nothing is repeated."""
    del repeats
    parts = [
        ("Those that the rules were measured by while they were made", FOLDER),
        ("Those that were set aside", HELD),
    ]
    shown = [(said, folder) for said, folder in parts if (folder / "questions.json").exists()]
    return "\n\n".join(f"{said}:\n{report(asyncio.run(examined(folder)))}" for said, folder in shown)


async def examined(folder: Path, only: Collection[str] = ()) -> list[tuple[Examination, Verdict, str]]:
    """Every question of the table, or `only` those of these ids, with its verdict and the reply."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="rlm-bench-") as state:
        engine = await Engine.open(settings=Settings(), state_dir=Path(state))
        try:
            for one in examinations(folder):
                if only and one.id not in only:
                    continue
                scope = Scope("files", files=(str(folder / "texts" / one.file),))
                answer = await engine.ask(AskRequest(one.question, scope, model="offline"), lambda _event: None)
                rows.append((one, verdict(answer.answer, one.accept), answer.answer))
        finally:
            await engine.close()
    return rows


def report(rows: list[tuple[Examination, Verdict, str]]) -> str:
    verdicts: tuple[Verdict, ...] = ("right", "declined", "wrong")
    files = sorted({one.file for one, _, _ in rows})
    by_file = {file: Counter(found for one, found, _ in rows if one.file == file) for file in files}
    lines = [[file, *(str(by_file[file][kind]) for kind in verdicts)] for file in files]
    total = Counter(found for _, found, _ in rows)
    lines.append(["in all", *(f"{total[kind]} ({100 * total[kind] / len(rows):.0f} %)" for kind in verdicts)])
    wrong = [
        f"wrong: {one.id}: {one.question}\n    {reply.splitlines()[0][:150]}"
        for one, found, reply in rows
        if found == "wrong"
    ]
    return "\n".join([table(["file", *verdicts], lines), "", *wrong])
