"""Classifies a provider's failures: whether another try is worth it, and the error that a user reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from rlm_ls.errors import ModelFailed, ModelRefused, ModelUnreachable, RlmError, UnknownModel

EXAMPLES = "openai/gpt-4o-mini, anthropic/claude-sonnet-4-5 or ollama_chat/qwen3"
NAMES_REMEDY = f"Use a LiteLLM name such as {EXAMPLES}; `rlm-ls models` lists what works here."

SECRET = re.compile(r"\b(?:sk|pk|gsk|xai|hf|key)[-_][\w*.-]{4,}|\bAIza[\w-]{10,}|\bBearer\s+\S+")
MISSING_KEY = re.compile(r"missing (?:\w+ )*(?:api key|credentials)|no api key", re.IGNORECASE)
TOO_LONG = re.compile(
    r"context[ _-]?(?:length|window|size|limit)|(?:prompt|input) is too long|too many (?:input )?tokens"
    r"|(?:input|prompt) token count|maximum number of tokens|reduce the length|too large for model|tokens. must be <="
    r"|max_tokens. is too large|max(?:imum)?[ _]model[ _]len|maximum prompt length|input tokens exceeded"
    r"|must have less than \d+ tokens|model token limit|range of input length",
    re.IGNORECASE,
)
"""How OpenAI, Anthropic, Bedrock, Gemini, Mistral, TGI, vLLM, llama.cpp, xAI, Moonshot, Qwen's and GitHub's refuse a
prompt for its length."""
NEVER_FITS = re.compile(r"request too large", re.IGNORECASE)
"""OpenAI and Groq where one request alone is more than a minute may have: waiting helps nothing."""
IN_PLAIN_WORDS = (
    (re.compile(r"certificate|\bssl\b.*error", re.I), "its certificate is not accepted here"),
    (
        re.compile(r"connection refused|connect call failed|cannot connect|connection error", re.I),
        "nothing listens there",
    ),
    (re.compile(r"name or service not known|getaddrinfo|nodename nor|name resolution", re.I), "its name is not known"),
    (re.compile(r"nothing came for|no connection within|timed? ?out|timeout", re.I), "it stayed silent"),
    (re.compile(r"server disconnected|payload is not completed|connection reset|broken pipe", re.I), "it hung up"),
)
"""What HTTP libraries say when there was no whole answer, and the same for people. First match wins."""


class BrokenReply(Exception):
    """A reply that ended before it was whole, or was no reply at all."""


class Breach(Exception):
    """The endpoint, or a library, did what no reply needs: sent too much, or led to another place. Another try would
    meet the same."""


class Unfinished(BrokenReply):
    """A stream that ended tidily and gave no reason for its end."""


class ContentFiltered(Exception):
    """The provider withheld the reply; another try would meet the same filter."""


class ProviderError(Exception):
    """What an endpoint answered in place of a reply: HTTP status, its own words, its headers, its error code."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str], code: str = "") -> None:
        super().__init__(message)
        self.status_code = status
        self.headers = headers
        self.code = code


@dataclass(frozen=True, slots=True)
class CallTarget:
    """What was called, for the sentences: the model's name, its endpoint in words, and where its key comes from."""

    model: str
    endpoint: str
    key_variable: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Failure:
    """`retry`: another try may do better. `wait` is the Retry-After in seconds, if the provider gave one.

    `busy`: nothing failed, the provider only wants fewer calls.
    """

    error: RlmError
    retry: bool
    wait: float | None = None
    busy: bool = False


