"""The first look: what the offline rules' script for the question finds, shown to a model before its first call.

A strong model often submits at once; a weak one has an example that works. It is made in a sandbox of its own, so that
the run's variables, notes and coverage are as if it had not been.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.engine.loop.grammar import programs
from rlm_ls.errors import RlmError
from rlm_ls.executors.checking.checker import Checker
from rlm_ls.executors.scripts.crossing import Given
from rlm_ls.executors.scripts.host import VerbHost
from rlm_ls.executors.scripts.sandbox import Sandbox
from rlm_ls.executors.scripts.shares import cut
from rlm_ls.models.base import Model

if TYPE_CHECKING:
    from rlm_ls.engine.services import Services

SECONDS = 2.0
"""Later it is not waited for."""
AGAIN_SECONDS = 60.0
"""For a run that is replayed or goes on: it was shown then, and must be again."""
LONGEST = 1_200
CITED = 5
UNREAD = "I did not understand"
"""How an answer of the rules begins that is none."""
HEADING = "A first look, by rules that may have misunderstood the question (check it; submit it if it holds):"


@dataclass(frozen=True, slots=True)
class Looking:
    """What a first look needs. `created` is when the run was begun, in Unix time."""

    services: Services
    checker: Checker
    context: Context
    created: float


async def first_look(looking: Looking, making: Awaitable[Model], seconds: float = SECONDS) -> str:
    """What the rules found, with its heading, at most LONGEST characters; empty where that is nothing, or too late."""
    try:
        async with asyncio.timeout(seconds):
            found = await _found(looking, await making, seconds)
    except (TimeoutError, RlmError):
        return ""
    return f"{HEADING}\n{cut(found, LONGEST - len(HEADING) - 1)[0]}" if found else ""


async def _found(looking: Looking, rules: Model, seconds: float) -> str:
    host = await tried(looking, (await rules.complete(())).text, seconds)
    if host is None or host.submission is None or str(host.submission.answer).startswith(UNREAD):
        return ""
    answer = str(host.submission.answer).split("\n\n*Offline model")[0].strip()
    cited = host.submission.cite if isinstance(host.submission.cite, list) else []
    places = [
        f"{one.attributes['doc']}:{one.attributes['line']}"
        for one in cited[:CITED]
        if isinstance(one, Given) and one.name == "Span"
    ]
    return f"{answer}\n(from {', '.join(places)})" if places else answer


async def tried(looking: Looking, reply: str, seconds: float) -> VerbHost | None:
    """The VerbHost of a reply of the rules after its script has run, with what it submitted, or None where it submitted
    nothing."""
    services = looking.services
    fences = await looking.checker.fences(reply)
    blocks = programs(fences[0]) if fences else ()
    if not blocks:
        return None
    host = VerbHost(looking.context, Search(looking.context, services.pool, seconds), dict)
    sandbox = Sandbox(
        services.sandboxes,
        looking.checker,
        clock=datetime.fromtimestamp(int(looking.created), UTC),
        script_seconds=seconds,
        print_limit=LONGEST,
        single=len(looking.context.documents) == 1,
    )
    try:
        await sandbox.start()
        result = await sandbox.run(blocks[0].source, host, _unheard)
    finally:
        await sandbox.close()
    return None if result.error or host.submission is None else host


async def _unheard(verb: str, detail: str, seconds: float) -> None:
    """Its verbs are no events of the run."""
