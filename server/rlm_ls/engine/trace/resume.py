"""Continuing an interrupted run: replies that were paid for are taken from its trace, the rest is asked for as usual.

The run keeps its id, its trace and its account. A trace is append-only, so each continuation begins a new *leg* in it
(the event `runResumed`) that repeats the run from its start: from the trace as far as that goes, then live. A run that
breaks off again in the middle of a leg loses nothing, since the longest leg is used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, Unpack

from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.engine.submodels.dispatcher import SubCallOutcome, replies_in
from rlm_ls.engine.trace.events import Answering
from rlm_ls.engine.trace.lookup import Events, asked, first, scope_of
from rlm_ls.errors import BadRequest, DocumentChanged, ModelChanged
from rlm_ls.models.base import CallOptions, Message, Model, Reply
from rlm_ls.models.providers.fallback import FallbackModel
from rlm_ls.models.recorded import RecordedCall, calls_from_events
from rlm_ls.store.rows import RunRow


@dataclass(frozen=True)
class InterruptedRun:
    """An interrupted run, read from its trace. `seconds` is how long it had worked, `created` when it was begun (Unix
    time)."""

    run_id: str
    events: Events
    request: AskRequest
    created: float
    seconds: float
    then: tuple[Answering, ...] | None = None
    """Who may answer: those of the trace. None where the user has named another model, or the engine was given one."""
    privacy: str = "any"
    choice: str = ""
    """The model that the user named for going on, if any."""

    @property
    def sub_names(self) -> dict[str, str] | None:
        """By role, as `choose` takes them."""
        return None if self.then is None else {role: names(self.then, role) for role in ("sub", "code")}

    @property
    def last_seq(self) -> int:
        return int(self.events[-1]["seq"]) if self.events else 0

    @property
    def digest(self) -> str:
        """The snapshot's; empty if the run broke off before there was one."""
        return str(first(self.events, "contextTaken").get("digest", ""))

    def calls(self, child: str = "") -> Sequence[RecordedCall]:
        return calls_from_events(self.events, child)

    @cached_property
    def sub_replies(self) -> dict[str, SubCallOutcome]:
        return replies_in(self.events)


def interrupted_run(
    row: RunRow,
    events: Events,
    budget: Budget,
    buffers: Sequence[Buffer] = (),
    choice: str | None = None,
    given: bool = False,
) -> InterruptedRun:
    """The run to continue.

    `budget` holds the limits that are to differ; `buffers` are the texts that are open now. `choice` is a model that
    the user names in place of the one that was asked; `given`: the engine was given a model. Raises BadRequest for a
    run that is complete or cannot be continued, ModelChanged where the trace does not say which model was asked.
    """
    if row.status == "running":
        raise BadRequest(f"Run {row.run_id} is under way.", "Wait for it, or stop it first.")
    if row.status == "answered":
        raise BadRequest(f"Run {row.run_id} was answered.", "Follow up on it, or ask anew.")
    started, chosen = first(events, "runStarted"), last(events, "routeChosen")
    if not started:
        raise BadRequest(f"Run {row.run_id} broke off before it began.", "Ask again: nothing was paid.")
    if chosen.get("modelKind") == "recorded":
        raise BadRequest("This run played a recording.", f"Play it again: rlm-ls replay {row.run_id}.")
    if chosen.get("modelKind") == "agent":
        raise BadRequest("An agent explored in this run.", "It may open another session that follows up on it.")
    choice = (choice or "").strip()
    then = None if choice or given else _then(row.run_id, chosen)
    if choice:
        _check_choice(choice, chosen)
    scope = scope_of(started, None)
    _check_folder(scope, started)
    wanted = set(started["scope"].get("buffers", ()))
    first_asked = asked(started, replace(scope, buffers=tuple(buffer for buffer in buffers if buffer.uri in wanted)))
    model = choice or ("offline" if chosen.get("modelKind") == "offline" else names(then or (), "root"))
    request = replace(first_asked, model=model or None, budget=_changed(first_asked.budget, budget), run_id=row.run_id)
    return InterruptedRun(
        row.run_id,
        events,
        request,
        row.created,
        float(events[-1].get("at", 0.0)),
        then,
        str(chosen.get("privacy", "any")),
        choice,
    )


def last(events: Events, kind: str) -> Mapping[str, Any]:
    """The last event of a kind: what the user chose last."""
    return first(list(reversed(events)), kind)


