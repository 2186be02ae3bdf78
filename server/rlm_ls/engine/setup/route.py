"""The first messages of a run, and the route it takes."""

from __future__ import annotations

import asyncio
import json
import re
from itertools import chain

from rlm_ls.context.ops.structure.prose import may_be_prose, reads_as_prose
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.engine.answer import Route
from rlm_ls.engine.budget.ledger import CHARACTERS_PER_TOKEN
from rlm_ls.engine.loop.conversation import Conversation
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.setup.earlier_run import EarlierRun
from rlm_ls.engine.setup.opening.card import LINE_END, card, whole_text
from rlm_ls.engine.setup.prompt import SMALL_LAST, PromptOptions, system_prompt
from rlm_ls.errors import RlmError
from rlm_ls.models.base import Message, Model
from rlm_ls.settings.sections import Settings

DIRECT = "The whole text, each line with its number:"

FEW = 50
"""Documents that are asked whether they are prose."""
LOOKED_UP = re.compile(
    r"\bhow (?:many|often)\b|\b(?:count|number of)\b"
    r"|^\W*(?:(?:at|by|for|from|in|on|to|under|with) )?(?:which|where|when)\b",
    re.I,
)
"""A question for a number, a place, a time, one of several things: a search finds it, and nobody reads a text for it.
Whoever is wrong about it pays what the other way would have saved, no more."""


async def choose_route(
    question: str, context: Context, search: Search, model: Model, settings: Settings
) -> tuple[Route, str]:
    """The route and why, as a sentence for the user."""
    if model.kind == "offline":
        return "offline", "no language model is configured, so rules answered"
    tokens = int(context.size_of(context.limit) / CHARACTERS_PER_TOKEN)
    most = min(settings.context.direct_tokens, model.window // 4)
    # Prose may be longer: to understand it costs about 9,000 tokens by exploring, to look something up in it 1,200.
    prose = min(int(settings.context.PROSE * settings.context.direct_tokens), model.window // 4)
    if model.kind == "live" and tokens <= prose:  # names are looked at where the texts are few: there may be a million
        sent = tokens + int(sum(map(len, context.documents.paths)) / CHARACTERS_PER_TOKEN)
        if sent <= most:
            return "direct", f"the whole text, about {tokens:,} tokens, fits one call"
        if sent <= prose and not LOOKED_UP.search(question) and await _is_prose(context, search):
            return "direct", f"the text, about {tokens:,} tokens of prose, is read whole in one call"
    return (
        "rlm",
        f"the text, about {_rounded(tokens)} tokens, is too long for one call: a model explored it with programs",
    )


async def _is_prose(context: Context, search: Search) -> bool:
    """Whether all that is in scope is."""
    if len(context.limit) > FEW or not all(may_be_prose(context.documents[part.doc]) for part in context.limit):
        return False
    try:
        spans = [await search.span_at(part.doc, part.start, part.end) for part in context.limit]
        texts = [await search.read(span) for span in spans]
    except RlmError:
        return False  # what cannot be read now, the run itself will say
    return await asyncio.to_thread(lambda: reads_as_prose(chain.from_iterable(map(LINE_END.split, texts))))


def _rounded(tokens: int) -> str:
    return (
        f"{tokens:,}"
        if tokens < 10_000
        else f"{tokens / 1e3:,.0f} thousand"
        if tokens < 1e6
        else f"{tokens / 1e6:.1f} million"
    )


async def open_conversation(
    request: AskRequest,
    route: Route,
    context: Context,
    search: Search,
    prompt_options: PromptOptions,
    earlier: EarlierRun | None,
    first_look: str = "",
) -> tuple[Conversation, int]:
    """System prompt and first message, and how many characters of it are excerpts of the text."""
    described = await card(context, search, request.surroundings, middle=prompt_options.small or not first_look)
    parts = [f"Question: {request.question.strip()}"]
    if earlier is not None:
        parts.append(earlier.described())
    if request.schema is not None:
        parts.append(f"submit(…, data=…) must fit this JSON schema: {json.dumps(request.schema, ensure_ascii=False)}")
    parts.append(described)
    if first_look:
        parts.append(first_look)
    if route == "direct":
        described = await whole_text(context, search)
        parts += [DIRECT, described]
    if prompt_options.small:
        parts.append(SMALL_LAST)
    conversation = Conversation()
    conversation.append(Message("system", system_prompt(prompt_options)))
    conversation.append(Message("user", "\n\n".join(parts)))
    return conversation, len(described) + len(first_look)
