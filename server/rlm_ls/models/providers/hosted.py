"""Replies through LiteLLM: the way to every provider."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

from rlm_ls.models.base import READ_ONCE, Message
from rlm_ls.models.providers.direct import ReplyChunk
from rlm_ls.models.providers.failures import BrokenReply
from rlm_ls.models.providers.retries import RetryPolicy
from rlm_ls.models.providers.transport import Call, within
from rlm_ls.models.replies.parts import calls_of, text_of, thought_of

RESELLERS = frozenset(
    {"bedrock", "bedrock_converse", "vertex_ai", "vertex_ai_beta", "databricks", "azure_ai", "litellm_proxy"}
)
"""Providers that pass the marks on to Claude."""
ON_OPENROUTER = ("claude", "gemini", "minimax", "glm", "z-ai")
"""Families for which OpenRouter passes them on (as LiteLLM 1.108 has it)."""

HTTPX_TIMEOUTS = frozenset({"openai", "azure", "bedrock"})
"""Providers for which LiteLLM (1.106) tells the time to connect from the time to answer. The others may take as long to
connect as they may be silent."""


def wants_marks(provider: str, model: str) -> bool:
    """Whether a provider caches only what is marked: Claude wherever it is, Amazon's own models, and what OpenRouter
    has marks for. (OpenAI, DeepSeek and Gemini from 2.5 cache by themselves, in a prefix of at least 1,024 tokens. At
    Google's own door LiteLLM makes of a mark a request of its own, and a cache that is paid for by the hour.)"""
    name = model.lower()
    if provider == "openrouter":
        return any(family in name for family in ON_OPENROUTER)
    return (
        provider == "anthropic"
        or (provider in RESELLERS and "claude" in name)
        or (provider in ("bedrock", "bedrock_converse") and "nova" in name)
    )


def marked(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages as LiteLLM takes them, with marks where the next call's prompt will still be the same: after the
    system message, the first one, and the newest, or one before that where what follows will not come whole again."""
    told: list[dict[str, Any]] = [{"role": message.role, "content": message.content} for message in messages]
    newest = len(told) - 1
    exchange = range(max(2, newest - 1), newest + 1)
    newest = next((at - 1 for at in exchange if len(messages[at].content) > READ_ONCE), newest)
    for at in {0, min(1, newest), newest}:
        if text := told[at]["content"]:  # an empty block may not be marked
            told[at]["content"] = [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]
    return told


async def reply_chunks(
    litellm: Any,
    provider: str,
    call: Mapping[str, Any],
    *,
    streamed: bool,
    retry_policy: RetryPolicy,
    at: Call,
) -> AsyncGenerator[ReplyChunk, None]:
    """Ask, and hand on what comes: in pieces, or not `streamed`, whole.

    Whole is half the work for us (5 ms of processor a call in place of 10), and for long replies much less: each piece
    of a stream costs LiteLLM as much as a message. Closing the iterator closes the connection.
    `at` is what may be contacted for it. Raises what LiteLLM raises, ProviderError, BrokenReply, Breach.
    """
    timeout: Any = retry_policy.silence
    if provider in HTTPX_TIMEOUTS:
        import httpx

        timeout = httpx.Timeout(retry_policy.silence, connect=retry_policy.connect)
    # Its own tries would be tries on top of ours, and its logging is for callbacks that we have none of.
    options: dict[str, Any] = {"timeout": timeout, "max_retries": 0, "num_retries": 0, "no-log": True}
    if not streamed:
        with within(at):
            reply = await litellm.acompletion(**call, **options)
        if not reply.choices:
            raise BrokenReply("it sent something else than a reply.")
        choice = reply.choices[0]
        read = _fields(choice.message)
        finish, usage = choice.finish_reason or "stop", getattr(reply, "usage", None)
        yield ReplyChunk(text_of(read), finish, usage, thought_of(read), calls_of(read))
        return
    with within(at):
        stream = await litellm.acompletion(**call, **options, stream=True, stream_options={"include_usage": True})
    try:
        while True:
            with within(at):  # some of LiteLLM's streams are asked for when they are first read
                chunk = await anext(stream, None)
            if chunk is None:
                break
            delta = chunk.choices[0].delta if chunk.choices else None
            read = _fields(delta)
            usage = getattr(chunk, "usage", None)
            yield ReplyChunk(text_of(read), usage=usage, thought=thought_of(read), calls=calls_of(read))
        # Not what its chunks say: of a stream that broke off LiteLLM makes one that stopped. Gemini gives the reason
        # with the last of the text, and LiteLLM then keeps it elsewhere.
        finish = getattr(stream, "received_finish_reason", None) or getattr(stream, "intermittent_finish_reason", None)
        yield ReplyChunk(finish=finish)
    finally:
        with contextlib.suppress(Exception):
            await stream.aclose()


def _fields(message: Any) -> Callable[[str], Any]:
    return lambda name: getattr(message, name, None)
