"""Chaos against the real server process: nothing is lost, leaks or freezes. Longer: `./dev bench soak`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.chaos.cancels import cancels
from tests.chaos.kills import kills
from tests.chaos.messages import frames, messages
from tests.chaos.providers import ALL, providers
from tests.chaos.scripts import scripts
from tests.chaos.tally import Tally
from tests.chaos.texts import texts

SEED = 20261128
STRUCTURAL = 5.0
"""Seconds: a ping that waits longer was not late because a machine is busy, but because something held the loop."""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="what is sent to the process are signals")


def nothing_wrong(tally: Tally) -> None:
    assert tally.problems == []


async def test_ten_thousand_bad_messages_lose_no_good_one(tmp_path: Path) -> None:
    tally = await messages(10_000, SEED, tmp_path, STRUCTURAL)
    nothing_wrong(tally)
    assert tally.messages == 10_000


async def test_a_frame_that_cannot_be_right_ends_the_connection_and_not_more(tmp_path: Path) -> None:
    nothing_wrong(await frames(tmp_path, STRUCTURAL))


async def test_texts_that_change_during_a_run_end_in_an_answer_or_an_error_with_a_code(tmp_path: Path) -> None:
    nothing_wrong(await texts(8, SEED, tmp_path, STRUCTURAL))


async def test_fifty_runs_cancelled_at_random_moments_leave_nothing(tmp_path: Path) -> None:
    nothing_wrong(await cancels(50, SEED, tmp_path, STRUCTURAL))


QUICK = [way for way in ALL if way not in {"gzip-bomb", "dripping"}]
"""The others take a minute between them, in the bench."""


@pytest.mark.parametrize("ways", [QUICK[0::3], QUICK[1::3], QUICK[2::3]], ids=["first", "second", "third"])
async def test_providers_that_misbehave_cost_one_run_each(tmp_path: Path, ways: list[str]) -> None:
    nothing_wrong(await providers(ways, tmp_path, STRUCTURAL))


async def test_servers_killed_at_random_moments_lose_and_pay_nothing_twice(tmp_path: Path) -> None:
    tally = await kills(5, SEED, tmp_path, STRUCTURAL)
    nothing_wrong(tally)
    assert tally.kills == 5


async def test_generated_hostile_scripts_end_in_an_observation(tmp_path: Path) -> None:
    tally = await scripts(300, SEED, tmp_path, STRUCTURAL)
    nothing_wrong(tally)
    assert tally.scripts == 300
