"""A model at a provider or on this machine, through LiteLLM: streamed, retried, priced, stopped on cancel."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rlm_ls.errors import ModelFailed
from rlm_ls.models import library
from rlm_ls.models.base import Message, Reply, TextSink, Usage
from rlm_ls.models.catalogue import UNKNOWN_WINDOW, Entry, cost, look_up
from rlm_ls.models.endpoint import Endpoint
from rlm_ls.models.failures import BrokenReply, Called, ContentFiltered, judge, unplaced


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call is waited for, in seconds, and how often it is tried.

    `silence` is between two pieces of a stream (and before the first); waits between tries double from `backoff`, with
    jitter. A provider that asks for more than `longest_wait` gets no further try.
    """

    connect: float = 10.0
    silence: float = 120.0
    tries: int = 4
    backoff: float = 0.5
    longest_wait: float = 60.0


class LiteLLMModel:
    """`name` is any LiteLLM model name; `key_variable` names the variable of `environ` that holds its key, if not the
    one that LiteLLM reads by itself."""

    kind: Literal["live"] = "live"

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        *,
        environ: Mapping[str, str],
        key_variable: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.name = name
        self.local = endpoint.local
        self._base = endpoint.base
        self._environ = environ
        self._key_variable = key_variable
        self._patience = patience or Patience()
        self._entry: Entry | None = None

    @property
    def window(self) -> int:
        """Tokens; a cautious guess until `prepare` has run."""
        return self._entry.window if self._entry else UNKNOWN_WINDOW

    @property
    def endpoint(self) -> str:
        return ""

    async def prepare(self) -> None:
        """Load LiteLLM and look the model up, so that `window` and `price` are known. Sends nothing.

        Raises UnknownModel for a name that LiteLLM cannot place.
        """
        if self._entry is None:
            litellm = await library.load()
            self._entry = await asyncio.to_thread(look_up, litellm, self.name, local=self.local, base=self._base)
            if self._entry is None:
                raise unplaced(self.name)

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        entry = self._entry
        if entry is None or entry.prompt_usd is None or entry.completion_usd is None:
            return None
        return prompt_tokens * entry.prompt_usd + completion_tokens * entry.completion_usd

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        on_text: TextSink | None = None,
        max_tokens: int | None = None,
        schema: dict[str, Any] | None = None,
    ) -> Reply:
        await self.prepare()
        spent = Usage(usd=0.0)
        shown = _Shown(on_text)
        empty = 0
        for attempt in range(1, self._patience.tries + 1):
            try:
                reply = await self._try(messages, shown, max_tokens, lenient=attempt > 1)
            except Exception as error:
                failure = judge(error, self._called)
                wait = self._wait(attempt, failure.wait)
                if not failure.retry or attempt == self._patience.tries or wait is None:
                    raise failure.error from None  # the chain would carry the provider's raw words into logs
                await asyncio.sleep(wait)
            else:
                spent = _sum(spent, reply.usage)
                if reply.text.strip():
                    return Reply(reply.text, spent, reply.model, reply.finish)
                empty += 1
                if empty > 1 or reply.finish == "length":
                    break
            shown.again()
        raise ModelFailed(f"{self.name} sent an empty reply.", "Ask again, or choose another model.")

    async def _try(self, messages: Sequence[Message], shown: _Shown, max_tokens: int | None, *, lenient: bool) -> Reply:
        """One request. `lenient`: a stream without a finish reason counts as whole (some local servers send none)."""
        pieces: list[str] = []
        usage: Any = None
        stream = await self._within_silence(self._send(messages, max_tokens))
        try:
            while (chunk := await self._within_silence(anext(stream, None))) is not None:
                usage = getattr(chunk, "usage", None) or usage
                # Reasoning comes in a field of its own and is no part of the reply.
                if chunk.choices and (piece := chunk.choices[0].delta.content):
                    pieces.append(piece)
                    shown.show(piece)
            finish = getattr(stream, "received_finish_reason", None)
        finally:
            with contextlib.suppress(Exception):
                await stream.aclose()
        text = "".join(pieces)
        if finish == "content_filter":
            raise ContentFiltered("the provider's content filter withheld the reply.")
        if finish is None and text and not lenient:
            raise BrokenReply("the stream ended in the middle.")
        return Reply(text, self._usage(usage), self.name, "length" if finish == "length" else "stop")

    async def _send(self, messages: Sequence[Message], max_tokens: int | None) -> Any:
        entry = self._entry
        assert entry is not None  # complete() has prepared
        key = self._environ.get(self._key_variable) if self._key_variable else None
        extra: dict[str, Any] = dict(entry.extra)
        if max_tokens is not None:
            extra["max_tokens"] = max_tokens
        litellm = await library.load()
        return await litellm.acompletion(
            model=entry.model,
            messages=[{"role": message.role, "content": message.content} for message in messages],
            api_base=self._base,
            # An own endpoint often wants no key, while LiteLLM's OpenAI client insists on one.
            api_key=key or ("none" if self._base and not self._environ.get(entry.key_variable) else None),
            stream=True,
            stream_options={"include_usage": True},
            timeout=self._patience.silence,
            max_retries=0,
            num_retries=0,
            **extra,
        )

    async def _within_silence(self, step: Coroutine[Any, Any, Any]) -> Any:
        seconds = self._patience.silence
        try:
            async with asyncio.timeout(seconds):
                return await step
        except TimeoutError:
            raise TimeoutError(f"nothing came for {seconds:g} s") from None

    def _wait(self, attempt: int, asked: float | None) -> float | None:
        """Seconds before the next try, or None where the provider asks for more than anyone will wait."""
        patience = self._patience
        if asked is not None and asked > patience.longest_wait:
            return None
        backoff = patience.backoff * (1 << (attempt - 1)) * random.uniform(0.5, 1.5)
        return max(backoff, asked or 0.0)

    def _usage(self, usage: Any) -> Usage:
        if usage is None:
            return Usage(usd=0.0 if self.local and self.price(1, 1) == 0.0 else None)
        details = getattr(usage, "prompt_tokens_details", None)
        prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
        usd = self.price(prompt, completion)
        if usd:
            usd = cost(library.loaded(), self._entry, usage, otherwise=usd)
        return Usage(prompt, completion, getattr(details, "cached_tokens", None) or 0, usd)

    @property
    def _called(self) -> Called:
        provider = self._entry.provider if self._entry else self.name.partition("/")[0]
        variable = self._key_variable or (self._entry.key_variable if self._entry else "")
        where = self._base or f"the provider {provider}"
        return Called(self.name, where, variable, self._environ.get(variable))


class _Shown:
    """Hands text on; says so when a reply starts afresh after some of it was shown."""

    def __init__(self, sink: TextSink | None) -> None:
        self._sink = sink
        self._partial = False

    def show(self, piece: str) -> None:
        self._partial = True
        if self._sink is not None:
            self._sink(piece)

    def again(self) -> None:
        if self._partial and self._sink is not None:
            self._sink("\n\n[the stream broke off; asking again]\n\n")
        self._partial = False


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.prompt_tokens + other.prompt_tokens,
        one.completion_tokens + other.completion_tokens,
        one.cached_tokens + other.cached_tokens,
        None if one.usd is None or other.usd is None else one.usd + other.usd,
    )
