"""What a model is told of the texts before it asks: the same for every question about the same ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.in_process import SearchHere

from rlm_ls.context.scope import Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.surroundings import NO_SURROUNDINGS
from rlm_ls.engine.setup.opening.card import card
from rlm_ls.errors import SearchTimeout

RECORDS = "".join(f'{{"level": "{level}", "took": {n}}}\n' for n, level in enumerate(["info", "error"] * 20))
FIELDS = "fields of app.jsonl: level"


async def test_a_second_card_of_the_same_texts_asks_nothing_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.jsonl").write_text(RECORDS)
    async with SearchHere(2) as pool, await Context.take(Scope("workspace", roots=(str(tmp_path),)), pool) as context:
        search = Search(context, pool)
        first = await card(context, search, NO_SURROUNDINGS)
        assert FIELDS in first
        without_middle = await card(context, search, NO_SURROUNDINGS, middle=False)
        assert "Middle:" in first
        assert "Middle:" not in without_middle
        monkeypatch.setattr(pool, "call", None)
        assert await card(context, search, NO_SURROUNDINGS) == first


async def test_what_came_too_late_for_one_card_is_in_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.jsonl").write_text(RECORDS)
    async with SearchHere(2) as pool, await Context.take(Scope("workspace", roots=(str(tmp_path),)), pool) as context:
        search = Search(context, pool)

        async def late(*_: Any) -> Any:
            raise SearchTimeout("late", "")

        with monkeypatch.context() as patched:
            patched.setattr(search, "describe", late)
            assert FIELDS not in await card(context, search, NO_SURROUNDINGS)
        assert FIELDS in await card(context, search, NO_SURROUNDINGS)
