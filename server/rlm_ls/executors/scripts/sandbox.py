"""L1: scripts in a sandboxed Python, in a process of their own, driven from pause to pause.

At each verb the script stands still while the host awaits, so a verb is synchronous for the script and never blocks
the event loop. A dump after each script, and before each verb while dumps are small, brings the variables back when a
worker dies or a limit stops it in the middle (pydantic-monty: after a time limit the heap is not to be trusted).
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from pydantic_monty import (
    AsyncFunctionSnapshot,
    AsyncFutureSnapshot,
    AsyncMonty,
    AsyncMontySession,
    AsyncNameLookupSnapshot,
    ExternalExceptionData,
    MontyComplete,
    MontyCrashedError,
    MontyError,
    MontyRuntimeError,
)

from rlm_ls.errors import (
    LevelUnavailable,
    ProgramCrashed,
    ProgramLimit,
    RlmError,
    SearchTimeout,
    SubCallFailed,
)
from rlm_ls.executors.checking.checker import Checker
from rlm_ls.executors.compiled.programs import is_free
from rlm_ls.executors.scripts.bridges.sources import needed
from rlm_ls.executors.scripts.crossing import Rows, handed_over, received
from rlm_ls.executors.scripts.hints import explain
from rlm_ls.executors.scripts.host import VerbHost
from rlm_ls.executors.scripts.output import CapturedOutput, cap
from rlm_ls.executors.scripts.prelude import ORIGIN, bound, prelude
from rlm_ls.executors.verbs import all as _registers_the_verbs  # noqa: F401
from rlm_ls.executors.verbs.registry import VERBS, call_verb, later_verbs

log = logging.getLogger(__name__)

CHEAP_DUMP = 256 << 10
"""Bytes up to which a session is dumped at every verb, not only between scripts."""

MEMORY = 256 << 20
TOO_LARGE = "The variables take more memory than can be kept: hold less in them."

ONE_CALL = re.compile(r"(?:\w+ = )?(?:print\()?(\w+)\([^():;\n]*\)\)?(?: *#[^\n]*)?")
LONGEST_CALL = 500

MOST_NAMED = 100
TOLD = 2_000
"""Characters of an error of a verb that a script may catch: it may quote what the script passed."""
SHOWN = 8
"""Arguments of a call that are named."""
DETAIL = 400
"""Characters of a verb's call in short."""
LOST_TO_A_LIMIT = (MemoryError, TimeoutError, RecursionError)

VerbSink = Callable[[str, str, float], Awaitable[None]]
"""Called with each verb that has returned: its name, the call in short with its result, its seconds."""


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """What one script did. `output` is capped per print; `error` is empty, or the error with its line and a hint.

    `script_seconds` is the sandbox's and the verbs' time together, of which `verb_seconds` are the verbs'.
    """

    output: str
    error: str
    script_seconds: float
    verb_seconds: float
    prints: tuple[str, ...] = ()
    """The output, print by print."""


@dataclass(slots=True)
class _Rescue:
    """The newest dump, and whether it was taken in the middle of a script."""

    state: bytes
    suspended: bool


