"""The server's side of judging: worker processes, started when first needed, killed when late."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar
from weakref import WeakSet

from rlm_ls.context.workers.pool import SearchPool, Worker
from rlm_ls.context.workers.worker import frame
from rlm_ls.errors import ProgramError, RlmError, SearchFailed, SearchTimeout
from rlm_ls.executors.checking.plain import SCHEMA, plain

log = logging.getLogger(__name__)

SECONDS = 2.0
"""For one judgement. Honest ones take a few milliseconds."""
READING_SECONDS = 10.0
"""For a whole reply or script: without it a turn is lost, so it may wait for its turn on a busy machine."""
BATCH = 100
"""Replies that are judged at once."""
LATE = 3
"""Replies judged one by one that may be late before the rest is not judged: their schema is the reason."""

NOTHING = ("grammar.fences", {"reply": ""}, READING_SECONDS)
"""A request that costs nothing."""

NOT_JUDGED = "it took too long to be checked against the schema"


class CheckerPool(SearchPool):
    """Workers as the search has them, with the operations of `rlm_ls.executors.checking`."""

    worker: ClassVar[str] = "rlm_ls.executors.checking.worker"

    def __init__(self, size: int = 2) -> None:
        super().__init__(size)
        self._warm: WeakSet[Worker] = WeakSet()
        self._warming: asyncio.Task[None] | None = None

    def warm(self) -> None:
        """Begin to start the first worker: it is ready by the time that a model has replied."""
        if self._warming is None:
            self._warming = asyncio.create_task(self._start())

    async def close(self) -> None:
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await super().close()

    async def _start(self) -> None:
        with suppress(RlmError):
            await self.call(*NOTHING)

    async def _worker(self) -> Worker:
        """One that has replied before: what it takes to start is no part of a judgement."""
        worker = await super()._worker()
        if worker not in self._warm:
            await self._exchange(worker, frame(NOTHING))
            self._warm.add(worker)
        return worker


class Checker:
    """One run's judgements. One at a time, so that a run with slow ones leaves workers to the others."""

    def __init__(self, pool: CheckerPool) -> None:
        self._pool = pool
        self._turn = asyncio.Lock()

    async def schema_problem(self, schema: dict[str, Any]) -> str:
        """Why a JSON schema, plain data already, cannot be used, in words; empty if it can."""
        try:
            return str(await self._call("schemas.check", schema=schema))
        except SearchTimeout:
            return "it takes too long to be checked"
        except SearchFailed:
            return "checking it failed; it nests or refers to itself without end"

    async def data_problems(self, data: Any, schema: Any) -> list[str]:
        """Where `data`, plain JSON, does not fit the schema; in words."""
        try:
            return list(await self._call("schemas.problems", data=data, schema=schema))
        except SearchTimeout:
            return [f"data: {NOT_JUDGED}: pass simpler data."]
        except SearchFailed:
            return ["data: it could not be checked against the schema: pass simpler data."]

    async def replies(self, texts: Sequence[str], schema: Any) -> list[tuple[Any, str]]:
        """The JSON values of replies and what is wrong with each (empty: nothing)."""
        read: list[tuple[Any, str]] = []
        late = 0
        for first in range(0, len(texts), BATCH):
            batch = texts[first : first + BATCH]
            told = await self._read(batch, schema) if late < LATE else None
            for text in batch if told is None else ():
                again = late < LATE and len(batch) > 1
                one = await self._read([text], schema) if again else None
                late += one is None
                read += one or [(None, NOT_JUDGED)]
            read += told or []
        return read

    async def fences(self, reply: str) -> tuple[list[tuple[str, str]], int] | None:
        """Info and content of a reply's first fenced blocks, and how many there are more; None if that takes too
        long."""
        try:
            found: tuple[list[tuple[str, str]], int] = await self._call("grammar.fences", READING_SECONDS, reply=reply)
        except (SearchTimeout, SearchFailed):
            return None
        return found

    async def prepared(self, source: str, later: frozenset[str], verbs: frozenset[str]) -> str:
        """A script as it is to be run: see `echo`, `awaiting` and `bridges`. As it was, where this cannot be found out:
        the sandbox's own parser has the last word."""
        try:
            return str(await self._call("scripts.prepared", READING_SECONDS, source=source, later=later, verbs=verbs))
        except (SearchTimeout, SearchFailed):
            return source

    async def script_of(self, reply: str, verbs: frozenset[str]) -> str:
        """The script that a reply without a fenced block is, "" if it is none."""
        try:
            return str(await self._call("unfenced.script_of", READING_SECONDS, reply=reply, verbs=verbs))
        except (SearchTimeout, SearchFailed):
            return ""

    async def assigned(self, sources: Sequence[str]) -> tuple[str, ...]:
        """Names that scripts assign at the top level, in order."""
        try:
            return tuple(await self._call("scripts.assigned", sources=sources))
        except (SearchTimeout, SearchFailed):
            return ()

    async def quotations(self, answer: str, cited: str) -> list[tuple[str, str]]:
        """Quotations of an answer that do not stand in `cited`, each with a pattern to look for it elsewhere."""
        try:
            return list(await self._call("quotations.missing", answer=answer, cited=cited))
        except (SearchTimeout, SearchFailed):
            return []

    async def marked(self, answer: str, missing: Sequence[str]) -> str:
        """The answer with quotations that stand nowhere marked."""
        try:
            return str(await self._call("quotations.marked", answer=answer, missing=missing))
        except (SearchTimeout, SearchFailed):
            return answer

    async def _read(self, texts: Sequence[str], schema: Any) -> list[tuple[Any, str]] | None:
        try:
            return list(await self._call("replies.read", texts=texts, schema=schema))
        except (SearchTimeout, SearchFailed):
            return None

    async def _call(self, operation: str, seconds: float = SECONDS, **payload: Any) -> Any:
        async with self._turn:
            try:
                return await self._pool.call(operation, payload, seconds)
            except (SearchTimeout, SearchFailed) as error:
                log.warning("judging failed: %s: %.300s", operation, error.message)
                raise


async def check_schema(checker: Checker, schema: dict[str, Any] | None) -> dict[str, Any] | None:
    """A script's schema as plain JSON. Raises ProgramError for one that cannot be used."""
    if schema is None:
        return None
    made: dict[str, Any] = plain(schema, SCHEMA, "schema")
    if problem := await checker.schema_problem(made):
        raise ProgramError(f"schema is no JSON schema that can be used: {problem}.", 'E.g. {"type": "string"}.')
    return made
