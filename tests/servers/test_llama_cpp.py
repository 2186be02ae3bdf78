"""llama.cpp's own server, with a model of random weights: what it says is noise, how it says it is the real thing."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.llama_server import llama_server
from tests.servers.conftest import need
from tests.servers.tiny_gguf import tiny_gguf

from rlm_ls.errors import ModelFailed
from rlm_ls.models.base import Message
from rlm_ls.models.providers.endpoint import Endpoint
from rlm_ls.models.providers.live import LiteLLMModel

ASKED = [Message("system", "Be brief."), Message("user", "How many lines are there?")]
WINDOW, SLOTS = 1024, 2
LABELS = {
    "type": "object",
    "properties": {"labels": {"type": "array", "items": {"enum": ["yes", "no"]}, "minItems": 4, "maxItems": 4}},
    "required": ["labels"],
    "additionalProperties": False,
}


@asynccontextmanager
async def served(folder: Path, **options: Any) -> AsyncIterator[tuple[LiteLLMModel, str]]:
    need("xllamacpp", "gguf")
    gguf = await asyncio.to_thread(tiny_gguf, folder / "tiny.gguf")
    async with llama_server(gguf, window=WINDOW, slots=SLOTS, threads=1, **options) as address:
        model = LiteLLMModel("openai/tiny", Endpoint(address, local=True), environ={})
        await model.prepare()
        yield model, address


async def busy_slots(address: str) -> int:
    def read() -> Any:
        with urllib.request.urlopen(f"{address.removesuffix('/v1')}/slots") as answer:
            return json.load(answer)

    told = await asyncio.to_thread(read)
    return sum(bool(slot["is_processing"]) for slot in told)


async def test_text_streams_ends_at_its_length_and_usage_is_reported(tmp_path: Path) -> None:
    async with served(tmp_path) as (model, _):
        pieces: list[str] = []
        reply = await model.complete(ASKED, on_text=pieces.append, max_tokens=60, temperature=0.8)
        again = await model.complete(ASKED, on_text=lambda _: None, max_tokens=60)
    assert reply.text
    assert reply.text == "".join(pieces)
    assert len(pieces) > 1
    assert reply.finish == "length" or reply.usage.completion_tokens < 60
    assert 20 < reply.usage.prompt_tokens < 200
    assert 0 < reply.usage.completion_tokens <= 60
    assert again.usage.cached_tokens > 0
    assert again.usage.estimated_tokens == 0


async def test_the_window_is_that_of_one_slot(tmp_path: Path) -> None:
    async with served(tmp_path) as (model, _):
        assert model.window == WINDOW


async def test_a_prompt_that_is_too_long_is_told_from_other_refusals(tmp_path: Path) -> None:
    async with served(tmp_path) as (model, _):
        with pytest.raises(ModelFailed) as caught:
            await model.complete([Message("user", "too long " * 2_000)], max_tokens=10)
        assert caught.value.too_long
        assert (await model.complete(ASKED, max_tokens=5)).text  # and it goes on


async def test_cancelling_frees_the_slot(tmp_path: Path) -> None:
    async with served(tmp_path) as (model, address):
        begun = asyncio.Event()
        task = asyncio.create_task(
            model.complete(ASKED, on_text=lambda _: begun.set(), max_tokens=100_000, schema=ENDLESS)
        )
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as cancelled:
            await task
        assert cancelled.value.spent.prompt_tokens > 0  # type: ignore[attr-defined]
        for _ in range(400):
            if not await busy_slots(address):
                return
            await asyncio.sleep(0.05)
        pytest.fail("the server goes on with a reply that nobody reads")


ENDLESS: dict[str, Any] = {
    "type": "object",
    "properties": {"labels": {"type": "array", "items": {"enum": ["yes", "no"]}, "minItems": 300}},
    "required": ["labels"],
}


async def test_more_calls_than_slots_are_all_answered(tmp_path: Path) -> None:
    async with served(tmp_path) as (model, _):
        replies = await asyncio.gather(*(model.complete(ASKED, max_tokens=20) for _ in range(3 * SLOTS)))
    assert all(reply.text for reply in replies)


async def test_a_schema_is_held_by_the_servers_grammar_even_where_the_model_talks_nonsense(tmp_path: Path) -> None:
    async with served(tmp_path) as (model, _):
        reply = await model.complete(ASKED, max_tokens=300, schema=LABELS)
    assert set(json.loads(reply.text)["labels"]) <= {"yes", "no"}
    assert len(json.loads(reply.text)["labels"]) == 4


async def test_a_schema_that_the_server_refuses_is_left_out(tmp_path: Path) -> None:
    unknown = {
        "type": "object",
        "properties": {"a": {"type": "string", "pattern": "^(?=x)(?!y)(a|b\\1)$"}},
        "required": ["a"],
    }
    async with served(tmp_path) as (model, _):
        reply = await model.complete(ASKED, max_tokens=20, schema=unknown)
        assert reply.text
        assert (await model.complete(ASKED, max_tokens=20, schema=LABELS)).text
