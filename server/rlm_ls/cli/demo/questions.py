"""The questions of the demo, what each is asked about, and the recording that holds the model's replies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rlm_ls.cli.demo.generate import demo_log

HERE = Path(__file__).parent
PROJECT = HERE / "project"


@dataclass(frozen=True, slots=True)
class DemoQuestion:
    """`about` is "log" (the generated log, one file) or "project" (the sample project, a folder)."""

    id: str
    about: Literal["log", "project"]
    question: str

    @property
    def recording(self) -> Path:
        return HERE / "recordings" / f"{self.id}.jsonl"

    def target(self, cache: Path | None = None, *, stopped: Callable[[], bool] = lambda: False) -> Path:
        """The file or folder the question is about. Blocks while the log is written the first time."""
        return demo_log(cache, stopped=stopped) if self.about == "log" else PROJECT


QUESTIONS = (
    DemoQuestion(
        id="latency",
        about="log",
        question=(
            "Compare the 95th percentile of `took` for each service between 03:11 and 04:27 with the same day before"
            " 03:07. Which services got slower, and by what factor?"
        ),
    ),
    DemoQuestion(
        id="root-cause",
        about="log",
        question=(
            "Orders failed during the night. What was the root cause, on which host, when did it begin and what ended"
            " it? Say which other suspicious events had nothing to do with it."
        ),
    ),
    DemoQuestion(
        id="retries",
        about="project",
        question=(
            "How are failed payments retried, how many attempts are there in production, and where is that limit set?"
            " Is any documentation wrong about it?"
        ),
    ),
)
