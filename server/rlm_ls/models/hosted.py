"""Replies through LiteLLM: the way to every provider."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from rlm_ls.models.direct import Piece
from rlm_ls.models.patience import Patience

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
) -> AsyncGenerator[Piece, None]:
    """Ask, and hand on what comes: in pieces, or not `streamed`, whole.

    Whole is half the work for us (5 ms of processor a call in place of 10), and for long replies much less: each piece
    of a stream costs LiteLLM as much as a message. Closing the iterator closes the connection.
    """
    timeout: Any = patience.silence
    if provider in HTTPX_TIMEOUTS:
        import httpx

        timeout = httpx.Timeout(patience.silence, connect=patience.connect)
    # Its own tries would be tries on top of ours, and its logging is for callbacks that we have none of.
    options: dict[str, Any] = {"timeout": timeout, "max_retries": 0, "num_retries": 0, "no-log": True}
    if not streamed:
        reply = await litellm.acompletion(**call, **options)
        choice = reply.choices[0]
        yield Piece(choice.message.content or "", choice.finish_reason or "stop", getattr(reply, "usage", None))
        return
    stream = await litellm.acompletion(**call, **options, stream=True, stream_options={"include_usage": True})
    try:
        async for chunk in stream:
            # Reasoning comes in a field of its own and is no part of the reply.
            text = chunk.choices[0].delta.content if chunk.choices else None
            yield Piece(text or "", usage=getattr(chunk, "usage", None))
        yield Piece(finish=getattr(stream, "received_finish_reason", None))
    finally:
        with contextlib.suppress(Exception):
            await stream.aclose()