def names(answering: Sequence[Answering], role: str) -> str:
    """The models of a role as the setting or a request names them, weights and all; empty without one."""
    of_role = [one for one in answering if one.role == role]
    return ", ".join(one.model + (f"*{one.weight}" if one.weight else "") for one in of_role)


def answering(role: Literal["root", "sub", "code"], model: Model) -> list[Answering]:
    """What answers for `model`: itself, or the members of a list."""
    members = model.members if isinstance(model, FallbackModel) else (model,)
    weights = model.weights if isinstance(model, FallbackModel) else None
    return [
        Answering(
            role=role,
            model=one.name,
            address=str(getattr(one, "address", one.endpoint)),
            weight=weights[index] if weights else None,
        )
        for index, one in enumerate(members)
    ]


def check_answering(run: InterruptedRun, now: Sequence[Answering], privacy: str) -> None:
    """Raises ModelChanged if a model or endpoint would be asked that the run did not ask, or could not have asked,
    before."""
    if run.privacy == "local" and privacy != "local":
        raise ModelChanged(
            "The run was begun with the setting privacy at local, and it is any now.",
            "Set privacy to local, or ask anew.",
        )
    if run.then is None:
        return
    allowed = {(one.model, one.address) for one in run.then}
    for one in now:
        if (one.model, one.address) not in allowed:
            had = ", ".join(dict.fromkeys(f"{then.model} at {then.address}" for then in run.then))
            raise ModelChanged(
                f"The run was begun with {had}; what is configured now is {one.model} at {one.address}.", ON_PURPOSE
            )


ON_PURPOSE = (
    "Configure that again, or choose a model on purpose: rlm-ls resume RUN --model NAME, `model` in rlm/resume."
)


def _then(run_id: str, chosen: Mapping[str, Any]) -> tuple[Answering, ...]:
    """What answered, by the trace. Raises ModelChanged where it does not say."""
    if chosen.get("modelKind") == "offline":
        return ()
    if not chosen.get("answering"):
        told = "before its trace tells which model was to be asked"
        if chosen:
            told = f"with {chosen['model']}, and its trace does not tell at which endpoint"
        raise ModelChanged(f"Run {run_id} was begun {told}.", ON_PURPOSE)
    return tuple(Answering.model_validate(one) for one in chosen["answering"])


def _check_choice(choice: str, chosen: Mapping[str, Any]) -> None:
    name = choice.partition(",")[0].strip()
    if name.startswith("recorded:") or (name == "offline" and chosen.get("modelKind") == "live"):
        raise ModelChanged(
            f"A run that {chosen.get('model') or 'a model'} began is not finished by rules or recordings.",
            "Name a live model, or ask anew.",
        )


def check_unchanged(run: InterruptedRun, context: Context) -> None:
    """Raises DocumentChanged where the texts are not those that the run had read."""
    if run.digest and run.digest != context.digest:
        raise DocumentChanged(
            "The texts have changed since the run broke off, so it cannot go on.",
            "Ask again: what sub-models have read of unchanged parts comes from the cache.",
        )


class ResumedModel:
    """A model that gives the trace's replies first, at the cost they had; then those of the real model."""

    kind: Literal["live"] = "live"

    def __init__(self, model: Model, run: InterruptedRun, child: str = "") -> None:
        self._model = model
        self._run = run
        self._calls = list(run.calls(child))
        self.name, self.window, self.local, self.endpoint = model.name, model.window, model.local, model.endpoint

    def of_child(self, child: str) -> ResumedModel:
        return ResumedModel(self._model, self._run, child)

    async def prepare(self) -> None:
        await self._model.prepare()

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        return self._model.price(prompt_tokens, completion_tokens)

    async def complete(self, messages: Sequence[Message], **options: Unpack[CallOptions]) -> Reply:
        if self._calls:
            call = self._calls.pop(0)
            if (on_text := options.get("on_text")) is not None:
                on_text(call.text)
            return Reply(call.text, call.usage, self.name, call.finish, thinking=call.thinking)
        return await self._model.complete(messages, **options)


def _check_folder(scope: Scope, started: Mapping[str, Any]) -> None:
    folder = str(started.get("folder") or "")
    relative = [name for name in (*scope.files, *scope.roots) if "://" not in name and not os.path.isabs(name)]
    if relative and folder and folder != os.getcwd():
        raise BadRequest(f"The run's paths ({relative[0]}) start from {folder}.", f"Go there first: cd {folder}")


def _changed(old: Budget, new: Budget) -> Budget:
    given = {name: value for name in Budget.__slots__ if (value := getattr(new, name)) is not None}
    return replace(old, **given)
