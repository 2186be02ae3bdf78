"""The one registry of verbs: prompt text, reference documentation and the sandbox's wrappers come from it."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from rlm_ls.errors import ProgramError, SearchTimeout
from rlm_ls.executors.scripts.host import LONGEST_PATTERN

if TYPE_CHECKING:
    from rlm_ls.executors.scripts.host import VerbHost

COMMON = ("within", "ignore_case", "multiline")
"""Arguments that every counting verb has."""

RARE = frozenset(
    {"levels", "whole", "initial", "field", "seed", "fold", "context", "width", "schema", "numbered", "labels"}
    | {"title"}
)
"""Arguments that help() tells of and the system prompt does not. The card of a log with fields tells of field."""

SELDOM = ("budget", "show", "more", "help", "slice", "size", "editor", "diagnostics", "find_any")
"""Verbs that the system prompt has no list of: help() tells of them, or a card or a note where they are of use."""

Shape = Literal[
    "plain",
    "span",
    "spans",
    "docs",
    "entries",
    "terms",
    "selection",
    "diagnostics",
    "replies",
    "values",
    "ranked",
    "program",
]
"""How a verb's result is rebuilt inside the sandbox: see prelude.py."""

MOST_INT = 2**53

GRACE_SECONDS = 2.0
"""What a verb may take beyond its seconds, for a hint and for what its last search found to be brought in."""

Pattern = Annotated[str, Field(max_length=LONGEST_PATTERN)]
"""A pattern, or a text that is searched for."""

FieldName = Annotated[str, Field(min_length=1, max_length=200)]
FieldNames = FieldName | Annotated[list[FieldName], Field(min_length=1, max_length=5)] | None
"""The names of one or several fields of a structured log."""

VerbFunction = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Verb:
    """One verb: an async host function whose first parameter is the VerbHost; the rest is its public signature.

    `everyday` verbs stand in the system prompt with their signatures, in that order; others (0) by name only. Verbs of
    a `level` stand where the prompt speaks of that level. `later` ones take long and are coroutines in the sandbox, so
    that a script may gather them.
    """

    name: str
    function: VerbFunction
    returns: str
    shape: Shape
    everyday: int
    level: str = ""
    later: bool = False

    @cached_property
    def parameters(self) -> list[inspect.Parameter]:
        return list(inspect.signature(self.function).parameters.values())[1:]

    @property
    def signature(self) -> str:
        """`find(text, within=None, …) -> list[Span]`: what a model is shown."""
        shown = ", ".join(
            p.name if p.default is p.empty else f"{p.name}={p.default!r}".replace("'", '"') for p in self.parameters
        )
        return f"{self.name}({shown})" + (f" -> {self.returns}" if self.returns else "")

    @property
    def brief(self) -> str:
        """The signature for the system prompt, `top(pattern, n=10, …)`: `?` marks what may be left out, `…` is within?,
        ignore_case? and, of patterns, multiline?, which the prompt explains once."""
        names = [p.name for p in self.parameters]
        usual = {"within", "ignore_case"} <= set(names)
        shown = [_brief(p) for p in self.parameters if not (usual and p.name in COMMON) and p.name not in RARE]
        return f"{self.name}({', '.join([*shown, '…'] if usual else shown)})"

    @property
    def documentation(self) -> str:
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def summary(self) -> str:
        """The documentation's first paragraph on one line."""
        return " ".join(self.documentation.split("\n\n")[0].split())

    @cached_property
    def _arguments(self) -> type[BaseModel]:
        hints = inspect.get_annotations(self.function, eval_str=True)
        # Under other names than BaseModel's own attributes (`schema`).
        fields: dict[str, Any] = {
            f"{p.name}_": (hints.get(p.name, Any), Field(... if p.default is p.empty else p.default, alias=p.name))
            for p in self.parameters
        }
        model: type[BaseModel] = create_model(
            f"{self.name}_arguments", __config__=ConfigDict(arbitrary_types_allowed=True, extra="forbid"), **fields
        )
        return model

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Checked arguments by name. Raises ProgramError that shows the signature: the text is a model's to read."""
        names = [p.name for p in self.parameters]
        if len(args) > len(names):
            raise ProgramError(f"{self.name}() takes at most {len(names)} arguments, got {len(args)}.", self._usage)
        given = dict(zip(names, args, strict=False))
        if type(given.get("within")) is int and "limit" in names and "limit" not in given:
            given["limit"] = given.pop("within")  # the prompt has `within` in its `…`, behind it
        if twice := given.keys() & kwargs.keys():
            raise ProgramError(f"{self.name}() got {min(twice)!r} twice.", self._usage)
        for argument, value in (given | dict(kwargs)).items():
            if isinstance(value, int) and abs(value) > MOST_INT:
                raise ProgramError(f"{self.name}(): argument {argument!r} is no number of use here.", self._usage)
        try:
            checked = self._arguments.model_validate(given | dict(kwargs))
        except ValidationError as error:
            raise ProgramError(f"{self.name}(): {self._explain(error)}.", self._usage) from None
        return {name: getattr(checked, f"{name}_") for name in names}

    @property
    def _usage(self) -> str:
        return f"Signature: {self.signature}"

    @staticmethod
    def _explain(error: ValidationError) -> str:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "arguments"
        where = where[:100]
        if first["type"] == "extra_forbidden":
            return f"there is no argument {where!r}"
        if first["type"] == "missing":
            return f"argument {where!r} is missing"
        return f"argument {where!r}: {first['msg'][:1].lower()}{first['msg'][1:]}"


