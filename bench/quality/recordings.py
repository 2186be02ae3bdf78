"""Recordings of a measurement: FOLDER/ARM/ID.jsonl, each replayable without a model.

They quote the texts at length, which may not be anybody's to pass on: keep the folder outside the repository.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bench.quality.outcome import Outcome
from bench.quality.results import Arm
from rlm_ls import __version__
from rlm_ls.errors import StoreFailed
from rlm_ls.store.recording import Header, read_recording, relativise, write_recording


def place(folder: Path, arm: Arm, question_id: str) -> Path:
    return folder / arm / f"{question_id}.jsonl"


def recorded(folder: Path, arm: Arm, question_id: str) -> Path:
    """The recording to replay. Raises StoreFailed."""
    path = place(folder, arm, question_id)
    if not path.is_file():
        raise StoreFailed(f"There is no recording {path}.", "Make it with --record.")
    return path


def write(path: Path, outcome: Outcome, model: str, texts: Path) -> None:
    """Write the trace with the folder of the texts taken out. Blocks. Raises StoreFailed."""
    header = Header(rlm_ls=__version__, model=model, made=datetime.now(UTC).date().isoformat(), note="bench/quality")
    write_recording(path, relativise(outcome.events, texts), header)


def seconds_of(path: Path) -> float:
    """How long the recorded run took. Blocks. Raises StoreFailed, BadRequest."""
    events = read_recording(path).events
    for event in reversed(events):
        if event["type"] == "runFinished":
            return float(event["answer"]["usage"]["seconds"])
    return sum(float(event.get("seconds") or 0.0) for event in events if event["type"] == "modelReplied")
