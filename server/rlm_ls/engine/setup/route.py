"""The first messages of a run, and the route it takes."""

from __future__ import annotations

import json

from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.engine.answer import Route
from rlm_ls.engine.budget.ledger import CHARACTERS_PER_TOKEN
from rlm_ls.engine.loop.conversation import Conversation
from rlm_ls.engine.request import AskRequest
from rlm_ls.engine.setup.card import card, whole_text
from rlm_ls.engine.setup.earlier_run import EarlierRun
from rlm_ls.engine.setup.prompt import SMALL_LAST, PromptOptions, system_prompt
from rlm_ls.models.base import Message, Model
from rlm_ls.settings import Settings

DIRECT = """
The whole text follows, so there is nothing to explore: answer at once with one ```python block that calls
submit("answer in Markdown", cite=["path:line", …])."""


def choose_route(context: Context, model: Model, settings: Settings) -> tuple[Route, str]:
    """The route and why, as a sentence for the user."""
    if model.kind == "offline":
        return "offline", "no language model is configured, so rules answered"
    size = context.size_of(context.limit)
    named = sum(map(len, context.documents.paths))
    tokens = int(size / CHARACTERS_PER_TOKEN)
    limit = min(settings.context.direct_tokens, model.window // 4)
    if tokens + int(named / CHARACTERS_PER_TOKEN) <= limit and model.kind == "live":
        return "direct", f"the whole text, about {tokens:,} tokens, fits one call"
    return (
        "rlm",
        f"the text, about {_rounded(tokens)} tokens, is too long for one call: a model explored it with programs",
    )


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
    described = await card(context, search, request.surroundings)
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
        parts += [DIRECT.strip(), described]
    if prompt_options.small:
        parts.append(SMALL_LAST)
    conversation = Conversation()
    conversation.append(Message("system", system_prompt(prompt_options)))
    conversation.append(Message("user", "\n\n".join(parts)))
    return conversation, len(described) + len(first_look)
