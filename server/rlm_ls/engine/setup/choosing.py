"""What a question is answered with: model, route, sub-models. A run and an estimate choose them by the same steps."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.engine.answer import Route
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.setup.route import choose_route
from rlm_ls.engine.setup.sampling import offline_documents
from rlm_ls.engine.submodels.roles import RoleModels, choose_role_models
from rlm_ls.engine.trace.resume import InterruptedRun
from rlm_ls.models.base import Model
from rlm_ls.models.choose import choose as choose_model
from rlm_ls.models.offline.model import OfflineModel
from rlm_ls.models.recorded import RecordedModel
from rlm_ls.store.recording import read_recording

if TYPE_CHECKING:
    from rlm_ls.engine.services import Services

RECORDED = "recorded:"

ModelFactory = Callable[[AskRequest, Context], Model]
"""Makes a run's model of its request and its snapshot."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request and what it is answered from. `run_id` is "" for an estimate.

    `factory` makes the model in place of the settings (recordings, tests); `resumed` is the interrupted run that goes
    on with it.
    """

    services: Services
    request: AskRequest
    run_id: str = ""
    factory: ModelFactory | None = None
    resumed: InterruptedRun | None = None

    @property
    def levels(self) -> tuple[str, ...]:
        """The kinds of programs that may be used."""
        return self.request.levels or self.services.settings.levels


@dataclass(frozen=True, slots=True)
class Choice:
    """What answers a question. `reason` says why by this route, as a sentence for the user."""

    model: Model
    subs: RoleModels
    levels: tuple[str, ...]
    route: Route
    reason: str


async def named_model(question: Question, warnings: list[str]) -> ModelFactory | None:
    """The model that the caller, the request or the settings name, or None where none is configured.

    "recorded:FILE" plays a recording, and adds to `warnings` where it differs. Raises UnknownModel, ModelNotLocal, and
    what reading a recording raises.
    """
    services, request = question.services, question.request
    if question.factory is not None:
        return question.factory
    model: Model | None
    if request.model is not None and request.model.startswith(RECORDED):
        path = Path(request.model.removeprefix(RECORDED)).expanduser()
        recording = await asyncio.to_thread(read_recording, path)
        model = RecordedModel.of(recording.events, strict=False, on_difference=warnings.append)
    else:
        editor = services.editor(question.run_id)
        model = choose_model("root", request.model, services.settings, os.environ, editor)
    return None if model is None else lambda _request, _context: model


async def choose(question: Question, context: Context, named: ModelFactory | None) -> Choice:
    """The named model or the offline one, the route that suits it and the text, and the sub-models of that route.

    Calls no model. Raises UnknownModel, ModelNotLocal.
    """
    settings, resumed = question.services.settings, question.resumed
    model = named(question.request, context) if named else await offline_model(question, context)
    await model.prepare()
    search = Search(context, question.services.pool, settings.verb_seconds)
    route, reason = await choose_route(question.request.question, context, search, model, settings)
    subs = RoleModels()
    if route == "rlm" and "llm" in question.levels:
        then = resumed.sub_names if resumed else None
        subs = await choose_role_models(model, settings, os.environ, question.services.editor(question.run_id), then)
    return Choice(model, subs, question.levels, route, reason)


async def offline_model(question: Question, context: Context) -> OfflineModel:
    """The rules that answer where no model is configured."""
    search = Search(context, question.services.pool, question.services.settings.verb_seconds)
    return OfflineModel(question.request.question, await offline_documents(context, search))
