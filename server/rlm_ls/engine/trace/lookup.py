"""Looking things up in a trace: events by kind, the request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rlm_ls.context.scope import Scope
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.errors import BadRequest

Events = Sequence[Mapping[str, Any]]


def first(events: Events, kind: str) -> Mapping[str, Any]:
    """The first event of a kind; empty if there is none."""
    return next((event for event in events if event["type"] == kind), {})


def request_of(events: Events, root: Path | None = None) -> AskRequest:
    """The request that a trace began with."""
    started = first(events, "runStarted")
    if not started:
        raise BadRequest("This trace has no beginning, so it cannot be replayed.")
    if isinstance(started.get("scope"), Mapping) and started["scope"].get("buffers"):
        raise BadRequest(
            "This run read open editor buffers, whose text a trace does not keep.", "Save the files and ask again."
        )
    try:
        return asked(started, scope_of(started, root))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadRequest(f"This trace's beginning cannot be read ({type(error).__name__}).") from None


def asked(started: Mapping[str, Any], scope: Scope) -> AskRequest:
    """The request in the event `runStarted`, about `scope`."""
    return AskRequest(
        question=started["question"],
        scope=scope,
        budget=Budget.of(started.get("budget") or {}),
        schema=started.get("answerSchema"),
        follow_up=started.get("followUp"),
        levels=tuple(started.get("levels", ("dsl",))),
        coordinator=bool(started.get("coordinator")),
        again=bool(started.get("again")),
    )


def scope_of(started: Mapping[str, Any], root: Path | None) -> Scope:
    """The scope that a run began with, but for open buffers, whose text a trace does not keep."""
    scope = started["scope"]
    region = scope.get("region")
    return Scope(
        kind=scope["kind"],
        files=tuple(_rooted(name, root) for name in scope.get("files", ())),
        roots=tuple(_rooted(name, root) for name in scope.get("roots", ())),
        include=tuple(scope.get("include", ())),
        exclude=tuple(scope.get("exclude", ())),
        leave_out=tuple(scope.get("leave_out", ())),
        region=(tuple(region[0]), tuple(region[1])) if region else None,
    )


def _rooted(name: str, root: Path | None) -> str:
    return name if root is None or "://" in name or Path(name).is_absolute() else str(root / name)
