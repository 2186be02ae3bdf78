"""Model servers on this machine that answer at their usual addresses, for whoever has configured no model yet.

Looked for when a user asks which models there are, and nowhere but on this machine: an address that a variable has
moved elsewhere is left alone. What answers may be anything: it is bounded, and only names that can be a model's are
taken.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rlm_ls.models.providers.endpoint import endpoint

SECONDS = 1.0
MOST_BYTES = 1 << 20
MOST_MODELS = 20
"""Of one server."""

KINDS = (
    ("Ollama", "ollama_chat", "/api/tags", "models", "name"),
    ("llama.cpp", "llamafile", "/models", "data", "id"),
    ("LM Studio", "lm_studio", "/models", "data", "id"),
    ("vLLM", "hosted_vllm", "/models", "data", "id"),
)
"""Name, provider as LiteLLM calls it, where the models are listed, and how."""

KEYS = {
    "OPENAI_API_KEY": "openai/gpt-4o-mini",
    "ANTHROPIC_API_KEY": "anthropic/claude-sonnet-4-5",
    "GEMINI_API_KEY": "gemini/gemini-2.5-flash",
}
"""A model to begin with, by the variable of its provider's key."""

_NAME = re.compile(r"[A-Za-z0-9][\w.:/@+-]{0,199}", re.ASCII)
_NO_CHAT = re.compile(r"embed|rerank|whisper|tts", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server's name, its address for people to read, and its models as they are named in the settings."""

    name: str
    address: str
    models: tuple[str, ...]


async def local_servers(environ: Mapping[str, str]) -> tuple[LocalServer, ...]:
    """Those that answer within SECONDS, in a fixed order. Never raises for what a server does."""
    from rlm_ls.models.providers.transport import session

    async with session() as connections:
        asked = [_server(connections, environ, *kind) for kind in KINDS]
        return tuple(found for found in await asyncio.gather(*asked) if found is not None)


def usable_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """Of the variables in KEYS those that are set, and the model to begin with."""
    return {variable: model for variable, model in KEYS.items() if environ.get(variable)}


async def _server(
    connections: Any, environ: Mapping[str, str], name: str, provider: str, path: str, listed: str, key: str
) -> LocalServer | None:
    where = endpoint(f"{provider}/any", None, environ)
    if where.base is None or not where.local:
        return None
    try:
        async with asyncio.timeout(SECONDS):
            text = await _read(connections, where.base.rstrip("/") + path)
        rows = json.loads(text)[listed]
        named = [row[key] for row in rows[: 10 * MOST_MODELS]]
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):  # TimeoutError is an OSError
        return None
    models = [one for one in named if isinstance(one, str) and _NAME.fullmatch(one) and not _NO_CHAT.search(one)]
    return LocalServer(name, where.shown, tuple(f"{provider}/{one}" for one in models[:MOST_MODELS]))


async def _read(connections: Any, url: str) -> bytes:
    """Raises OSError or ValueError for whatever is not a whole, plain, short answer."""
    import aiohttp

    try:
        async with connections.get(url, allow_redirects=False) as response:
            if response.status != 200 or response.headers.get("Content-Encoding", "identity") != "identity":
                raise ValueError(url)
            text: bytes = await response.content.read(MOST_BYTES)
            while len(text) < MOST_BYTES and (more := await response.content.read(MOST_BYTES - len(text))):
                text += more
            return text
    except aiohttp.ClientError as error:
        raise OSError(str(error)) from None
