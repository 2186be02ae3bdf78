"""One run's compiled programs: defined by the model's blocks, called from its scripts by name."""

from __future__ import annotations

import builtins
import keyword
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlm_ls.context.workers.piece import Pieces
from rlm_ls.errors import ConsentDenied, LevelUnavailable, ProgramCrashed, ProgramError, RlmError
from rlm_ls.executors.compiled.program_runner import Compiled, ProgramRunner
from rlm_ls.executors.compiled.wasm import DAMAGED
from rlm_ls.executors.compiled.wasm.combine import COMBINERS
from rlm_ls.executors.compiled.wasm.executor import ProgramLimits, ProgramOutput
from rlm_ls.executors.compiled.wrapping import SIGNATURES, Language, Target
from rlm_ls.executors.scripts.prelude import MODULES
from rlm_ls.executors.verbs.registry import VERBS

if TYPE_CHECKING:
    from rlm_ls.executors.scripts.host import VerbHost

UNNAMED = "analyze"
"""The name of a program whose block gave none."""

RESERVED = frozenset(("show", "help", "Span", "Doc", "Entry", "Selection", "Diagnostic", "asyncio", *dir(builtins)))
"""Names that mean something in a script already, besides the verbs and the modules."""


Consent = Callable[[], Awaitable[None]]
"""Raises ConsentDenied."""


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    language: Language
    target: Target
    source: str
    compiled: Path | None = None


@dataclass(slots=True)
class Programs:
    """Names and what they stand for. A follow-up takes `known` along, as it does the sandbox's variables.

    `consent` asks the user before the first native program; without it none is run.
    """

    program_runner: ProgramRunner
    levels: frozenset[str]
    limits: ProgramLimits
    consent: Consent | None = None
    known: dict[str, Program] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.known

    async def define(self, host: VerbHost, name: str, language: str, source: str, *, native: bool = False) -> str:
        """Compile a program, or find it compiled; from then on scripts may call it. Returns what to tell the model.

        Raises ProgramError for its name, CompileFailed, LevelUnavailable, SandboxUnavailable, ConsentDenied.
        """
        target: Target = "native" if native else "wasm"
        if language not in SIGNATURES:
            raise ProgramError(f"There are no {language} programs.", f"Languages: {', '.join(SIGNATURES)}.")
        await self._allowed(target)
        program = Program(checked_name(name or UNNAMED), language, target, source)
        compiled = await self._build(host, program)
        self.known[program.name] = replace(program, compiled=compiled.path)
        # No word of time or cache: a replay is to tell the model the same.
        return f"{program.name} compiled: call {program.name}(within) in python."

    async def run(self, host: VerbHost, name: str, within: Any = None) -> str:
        """The program over all that `within` means, as one text: its parts in order, each ended by a line end.

        Raises ProgramCrashed, ProgramLimit, DocumentChanged, ProgramError.
        """
        return str(await self._run(host, self._named(name), within, None))

    async def map_reduce(self, host: VerbHost, name: str, within: Any, combine: str) -> Any:
        """The program over shards of the text, side by side, and its outputs combined."""
        program = self._named(name)
        if combine not in COMBINERS:
            raise ProgramError(f"There is no combine={combine!r}.", f"One of: {', '.join(COMBINERS)}.")
        if program.target == "native":
            raise ProgramError("map_reduce() runs WebAssembly programs.", f"Define {name} without `native`.")
        return await self._run(host, program, within, combine)

    async def call(self, host: VerbHost, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        """`NAME(within=None)` of a script."""
        if len(args) + len(kwargs) > 1 or set(kwargs) - {"within"}:
            raise ProgramError(f"{name}() takes one argument: {name}(within=None).")
        return await self.run(host, name, args[0] if args else kwargs.get("within"))

    def handle(self, name: str) -> Callable[..., None]:
        """What `name` is in a script: the sandbox calls back by the function's name."""

        def program(within: Any = None) -> None: ...

        program.__name__ = name
        return program

    def free_name(self) -> str:
        """A name for a program that was given none."""
        return next(name for n in range(1, 10_000) if (name := f"program{n}") not in self.known)

    def _named(self, name: str) -> Program:
        if name not in self.known:
            defined = ", ".join(self.known) or "none yet"
            raise ProgramError(
                f"There is no program {name[:80]!r}.", f"Define it in a ```rust {name} block. There: {defined}."
            )
        return self.known[name]

    async def _allowed(self, target: Target) -> None:
        if target not in self.levels:
            raise LevelUnavailable(
                f"Programs of level {target} are off here.",
                "Without `native` it runs in WebAssembly." if "wasm" in self.levels else "Use verbs.",
            )
        if target == "wasm":
            return
        if self.consent is None:
            raise ConsentDenied(
                "Native programs need the user's consent, and nobody can be asked here.",
                "Without `native` the program runs in WebAssembly.",
            )
        await self.consent()

    async def _build(self, host: VerbHost, program: Program) -> Compiled:
        told: dict[str, Any] = {"name": program.name, "language": program.language, "target": program.target}
        host.emit("compileStarted", {**told, "source": program.source})
        started = time.perf_counter()
        compiled: Compiled | None = None
        error = "stopped"
        try:
            compiled = await self.program_runner.compile(program.source, program.language, program.target)
            error = ""
        except RlmError as failed:
            error = str(failed)
            raise
        finally:
            seconds = round(time.perf_counter() - started, 4)
            cached = compiled is not None and compiled.cached
            outcome = {"ok": not error, "cached": cached, "seconds": seconds, "error": error}
            host.emit("compileFinished", {"name": program.name, **outcome})
        return compiled

    async def _run(self, host: VerbHost, program: Program, within: Any, combine: str | None) -> Any:
        await self._allowed(program.target)  # it may be of an earlier run, whose levels and consent were others
        batches = list(await host.search.cut_up(await host.select(within)))
        started = time.perf_counter()
        try:
            output = await self._once(host, program, batches, combine)
        except ProgramCrashed as error:
            if error.remedy != DAMAGED:
                raise
            # Dropped for room since it was defined, or made on another machine that shares the folder.
            if program.compiled is not None:
                self.program_runner.programs.drop(program.compiled)
            compiled = await self.program_runner.compile(program.source, program.language, program.target)
            self.known[program.name] = program = replace(program, compiled=compiled.path)
            output = await self._once(host, program, batches, combine)
        host.emit(
            "programRan",
            {
                "name": program.name,
                "seconds": round(time.perf_counter() - started, 5),
                "bytes": output.size,
                "shards": output.shards,
            },
        )
        return output.value

    async def _once(
        self, host: VerbHost, program: Program, batches: Sequence[Pieces], combine: str | None
    ) -> ProgramOutput:
        assert program.compiled is not None
        if program.target == "native":
            return await self.program_runner.run_native(program.compiled, batches, self.limits)
        return await self.program_runner.wasm.run(program.compiled, batches, self.limits, combine, host.search.pool)


def is_free(name: str) -> bool:
    """Whether a program may have this name."""
    try:
        return checked_name(name) == name
    except ProgramError:
        return False


def checked_name(name: str) -> str:
    """Raises ProgramError for what cannot be called from a script, or would hide what is there."""
    if not name.isascii() or not name.isidentifier() or keyword.iskeyword(name) or len(name) > 64:
        raise ProgramError(
            f"{name[:80]!r} is no name for a program.", "Use letters, digits and _, e.g. ```rust errors."
        )
    if name in VERBS or name in RESERVED or name in MODULES.split(", ") or name.startswith("_"):
        raise ProgramError(f"{name!r} is taken.", f"Call it {name.strip('_')}_program.")
    return name
