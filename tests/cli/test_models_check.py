"""`rlm-ls models --check`: what the model can do is said after four questions, from what it replied."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from tests.fakes.model_server import ModelServer, Reply, Scripted

ABLE: list[Reply] = [
    "Plan.\n```python\nprint(6 * 7)\n```",
    "Plan.\n```python\nprint(count('ERROR'))\n```",
    Scripted("391", reasoning="17 * 20 is 340 ..."),
    "ready",
]
UNABLE: list[Reply] = [Scripted("I would rather talk about it.", prompt_tokens=0, completion_tokens=0)] * 4


async def checked(script: list[Reply], home: Path) -> tuple[str, int]:
    async with ModelServer(script) as server:
        environ = {**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
        settings = home / "rlm-ls" / "settings.toml"
        settings.parent.mkdir()
        settings.write_text(f'[models]\nroot = "openai/scripted"\napiBase = "{server.base_url}"\n')
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "rlm_ls", "models", "--check", env=environ, stdout=-1, stderr=-1
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
        return said.decode(), server.count


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        (ABLE, ["✓ writes", "✓ calls", "– thinks", "✓ its tokens are reported", "cost: ", "route: rlm: it explores"]),
        (UNABLE, ["✗ writes", "✗ calls", "– was not seen", "✗ its tokens are estimated", "cost: ", "route: guided"]),
    ],
    ids=["able", "unable"],
)
async def test_four_questions_tell_what_a_model_can_do(script: list[Reply], lines: list[str], tmp_path: Path) -> None:
    said, asked = await checked(script, tmp_path)
    assert asked == 4
    assert [line for line in lines if line not in said] == [], said


async def test_the_doctor_says_which_route_a_checked_model_is_given(tmp_path: Path) -> None:
    said, _ = await checked(UNABLE, tmp_path)
    environ = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    doctor = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "rlm_ls", "doctor", env=environ, stdout=-1, stderr=-1
    )
    found = (await doctor.communicate())[0].decode()
    route = next(line for line in said.splitlines() if line.startswith("route: "))
    assert " ".join(route.removeprefix("route: ").split()) in " ".join(found.split())


async def test_an_editors_doctor_shows_what_was_learnt(tmp_path: Path) -> None:
    from rlm_ls.engine.abilities import Abilities, Learnt
    from rlm_ls.settings.sections import Settings

    learnt = Learnt(tmp_path)
    settings = Settings.model_validate({"models": {"root": "openai/scripted", "apiBase": "http://127.0.0.1:9/v1"}})
    assert learnt.of_settings(settings, {}) is None
    unable = Abilities("openai/scripted", False, False, False, True, 10, None, 1.0, 4096, 512)
    learnt.keep(unable, "127.0.0.1:9")
    assert learnt.of_settings(settings, {}) == unable
    (tmp_path / "abilities.json").write_text('{"records": {"openai/scripted 127.0.0.1:9": {"block": 1}}}')
    assert learnt.of_settings(settings, {}) is None
