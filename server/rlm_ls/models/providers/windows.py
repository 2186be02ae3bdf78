"""The context window that a server of the user's own tells of itself: llama.cpp, vLLM, LM Studio, Ollama, their like.

Asked once a server and model in this process, for nothing but names: no text is sent. What takes long, is too large or
makes no sense is as good as no answer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from rlm_ls.models.providers.transport import bounded, session

SECONDS = 3.0
"""For all that is asked of a server; it is on this machine, or near."""
MOST_BYTES = 256 << 10
SMALLEST, LARGEST = 256, 100_000_000
"""Tokens that a window may have; a server that says 0 means that it does not know."""

FIELDS = (
    "max_model_len",  # vLLM, SGLang
    "loaded_context_length",  # LM Studio
    "context_length",  # OpenRouter, TGI
    "max_context_length",
    "context_window",  # Groq
    "max_input_tokens",
    "n_ctx",
)

_known: dict[tuple[str, str], int | None] = {}


async def learned_window(base: str, model: str, key: str, *, ollama: bool) -> int | None:
    """Tokens, or None where the server does not tell. Raises nothing. No proxy is asked."""
    if urlsplit(base).scheme != "http" or "@" in urlsplit(base).netloc:
        return None
    if (base, model) not in _known:
        try:
            async with asyncio.timeout(SECONDS):
                found = await (_of_ollama if ollama else _of_server)(base.rstrip("/"), model, _Asker(key))
        except Exception:  # a server that fails here may answer all the same
            return None
        _known[base, model] = found
    return _known[base, model]


class _Asker:
    def __init__(self, key: str) -> None:
        self._key = key

    async def __call__(self, url: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON at `url`, {} if it is none. Redirects are not followed."""
        async with (
            session() as opened,
            opened.request(
                "GET" if body is None else "POST",
                url,
                json=body,
                headers={"Authorization": f"Bearer {self._key}", "Accept-Encoding": "identity"},
                allow_redirects=False,
            ) as answer,
        ):
            if answer.status != 200:
                return {}
            read = b""
            async for chunk in bounded(answer.content.iter_any(), answer.status, answer.content_type):
                read += chunk
                if len(read) > MOST_BYTES:
                    return {}
            try:
                return json.loads(read)
            except (ValueError, RecursionError):
                return {}


async def _of_server(base: str, model: str, ask: _Asker) -> int | None:
    listed = _get(await ask(f"{base}/models"), "data")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    named = [entry for entry in entries if entry.get("id") == model]
    entry = (named or (entries if len(entries) == 1 else [{}]))[0]
    if tokens := _first(entry) or _first(_get(entry, "meta")):
        return tokens
    # llama.cpp: the window of one slot, which may be a part of the whole.
    props = await ask(f"{base.removesuffix('/v1')}/props")
    return _first(_get(props, "default_generation_settings")) or _first(props)


async def _of_ollama(base: str, model: str, ask: _Asker) -> int | None:
    info = _get(await ask(f"{base.removesuffix('/v1')}/api/show", {"model": model}), "model_info")
    if not isinstance(info, dict):
        return None
    return next((_tokens(value) for name, value in info.items() if str(name).endswith(".context_length")), None)


def _get(found: Any, name: str) -> Any:
    return found.get(name) if isinstance(found, dict) else None


def _first(found: Any) -> int | None:
    return next((tokens for name in FIELDS if (tokens := _tokens(_get(found, name)))), None)


def _tokens(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and SMALLEST <= value <= LARGEST else None
