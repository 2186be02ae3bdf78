"""Ollama by its own protocol and by its OpenAI side: replies, thinking, counts, refusals, windows, cancelling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.ollama_server import OllamaServer, Said, Served
from tests.scripted import document

from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.errors import ModelFailed, RlmError, UnknownModel
from rlm_ls.models.base import Message, Reply
from rlm_ls.models.local_servers import local_servers
from rlm_ls.models.providers import library
from rlm_ls.models.providers.catalogue import OLLAMA_WINDOW
from rlm_ls.models.providers.endpoint import Endpoint
from rlm_ls.models.providers.live import LiteLLMModel
from rlm_ls.models.providers.retries import RetryPolicy
from rlm_ls.settings.sections import Settings

ASKED = [Message("system", "Be brief."), Message("user", "How many lines?")]
HURRY = RetryPolicy(backoff=0.01, tries=2)
NAMES = ["ollama_chat/qwen3", "ollama/qwen3", "openai/qwen3"]
OWN = NAMES[:2]
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


@pytest.fixture(autouse=True)
async def _close_connections() -> AsyncIterator[None]:
    yield
    await library.close()


def model_of(server: OllamaServer, name: str) -> LiteLLMModel:
    base = server.origin + ("/v1" if name.startswith("openai/") else "")
    return LiteLLMModel(name, Endpoint(base, local=True), environ={}, retry_policy=HURRY)


async def ask(name: str, served: Served, *script: Said, **options: Any) -> tuple[Reply, dict[str, Any]]:
    """The reply, and the request that brought it."""
    async with OllamaServer({"qwen3": served}, script) as server:
        reply = await model_of(server, name).complete(ASKED, **options)
        return reply, server.asked[-1]


@pytest.mark.parametrize("name", NAMES)
async def test_a_reply_streams_with_what_it_cost(name: str) -> None:
    pieces: list[str] = []
    said = "Forty lines.\n```python\nprint(40)\n```"
    reply, _ = await ask(name, Served(), Said(said), on_text=pieces.append)
    assert reply.text == "".join(pieces) == said
    assert (reply.finish, reply.usage.prompt_tokens, reply.usage.completion_tokens) == ("stop", 26, 298)
    assert reply.usage.estimated_tokens == 0


@pytest.mark.parametrize("name", OWN)
async def test_room_temperature_and_window_are_asked_for_in_its_own_names(name: str) -> None:
    _, body = await ask(name, Served(), Said("Forty."), max_tokens=100, temperature=0.2, schema=SCHEMA)
    assert body["options"] == {"num_ctx": OLLAMA_WINDOW, "num_predict": 100, "temperature": 0.2}
    assert body["format"] == SCHEMA
    assert (body["model"], body["stream"]) == ("qwen3", True)


@pytest.mark.parametrize("name", NAMES)
async def test_thinking_in_its_own_field_is_no_part_of_the_reply(name: str) -> None:
    thoughts: list[str] = []
    said = Said("Forty.", thinking="I count: ten, twenty ...")
    reply, _ = await ask(name, Served(thinks=True), said, on_text=lambda _: None, on_thinking=thoughts.append)
    assert (reply.text, reply.thinking) == ("Forty.", "I count: ten, twenty ...")
    assert "".join(thoughts).strip() == reply.thinking


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("piece", [1, 7, 1000])
async def test_thinking_inside_the_content_is_no_part_of_the_reply(name: str, piece: int) -> None:
    said = Said("<think>\nsubmit('a draft')\n</think>\n\nForty.", piece=piece)
    reply, _ = await ask(name, Served(), said)
    assert (reply.text.strip(), reply.thinking) == ("Forty.", "submit('a draft')")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("piece", [7, 1000])
async def test_a_reply_that_speaks_of_the_mark_stays_whole(name: str, piece: int) -> None:
    said = "I look:\n```python\nprint(find('<think>'))\n```"  # by 7 "<think>" is a piece of its own
    assert said[28:35] != "<think>" or piece == 7
    reply, _ = await ask(name, Served(), Said(said, piece=piece))
    assert (reply.text, reply.thinking) == (said, "")


@pytest.mark.parametrize("name", NAMES)
async def test_a_reply_that_was_cut_off_says_so(name: str) -> None:
    assert (await ask(name, Served(), Said("Forty", done_reason="length")))[0].finish == "length"


@pytest.mark.parametrize("name", OWN)
async def test_a_count_that_is_left_out_is_estimated_and_the_other_one_kept(name: str) -> None:
    reply, _ = await ask(name, Served(), Said("Forty.", prompt_tokens=None))
    assert (reply.usage.completion_tokens, reply.usage.estimated_tokens) == (298, reply.usage.prompt_tokens)
    uncounted, _ = await ask(name, Served(), Said("Forty.", counted=False))
    assert uncounted.usage.estimated_tokens == uncounted.usage.prompt_tokens + uncounted.usage.completion_tokens > 0


@pytest.mark.parametrize("name", NAMES)
async def test_a_model_that_does_not_think_is_asked_without(name: str) -> None:
    async with OllamaServer({"qwen3": Served()}, [Said("Forty."), Said("Fifty.")]) as server:
        model = model_of(server, name)
        assert (await model.complete(ASKED, reasoning="high")).text == "Forty."
        assert (await model.complete(ASKED, reasoning="high")).text == "Fifty."
        assert len(server.asked) == 3  # it is refused once


@pytest.mark.parametrize(("effort", "think"), [("none", False), ("minimal", False), ("low", True), ("high", True)])
async def test_effort_is_whether_to_think(effort: Any, think: bool) -> None:
    _, body = await ask("ollama_chat/qwen3", Served(thinks=True), Said("Forty."), reasoning=effort)
    assert body["think"] is think


async def test_gpt_oss_is_given_a_level() -> None:
    async with OllamaServer({"gpt-oss": Served(thinks=True, levels=True)}, [Said("Forty.")] * 2) as server:
        model = model_of(server, "ollama_chat/gpt-oss")
        for effort in ("none", "high"):
            await model.complete(ASKED, reasoning=effort)
        assert [body["think"] for body in server.asked] == ["low", "high"]


@pytest.mark.parametrize("name", NAMES)
async def test_a_model_that_is_not_there_is_named_in_its_words(name: str) -> None:
    async with OllamaServer({"other": Served()}) as server:
        with pytest.raises(UnknownModel) as missing:
            await model_of(server, name).complete(ASKED)
    assert "model 'qwen3' not found." in str(missing.value)
    assert "{" not in str(missing.value)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Said("Forty.", error="an error was encountered while running the model"), "encountered while running"),
        (Said(status=500, error="model requires more system memory (9.1 GiB)"), "more system memory"),
        (Said(status=503, error="server busy, please try again"), "server busy"),
    ],
    ids=["in the stream", "500", "503"],
)
async def test_errors_are_read_in_its_own_words_after_another_try(name: str, said: Said, words: str) -> None:
    async with OllamaServer({"qwen3": Served()}, [said] * 2) as server:
        with pytest.raises(RlmError) as failed:
            await model_of(server, name).complete(ASKED)
        assert len(server.asked) == 2
    assert words in str(failed.value)
    assert "{" not in str(failed.value)


@pytest.mark.parametrize("name", OWN)
async def test_a_prompt_that_is_too_long_is_told_from_other_refusals(name: str) -> None:
    async with OllamaServer({"qwen3": Served()}, [Said(status=400, error="the input exceeds the context length")]) as s:
        with pytest.raises(ModelFailed) as failed:
            await model_of(s, name).complete(ASKED)
    assert failed.value.too_long


@pytest.mark.parametrize("name", OWN)
async def test_cancelling_closes_the_connection(name: str) -> None:
    async with OllamaServer({"qwen3": Served()}, [Said("on and on ", endless=True)]) as server:
        begun = asyncio.Event()
        task = asyncio.create_task(model_of(server, name).complete(ASKED, on_text=lambda _: begun.set()))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as cancelled:
            await task
        assert cancelled.value.spent.estimated_tokens > 0  # type: ignore[attr-defined]
        async with asyncio.timeout(60):
            await server.hung_up.wait()


@pytest.mark.parametrize(
    ("served", "tokens"),
    [
        (Served(window=8192), 8192),
        (Served(window=262_144), OLLAMA_WINDOW),
        (Served(window=262_144, num_ctx=65_536), 65_536),
        (Served(window=8192, num_ctx=65_536), 8192),
        (Served(num_ctx=4096), 4096),
    ],
)
async def test_the_window_is_what_is_asked_for_and_what_its_modelfile_says(served: Served, tokens: int) -> None:
    async with OllamaServer({"qwen3": served}, [Said("Forty.")]) as server:
        model = model_of(server, "ollama_chat/qwen3")
        await model.complete(ASKED)
        assert model.window == server.asked[0]["options"]["num_ctx"] == tokens


@pytest.mark.parametrize(
    ("served", "tokens"),
    [
        (Served(), 4096),
        (Served(loaded=8192), 8192),
        (Served(num_ctx=32_768, loaded=8192), 32_768),
        (Served(window=2048), 2048),
    ],
)
async def test_on_its_openai_side_the_window_is_what_it_takes_unasked(served: Served, tokens: int) -> None:
    async with OllamaServer({"qwen3": served}) as server:
        model = model_of(server, "openai/qwen3")
        await model.prepare()
        assert model.window == tokens


async def test_it_is_found_on_this_machine() -> None:
    async with OllamaServer({"qwen3": Served(), "nomic-embed-text": Served()}) as server:
        elsewhere = {f"{kind}_API_BASE": "http://127.0.0.1:9" for kind in ("LLAMAFILE", "LM_STUDIO", "HOSTED_VLLM")}
        (found,) = await local_servers({"OLLAMA_API_BASE": server.origin, **elsewhere})
    assert (found.name, found.models) == ("Ollama", ("ollama_chat/qwen3:latest",))


async def test_a_question_is_answered(tmp_path: Path) -> None:
    reply = Said(
        'I count.\n```python\nsubmit(f"{count(\'ERROR\')}", cite=find("ERROR", limit=1))\n```', "submit('none')"
    )
    async with OllamaServer({"qwen3": Served(thinks=True)}, [reply]) as server:
        models = {"root": ("ollama_chat/qwen3",), "api_base": server.origin}
        engine = await Engine.open(settings=Settings(models=models), state_dir=tmp_path)  # type: ignore[arg-type]
        try:
            answer = await engine.ask(
                AskRequest("How many errors?", document("an ERROR here\n" * 9000)), lambda _: None
            )
        finally:
            await engine.close()
    assert (answer.status, answer.answer) == ("answered", "9000")
