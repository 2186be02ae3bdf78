"""What the offline rules answer about code: defaults, who raises and calls, what a class extends, what is exported."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from rlm_ls.context.scope import Scope
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.settings.sections import Settings

PYTHON = """\
WAIT = 2.5
DEFAULT_DEPTH = 7


class PoolError(Exception):
    pass


class Pool(Base):
    def take(self, size=4, wait=WAIT):
        if size > 9:
            raise PoolError("too many")
        return make(size)


def make(size=3, name: str = "x"):
    # raise PoolError is for the pool
    return Pool(size)


def spoil():
    raise errors.PoolError
"""
SCRIPT = """\
export abstract class Shop extends Store {
  sell(n = 1) {
    throw new RangeError("n");
  }
}

export function open(
  name: string,
  { tries = 2, wait = 80 }: { tries?: number } = {},
): Shop {
  return new Shop();
}

export const close = (shop: Shop): void => shop.shut();

function hidden() {}
"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    engine = await Engine.open(settings=Settings(), state_dir=tmp_path_factory.mktemp("state"))
    yield engine
    await engine.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("name", "question", "expected"),
    [
        ("pool.py", "What is the default of size in take?", "The default of size is 4."),
        ("pool.py", "default value of the `size` parameter of make()", "The default of size is 3."),
        ("pool.py", "What's the default wait?", "The default of wait is 2.5."),
        ("pool.py", "What is the default depth?", "The default of depth is 7."),
        ("pool.py", "What does name default to?", 'The default of name is "x".'),
        ("pool.py", "What is the default of size?", "I did not understand"),
        ("pool.py", "What is the default of colour in take?", "I did not understand"),
        ("pool.py", "Which functions raise PoolError?", "- take (pool.py:12)\n- spoil (pool.py:22)\n"),
        ("pool.py", "which function calls make?", "- take (pool.py:13)\n\n"),
        ("pool.py", "What does PoolError extend?", "Base classes: 1:\n- Exception"),
        ("shop.ts", "What is the default of tries in open?", "The default of tries is 2."),
        ("shop.ts", "Which method throws a RangeError?", "- sell (shop.ts:3)"),
        ("shop.ts", "What class does Shop extend?", "- Store"),
        ("shop.ts", "List the exported functions.", "Exported: 2:\n- open\n- close\n"),
        ("shop.ts", "How many exported classes are there?", "Exported: 1:\n- Shop"),
    ],
)
async def test_code_is_asked_about(engine: Engine, tmp_path: Path, name: str, question: str, expected: str) -> None:
    file = tmp_path / name
    file.write_text(PYTHON if name == "pool.py" else SCRIPT, "utf-8")
    scope = Scope("files", files=(str(file),))
    answer = await engine.ask(AskRequest(question, scope, model="offline"), lambda _event: None)
    assert expected in answer.answer.replace(f"{tmp_path}/", "")
