"""`python -m bench.local_models MODEL.gguf --name qwen2.5-coder-1.5b [--json rows.jsonl] [--only NAME,…]`

Asks each question of `questions.py` twice: of the offline rules, and of the model. Needs the package xllamacpp. A model
of 1.5 billion parameters takes about a minute a call on one idle core. Threads that wait for each other are slow where
others want the cores too: `--threads` is 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.fakes.llama_server import llama_server

from bench.local_models.questions import CODE, Asked, log, questions
from rlm_ls.context.scope import Scope
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.settings.sections import Settings

UNREAD = "I did not understand"
"""How the rules begin where they only show passages: that may hold the answer, and is none."""


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    arm: str
    right: bool
    route: str
    calls: int
    tokens: int
    seconds: float
    answer: str


async def measure(gguf: Path, name: str, only: frozenset[str], threads: int, kept: Path | None) -> list[Row]:
    """A row a question and arm; each is written to `kept` as soon as it is there."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        text = log()
        file = Path(folder) / "canal.log"
        file.write_text(text)
        async with llama_server(gguf, window=4096, slots=1, threads=threads) as address:
            settings = Settings.model_validate(
                {"models": {"root": f"openai/{name}", "apiBase": address, "silenceSeconds": 900}, "levels": ["dsl"]}
            )
            engine = await Engine.open(settings=settings, state_dir=Path(folder) / "state")
            try:
                for one in questions(text):
                    for arm in ("offline", "model") if not only or one.name in only else ():
                        row = await _asked(engine, one, file, arm)
                        rows.append(row)
                        if kept is not None:
                            with kept.open("a") as out:
                                out.write(json.dumps(asdict(row)) + "\n")
            finally:
                await engine.close()
    return rows


async def _asked(engine: Engine, one: Asked, file: Path, arm: str) -> Row:
    scope = Scope("workspace", roots=(str(CODE),)) if one.code else Scope("document", files=(str(file),))
    model = "offline" if arm == "offline" else None
    started = time.monotonic()
    answer = await engine.ask(AskRequest(one.question, scope, model=model), lambda _: None)
    told = answer.answer.split("\n\n")[0] if answer.status == "answered" else ""
    usage = answer.usage
    return Row(
        one.name,
        arm,
        re.search(one.right, told) is not None and not told.startswith(UNREAD),
        answer.route,
        usage.model_calls,
        usage.prompt_tokens + usage.completion_tokens,
        round(time.monotonic() - started, 1),
        answer.answer[-300:],
    )


def table(rows: list[Row]) -> str:
    """Markdown: a line a question, and the sums."""
    lines = [
        "| question | offline | model | route | calls | tokens | seconds |",
        "| --- | --- | --- | --- | ---: | ---: | ---: |",
    ]
    offline = {row.name: row for row in rows if row.arm == "offline"}
    asked = [row for row in rows if row.arm == "model"]
    lines += [
        f"| {row.name} | {_mark(offline[row.name].right)} | {_mark(row.right)} | {row.route} "
        f"| {row.calls} | {row.tokens:,} | {row.seconds:.0f} |"
        for row in asked
    ]
    right, most = sum(row.right for row in asked), max((row.calls for row in asked), default=0)
    lines.append(
        f"| **{len(asked)}** | **{sum(offline[row.name].right for row in asked)}** | **{right}** | | {most} at most "
        f"| {sum(row.tokens for row in asked):,} | {sum(row.seconds for row in asked):.0f} |"
    )
    return "\n".join(lines)


def _mark(right: bool) -> str:
    return "right" if right else "–"


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.local_models")
    parser.add_argument("gguf", type=Path)
    parser.add_argument("--name", default="local", help="what the model is called: its profile is chosen by it")
    parser.add_argument("--only", default="")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    only = frozenset(asked.only.split(",")) - {""}
    rows = asyncio.run(measure(asked.gguf, asked.name, only, asked.threads, asked.json))
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
