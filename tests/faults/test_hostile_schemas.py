"""Schemas that would have the schema library fetch, read, or never end: refused in words, by every way in."""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.patience import PATIENCE
from tests.scripted import TEXT, Asker, FakeModel, asking, document, script

from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.engine.request import Budget
from rlm_ls.engine.trace.replay import replay
from rlm_ls.errors import BadRequest
from rlm_ls.executors.checking.checker import Checker
from rlm_ls.executors.checking.schemas import check
from rlm_ls.executors.verbs import all as _registers_the_verbs  # noqa: F401
from rlm_ls.executors.verbs.registry import VERBS

TYPED = sorted(name for name, verb in VERBS.items() if any(p.name == "schema" for p in verb.parameters))
"""Verbs that take a schema."""

REACHING: dict[str, Callable[[str], dict[str, Any]]] = {
    "a reference": lambda at: {"$ref": at},
    "a reference below": lambda at: {"type": "object", "properties": {"a": {"items": {"$ref": f"{at}#/x"}}}},
    "a dynamic reference": lambda at: {"$dynamicRef": at},
    "a recursive reference": lambda at: {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        "$recursiveRef": at,
    },
    "a relative reference from an id": lambda at: {"$id": at, "$ref": "other.json"},
    "a relative reference from an id below": lambda at: {"properties": {"a": {"$id": at, "items": {"$ref": "b"}}}},
    "an older draft's id": lambda at: {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "id": at,
        "$ref": "other#/x",
    },
    "its own dialect": lambda at: {"$schema": at, "type": "string"},
    "a dialect below": lambda at: {"items": {"$id": "x", "$schema": at, "type": "string"}},
    "a reference to a reference": lambda at: {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": at}}},
    "in all of": lambda at: {"allOf": [{"not": {"if": {"$ref": at}}}]},
}


class Ear:
    """Listens on loopback, and counts who came."""

    def __init__(self) -> None:
        self.heard = 0
        self.address = ""

    async def connected(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()


@asynccontextmanager
async def _listening() -> AsyncIterator[Ear]:
    ear = Ear()
    server = await asyncio.start_server(ear.connected, "127.0.0.1", 0)
    ear.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/schema?q=secret"
    async with server:
        yield ear


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def ask(asker: Asker) -> Asker:
    return asker


@pytest_asyncio.fixture(loop_scope="module")
async def ear() -> AsyncIterator[Ear]:
    async with _listening() as ear:
        yield ear
        await asyncio.sleep(0.05)
        assert ear.heard == 0


@pytest.fixture
def addresses(ear: Ear, tmp_path: Path) -> dict[str, str]:
    bait = tmp_path / "bait.json"
    bait.write_text('{"const": "the bait was read"}')
    return {"http": ear.address, "file": bait.as_uri(), "path": str(bait)}


@pytest.fixture
def opened(tmp_path: Path) -> list[str]:
    """Files of the test's own folder that this process opened, from now on."""
    names: list[str] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and str(arguments[0]).endswith("bait.json"):
            names.append(str(arguments[0]))

    sys.addaudithook(hook)
    return names


def call(verb: str, schema: Any) -> str:
    """A script that calls a verb with this schema, and for the rest what it needs."""
    needed = {"prompt": "'p'", "spans": "['a', 'b']", "question": "'q'", "within": "find('ERROR', limit=1)"}
    parameters = [p for p in VERBS[verb].parameters if p.default is inspect.Parameter.empty or p.name == "within"]
    given = ", ".join(f"{p.name}={needed[p.name]}" for p in parameters)
    return f"{verb}({given}, schema={schema!r})"


async def test_there_are_verbs_with_schemas() -> None:
    assert {"llm", "llm_map", "rlm"} <= set(TYPED)


@pytest.mark.parametrize("verb", TYPED)
async def test_a_verb_refuses_every_schema_that_leads_out_of_itself(
    ask: Asker, ear: Ear, addresses: dict[str, str], opened: list[str], verb: str
) -> None:
    schemas = [make(at) for make in REACHING.values() for at in addresses.values()]
    tries = ["refused = 0"]
    for schema in schemas:
        tries += ["try:", f"    {call(verb, schema)}", "except ValueError as e:", "    refused += 'schema' in str(e)"]
    model = FakeModel([script("\n".join([*tries, "print(refused)"])), script("submit('x')")], lambda _: '{"a": [1]}')
    told = await ask(model=model, scope=document(TEXT), budget=Budget(depth=2))
    assert model.asked[1][-1].content.split()[0] == str(len(schemas))
    assert told.answer.status == "answered"
    assert not model.sub_asked
    assert not opened
    assert ear.heard == 0


@pytest.mark.parametrize("make", REACHING.values(), ids=REACHING)
@pytest.mark.parametrize("kind", ["http", "file", "path"])
async def test_a_callers_schema_that_leads_out_of_itself_is_a_bad_request(
    ask: Asker, ear: Ear, addresses: dict[str, str], opened: list[str], make: Any, kind: str
) -> None:
    with pytest.raises(BadRequest, match="schema"):
        await ask(script("submit('x', data='y')"), schema=make(addresses[kind]))
    assert not opened


async def test_a_recordings_schema_is_checked_when_it_is_replayed_and_resumed(
    ask: Asker, addresses: dict[str, str], opened: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "app.log"
    path.write_text(TEXT)
    reply = script("submit('')")
    from rlm_ls.context.scope import Scope

    scope = Scope(kind="document", files=(str(path),))
    told = await ask(reply, reply, schema={"type": "string"}, scope=scope, budget=Budget(turns=1))
    events = await ask.engine.store.events(told.answer.run_id)
    for at in addresses.values():
        for event in events:
            if event["type"] == "runStarted":
                event["answerSchema"] = {"$ref": at}
        with pytest.raises(BadRequest, match="schema"):
            await replay(ask.engine, events, strict=False)
    assert not opened


async def test_what_a_verb_is_told_says_what_is_allowed() -> None:
    said = check(Deadline(2), {"$ref": "http://example.com/x"})
    assert "leads out of it" in said
    assert "#/$defs/" in said


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"type": "integer"}}},
        {"$defs": {"tree": {"properties": {"left": {"$ref": "#/$defs/tree"}}}}, "$ref": "#/$defs/tree"},
        {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {}}, "$ref": "#/definitions/a"},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "string"},
        {"$id": "https://example.com/order", "$defs": {"a": {"$anchor": "a"}}, "items": {"$ref": "#a"}},
        {"properties": {"$ref": {"type": "string"}}},
    ],
)
async def test_a_schema_that_refers_to_its_own_parts_is_taken(schema: dict[str, Any]) -> None:
    assert check(Deadline(2), schema) == ""


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/nowhere"},
        {"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}},
        {"$schema": ["x"]},
        {"$schema": 7},
        {"type": 7},
        {"pattern": "("},
        json.loads("[" * 50 + "]" * 50),
    ],
    ids=repr,
)
async def test_a_schema_that_cannot_be_used_is_refused_in_words(schema: Any) -> None:
    assert check(Deadline(2), schema)


