"""The context window that a server of the user's own tells of itself: llama.cpp, vLLM, LM Studio, Ollama, their like.

Asked once a server and model in this process, for nothing but names: no text is sent. What takes long, is too large or
makes no sense is as good as no answer.
"""

from __future__ import annotations

import asyncio
import json
import re
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

NUM_CTX = re.compile(r"^num_ctx[ \t]+(\d{1,9})[ \t]*$", re.MULTILINE)
OLLAMA_USUAL = 4096
"""Tokens that Ollama takes of a prompt unless somebody says how many."""

_known: dict[tuple[str, str], int | None] = {}


async def learned_window(base: str, model: str, key: str, *, most: int | None = None) -> int | None:
    """Tokens, or None where the server does not tell. Raises nothing. No proxy is asked.

    `most`: Ollama's own interface is used, which is asked for a window: for so much, unless its Modelfile has another.
    """
    if urlsplit(base).scheme != "http" or "@" in urlsplit(base).netloc:
        return None
    if (base, model) not in _known:
        try:
            async with asyncio.timeout(SECONDS):
                root, ask = base.rstrip("/"), _Asker(key)
                found = await (_of_server(root, model, ask) if most is None else _of_ollama(root, model, ask, most))
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
    named = [entry for entry in entries if entry.get("id") in (model, f"{model}:latest")]
    entry = (named or (entries if len(entries) == 1 else [{}]))[0]
    if tokens := _first(entry) or _first(_get(entry, "meta")):
        return tokens
    # llama.cpp: the window of one slot, which may be a part of the whole.
    root = base.removesuffix("/v1")
    props = await ask(f"{root}/props")
    found = _first(_get(props, "default_generation_settings")) or _first(props)
    return found or (await _of_ollama_as_openai(root, model, ask) if _is_ollamas(entry) else None)


async def _of_ollama(root: str, model: str, ask: _Asker, most: int) -> int | None:
    trained, set_to = _shown(await ask(f"{root.removesuffix('/v1')}/api/show", {"model": model}))
    return trained and min(trained, set_to or most)


def _is_ollamas(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of a list of models is as Ollama makes it: owned by its name's namespace, or "library"."""
    _, *spaces, _ = f"/{entry.get('id')}".split("/")
    return entry.get("owned_by") == (spaces[-1] if spaces else "library")


async def _of_ollama_as_openai(root: str, model: str, ask: _Asker) -> int | None:
    """On its OpenAI side nobody can say the window, and longer prompts are cut without a word: what its Modelfile says,
    else what it is loaded with, else what it takes unless it is told otherwise."""
    trained, set_to = _shown(await ask(f"{root}/api/show", {"model": model}))
    if trained is None:
        return None
    running = _get(await ask(f"{root}/api/ps"), "models")
    rows = running if isinstance(running, list) else []
    loaded = [_tokens(_get(row, "context_length")) for row in rows if _get(row, "name") in (model, f"{model}:latest")]
    return min(trained, set_to or next(iter(loaded), None) or OLLAMA_USUAL)


def _shown(found: Any) -> tuple[int | None, int | None]:
    """Of /api/show: the window that the model was made for, and that of its Modelfile."""
    info = _get(found, "model_info")
    named = info.items() if isinstance(info, dict) else ()
    trained = next((_tokens(value) for name, value in named if str(name).endswith(".context_length")), None)
    parameters = _get(found, "parameters")
    said = NUM_CTX.search(parameters) if isinstance(parameters, str) else None
    return trained, _tokens(int(said[1])) if said else None


def _get(found: Any, name: str) -> Any:
    return found.get(name) if isinstance(found, dict) else None


def _first(found: Any) -> int | None:
    return next((tokens for name in FIELDS if (tokens := _tokens(_get(found, name)))), None)


def _tokens(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and SMALLEST <= value <= LARGEST else None
