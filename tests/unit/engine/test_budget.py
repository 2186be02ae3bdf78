"""A Budget's numbers are checked once, wherever they come from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from rlm_ls.engine.request import MOST, Budget
from rlm_ls.errors import BadRequest
from rlm_ls.settings.layers import load

ODD: list[Any] = [-1, -0.5, True, False, math.nan, math.inf, -math.inf, 10**30, 10**400, "5", [], 1e308]


@pytest.mark.parametrize("name", MOST)
@pytest.mark.parametrize("value", ODD, ids=lambda value: str(value)[:8])
def test_what_is_no_limit_is_refused_with_its_name(name: str, value: Any) -> None:
    with pytest.raises(BadRequest, match=rf"budget\.{name} must be"):
        Budget(**{name: value})
    with pytest.raises(BadRequest):
        Budget.of({name: value, "other": 1})


def test_limits_and_their_absence_are_taken() -> None:
    assert Budget(0, 0.0, 0, 0, 0, 0).turns == 0
    assert Budget.of({"turns": 3, "usd": 0.5, "unknown": []}) == Budget(turns=3, usd=0.5)
    assert Budget(turns=None) == Budget()


@pytest.mark.parametrize("value", ODD, ids=lambda value: str(value)[:8])
@pytest.mark.parametrize("name", ["turns", "seconds", "usd", "tokens", "subCalls", "depth", "askAboveUsd"])
def test_a_setting_that_is_no_limit_is_left_out_and_named(tmp_path: Path, name: str, value: Any) -> None:
    loaded, problems = load(file=tmp_path / "none.toml", environ={}, client={"budget": {name: value}})
    assert [problem for problem in problems if name in problem.where]
    assert loaded.budget == load(file=tmp_path / "none.toml", environ={})[0].budget
