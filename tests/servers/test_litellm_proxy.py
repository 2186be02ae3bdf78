"""The real LiteLLM proxy between us and a provider that speaks as DeepSeek does."""

from __future__ import annotations

import asyncio
import os
import socket
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.conftest import IN_CI
from tests.fakes.model_server import ModelServer, Scripted

from rlm_ls.errors import RlmError
from rlm_ls.models.base import Message
from rlm_ls.models.providers.endpoint import Endpoint
from rlm_ls.models.providers.live import LiteLLMModel, RetryPolicy

PROXY = Path(__file__).parents[2] / ".venv/proxy/bin/litellm"
ASKED = [Message("system", "Be brief."), Message("user", "How many lines are there?")]
HURRY = RetryPolicy(connect=5.0, silence=30.0, backoff=0.01, tries=2, busy_tries=2, longest_wait=0.5)
STARTED_WITHIN = 180

CONFIG = """
model_list:
  - model_name: chat
    litellm_params: {{model: deepseek/deepseek-chat, api_base: "{first}", api_key: none}}
  - model_name: broken
    litellm_params: {{model: deepseek/deepseek-chat, api_base: "{broken}", api_key: none}}
  - model_name: spare
    litellm_params: {{model: deepseek/deepseek-reasoner, api_base: "{first}", api_key: none}}
  - model_name: seldom
    litellm_params: {{model: deepseek/deepseek-chat, api_base: "{first}", api_key: none, rpm: 1}}
router_settings:
  num_retries: 0
  fallbacks: [{{"broken": ["spare"]}}]
  enable_pre_call_checks: true
litellm_settings: {{num_retries: 0, telemetry: false}}
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@asynccontextmanager
async def proxy(folder: Path, first: ModelServer, broken: ModelServer) -> AsyncIterator[str]:
    """Its address, as `models.apiBase` takes it."""
    if not PROXY.exists():
        assert not IN_CI, "the LiteLLM proxy is not installed: see .ci/run"
        pytest.skip("the LiteLLM proxy is not installed: see .ci/run")
    config = folder / "proxy.yaml"
    config.write_text(CONFIG.format(first=first.base_url, broken=broken.base_url))
    port = free_port()
    own = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
    }
    log = (folder / "proxy.log").open("wb")
    command = [str(PROXY), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(*command, env=own, stdout=log, stderr=log, cwd=folder)
    try:
        for _ in range(2 * STARTED_WITHIN):
            assert process.returncode is None, (folder / "proxy.log").read_text()[-2000:]
            if await asyncio.to_thread(alive, port):
                break
            await asyncio.sleep(0.5)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        log.close()


def alive(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/liveliness", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


async def test_what_a_provider_behind_the_proxy_says_arrives_as_it_is_meant(tmp_path: Path) -> None:
    said = Scripted(
        "Forty.\n```python\nprint(1)\n```",
        reasoning="<think> I count: ten, twenty ...",
        prompt_tokens=70,
        completion_tokens=30,
        cached_tokens=64,
    )
    async with (
        ModelServer(lambda _: said) as first,
        ModelServer(lambda _: Scripted(fault="500")) as broken,
        proxy(tmp_path, first, broken) as address,
    ):

        def model(name: str) -> LiteLLMModel:
            endpoint = Endpoint(address, local=True)
            return LiteLLMModel(f"litellm_proxy/{name}", endpoint, environ={}, retry_policy=HURRY)

        # Thinking, usage and text, streamed.
        pieces: list[str] = []
        thoughts: list[str] = []
        reply = await model("chat").complete(ASKED, on_text=pieces.append, on_thinking=thoughts.append)
        assert reply.text == said.text == "".join(pieces)
        assert "twenty" in reply.thinking
        assert "".join(thoughts).strip() == reply.thinking
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (70, 30)
        assert reply.usage.estimated_tokens == 0

        # A deployment that fails: the proxy's own fallback.
        assert (await model("broken").complete(ASKED, on_text=lambda _: None)).text == said.text

        # A model that it does not have, and its own limit of requests.
        with pytest.raises(RlmError) as unknown:
            await model("nowhere").complete(ASKED, on_text=lambda _: None)
        assert "nowhere" in str(unknown.value)
        seldom = model("seldom")
        assert (await seldom.complete(ASKED, on_text=lambda _: None)).text == said.text
        with pytest.raises(RlmError) as limited:
            await seldom.complete(ASKED, on_text=lambda _: None)
        assert "No deployments available" in str(limited.value)  # the proxy's own words for its 429