ENDLESS: dict[str, tuple[Any, Any]] = {
    "a pattern": ({"type": "string", "pattern": "^(a+)+$"}, "a" * 40 + "!"),
    "a pattern of names": ({"patternProperties": {"^(a+)+$": {}}}, {"a" * 40 + "!": 1}),
    "parts that double": (
        {
            "$ref": "#/$defs/a0",
            "$defs": {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)} | {"a40": {}},
        },
        1,
    ),
    "unique items": ({"uniqueItems": True}, [{"a": n} for n in range(20_000)]),
    "data without end": ({"type": "array"}, [0] * 10_000),
    "a multiple": ({"multipleOf": 1e-300}, 1e300),
    "a number": ({"enum": [10**300]}, 10**299),
}


@pytest.mark.parametrize(("schema", "data"), ENDLESS.values(), ids=ENDLESS)
async def test_a_schema_or_data_that_takes_forever_ends_in_words(ask: Asker, schema: Any, data: Any) -> None:
    """And the loop goes on meanwhile: `test_hostile_replies` measures it."""
    checker = Checker(ask.engine.checkers)
    problem = await checker.schema_problem(schema)
    problems = await checker.data_problems(data, schema)
    assert all(isinstance(said, str) for said in [problem, *problems])
    [(_, said)] = await checker.replies([json.dumps(data)], schema)
    assert isinstance(said, str)
    # And the judge is as good as new.
    assert await checker.data_problems(1, {"type": "string"}) == ["data: 1 is not of type 'string'"]


async def test_replies_of_a_slow_schema_are_given_up_together(ask: Asker) -> None:
    checker = Checker(ask.engine.checkers)
    texts = [json.dumps("a" * 40 + "!")] * 300
    read = await asyncio.wait_for(checker.replies(texts, {"pattern": "^(a+)+$"}), PATIENCE)
    assert len(read) == 300
    assert all("too long" in problem for _, problem in read)


async def test_a_slow_reply_harms_none_of_the_others(ask: Asker) -> None:
    checker = Checker(ask.engine.checkers)
    texts = ['"aa"', json.dumps("a" * 40 + "!"), '"b"']
    (first, second, third) = await checker.replies(texts, {"pattern": "^(a+)+$"})
    assert first == ("aa", "")
    assert "too long" in second[1]
    assert "does not match" in third[1]


async def test_a_judge_speaks_to_nobody() -> None:
    """Should a library try all the same: the process itself refuses."""
    import subprocess

    tried = (
        "from rlm_ls.executors.checking.worker import shut_in; shut_in()\n"
        "import socket, urllib.request, subprocess\n"
        "for act in (lambda: socket.create_connection(('127.0.0.1', 9)), lambda: subprocess.run(['true']),\n"
        "            lambda: urllib.request.urlopen('http://127.0.0.1:9/')):\n"
        "    try:\n"
        "        act(); print('DONE')\n"
        "    except PermissionError as e:\n"
        "        print('refused')\n"
    )
    command = [sys.executable, "-P", "-c", tried]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["refused"] * 3


async def test_a_worker_is_not_left_behind(tmp_path: Path) -> None:
    async with asking(tmp_path / "state") as ask:
        with suppress(asyncio.CancelledError):
            checker = Checker(ask.engine.checkers)
            task = asyncio.ensure_future(checker.data_problems("a" * 40 + "!", {"pattern": "^(a+)+$"}))
            await asyncio.sleep(0.3)
            task.cancel()
            await task
        await ask.engine.checkers.close()
        assert not ask.engine.checkers._all