class Sandbox:
    """One run's session. Variables survive scripts, errors, limits and a dead worker.

    `clock` freezes the sandbox's date and random seed, so that a replay prints the same.
    """

    def __init__(
        self,
        pool: AsyncMonty,
        checker: Checker,
        *,
        clock: datetime,
        script_seconds: float,
        print_limit: int,
        single: bool = False,
    ) -> None:
        self._pool = pool
        self._judge = checker
        self._clock = clock
        self._seconds = script_seconds
        self._print_limit = print_limit
        self._single = single
        self._prelude = prelude(single=single)
        self._session: AsyncMontySession | None = None
        self._rescue = _Rescue(b"", False)
        self._defined: set[str] = set()

    async def start(self, earlier: bytes | None = None) -> None:
        """Begin anew, or with the variables of an `earlier` session's state."""
        self._session = session = await self._checkout()
        if earlier is None:
            await session.feed_run(self._prelude)
        else:
            await session.load_session(earlier)
            await session.feed_run(f"_single = {self._single}")
        await self._save(session)

    @property
    def state(self) -> bytes:
        """The variables after the newest script, to start another session with; empty if there are none."""
        return b"" if self._rescue.suspended else self._rescue.state

    async def close(self) -> None:
        """Give the worker back, or discard it if a script was cut off. Safe to call twice."""
        session, self._session = self._session, None
        if session is not None:
            with suppress(MontyError, RuntimeError):
                await session.__aexit__(None, None, None)

    def defined(self, name: str) -> None:
        """A program has this name from now on: what a script called so before is hidden."""
        self._defined.add(name)

    async def run(self, source: str, host: VerbHost, on_verb: VerbSink) -> ScriptResult:
        """Run one script to its end, its error or a limit. Raises nothing of the script's making."""
        printed = CapturedOutput(self._print_limit)
        code = await self._judge.prepared(source, later_verbs(), frozenset(VERBS))
        started = time.perf_counter()
        verb_seconds = [0.0]
        error = ""
        try:
            if self._session is None:
                await self._revive()
            await self._drive(code, host, printed, on_verb, verb_seconds)
            error = await self._kept()
        except MontyCrashedError as crash:
            error = explain(crash, source, code, self._seconds) + await self._revive()
        except MontyError as raised:
            error = explain(raised, source, code, self._seconds)
            if isinstance(raised.exception(), LOST_TO_A_LIMIT):
                error += await self._revive()
            else:
                error += await self._kept()
        except Exception as fault:
            if isinstance(fault, RlmError) and fault.ends_run:
                raise
            # A defect of ours; the script may have brought it about, and the run is paid for.
            log.exception("a script could not be run")
            error = f"The script could not be run further: the server failed inside ({type(fault).__name__})."
            error += await self._revive()
        return ScriptResult(printed.text(), error, time.perf_counter() - started, verb_seconds[0], printed.pieces())

    async def _drive(
        self, code: str, host: VerbHost, printed: CapturedOutput, on_verb: VerbSink, verb_seconds: list[float]
    ) -> None:
        assert self._session is not None
        later: dict[int, asyncio.Task[Any]] = {}
        keeps = not _is_one_call(code)
        try:
            for source in needed(code):
                await self._session.feed_run(source)
            await self._bind_programs(code, host)
            pause = await self._session.feed_start(code, print_callback=printed.write)
            while not isinstance(pause, MontyComplete):
                if isinstance(pause, AsyncNameLookupSnapshot):
                    pause = await pause.resume()  # an undefined name is a NameError inside the script
                elif isinstance(pause, AsyncFutureSnapshot):
                    await self._dump(pause)
                    before = time.perf_counter()
                    settled = await _first_of(later, pause.pending_call_ids)
                    verb_seconds[0] += time.perf_counter() - before
                    pause = await pause.resume(settled)
                elif not isinstance(pause, AsyncFunctionSnapshot):
                    raise RuntimeError(f"unexpected pause: {pause!r}")
                elif pause.is_os_function:
                    pause = await pause.resume_not_handled()
                elif not _is_verb(pause):
                    pause = await pause.resume({"exception": NameError(f"name '{pause.function_name}' is not defined")})
                elif pause.function_name == "_later":
                    later[pause.call_id] = asyncio.ensure_future(self._verb(pause, host, on_verb))
                    pause = await pause.resume({"future": ...})
                else:
                    before = time.perf_counter()
                    verb = self._verb(pause, host, on_verb)
                    result = await (self._dumped_beside(pause, verb) if keeps else verb)
                    verb_seconds[0] += time.perf_counter() - before
                    pause = await pause.resume(result)
        finally:
            await _cancelled(later.values())

    async def _bind_programs(self, code: str, host: VerbHost) -> None:
        """Make the compiled programs that a script may call known in the sandbox, by their names."""
        assert self._session is not None
        for name in sorted(_named(code, host)):
            await self._session.feed_run(bound(name, name in self._defined))
            self._defined.discard(name)

    async def _dump(self, pause: AsyncFunctionSnapshot | AsyncFutureSnapshot) -> None:
        # By the session: a pause's own dump() would stand in the event loop's way, seconds for a large heap.
        if len(self._rescue.state) < CHEAP_DUMP:
            assert self._session is not None
            self._rescue = _Rescue(await self._session.dump(), True)

    async def _dumped_beside(self, pause: AsyncFunctionSnapshot, verb: Awaitable[Any]) -> Any:
        """The verb's result. The dump is made while it works: the sandbox would have nothing to do."""
        dumping = asyncio.ensure_future(self._dump(pause))
        try:
            result = await verb
            await dumping
        finally:
            await _cancelled([dumping])
        return result

    async def _verb(self, pause: AsyncFunctionSnapshot, host: VerbHost, on_verb: VerbSink) -> Any:
        started = time.perf_counter()
        name, args, kwargs = "", list[Any](), dict[str, Any]()
        try:
            name, args, kwargs = await received(*pause.args)
            if name in VERBS or host.programs is None or name not in host.programs:
                value = await call_verb(host, name, tuple(args), kwargs)
            else:
                value = await host.programs.call(host, name, tuple(args), kwargs)
            result = await handed_over(value, lambda note: host.note(f"{name}(): {note}"))
        except RlmError as error:
            if error.ends_run:
                raise
            # What a program says as it panics may be the text it stumbled over, which a trace need not keep.
            why = "it crashed" if isinstance(error, ProgramCrashed) else error.message
            await on_verb(name, cap(f"{_call(name, args, kwargs)} ✗ {why}", DETAIL), time.perf_counter() - started)
            return {"exception": _as_python(error)}
        except Exception as error:  # a defect of ours must not cost the user the run; the script may try otherwise
            log.exception("verb %s failed", name)
            return {"exception": RuntimeError(f"{name}() failed inside the server ({type(error).__name__}).")}
        detail = f"{cap(_call(name, args, kwargs), DETAIL)} → {_size(value)}"
        await on_verb(name, detail, time.perf_counter() - started)
        return {"return_value": result}

    async def _checkout(self) -> AsyncMontySession:
        session = self._pool.checkout(
            limits={
                "max_feed_duration_secs": self._seconds,
                "max_memory": MEMORY,
                "max_suspensions": 1_000_000,
            },
            os_policy={"datetime": self._clock, "sleep": "zero", "random_start": {"seed": 0}},
        )
        return await session.__aenter__()

    async def _save(self, session: AsyncMontySession) -> None:
        self._rescue = _Rescue(await session.dump(), False)

    async def _kept(self) -> str:
        """Keeps the variables. Returns what the model should know where that cannot be."""
        assert self._session is not None
        try:
            await self._save(self._session)
        except MontyError:
            return f"\n{TOO_LARGE}{await self._revive()}"
        return ""

    async def _revive(self) -> str:
        """A new worker with the newest dump's variables. Returns what the model should know of it."""
        await self.close()
        self._session = session = await self._checkout()
        if not self._rescue.state:
            await session.feed_run(self._prelude)
            return "\nAll variables were lost."
        if not self._rescue.suspended:
            await session.load_session(self._rescue.state)
            return "\nVariables are as they were before this script."
        pause = await session.load_snapshot(self._rescue.state, print_callback=lambda *_: None)
        stopped: ExternalExceptionData = {"exc_type": "SystemExit", "message": "stopped"}
        with suppress(MontyRuntimeError):
            if isinstance(pause, AsyncFutureSnapshot):
                await pause.resume(dict.fromkeys(pause.pending_call_ids, stopped))
            else:
                assert isinstance(pause, AsyncFunctionSnapshot)
                await pause.resume(stopped)
        await self._save(session)
        return "\nVariables are as they were at this script's last verb call."