def classify(error: BaseException, called: CallTarget) -> Failure:
    """Turn whatever litellm raised, or a timeout of ours, into a Failure. The key never appears in it."""
    status = getattr(error, "status_code", None)
    kinds = _all_kinds(error)
    detail = _detail(error, called)
    if isinstance(error, Breach):
        stopped = f"{called.model} was stopped: {detail}."
        return Failure(ModelFailed(stopped, "Check models.apiBase, or choose another model."), retry=False)
    if "ContextWindowExceededError" in kinds or _too_long(error):
        too_long = f"The prompt is longer than the context window of {called.model}."
        refused = ModelFailed(too_long, "Choose a model with a larger window.")
        refused.too_long = True
        return Failure(refused, retry=False)
    if MISSING_KEY.search(str(error)):
        return Failure(ModelRefused(f"{called.model} needs a key.", _set(called)), retry=False)
    if status in (401, 402, 403) or "insufficient_quota" in f"{error} {getattr(error, 'code', '')}":
        remedy = _set(called) if status == 401 else "Check with the provider what this account may use."
        return Failure(ModelRefused(f"{called.model} refused the request: {detail}.", remedy), retry=False)
    if status == 404:
        missing = f"There is no model {called.model!r} at {called.endpoint}: {detail}."
        return Failure(UnknownModel(missing, NAMES_REMEDY), retry=False)
    if silence := _silence(error, kinds, detail):
        lost = f"No answer for {called.model} from {called.endpoint}: {silence}."
        remedy = "Check that it is running and that models.apiBase is right."
        return Failure(ModelUnreachable(lost, remedy), retry=True, wait=retry_after(error))
    failed = ModelFailed(f"{called.model} failed: {detail}.", "Ask again later, or choose another model.")
    failed.passing = _is_passing(status, kinds)
    busy = status == 429 or "RateLimitError" in kinds
    return Failure(failed, retry=failed.passing, wait=retry_after(error), busy=busy)


def unplaced(model: str) -> UnknownModel:
    return UnknownModel(f"No provider of a model {model!r} is known.", NAMES_REMEDY)


def _set(called: CallTarget) -> str:
    state = "holds no key" if called.key is None else "holds a key that was not accepted"
    return f"The environment variable {called.key_variable} {state}; set it to a valid one and start again."


def _silence(error: BaseException, kinds: set[str], detail: str) -> str:
    """Plain words for an endpoint that gave no whole answer, or ""."""
    if said := next((words for pattern, words in IN_PLAIN_WORDS if pattern.search(detail)), ""):
        return detail if isinstance(error, TimeoutError) else said
    return "it stayed silent" if "Timeout" in kinds else ""


def retry_after(error: BaseException) -> float | None:
    """Seconds of a Retry-After header, given as a number or as a date; None without one."""
    headers: Any = getattr(error, "litellm_response_headers", None)
    if not headers:
        headers = getattr(error, "headers", None) or getattr(getattr(error, "response", None), "headers", None) or {}
    text = str(headers.get("retry-after") or "").strip()
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None


def _too_long(error: BaseException) -> bool:
    status, said = getattr(error, "status_code", None), f"{getattr(error, 'code', '')} {error}"
    if status == 429:
        return bool(NEVER_FITS.search(said))
    return status == 413 or (status in (400, 422, 500) and bool(TOO_LONG.search(said)))


def _is_passing(status: int | None, kinds: set[str]) -> bool:
    passing = {
        "RateLimitError",
        "InternalServerError",
        "ServiceUnavailableError",
        "APIConnectionError",
        "BrokenReply",
        "ClientError",  # aiohttp's
    }
    # 200: a reply that nobody can read. LiteLLM gives that as a status, too.
    return bool(passing & kinds) or (status is not None and (status in (200, 408, 409, 425, 429) or status >= 500))


def _all_kinds(error: BaseException) -> set[str]:
    """Class names of the error and of what it wraps: a broken stream wraps what broke it."""
    inner = getattr(error, "original_exception", None)
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return kinds | _all_kinds(inner) if isinstance(inner, BaseException) else kinds


def _detail(error: BaseException, called: CallTarget) -> str:
    """The provider's own first sentence: at most 200 characters, without class names, secrets and the full stop."""
    inner = getattr(error, "original_exception", None)
    text = str(inner if isinstance(inner, BaseException) else error) or type(error).__name__
    text = re.sub(r"\b(?:litellm\.)?\w*(?:Error|Exception|Timeout)\b(?: ?[:-] ?| - )", "", text)
    text = " ".join(text.partition("Traceback")[0].split())
    if called.key:
        text = text.replace(called.key, "…")
    text = SECRET.sub("…", text)
    if "Unable to get json response" in text:
        text = "it sent something else than a reply"
    if re.match(r"Unterminated|Expecting|Extra data|Invalid control", text):
        text = f"it sent a malformed stream ({text})"
    first = re.split(r"(?<=[a-z)\]])\. (?=[A-Z])", text)[0].rstrip(". ")
    return first if len(first) <= 200 else first[:199] + "…"
