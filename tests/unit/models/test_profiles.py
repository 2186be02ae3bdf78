"""What is known of families of models, and what the user knows better."""

from __future__ import annotations

from typing import Any

import pytest

from rlm_ls.models.profiles import families, profile
from rlm_ls.settings.sections import Settings


def settings(**profiles: dict[str, Any]) -> Settings:
    return Settings.model_validate({"models": {"profiles": profiles}})


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("openai/gpt-4o-mini", "GPT-4o"),
        ("gpt-4o-2024-08-06", "GPT-4o"),
        ("azure/gpt-4.1", "GPT-4.1"),
        ("openai/gpt-4.1-nano", "GPT nano"),
        ("openai/gpt-5", "GPT-5"),
        ("openai/gpt-5-mini", "GPT-5 mini"),
        ("openai/o3-mini", "OpenAI o-series"),
        ("openrouter/openai/gpt-oss-120b", "gpt-oss"),
        ("anthropic/claude-sonnet-4-5", "Claude"),
        ("bedrock/anthropic.claude-opus-4-1-v1:0", "Claude"),
        ("claude-haiku-4-5", "Claude Haiku"),
        ("gemini/gemini-2.5-pro", "Gemini"),
        ("vertex_ai/gemini-2.5-flash", "Gemini Flash"),
        ("deepseek/deepseek-chat", "DeepSeek"),
        ("deepseek/deepseek-reasoner", "DeepSeek, thinking"),
        ("hosted_vllm/Qwen/Qwen3-8B", "Qwen, small"),
        ("hosted_vllm/Qwen/Qwen3-Coder-480B-A35B-Instruct", "Qwen"),
        ("groq/llama-3.3-70b-versatile", "Llama"),
        ("groq/llama-3.1-8b-instant", "Llama, small"),
        ("mistral/mistral-large-latest", "Mistral"),
        ("openrouter/z-ai/glm-4.6", "GLM"),
        ("moonshot/kimi-k2", "Kimi"),
        ("ollama_chat/qwen3", "served here"),
        ("ollama/llama3.3:70b", "served here"),
        ("editor", "editor"),
        ("editor/gpt-4o", "editor"),
        ("something/of-its-own", "default"),
        ("", "default"),
        ("openai/gpt-4o-mini*3", "GPT-4o"),
        ("recorded:openai/gpt-5", "GPT-5"),
    ],
)
def test_a_name_belongs_to_a_family(name: str, family: str) -> None:
    assert profile(name, Settings()).family == family


def test_large_models_take_what_the_paper_gives_them_and_small_ones_a_tenth() -> None:
    large, small = profile("anthropic/claude-sonnet-4-5", Settings()), profile("ollama_chat/qwen3", Settings())
    assert 100_000 <= large.characters <= 200_000
    assert 10_000 <= small.characters <= 15_000
    assert large.batch > small.batch
    assert profile("openai/o3", Settings()).reply_tokens > profile("openai/gpt-4o", Settings()).reply_tokens


def test_the_user_s_fields_win_and_the_others_stay() -> None:
    own = settings(**{"openai/gpt-4o*": {"characters": 7000, "prompt": ""}, "*": {"batch": 3}})
    shipped = profile("openai/gpt-4o", Settings())
    found = profile("openai/gpt-4o", own)
    assert (found.characters, found.batch, found.reply_tokens) == (7000, shipped.batch, shipped.reply_tokens)
    assert profile("anthropic/claude-x", own).batch == 3  # the first pattern that fits counts


def test_a_list_takes_what_its_weakest_member_takes_and_room_for_its_longest_reply() -> None:
    listed = profile("openai/gpt-5*3, ollama_chat/qwen3", Settings())
    strong, weak = profile("openai/gpt-5", Settings()), profile("ollama_chat/qwen3", Settings())
    assert (listed.characters, listed.batch) == (weak.characters, weak.batch)
    assert listed.reply_tokens == strong.reply_tokens
    assert listed.prompt == weak.prompt


def test_the_last_family_fits_every_name_and_no_other_does() -> None:
    *named, last = families()
    assert last.patterns == ("*",)
    assert all("*" not in family.patterns for family in named)
    assert len({family.profile.family for family in families()}) == len(families())
