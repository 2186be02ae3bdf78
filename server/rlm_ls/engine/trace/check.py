"""Whether an earlier answer holds for the text as it is now: its citations are looked up, its programs run again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rlm_ls.engine.answer import Answer, Citation
from rlm_ls.engine.trace.events import AnyEvent
from rlm_ls.engine.trace.lookup import Events, first
from rlm_ls.engine.trace.replay import replay
from rlm_ls.engine.trace.standing import standing_now
from rlm_ls.errors import DocumentMissing, NoDocuments, RlmError
from rlm_ls.store.redact import digest

if TYPE_CHECKING:
    from pathlib import Path

    from rlm_ls.engine.engine import Engine

Verdict = Literal["still true", "changed", "cannot tell"]


@dataclass(frozen=True, slots=True)
class CheckedSubmission:
    """`changes` are sentences: which citations moved, changed or vanished, which programs print something else.

    "cannot tell" if something that counts could not be looked at; `unknown` says what.
    """

    verdict: Verdict
    changes: tuple[str, ...]
    unknown: tuple[str, ...] = ()


async def check(engine: Engine, events: Events, *, root: Path | None = None) -> CheckedSubmission:
    """Compare a trace's answer with the texts as they are now. Calls no model, and leaves no run in the history."""
    changes: list[str] = []
    unknown: list[str] = []
    answer = _answer(events)
    if answer is None or answer.status != "answered":
        status = "no answer" if answer is None else f"none that was accepted ({answer.status})"
        return CheckedSubmission("cannot tell", (), (f"The run has {status}.",))
    try:
        now = await standing_now(engine, _located(answer.citations, root))
        # The text of open buffers, and of standard input, is not kept: it may have been other than the file's.
        open_then = set(first(events, "runStarted").get("scope", {}).get("buffers", ()))
        for old, new in zip(answer.citations, now, strict=True):
            if line := _told(old, new):
                (unknown if new.state == "unmatched" and old.uri in open_then else changes).append(line)
    except RlmError as error:
        unknown.append(f"The citations could not be looked for: {error}")
    await _programs(engine, events, answer, root, changes, unknown)
    if not answer.citations and not _ran(events):
        unknown.append("The answer has no citation and came from no program: there is nothing to compare.")
    verdict: Verdict = "changed" if changes else "cannot tell" if unknown else "still true"
    return CheckedSubmission(verdict, tuple(dict.fromkeys(changes)), tuple(unknown))


async def _programs(
    engine: Engine, events: Events, then: Answer, root: Path | None, changes: list[str], unknown: list[str]
) -> None:
    """Run the trace's programs again, and say which print something else, or come to another answer."""
    recorded = _ran(events)
    if not recorded:
        return
    seen: list[dict[str, Any]] = []
    run_id = ""

    def listen(event: AnyEvent) -> None:
        nonlocal run_id
        run_id = event.run_id
        if event.type == "programFinished":
            seen.append(event.wire())

    try:
        answer = (await replay(engine, events, strict=False, root=root, on_event=listen)).answer
    except (DocumentMissing, NoDocuments) as error:
        changes.append(str(error))
        return
    except RlmError as error:
        unknown.append(f"The programs could not be run again: {error}")
        return
    finally:
        if run_id:
            with suppress(RlmError):
                await engine.store.delete_run(run_id)
    if answer.status != "answered":
        changes.append(f"The same programs come to no answer now: {answer.reason}.")
    elif answer.answer != then.answer or answer.data != then.data:
        changes.append(f"The same programs come to another answer now: {' '.join(answer.answer.split())[:300]}")
    now = _ran(seen)
    for place, old in recorded.items():
        new = now.get(place)
        if new is None:
            unknown.append(f"{_named(place)} was not run again.")
        elif digest(old["output"]) != digest(new["output"]):
            changes.append(f"{_named(place)} prints something else than then.")
        elif bool(old["error"]) != bool(new["error"]):
            changes.append(f"{_named(place)} {'fails now' if new['error'] else 'failed then, and does not now'}.")


Place = tuple[str, int, int]


def _ran(events: Events) -> dict[Place, Mapping[str, Any]]:
    """The programs' outcomes by child run, turn and block; of a run that went on after a break, the newest."""
    return {
        (event.get("child", ""), event["turn"], event["index"]): event
        for event in events
        if event["type"] == "programFinished"
    }


def _named(place: Place) -> str:
    child, turn, index = place
    return f"{f'Child run {child}, turn' if child else 'Turn'} {turn}, program {index}"


def _answer(events: Events) -> Answer | None:
    finished = [event for event in events if event["type"] == "runFinished"]
    return Answer.model_validate(finished[-1]["answer"]) if finished else None


def _located(citations: tuple[Citation, ...], root: Path | None) -> list[Citation]:
    """A recording's citations, which name their documents from `root` on."""
    if root is None:
        return list(citations)
    return [
        citation if "://" in citation.uri else citation.model_copy(update={"uri": (root / citation.uri).as_uri()})
        for citation in citations
    ]


def _told(old: Citation, new: Citation) -> str:
    quote = " ".join(old.quote.split())
    shown = f"“{quote[:80]}{'…' if len(quote) > 80 else ''}”"
    match new.state:
        case "moved":
            return f"{old.label} has moved to line {new.line}: {shown}"
        case "unmatched":
            return f"{old.label} stands no longer there, nor anywhere in the document: {shown}"
    return ""
