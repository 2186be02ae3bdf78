"""What a question may cost: the route's own size, earlier runs with the same model, else shipped figures; no call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from tests.scripted import TEXT, Asker, asking, document

from rlm_ls.engine.budget import estimate as estimates
from rlm_ls.engine.budget.estimate import Estimate
from rlm_ls.engine.budget.ledger import CHARACTERS_PER_TOKEN
from rlm_ls.engine.request import AskRequest, Budget
from rlm_ls.engine.setup.prompt import PromptOptions, system_prompt
from rlm_ls.engine.setup.route import DIRECT
from rlm_ls.errors import EmptyQuestion
from rlm_ls.models.base import Message, Reply
from rlm_ls.models.profiles import profile
from rlm_ls.settings.sections import Settings

QUESTION = "How many errors?"


class Priced:
    """A model that must not be called. Dollars for a million tokens: 2 in, 8 out; or no price."""

    kind: Literal["live"] = "live"
    local = False

    def __init__(self, name: str = "openai/priced", window: int = 100_000, known: bool = True) -> None:
        self.name = name
        self.window = window
        self.known = known

    async def prepare(self) -> None:
        return None

    async def complete(self, messages: Sequence[Message], **options: Any) -> Reply:
        raise AssertionError("an estimate calls no model")

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        return (2 * prompt_tokens + 8 * completion_tokens) / 1e6 if self.known else None


async def looked(ask: Asker, model: Priced, text: str = TEXT, **more: Any) -> Estimate:
    request = AskRequest(question=QUESTION, scope=document(text), **more)
    return await ask.engine.estimate(request, model=lambda *_: model)


async def ended(ask: Asker, name: str, *usages: dict[str, Any], status: str = "answered", route: str = "rlm") -> None:
    store = ask.engine.store
    for usage in usages:
        run_id = f"run-{len(await store.runs(1000))}"
        await store.begin_run(run_id, "q", 1.0, {"model": name})
        await store.end_run(run_id, status, {"model": name, "route": route, "usage": usage})


def usage(turns: int, prompt: int, completion: int, usd: float | None, sub_calls: int = 0) -> dict[str, Any]:
    return {
        "turns": turns,
        "promptTokens": prompt,
        "completionTokens": completion,
        "usd": usd,
        "subCalls": sub_calls,
    }


async def test_rules_cost_nothing(ask: Asker) -> None:
    found = await ask.engine.estimate(AskRequest(question=QUESTION, scope=document(TEXT)))
    assert (found.route, found.likely.tokens, found.high.usd) == ("offline", 0, 0.0)
    assert "no language model" in found.basis


async def test_a_direct_answer_is_the_size_of_its_one_message(ask: Asker) -> None:
    text = "2024-01-01 ERROR one\n" * 40
    found = await looked(ask, Priced(), text)
    assert found.route == "direct"
    assert found.characters == len(text)
    smallest = (len(system_prompt(PromptOptions(4000, direct=True))) + len(text) + len(DIRECT)) / CHARACTERS_PER_TOKEN
    prompt = found.likely.tokens - estimates.DIRECT_REPLY
    assert smallest < prompt < smallest + len(text) / CHARACTERS_PER_TOKEN + 800
    assert found.likely.usd == pytest.approx((2 * prompt + 8 * estimates.DIRECT_REPLY) / 1e6, abs=1e-5)
    assert found.high.turns == 2


async def test_without_history_the_figures_are_those_of_the_loop_elsewhere(ask: Asker) -> None:
    found = await looked(ask, Priced())
    assert (found.route, found.likely.turns, found.high.turns) == ("rlm", 2, 8)
    assert 2000 < found.likely.tokens < 5000 < found.high.tokens
    assert found.likely.usd is not None
    assert found.high.usd is not None
    assert 0 < found.likely.usd < found.high.usd < found.limit.usd
    assert "2 turns in the median" in found.basis
    assert (await ask.engine.store.runs()) == []


async def test_three_finished_runs_with_the_same_model_are_gone_by(ask: Asker) -> None:
    await ended(ask, "openai/priced", usage(2, 900, 100, 0.01), usage(3, 1800, 200, 0.02))
    assert "elsewhere" in (await looked(ask, Priced())).basis
    await ended(ask, "openai/priced", usage(9, 9000, 900, 0.09, 12), status="partial")
    await ended(ask, "openai/priced", *[usage(16, 99_000, 999, 9.0)] * 5, status="failed")
    await ended(ask, "openai/other", *[usage(16, 99_000, 999, 9.0)] * 5)
    await ended(ask, "openai/priced", *[usage(1, 10, 1, 0.001)] * 5, route="direct")
    found = await looked(ask, Priced())
    assert (found.likely.turns, found.likely.tokens, found.likely.usd, found.likely.sub_calls) == (3, 2000, 0.02, 0)
    assert (found.high.turns, found.high.tokens, found.high.usd, found.high.sub_calls) == (9, 9900, 0.09, 12)
    assert "3 earlier runs with openai/priced" in found.basis


async def test_an_unknown_price_is_no_guess(ask: Asker) -> None:
    found = await looked(ask, Priced(known=False))
    assert found.likely.usd is None
    assert found.high.usd is None
    assert "not known" in found.basis


async def test_no_figure_is_above_the_limits_of_the_run(ask: Asker) -> None:
    found = await looked(ask, Priced(), budget=Budget(turns=3, tokens=4000, usd=0.001))
    assert (found.high.turns, found.high.usd) == (3, 0.001)
    assert found.high.tokens <= 4000
    assert (found.limit.tokens, found.limit.usd) == (4000, 0.001)
    assert "cut at the run's limits" in found.basis


async def test_with_sub_models_a_lot_includes_one_reading_of_the_whole_text(ask: Asker) -> None:
    without = await looked(ask, Priced(), TEXT * 5, levels=("dsl",))
    found = await looked(ask, Priced(), TEXT * 5, levels=("dsl", "llm"))
    assert found.likely.turns == without.likely.turns
    assert found.high.sub_calls == -(-found.characters // profile("openai/priced", Settings()).characters) > 0
    assert found.high.tokens - without.high.tokens > found.characters / CHARACTERS_PER_TOKEN
    assert "reads the whole text once" in found.basis


async def test_what_a_run_would_refuse_is_refused(ask: Asker) -> None:
    with pytest.raises(EmptyQuestion):
        await ask.engine.estimate(AskRequest(question=" ", scope=document(TEXT)))


async def test_the_threshold_for_asking_is_told(tmp_path: Path) -> None:
    async with asking(tmp_path / "state", budget={"ask_above_usd": 0.2}) as ask:
        assert (await looked(ask, Priced())).ask_above == 0.2
