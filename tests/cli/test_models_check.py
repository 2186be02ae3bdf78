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