async def _first_of(later: dict[int, asyncio.Task[Any]], wanted: Sequence[int]) -> dict[int, Any]:
    """What came of those of the calls that are done, once one is."""
    await asyncio.wait([later[call] for call in wanted], return_when=asyncio.FIRST_COMPLETED)
    return {call: later[call].result() for call in wanted if later[call].done()}


async def _cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Ends what a script began and did not wait for, or was stopped in the middle of."""
    unfinished = [task for task in tasks if not task.done()]
    for task in unfinished:
        task.cancel()
    if unfinished:
        await asyncio.wait(unfinished)


def _is_verb(pause: AsyncFunctionSnapshot) -> bool:
    """Whether the prelude calls, and not the script itself: then what it passes is text, and not longer than may be.

    Of any other call the arguments are not even looked at: the sandbox would make objects of all of them.
    """
    return pause.function_name in ("_verb", "_later") and pause.position.filename == ORIGIN


def _is_one_call(code: str) -> bool:
    """Whether a script only calls a verb: it changes no variable before that is done, so what was kept after the last
    script is all there is."""
    called = ONE_CALL.fullmatch(code.strip()) if len(code) <= LONGEST_CALL else None
    return called is not None and called[1] in VERBS


def _named(code: str, host: VerbHost) -> set[str]:
    """Names in a script that stand for programs, or may once it has called write_program()."""
    if host.programs is None:
        return set()
    words = set(re.findall(r"[A-Za-z_]\w*", code))
    named = {word for word in words if word in host.programs}
    if "write_program" in words:
        new = set(re.findall(r"['\"]([A-Za-z_]\w*)['\"]|\b(program\d+)\b", code))
        named |= {word for word in list(chain.from_iterable(new))[:MOST_NAMED] if is_free(word)}
    return named


def _as_python(error: RlmError) -> Exception:
    """The exception a script sees, of a class it can name."""
    said = cap(str(error), TOLD)
    if isinstance(error, SearchTimeout):
        return TimeoutError(said)
    if isinstance(error, (ProgramCrashed, ProgramLimit)):
        return RuntimeError(said)
    if isinstance(error, LevelUnavailable):
        return NotImplementedError(said)
    if isinstance(error, SubCallFailed):
        return RuntimeError(said)
    return ValueError(said)


def _call(name: str, args: Any, kwargs: Any) -> str:
    shown = [_argument(value) for value in args[:SHOWN]]
    shown += [f"{key[:40]}={_argument(value)}" for key, value in list(kwargs.items())[:SHOWN]]
    return f"{name[:80]}({', '.join(shown)})"


def _argument(value: Any) -> str:
    """Arguments only in outline: a trace may be kept, and Spans carry text."""
    if isinstance(value, (list, tuple, dict)):
        return f"[{len(value)}]"
    if hasattr(value, "attributes"):
        return str(value.name)
    if _is_long(value):
        return "…"
    text = repr(value[:80] if isinstance(value, str) else value)
    return text if len(text) <= 80 else text[:79] + "…"


def _is_long(value: Any) -> bool:
    """An integer whose digits Python refuses to write."""
    return isinstance(value, int) and value.bit_length() > 1024


def _size(value: Any) -> str:
    if isinstance(value, (list, dict, Rows)):
        return f"{len(value):,}"
    if isinstance(value, (int, float)):
        return "1" if _is_long(value) else f"{value:,}"
    return f"{len(value):,} characters" if isinstance(value, str) else "1"
