"""What the offline rules answer about code: defaults, who raises and calls, what a class extends, what is exported."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.models.conftest import Replying

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


TOOLS = """\
import argparse
import os
from collections import deque

NOTHING = ()
MIRROR = os.environ.get("TOOLS_MIRROR", "")
COLOURS = os.environ.get("A_COLOUR"), os.environ.get("B_COLOUR")
parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=int, default=40)
DEFAULT_TRIES = 3

def first(): return NOTHING


# NOTHING is returned
def last():
    return deque() or NOTHING


class Crate(Box):
    def test_last(self): pass


class Chest(Crate): pass
"""
SCHEMA = """\
CREATE TABLE members (
  id integer NOT NULL,
  max_loans integer NOT NULL DEFAULT 6,
  fees numeric DEFAULT 0
);
"""
GO = """\
package pool

import (
	"fmt"
	"net/http"
)

const (
	defaultWorkers = 6
	defaultDepth   = 9
)

type Job struct {
	ID int
}

type Pool struct {
	jobs []Job
}

func New() *Pool { return &Pool{} }
"""
RUST = """\
fn open() {}

#[cfg(test)]
mod tests {
    #[test]
    fn opens() {}

    #[tokio::test]
    async fn closes() {}
}
"""
JAVA = """\
class PoolTest {
    @Test
    @DisplayName("opens (at once)")
    void opens() {
    }

    @Test
    void closes() {
    }

    void helper() {
    }
}
"""
TILL = """\
export class Till {
  async ring(sum: number): Promise<void> {
    await this.weigh();
  }

  private weigh(): number {
    return 1;
  }

  private shut(): void {}
}

function weigh(): void {}
"""
TEXTS = {
    "Till.ts": TILL,
    "PoolTest.java": JAVA,
    "pool.py": PYTHON,
    "shop.ts": SCRIPT,
    "tools.py": TOOLS,
    "store.sql": SCHEMA,
    "pool.go": GO,
    "queue.rs": RUST,
}


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
        ("tools.py", "What is the default of --depth?", "The default of depth is 40."),
        ("tools.py", "What is the default number of tries?", "The default of tries is 3."),
        ("tools.py", "Which functions return NOTHING?", "- first (tools.py:12)\n- last (tools.py:17)\n\n"),
        ("tools.py", "On which line does the function last start?", "last is defined, line 16"),
        ("tools.py", "From which module is deque imported?", "deque is imported from 1:\n- collections"),
        ("tools.py", "Which modules does this file import?", "- argparse\n- os\n- collections\n"),
        ("tools.py", "How many unit tests are there?", "Tests: 1 in all:\n- test_last"),
        ("tools.py", "Which environment variable sets the mirror?", "- TOOLS_MIRROR\n"),
        ("tools.py", "Which environment variable sets the colour?", "I did not understand"),
        ("tools.py", "Which classes inherit directly from Box?", "- Crate (tools.py:20)\n\n"),
        ("store.sql", "What is the default value of max_loans in members?", "The default of max_loans is 6."),
        ("pool.go", "How many struct types are declared?", "2 x struct"),
        ("pool.go", "What is the default number of workers?", "The default of workers is 6."),
        ("pool.go", "Which packages are imported?", "- fmt\n- net/http\n"),
        ("shop.ts", "which functions does this module export?", "- open\n- close\n"),
        ("Till.ts", "how many private methods does Till have", "Till defines 2 private:\n- weigh\n- shut\n"),
        ("Till.ts", "Which async methods does the class Till have?", "Till defines 1 async:\n- ring\n"),
        ("Till.ts", "list the methods of Till", "Till defines 3:\n- ring\n- weigh\n- shut\n"),
        ("Till.ts", "how many static methods does Till have", "Till defines 0 static"),
        ("pool.py", "Which functions or methods raise PoolError?", "- take (pool.py:12)\n"),
        ("pool.py", "whats the default depth of the basin", "The default of depth is 7."),
        ("PoolTest.java", "How many unit tests are there?", "Tests: 2 in all:\n- opens\n- closes\n"),
        ("queue.rs", "How many unit tests are there?", "Tests: 2 in all:\n- opens\n- closes\n"),
    ],
)
async def test_code_is_asked_about(reply: Replying, tmp_path: Path, name: str, question: str, expected: str) -> None:
    assert expected in (await reply(TEXTS[name], question, name)).replace(f"{tmp_path}/", "")
