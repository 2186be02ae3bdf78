"""What a question may cost, before it is asked: from earlier runs with the same model, else from shipped figures.

No model is called. The first message is made as a run would make it, so that its size is known and not guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.engine.answer import Route, Wire
from rlm_ls.engine.budget.ledger import Ledger, Limits
from rlm_ls.engine.setup.choosing import Question, choose, named_model
from rlm_ls.engine.setup.preparation import checked, earlier_run, limits, room_for, take_context
from rlm_ls.engine.setup.prompt import PromptOptions
from rlm_ls.engine.setup.route import open_conversation
from rlm_ls.engine.submodels.calls import SubModel
from rlm_ls.executors.checking.checker import Checker
from rlm_ls.models.base import Model
from rlm_ls.models.profiles import USUAL_ROOM
from rlm_ls.store.database import Store

ENOUGH_RUNS = 3
RUNS_LOOKED_AT = 200

LIKELY_TURNS, HIGH_TURNS = 2, 8
"""Median and 90th percentile over the long-context questions that the loop was tried on; costs have a heavy tail."""
REPLY, OBSERVATION = 300, 500
"""Tokens of a usual reply and of what goes back: with the first message, about 1,300 a turn."""
DIRECT_REPLY = 500

SUB_CALL_EXTRA = 400
"""Tokens of a sub-call beside its text: instructions and reply."""


class Expected(Wire):
    """`tokens` are of root and sub-models together, prompts and replies. `usd` is None where a price is not known."""

    turns: int
    sub_calls: int
    tokens: int
    usd: float | None


class Cap(Wire):
    tokens: int
    usd: float


class Estimate(Wire):
    """`likely` is the median, `high` the 90th percentile, neither above `limit`; `basis` says where they come from."""

    route: Route
    model: str
    documents: int
    characters: int
    likely: Expected
    high: Expected
    limit: Cap
    basis: str
    ask_above: float | None


@dataclass(frozen=True, slots=True)
class EstimateInputs:
    """What is known before the first call. `sub` is None where the run may ask no sub-model.

    `first_message` (the system prompt included) and `text` (the parts in scope) are in characters.
    """

    route: Route
    model: Model
    sub: SubModel | None
    first_message: int
    text: int
    limits: Limits


async def estimate(question: Question) -> Estimate:
    """Raises what a run would raise before its first turn."""
    services, settings = question.services, question.services.settings
    checker = Checker(services.checkers)
    request = await checked(question.request, checker)
    question = replace(question, request=request)
    async with AsyncExitStack() as stack:
        named = await named_model(question, [])
        earlier = await earlier_run(services, request, checker)
        context = await take_context(question, stack)
        choice = await choose(question, context, named)
        sub = choice.subs.sub
        room = room_for(settings, choice.model, limits(request, settings))
        direct = choice.route == "direct"
        prompt_options = PromptOptions(room, sub.profile if sub else None, request.coordinator, direct=direct)
        search = Search(context, services.pool, settings.verb_seconds)
        conversation, _ = await open_conversation(request, choice.route, context, search, prompt_options, earlier)
        most = limits(request, settings)
        size = characters_in(context)
        inputs = EstimateInputs(choice.route, choice.model, sub, conversation.characters, size, most)
        likely, high, basis = await expected_cost(inputs, services.store)
        return Estimate(
            route=choice.route,
            model=choice.model.name,
            documents=context.count_of(context.limit),
            characters=size,
            likely=likely,
            high=high,
            limit=Cap(tokens=most.tokens, usd=most.usd),
            basis=basis,
            ask_above=settings.budget.ask_above_usd,
        )


async def expected_cost(inputs: EstimateInputs, store: Store) -> tuple[Expected, Expected, str]:
    """What is likely, what is a lot, and why one thinks so."""
    if inputs.route == "offline":
        nothing = Expected(turns=1, sub_calls=0, tokens=0, usd=0.0)
        return nothing, nothing, "Rules answer: no language model is called, and nothing is paid."
    first = Ledger(inputs.limits).tokens_in(inputs.first_message)
    if inputs.route == "direct":
        likely = _priced(inputs.model, 1, first, DIRECT_REPLY)
        high = _priced(inputs.model, 2, 2 * first + USUAL_ROOM, 2 * USUAL_ROOM)
        basis = f"The whole text goes to the model in one message of about {first:,} tokens."
    else:
        earlier = await store.finished_usage(inputs.model.name, inputs.route, RUNS_LOOKED_AT)
        if len(earlier) >= ENOUGH_RUNS:
            likely, high = _of_runs(inputs.model, earlier, 0.5), _of_runs(inputs.model, earlier, 0.9)
            basis = f"Median and 90th percentile of {len(earlier)} earlier runs with {inputs.model.name}."
        else:
            likely, high = _of_turns(inputs, first, LIKELY_TURNS), _of_turns(inputs, first, HIGH_TURNS)
            basis = (
                f"There are no {ENOUGH_RUNS} finished runs with {inputs.model.name} to go by yet; elsewhere runs take "
                f"{LIKELY_TURNS} turns in the median and {HIGH_TURNS} at the 90th percentile."
            )
            if inputs.sub is not None:
                high = _with_one_reading(high, inputs, inputs.sub)
                basis += f" The high figure includes that {inputs.sub.model.name} reads the whole text once."
    if likely.usd is None or high.usd is None:
        basis += " A price is not known, so dollars are not."
    high, cut = _cut(high, inputs)
    likely, _ = _cut(likely, inputs)
    if cut:
        basis += " The high figure is cut at the run's limits."
    return likely, high, basis


def _priced(model: Model, turns: int, prompt: int, completion: int) -> Expected:
    return Expected(turns=turns, sub_calls=0, tokens=prompt + completion, usd=model.price(prompt, completion))


def _of_turns(inputs: EstimateInputs, first: int, turns: int) -> Expected:
    """Each turn sends all that was said before: the first message again, and what the turns before added."""
    turns = max(1, min(turns, inputs.limits.turns))
    prompt = turns * first + (REPLY + OBSERVATION) * turns * (turns - 1) // 2
    return _priced(inputs.model, turns, prompt, turns * REPLY)


def _of_runs(model: Model, runs: Sequence[dict[str, Any]], share: float) -> Expected:
    """Each figure by itself at that share of the runs (nearest rank)."""

    def at(name: str) -> int:
        return int(_rank([run.get(name) or 0 for run in runs], share))

    prompt, completion = at("promptTokens"), at("completionTokens")
    paid = [run.get("usd") for run in runs]
    known = [float(usd) for usd in paid if usd is not None]
    # What was paid knows of cached tokens and of sub-models' own prices; today's price list knows of neither.
    usd = _rank(known, share) if len(known) == len(paid) else model.price(prompt, completion)
    return Expected(turns=at("turns"), sub_calls=at("subCalls"), tokens=prompt + completion, usd=usd)


def _with_one_reading(expected: Expected, inputs: EstimateInputs, sub: SubModel) -> Expected:
    calls = ceil(inputs.text / sub.profile.characters)
    prompt, completion = Ledger(inputs.limits).tokens_in(inputs.text), calls * SUB_CALL_EXTRA
    usd = sub.model.price(prompt, completion)
    return Expected(
        turns=expected.turns,
        sub_calls=expected.sub_calls + calls,
        tokens=expected.tokens + prompt + completion,
        usd=None if usd is None or expected.usd is None else expected.usd + usd,
    )


def _cut(expected: Expected, inputs: EstimateInputs) -> tuple[Expected, bool]:
    """A run ends at its limits: no figure is above them."""
    most = inputs.limits
    cut = Expected(
        turns=min(expected.turns, most.turns),
        sub_calls=min(expected.sub_calls, inputs.limits.sub_calls),
        tokens=min(expected.tokens, most.tokens),
        usd=None if expected.usd is None else round(min(expected.usd, most.usd), 6),
    )
    return cut, (cut.turns, cut.sub_calls, cut.tokens) != (expected.turns, expected.sub_calls, expected.tokens) or (
        expected.usd is not None and expected.usd > most.usd
    )


def _rank(values: Sequence[float], share: float) -> float:
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def characters_in(context: Context) -> int:
    """Of the parts in scope; a part of a document counts by its bytes."""
    total = 0
    for part in context.limit:
        document = context.documents[part.doc]
        whole = part.start == 0 and part.end >= document.size
        total += document.characters if whole else part.end - part.start
    return total
