"""Replaying a trace: the same programs over the same texts, with no model, and whether they print the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.trace.events import AnyEvent
from rlm_ls.engine.trace.lookup import Events, first, request_of
from rlm_ls.models.base import Model
from rlm_ls.models.recorded import RecordedModel


@dataclass(frozen=True, slots=True)
class Replayed:
    """The new run's Answer, and every difference from the recorded run (empty: none)."""

    answer: Answer
    differences: tuple[str, ...]


async def replay(
    engine: Engine,
    events: Events,
    *,
    strict: bool,
    root: Path | None = None,
    on_event: Any = lambda event: None,
) -> Replayed:
    """Run a trace's programs again with its replies as the model.

    `root` is the folder that a recording's relative paths start from. Strict: a changed prompt or observation raises
    RecordingMismatch; else it is a difference. Raises BadRequest where the trace cannot be replayed (open buffers).
    """
    request = request_of(events, root)
    differences: list[str] = []
    seen: list[dict[str, Any]] = []

    def model(_request: AskRequest, _context: Context) -> Model:
        return RecordedModel.of(events, strict=strict, on_difference=differences.append)

    def listen(event: AnyEvent) -> None:
        seen.append({"type": event.type} | event.wire())
        on_event(event)

    answer = await engine.ask(request, listen, model=model)
    differences += _changed_context(events, seen)
    recorded = first(events, "runFinished").get("answer")
    if recorded and recorded["answer"] != answer.answer:
        differences.append(f"The answer differs. Recorded: {recorded['answer'][:300]}")
    return Replayed(answer, tuple(dict.fromkeys(differences)))


def _changed_context(events: Events, seen: Events) -> list[str]:
    old, new = first(events, "contextTaken"), first(seen, "contextTaken")
    if not old or not new:
        return []
    if (old["count"], old["size"]) == (new["count"], new["size"]):
        return []
    return [
        f"The texts have changed since: {old['count']} documents of {old['size']:,} bytes then, "
        f"{new['count']} of {new['size']:,} bytes now."
    ]
