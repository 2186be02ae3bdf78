"""How many calls go out at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rlm_ls.models.base import Model
from rlm_ls.models.choose import choose
from rlm_ls.models.providers.concurrency import ConcurrencyLimits
from rlm_ls.settings.sections import Settings


def settings(**models: Any) -> Settings:
    return Settings.model_validate({"models": models})


def model(name: str, chosen: Settings | None = None) -> Model:
    found = choose("sub", name, chosen or Settings(), {})
    assert found is not None
    return found


class Inside:
    """Counts who is inside; those inside stay until they are let out."""

    def __init__(self, concurrency: ConcurrencyLimits) -> None:
        self.concurrency = concurrency
        self.now = 0
        self.out = asyncio.Event()

    async def enter(self, asked: Model) -> None:
        async with self.concurrency.slot(asked):
            self.now += 1
            try:
                await self.out.wait()
            finally:
                self.now -= 1

    async def settle(self, expected: int) -> None:
        """Long enough for more to come in, if they could."""
        async with asyncio.timeout(60):
            while self.now < expected:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        assert self.now == expected


async def most_inside(concurrency: ConcurrencyLimits, *asked: Model, expected: int) -> None:
    inside = Inside(concurrency)
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            for one in asked:
                group.create_task(inside.enter(one))
        await inside.settle(expected)
        inside.out.set()
    assert inside.now == 0


async def test_one_endpoint_has_the_width_of_the_settings_whatever_the_model() -> None:
    concurrency = ConcurrencyLimits(settings(concurrency=3))
    await most_inside(concurrency, model("openai/a"), model("openai/b"), expected=3)


async def test_two_endpoints_do_not_wait_for_each_other() -> None:
    await most_inside(ConcurrencyLimits(settings(concurrency=3)), model("openai/a"), model("anthropic/b"), expected=6)


@pytest.mark.parametrize("pattern", ["groq", "groq/llama-3.3-70b", "groq/*", "GROQ"])
async def test_a_limit_is_for_a_provider_or_for_models_by_a_pattern(pattern: str) -> None:
    concurrency = ConcurrencyLimits(settings(concurrency=9, limits={pattern: 2}))
    await most_inside(concurrency, model("groq/llama-3.3-70b"), expected=2)
    assert concurrency.width(model("openai/a")) == 9


async def test_models_under_one_limit_share_it() -> None:
    concurrency = ConcurrencyLimits(settings(limits={"*mini*": 2}))
    await most_inside(concurrency, model("openai/gpt-4o-mini"), model("azure/gpt-5-mini"), expected=2)


async def test_a_limit_can_name_the_host() -> None:
    chosen = settings(api_base="http://localhost:8000/v1", limits={"localhost:*": 2})
    assert ConcurrencyLimits(chosen).width(model("openai/a", chosen)) == 2


async def test_a_list_passes_by_its_first_member_and_a_balanced_one_by_all() -> None:
    concurrency = ConcurrencyLimits(settings(concurrency=4, limits={"groq": 2}))
    await most_inside(concurrency, model("groq/a, openai/b"), model("groq/a"), expected=2)
    assert concurrency.width(model("groq/a*2, openai/b")) == 6
    assert concurrency.width(model("openai/a*2, openai/b")) == 4


async def test_ten_thousand_wait_and_whoever_is_cancelled_leaves_the_place_to_others() -> None:
    inside = Inside(ConcurrencyLimits(settings(concurrency=1)))
    asked = model("openai/a")
    waiting = [asyncio.create_task(inside.enter(asked)) for _ in range(10_000)]
    await inside.settle(1)
    for task in waiting[:-1]:
        task.cancel()
    await asyncio.gather(*waiting[:-1], return_exceptions=True)
    await inside.settle(1)
    inside.out.set()
    async with asyncio.timeout(60):
        await waiting[-1]
    await most_inside(inside.concurrency, asked, expected=1)
