"""What LiteLLM's tables say of a model: its provider, window and price."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from rlm_ls.models.providers import direct
from rlm_ls.models.providers.direct import OLLAMA

UNKNOWN_WINDOW = 32_768
UNWATCHED = {"aiohttp_openai"}
"""Providers whose requests LiteLLM does not send through the transports that are guarded; "openai" does the same."""
OLLAMA_WINDOW = 16_384
"""Ollama cuts longer prompts without a word at the window of the request (4,096 unless said): we say this one."""
_TABLE = "model_prices_and_context_window_backup.json"
"""LiteLLM's own file of models, which it ships."""
_FAMILIES = re.compile(r"claude|gemini|gpt|\bo\d|codex|deep-research|chat-latest|computer-use|wandb|ft:")
"""Families of models of which LiteLLM has rules beside its table."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`model` is what LiteLLM is called with; dollars are for one token, None where the price is not known.

    `bare` is the provider's own name of it, `limit` its own parameter for the longest reply; `schemas`: it keeps to a
    JSON schema; `reasons`: it may think for minutes before the first word.
    """

    model: str
    provider: str
    window: int
    prompt_usd: float | None
    completion_usd: float | None
    key_variable: str
    bare: str = ""
    limit: str = "max_tokens"
    schemas: bool = False
    reasons: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


def of_its_own(name: str, *, local: bool, base: str | None) -> Entry | None:
    """Of a model at a server of the user's own that LiteLLM's table does not name: what `look_up` would find, by
    itself, since loading LiteLLM takes seconds and 140 MB. None where LiteLLM has to be asked.

    Blocks for some milliseconds: it reads the table, and loads what speaks to such a server.
    """
    provider, _, bare = name.partition("/")
    if not bare or not direct.reachable(provider, base) or _may_be_known(name):
        return None
    direct.load()
    ollama = provider in OLLAMA
    usd = 0.0 if local else None
    return Entry(
        model=name,
        provider=provider,
        window=OLLAMA_WINDOW if ollama else UNKNOWN_WINDOW,
        prompt_usd=usd,
        completion_usd=usd,
        key_variable=f"{provider.upper()}_API_KEY",
        bare=bare,
        schemas=provider == "lm_studio",
        extra={"num_ctx": OLLAMA_WINDOW} if ollama else {},
    )


@lru_cache
def _may_be_known(name: str) -> bool:
    """Whether LiteLLM may know more of the name than its provider. It looks for names with and without what stands
    before a slash and behind a colon, in any case."""
    lowered = name.lower()
    if _FAMILIES.search(lowered):
        return True
    found = importlib.util.find_spec("litellm")  # runs nothing of it
    if found is None or found.origin is None:
        return True
    try:
        table = (Path(found.origin).parent / _TABLE).read_bytes().lower()
    except OSError:
        return True
    last = lowered.rpartition("/")[2]
    return any(f'{mark}{one}"'.encode() in table for one in (last, last.partition(":")[0]) for mark in '"/')


def look_up(litellm: Any, name: str, *, local: bool, base: str | None) -> Entry | None:
    """Blocks for some milliseconds and sends nothing; None for a name that LiteLLM cannot place."""
    model = name
    try:
        provider = litellm.get_llm_provider(model)[1]
    except Exception:  # litellm raises several classes of its own here
        if base is None:
            return None
        model, provider = f"openai/{name}", "openai"  # an own endpoint speaks the protocol that all of them speak
    if provider in UNWATCHED:
        return None
    ollama = provider in OLLAMA
    info = _info(litellm, model, provider, ollama=ollama)
    window = info.get("max_input_tokens") or info.get("max_tokens") or UNKNOWN_WINDOW
    free = 0.0 if local else None  # a model on this machine that the tables do not name
    return Entry(
        model=model,
        provider=provider,
        window=OLLAMA_WINDOW if ollama else int(window),
        prompt_usd=info.get("input_cost_per_token", free),
        completion_usd=info.get("output_cost_per_token", free),
        key_variable=_key_variable(litellm, model, provider),
        bare=model.removeprefix(f"{provider}/"),
        limit=_limit(litellm, model.removeprefix(f"{provider}/"), provider),
        schemas=_has(litellm.supports_response_schema, model, provider),
        reasons=_has(litellm.supports_reasoning, model, provider),
        extra={"num_ctx": OLLAMA_WINDOW} if ollama else {},
    )


def cost(litellm: Any, entry: Entry | None, usage: Any, *, otherwise: float) -> float:
    """Dollars for a provider's usage figures, cached tokens at their own price; `otherwise` if LiteLLM cannot say."""
    if litellm is None or entry is None:
        return otherwise
    try:
        figures = litellm.Usage(**usage) if isinstance(usage, dict) else usage
        prompt, completion = litellm.cost_per_token(
            model=entry.model,
            custom_llm_provider=entry.provider,
            prompt_tokens=figures.prompt_tokens,
            completion_tokens=figures.completion_tokens,
            usage_object=figures,
        )
        dollars = float(prompt + completion)
        # Tiers and cache writes cost more than the plain price, but no multiple of it that a server makes up.
        return dollars if 0 <= dollars <= 10 * otherwise else otherwise
    except Exception:
        return otherwise


def _info(litellm: Any, model: str, provider: str, *, ollama: bool) -> dict[str, Any]:
    try:
        # For Ollama get_model_info asks the server, which may be down or slow.
        found = litellm.model_cost.get(model) if ollama else litellm.get_model_info(model, custom_llm_provider=provider)
    except Exception:
        return {}
    known = {key: value for key, value in (found or {}).items() if value is not None}
    if not ollama:
        # For a model that its table does not name, or names without a price, LiteLLM says 0: nobody knows is not free.
        priced = litellm.model_cost.get(str(known.get("key"))) or {}
        for figure in ("input_cost_per_token", "output_cost_per_token"):
            if not known.get(figure) and priced.get(figure) is None:
                known.pop(figure, None)
    return known


def _limit(litellm: Any, model: str, provider: str) -> str:
    try:
        given = litellm.get_optional_params(model=model, custom_llm_provider=provider, max_tokens=1)
    except Exception:
        return "max_tokens"
    return "max_completion_tokens" if "max_completion_tokens" in given else "max_tokens"


def _has(feature: Any, model: str, provider: str) -> bool:
    try:
        return bool(feature(model, provider))
    except Exception:  # a model that the tables do not name
        return False


def _key_variable(litellm: Any, model: str, provider: str) -> str:
    try:
        missing = [name for name in litellm.validate_environment(model)["missing_keys"] if name.endswith("_API_KEY")]
    except Exception:
        missing = []
    return missing[0] if missing else f"{provider.upper()}_API_KEY"
