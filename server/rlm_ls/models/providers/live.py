"""A model at a provider or on this machine: tried again where that helps, priced, stopped on cancel."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Literal, Unpack

from rlm_ls.errors import ModelFailed
from rlm_ls.models.base import MOST_TOKENS, NO_USAGE, CallOptions, Message, Reply, Usage
from rlm_ls.models.providers import direct, hosted, library
from rlm_ls.models.providers.catalogue import UNKNOWN_WINDOW, Entry, cost, look_up, of_its_own
from rlm_ls.models.providers.direct import OLLAMA, ReplyChunk
from rlm_ls.models.providers.endpoint import Endpoint, endpoint
from rlm_ls.models.providers.failures import (
    Breach,
    BrokenReply,
    CallTarget,
    ContentFiltered,
    Failure,
    Unfinished,
    classify,
    unplaced,
)
from rlm_ls.models.providers.retries import RetryPolicy, pause
from rlm_ls.models.providers.transport import Call
from rlm_ls.models.providers.windows import learned_window
from rlm_ls.models.replies.attempt import Attempt, ReplySinks
from rlm_ls.models.replies.estimates import counted

REFUSALS_OF_SCHEMAS = frozenset({400, 415, 422, 500, 501})
"""Statuses with which servers answer a schema that they do not know, or cannot make a grammar of."""

REFUSALS_OF_REASONING = re.compile(r"\bthink(?:ing)?\b|reasoning", re.IGNORECASE)
"""What servers speak of when a model does not think, or not so much: Ollama, OpenAI, and those that know no such
field."""


AT_THE_LIMIT = frozenset({"length", "max_tokens", "model_length"})
WITHHELD = frozenset({"content_filter", "safety", "sensitive", "prohibited_content", "blocklist", "refusal"})
GIVEN_UP = frozenset({"error", "abort", "aborted", "network_error", "insufficient_system_resource"})
"""Reasons for a reply's end, in the words of OpenAI, Anthropic, Mistral, Gemini, GLM, vLLM, OpenRouter and DeepSeek;
all others are a whole one's."""


