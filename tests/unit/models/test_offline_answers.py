"""The offline model end to end: its scripts in the real sandbox, over real files, with checked citations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from rlm_ls.context.scope import Scope
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.settings import Settings

LOG = (
    "".join(
        f"2026-03-14T0{n // 60}:{n % 60:02}:00Z "
        + (
            f"ERROR pay PoolTimeoutError: no connection user=u{n % 4} ip=10.0.0.{n % 3} took={1000 + n}ms\n"
            if n % 10 == 0
            else f"WARN pay CardDeclined reason={('fraud', 'expired')[n % 4 == 1]} user=u{n % 4} ip=10.0.0.{n % 3}\n"
            if n % 10 == 5
            else f"INFO web GET /items status=200 user=u{n % 4} ip=10.0.0.{n % 3} took={n}ms\n"
        )
        for n in range(100)
    )
    + "2026-03-14T02:00:00Z INFO web greeting sent to Véra, the secret passphrase is PURPLE-OTTER-7\n"
)

CODE = '''\
class Base:
    """The base."""

    def start(self):
        return 1


class Pool(Base):
    def __init__(self, size):
        self.size = size

    def take(self):
        return self.size

    async def give_back(self, item):
        pass


def make_pool(size):
    return Pool(size)


LIMIT = 10
'''


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    engine = await Engine.open(settings=Settings(), state_dir=tmp_path_factory.mktemp("state"))
    yield engine
    await engine.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("texts")
    log, code = folder / "shop.log", folder / "pool.py"
    log.write_text(LOG, "utf-8")
    code.write_text(CODE, "utf-8")
    return log, code


async def ask(engine: Engine, question: str, *paths: Path) -> Answer:
    scope = Scope("files", files=tuple(map(str, paths)))
    return await engine.ask(AskRequest(question, scope), lambda _event: None)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many lines are there?", "101 lines"),
        ("How many ERROR lines are there?", "10 lines with ERROR"),
        ("How many errors are there?", "10 lines"),
        ("How many FATAL lines are there?", "0 lines with FATAL"),
        ("How many ERROR lines mention the user=u0?", "5 lines with user=u0 and ERROR"),
        ("How many errors are there per hour?", "- 2026-03-14T00: 6\n- 2026-03-14T01: 4"),
        ("How many lines are there of each level?", "- INFO: 81\n"),
        ("How many unique IP addresses appear?", "3 different IP addresses"),
        ("How many users are there?", "4 different users: "),
        ("What are the different reasons for CardDeclined?", "expired"),
        ("What is the ratio of ERROR to WARN?", "10 to 10 lines, a ratio of 10:10 = 1."),
        ("Which service has the most errors?", "1. pay: 10"),
        ("What is the most common error?", "1. PoolTimeoutError: 10"),
        ("What are the top 2 levels?", "1. INFO: 81\n2. "),
        ("What is the slowest request?", "max = 1090"),
        ("What is the fastest response time of GET requests?", "min = 1 "),
        ("What is the average response time of PoolTimeoutError lines?", "mean = 1045 "),
        ("What is the p50 response time of PoolTimeoutError lines?", "p50 = 1040 "),
        ("What is the p75 response time of PoolTimeoutError lines?", "p75 = 1070 "),
        ("When did the first CardDeclined occur?", "shop.log:6:"),
        ("When did the last CardDeclined occur?", "shop.log:96:"),
        ("What are the first 2 lines?", "2026-03-14T00:01:00Z INFO web GET /items status=200 user=u1"),
        ("Which lines mention `greeting`?", "1 lines hold it:\n- shop.log:101: "),
        ("What is the secret passphrase?", "PURPLE-OTTER-7"),
        ("Who is Vera?", "shop.log:101: "),
        ("How many dragons are there?", "Found nothing: no line was found for dragons, in 101 lines of 1 document(s)."),
    ],
)
async def test_questions_about_a_log(engine: Engine, files: tuple[Path, Path], question: str, expected: str) -> None:
    answer = await ask(engine, question, files[0])
    assert answer.status == "answered"
    assert answer.route == "offline"
    assert expected in answer.answer
    assert "rules, not a language model" in answer.answer
    assert all(citation.state == "verified" for citation in answer.citations)
    assert answer.usage.usd in (0.0, None)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many classes are defined?", "2 x class"),
        ("How many functions (not methods) are defined at module level?", "1 x top-level function:\n- make_pool"),
        ("List all the method names in the Pool class.", "Pool defines 3:\n- __init__\n- take\n- give_back"),
        ("Which class inherits from Base?", "- Pool ("),
        ("Where is make_pool defined?", "pool.py:19"),
        ("Where is the class `Pool` defined?", "pool.py:8"),
        ("Which file defines LIMIT?", "pool.py:23"),
    ],
)
async def test_questions_about_code(engine: Engine, files: tuple[Path, Path], question: str, expected: str) -> None:
    answer = await ask(engine, question, *files)
    assert expected in answer.answer
    assert answer.citations
    assert all(citation.state == "verified" for citation in answer.citations)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many WARN lines are there?\nEnd with one line: ANSWER: <number>", "ANSWER: 10"),
        ("What is the secret passphrase?\nEnd with one line: ANSWER: <answer>", "ANSWER: PURPLE-OTTER-7"),
        (
            "Rank the levels by frequency.\nEnd with one line: ANSWER: first=count; second=count; ... in order",
            "ANSWER: INFO=81; ",
        ),
        ("Calculate p50 and p99 of took.\nEnd with one line: ANSWER: p50=..; p99=..", "ANSWER: p50=56; p99=1090"),
    ],
)
async def test_the_form_that_was_asked_for(
    engine: Engine, files: tuple[Path, Path], question: str, expected: str
) -> None:
    answer = await ask(engine, question, files[0])
    assert answer.answer.splitlines()[-1].startswith(expected)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_question_about_one_of_several_documents_looks_only_there(
    engine: Engine, files: tuple[Path, Path]
) -> None:
    answer = await ask(engine, "How many lines does pool.py have?", *files)
    assert "23 lines in 1 document" in answer.answer


@pytest.mark.asyncio(loop_scope="module")
async def test_words_that_no_rule_used_are_named_and_there_is_no_number(
    engine: Engine, files: tuple[Path, Path]
) -> None:
    answer = await ask(engine, "What are the top 3 users by purple spending?", files[0])
    assert answer.answer.startswith("I did not understand “purple spending” in this text, so there is no number.")