def _brief(parameter: inspect.Parameter) -> str:
    if parameter.default is parameter.empty or parameter.name == "pattern":
        return parameter.name
    if parameter.default in (None, False, ""):
        return f"{parameter.name}?"
    return f"{parameter.name}={parameter.default!r}"


VERBS: dict[str, Verb] = {}

COORDINATOR_VERBS = frozenset(
    {
        "docs",
        "outline",
        "chunks",
        "split",
        "region",
        "size",
        "budget",
        "help",
        "submit",
        "llm",
        "llm_map",
        "llm_reduce",
        "rlm",
    }
)
"""What a coordinator may call: verbs that divide the text and delegate, none that shows it."""


def verb(
    *, returns: str = "", shape: Shape = "plain", everyday: int = 0, level: str = "", later: bool = False
) -> Callable[[VerbFunction], VerbFunction]:
    """Register an async function `name(host, …)` as the verb `name` (a trailing underscore is dropped)."""

    def register(function: VerbFunction) -> VerbFunction:
        name = function.__name__.rstrip("_")
        VERBS[name] = Verb(name, function, returns, shape, everyday, level, later)
        return function

    return register


async def call_verb(host: VerbHost, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Call a registered verb for a script. Raises RlmError."""
    found = VERBS.get(name)
    if found is None:
        raise ProgramError(f"There is no verb {name[:80]!r}.", f"Verbs: {', '.join(sorted(VERBS))}.")
    if host.allowed is not None and name not in host.allowed:
        raise ProgramError(
            f"{name}() is not for a coordinator.", f"Delegate it. Yours are: {', '.join(sorted(host.allowed))}."
        )
    bound = found.bind(args, kwargs)
    if found.later or found.level:
        return await found.function(host, **bound)  # what it asks for has limits of its own
    seconds = host.search.deadline_seconds
    try:
        # Its searches end by themselves and say how far they got; this is for all of a verb's steps together.
        async with asyncio.timeout(seconds + GRACE_SECONDS):
            return await found.function(host, **bound)
    except TimeoutError:
        raise SearchTimeout(
            f"{name}() was not done after {seconds:g} seconds.", "Narrow it: fewer or smaller documents, fewer pieces."
        ) from None


def later_verbs() -> frozenset[str]:
    return frozenset(verb.name for verb in VERBS.values() if verb.later)


def help_text(name: str) -> str:
    """Reference documentation of one verb, or the list of all."""
    name = re.sub(r"^<function '(\w+)'.*", r"\1", name).strip().removesuffix("()")
    if name in VERBS:
        return f"{VERBS[name].signature}\n{VERBS[name].documentation}"
    listed = "\n".join(v.signature for v in VERBS.values())
    return f"There is no verb {name[:80]!r}.\n{listed}" if name else listed
