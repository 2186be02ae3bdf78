"""Who is asked about native programs, how often, and what is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from rlm_ls.errors import ConsentDenied
from rlm_ls.executors.compiled.native_consent import DENY, HERE, ONCE, NativeConsent


class User:
    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    async def __call__(self, message: str, choices: Sequence[str]) -> str | None:
        self.asked.append((message, tuple(choices)))
        await asyncio.sleep(0)
        return self.answers.pop(0)


async def test_once_holds_for_the_run_and_no_other(tmp_path: Path) -> None:
    user = User(ONCE, DENY)
    consent = NativeConsent(tmp_path, user)
    for _ in range(3):
        await consent.allow("run 1", ["/w"], trusted=True)
    with pytest.raises(ConsentDenied):
        await consent.allow("run 2", ["/w"], trusted=True)
    assert [choices for _, choices in user.asked] == [(ONCE, HERE, DENY)] * 2
    assert "/w" in user.asked[0][0]


async def test_a_workspace_holds_for_its_folders_and_those_alone(tmp_path: Path) -> None:
    await NativeConsent(tmp_path, User(HERE)).allow("1", ["/a", "/b"], trusted=True)
    user = User(None)
    consent = NativeConsent(tmp_path, user)
    await consent.allow("2", ["/b"], trusted=True)
    assert user.asked == []
    with pytest.raises(ConsentDenied):
        await consent.allow("2", ["/b", "/c"], trusted=True)


async def test_without_a_folder_there_is_nothing_to_remember(tmp_path: Path) -> None:
    user = User(ONCE)
    await NativeConsent(tmp_path, user).allow("1", [], trusted=True)
    assert user.asked[0][1] == (ONCE, DENY)
    assert not list(tmp_path.iterdir())


async def test_programs_side_by_side_ask_once(tmp_path: Path) -> None:
    user = User(ONCE)
    consent = NativeConsent(tmp_path, user)
    await asyncio.gather(*(consent.allow("1", ["/w"], trusted=True) for _ in range(5)))
    assert len(user.asked) == 1


async def test_a_no_is_not_asked_again_in_its_run(tmp_path: Path) -> None:
    user = User(DENY)
    consent = NativeConsent(tmp_path, user)
    for _ in range(2):
        with pytest.raises(ConsentDenied):
            await consent.allow("1", ["/w"], trusted=True)
    assert len(user.asked) == 1


async def test_no_trust_is_no_whatever_was_remembered(tmp_path: Path) -> None:
    user = User(HERE)
    consent = NativeConsent(tmp_path, user)
    await consent.allow("1", ["/w"], trusted=True)
    with pytest.raises(ConsentDenied, match="not trusted"):
        await consent.allow("1", ["/w"], trusted=False)


async def test_a_question_taken_back_is_no_answer(tmp_path: Path) -> None:
    never = asyncio.Event()

    async def ask(_: str, __: Sequence[str]) -> str | None:
        await never.wait()
        return ONCE

    consent = NativeConsent(tmp_path, ask)
    waiting = asyncio.create_task(consent.allow("1", ["/w"], trusted=True))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    never.set()
    await consent.allow("1", ["/w"], trusted=True)


@pytest.mark.parametrize("damage", ["{", "[]", '{"folders": 3}', '{"folders": null}'])
async def test_a_damaged_memory_has_the_user_asked_again(tmp_path: Path, damage: str) -> None:
    (tmp_path / "native-consent.json").write_text(damage)
    user = User(HERE)
    await NativeConsent(tmp_path, user).allow("1", ["/w"], trusted=True)
    assert len(user.asked) == 1