class SilenceTimeout(TimeoutError):
    """Nothing more came of a request that was sent: the provider may be at work on it, and charges for it."""


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
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        self.name = name
        self.local = endpoint.local
        self._where = endpoint
        self._environ = environ
        self._key_variable = key_variable
        self._patience = retry_policy or RetryPolicy()
        self._entry: Entry | None = None
        self._refuses_schemas = False
        self._refuses_reasoning = False

    @property
    def window(self) -> int:
        """Tokens; a cautious guess until `prepare` has run."""
        return self._entry.window if self._entry else UNKNOWN_WINDOW

    @property
    def endpoint(self) -> str:
        """Host and port of an own endpoint, else the provider's name."""
        return self._where.host or self._provider

    @property
    def address(self) -> str:
        """What is asked, whole: the URL of an own endpoint without its password, else the provider's name."""
        return self._where.shown or self._provider

    async def prepare(self) -> None:
        """Look the model up, so that `window` and `price` are known; which loads LiteLLM, unless it has nothing to say
        of a model at an endpoint of the user's own. Sends no text: such an endpoint is asked for its window.

        Raises UnknownModel for a name that LiteLLM cannot place.
        """
        if self._entry is None:
            self._entry = await self._looked_up()
            if self._base is None:
                # LiteLLM would look there by itself; so it is said, and recorded, and nothing else is asked.
                self._where = endpoint(f"{self._entry.provider}/", None, self._environ)
            if self._base is not None and self._kept:
                self._entry = await self._as_served(self._entry, self._base)

    async def _looked_up(self) -> Entry:
        local, base = self.local, self._base
        entry = await asyncio.to_thread(of_its_own, self.name, local=local, base=base)
        if entry is None:
            entry = await asyncio.to_thread(look_up, await library.load(), self.name, local=local, base=base)
        if entry is None:
            raise unplaced(self.name)
        return entry

    async def _as_served(self, entry: Entry, base: str) -> Entry:
        """With the window that the server tells of; of Ollama, where we say the window, no more than we say unless its
        Modelfile says more."""
        ollama = entry.provider in OLLAMA
        if not direct.reachable(entry.provider, base):
            return entry
        key = self._environ.get(self._key_variable or entry.key_variable) or "none"
        tokens = await learned_window(base, entry.bare, key, most=entry.window if ollama else None)
        if tokens is None:
            return entry
        if ollama:
            return replace(entry, window=tokens, extra={**entry.extra, "num_ctx": tokens})
        return replace(entry, window=tokens)

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        entry = self._entry
        if entry is None or entry.prompt_usd is None or entry.completion_usd is None:
            return None
        return prompt_tokens * entry.prompt_usd + completion_tokens * entry.completion_usd

    async def complete(self, messages: Sequence[Message], **options: Unpack[CallOptions]) -> Reply:
        await self.prepare()
        shared = pause(self.endpoint)
        sinks, spent = ReplySinks(options), NO_USAGE
        failed = busy = empty = 0
        unfinished = False
        while True:
            await shared.over()
            sent, attempt = time.monotonic(), Attempt(messages, options, sinks)
            try:
                reply = await self._try(attempt, options, lenient=unfinished)
            except asyncio.CancelledError as cancelled:
                attempt.worked = True  # the provider may be at work on it, and nobody will be told
                cancelled.spent = spent + self._usage(attempt)  # type: ignore[attr-defined]
                raise
            except Exception as error:
                unfinished = unfinished or (self.local and isinstance(error, Unfinished))
                attempt.worked = attempt.worked or isinstance(error, SilenceTimeout)
                spent += self._usage(attempt)
                failure = classify(error, self._called)
                if options.get("reasoning") and not self._refuses_reasoning and _is_the_reasonings(error):
                    self._refuses_reasoning = True
                    continue
                if attempt.typed and _may_be_the_schemas(error, failure):
                    self._refuses_schemas = True  # whoever gave it checks the reply all the same
                    continue
                busy, failed = busy + failure.busy, failed + (not failure.busy)
                if self._gives_up(failure, failed, busy):
                    failure.error.spent = spent
                    raise failure.error from None  # the chain would carry the provider's raw words into logs
                if failure.busy:
                    shared.refused(sent, failure.wait, self._patience)
                await asyncio.sleep(max(self._patience.wait(failed + busy), failure.wait or 0.0))
            else:
                shared.answered()
                spent += reply.usage
                if reply.text.strip() or reply.thinking:
                    return replace(reply, usage=spent, tries=failed + busy + empty + 1)
                empty += 1
                if empty > 1 or reply.finish == "length":
                    break
            sinks.again()
        nothing = ModelFailed(f"{self.name} sent an empty reply.", "Ask again, or choose another model.")
        nothing.spent = spent
        raise nothing

    def _gives_up(self, failure: Failure, failed: int, busy: int) -> bool:
        retry_policy = self._patience
        return (
            not failure.retry
            or failed >= retry_policy.tries
            or busy >= retry_policy.busy_tries
            or (failure.wait is not None and failure.wait > retry_policy.longest_wait)
        )

    async def _try(self, attempt: Attempt, options: CallOptions, *, lenient: bool) -> Reply:
        """One request. `lenient`: a stream without a finish reason counts as whole (some servers on
        this machine send none, ever; a provider's stream without one broke off)."""
        async with aclosing(await self._pieces(attempt, options)) as stream:
            while (piece := await self._within_silence(anext(stream, None))) is not None:
                if not attempt.take(piece.text, piece.thought, piece.finish, piece.usage, piece.calls):
                    more = f"it sent more than {attempt.room:,} characters without an end"
                    raise Breach(f"{more}, beginning with: {attempt.beginning}")
        text, thinking = attempt.whole()
        finish = str(attempt.finish).lower()
        if finish in WITHHELD:
            raise ContentFiltered("the provider's content filter withheld the reply.")
        if finish in GIVEN_UP:
            raise BrokenReply("the reply ended in the middle.")
        if attempt.finish is None and (text or thinking) and not lenient:
            raise Unfinished("the stream ended in the middle.")
        ended: Literal["stop", "length"] = "length" if finish in AT_THE_LIMIT else "stop"
        return Reply(text, self._usage(attempt), self.name, ended, thinking=thinking)

    async def _pieces(self, attempt: Attempt, options: CallOptions) -> AsyncGenerator[ReplyChunk, None]:
        entry = self._entry
        assert entry is not None  # complete() has prepared
        max_tokens, schema = options.get("max_tokens"), options.get("schema")
        temperature = options.get("temperature")
        reasoning = None if self._refuses_reasoning else options.get("reasoning")
        key = self._environ.get(self._key_variable or entry.key_variable)
        call: dict[str, Any] = {"messages": [{"role": told.role, "content": told.content} for told in attempt.messages]}
        typed = attempt.typed = schema is not None and self._keeps_to(schema)
        if self._base is not None and entry.provider in OLLAMA and direct.reachable(entry.provider, self._base):
            given = {**entry.extra, "num_predict": max_tokens, "temperature": temperature}
            body = direct.ollama_body(
                entry.bare,
                call["messages"],
                {name: value for name, value in given.items() if value is not None},
                reasoning=reasoning,
                schema=schema if typed else None,
            )
            return self._direct(body, key, ollama=True)
        if temperature is not None:
            call["temperature"] = temperature
        if reasoning is not None:
            call["reasoning_effort"] = reasoning
        if typed:
            named = {"name": "reply", "schema": schema, "strict": False}
            call["response_format"] = {"type": "json_schema", "json_schema": named}
        if self._base is not None and direct.reachable(entry.provider, self._base):
            if max_tokens is not None:
                call[entry.limit] = max_tokens
            call["model"] = entry.bare
            return self._direct(call, key)
        if max_tokens is not None:
            call["max_tokens"] = max_tokens
        if hosted.wants_marks(entry.provider, entry.model):
            call["messages"] = hosted.marked(attempt.messages)
        if self._key_variable is None:
            key = None  # LiteLLM knows more than one place for some keys
        # An own endpoint often wants no key, while LiteLLM's OpenAI client insists on one.
        call["api_key"] = key or ("none" if self._base and not self._environ.get(entry.key_variable) else None)
        call |= {"model": entry.model, "api_base": self._base, **entry.extra}
        # What may be silent for minutes is streamed, so that silence still means that nothing comes.
        streamed = not attempt.unseen or self.local or entry.reasons
        litellm = await library.load()
        at = Call(self._base, kept=self._kept)
        return hosted.reply_chunks(litellm, entry.provider, call, streamed=streamed, retry_policy=self._patience, at=at)

    def _direct(
        self, body: dict[str, Any], key: str | None, *, ollama: bool = False
    ) -> AsyncGenerator[ReplyChunk, None]:
        assert self._base is not None
        connect = self._patience.connect
        return direct.reply_chunks(self._base, key or "none", body, connect=connect, kept=self._kept, ollama=ollama)

    def _keeps_to(self, schema: Mapping[str, Any]) -> bool:
        """Whether the schema is handed to the provider: where that is known to keep to one, and to servers of the
        user's own (llama.cpp, vLLM …) until they refuse one."""
        assert self._entry is not None
        own = self._base is not None and self._kept and direct.reachable(self._entry.provider, self._base)
        known = self._entry.schemas and schema.get("type") == "object"
        return not self._refuses_schemas and (known or own)

    async def _within_silence(self, step: Awaitable[ReplyChunk | None]) -> ReplyChunk | None:
        seconds = self._patience.silence
        timer = asyncio.timeout(seconds)
        try:
            async with timer:
                return await step
        except TimeoutError:
            if not timer.expired():
                raise
            raise SilenceTimeout(f"nothing came for {seconds:g} s") from None

    def _usage(self, attempt: Attempt) -> Usage:
        """Of one request: as reported, else estimated from what was sent and what came. Nothing for one refused."""
        usage = attempt.figures
        if not attempt.worked:
            return NO_USAGE
        told = _figure(usage, "prompt_tokens"), _figure(usage, "completion_tokens")
        tokens = counted(*told, attempt.messages, attempt.characters)
        cached = _figure(_get(usage, "prompt_tokens_details"), "cached_tokens")
        usd = self.price(tokens.prompt, tokens.completion)
        if usd and not tokens.estimated:
            usd = cost(library.loaded(), self._entry, usage, otherwise=usd)
        return Usage(tokens.prompt, tokens.completion, cached, usd, tokens.estimated)

    @property
    def _base(self) -> str | None:
        return self._where.base

    @property
    def _kept(self) -> bool:
        return self._where.local or self._where.trusted

    @property
    def _provider(self) -> str:
        return self._entry.provider if self._entry else self.name.partition("/")[0]

    @property
    def _called(self) -> CallTarget:
        variable = self._key_variable or (self._entry.key_variable if self._entry else "")
        where = self._where.shown or f"the provider {self._provider}"
        return CallTarget(self.name, where, variable, self._environ.get(variable))


def _is_the_reasonings(error: Exception) -> bool:
    """Whether a request was refused since it said how much to think: then it is made once more without."""
    return getattr(error, "status_code", None) in (400, 422) and bool(REFUSALS_OF_REASONING.search(str(error)))


def _may_be_the_schemas(error: Exception, failure: Failure) -> bool:
    """Whether a request may have failed since it held a schema: then it is made once more without."""
    return (
        getattr(error, "status_code", None) in REFUSALS_OF_SCHEMAS
        and not failure.busy
        and not getattr(failure.error, "too_long", False)
    )


def _get(usage: Any, name: str) -> Any:
    """A field of usage figures, which are a server's own JSON or LiteLLM's object."""
    return usage.get(name) if isinstance(usage, Mapping) else getattr(usage, name, None)


def _figure(usage: Any, name: str) -> int:
    found = _get(usage, name)
    return min(found, MOST_TOKENS) if isinstance(found, int) and found is not True and found > 0 else 0
