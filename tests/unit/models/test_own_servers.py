"""Models of the user's own servers are known without LiteLLM, whose import takes seconds, and as it knows them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest
from tests.fakes.model_server import ModelServer, Scripted

from rlm_ls.models.providers import library
from rlm_ls.models.providers.catalogue import look_up, of_its_own
from rlm_ls.models.providers.direct import OLLAMA, SPEAKERS

BASE = "http://127.0.0.1:9/v1"

MADE_UP = ("scripted", "my-model", "q", "local-model:7b", "team/our-model-2", "models/ours.gguf", "x:y:z:w", "é中")
REAL = (
    *("qwen3", "qwen3:8b", "Qwen/Qwen3-8B", "llama3", "llama3.1:8b", "meta-llama/Llama-3.1-8B-Instruct", "mistral"),
    *("gemma3", "phi4", "deepseek-r1", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "gpt-oss:20b", "qwq", "grok-9"),
    *("gpt-4o", "GPT-4o", "openai/gpt-4o", "o3-mini", "o9", "gpt-9-mini", "codex-mini", "ft:gpt-4o:a:b:c", "kimi-k9"),
    *("claude-sonnet-9", "anthropic/claude-opus-4-1", "gemini-9-pro", "our-deep-research", "ollama/llama3", "glm-9"),
)

CALL = """
import asyncio, json, sys
from rlm_ls.models.base import Message
from rlm_ls.models.choose import choose
from rlm_ls.settings.sections import Settings

async def main():
    model = choose("root", sys.argv[1], Settings.model_validate({"models": {"apiBase": sys.argv[2]}}), {})
    reply = await model.complete([Message("user", "Say forty.")])
    print(json.dumps([reply.text, model.window, model.price(1, 1), "litellm" in sys.modules]))

asyncio.run(main())
"""


@pytest.mark.parametrize("provider", sorted(SPEAKERS | OLLAMA))
async def test_what_is_known_without_litellm_is_what_litellm_would_say(provider: str) -> None:
    litellm = await library.load()
    for bare in (*MADE_UP, *REAL):
        for local in (True, False):
            known = of_its_own(f"{provider}/{bare}", local=local, base=BASE)
            assert known is not None or bare in REAL, bare
            if known is not None:
                assert known == look_up(litellm, f"{provider}/{bare}", local=local, base=BASE)


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("openai/gpt-4o", BASE),  # has a price, a window
        ("openai/scripted", None),
        ("openai/scripted", "https://models.example/v1"),  # certificates are LiteLLM's
        ("openai/scripted", "http://user:word@127.0.0.1:9/v1"),
        ("anthropic/scripted", BASE),  # another protocol
        ("scripted", BASE),
        ("openai/", BASE),
    ],
)
def test_of_everything_else_litellm_is_asked(name: str, base: str | None) -> None:
    assert of_its_own(name, local=True, base=base) is None


@pytest.mark.parametrize(("name", "loads"), [("openai/scripted", False), ("openai/gpt-4o", True)])
async def test_a_reply_of_ones_own_server_is_had_without_loading_litellm(name: str, loads: bool) -> None:
    async with ModelServer([Scripted("Forty.")]) as server:
        command = [sys.executable, "-P", "-c", CALL, name, server.base_url]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    text, window, price, loaded = json.loads(done.stdout)
    assert (text, loaded) == ("Forty.", loads)
    assert (window, price) == ((128_000, pytest.approx(1.25e-05)) if loads else (32_768, 0.0))
