"""Replies through LiteLLM: the way to every provider."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from rlm_ls.models.direct import Piece, text_of
from rlm_ls.models.failures import BrokenReply
from rlm_ls.models.patience import Patience
from rlm_ls.models.transport import Call, within

HTTPX_TIMEOUTS = frozenset({"openai", "azure", "bedrock"})
"""Providers for which LiteLLM (1.106) tells the time to connect from the time to answer. The others may take as long to
connect as they may be silent."""


async def pieces(
    litellm: Any,
    provider: str,
    call: Mapping[str, Any],
    *,
    streamed: bool,
    patience: Patience,
    at: Call,
) -> AsyncGenerator[Piece, None]:
    """Ask, and hand on what comes: in pieces, or not `streamed`, whole.

    Whole is half the work for us (5 ms of processor a call in place of 10), and for long replies much less: each piece
    of a stream costs LiteLLM as much as a message. Closing the iterator closes the connection.
    `at` is what may be contacted for it. Raises what LiteLLM raises, ProviderError, BrokenReply, Breach.
    """
    timeout: Any = patience.silence
    if provider in HTTPX_TIMEOUTS:
        import httpx

        timeout = httpx.Timeout(patience.silence, connect=patience.connect)
    # Its own tries would be tries on top of ours, and its logging is for callbacks that we have none of.
    options: dict[str, Any] = {"timeout": timeout, "max_retries": 0, "num_retries": 0, "no-log": True}
    if not streamed:
        with within(at):
            reply = await litellm.acompletion(**call, **options)
        if not reply.choices:
            raise BrokenReply("it sent something else than a reply.")
        choice = reply.choices[0]
        text = text_of(choice.message.content)
        yield Piece(text, choice.finish_reason or "stop", getattr(reply, "usage", None))
        return
    with within(at):
        stream = await litellm.acompletion(**call, **options, stream=True, stream_options={"include_usage": True})
    try:
        while True:
            with within(at):  # some of LiteLLM's streams are asked for when they are first read
                chunk = await anext(stream, None)
            if chunk is None:
                break
            # Reasoning comes in a field of its own and is no part of the reply.
            text = text_of(chunk.choices[0].delta.content) if chunk.choices else ""
            yield Piece(text, usage=getattr(chunk, "usage", None))
        yield Piece(finish=getattr(stream, "received_finish_reason", None))
    finally:
        with contextlib.suppress(Exception):
            await stream.aclose()
