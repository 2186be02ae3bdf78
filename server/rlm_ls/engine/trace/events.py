"""Everything a run does, as typed events on one stream: the trace, the editor, the terminal and the tests read it.

An event is durable before what it announces is acted upon; where the disk takes nothing it is kept in memory instead,
and the answer says so. Events of the types in PASSING are never stored.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from rlm_ls.context.search.progress import of_bytes
from rlm_ls.engine.answer import Answer, Route, Status, Wire


class ModelMessage(Wire):
    role: Literal["system", "user", "assistant"]
    content: str


class Event(Wire):
    """`seq` counts from 1 within a run; `at` is seconds since the run started.

    `child` is "" for the run itself, "1", "1.2" for its descendants: one stream holds them all.
    """

    type: str
    run_id: str
    seq: int = 0
    at: float = 0.0
    child: str = ""


class RunStarted(Event):
    type: Literal["runStarted"] = "runStarted"
    question: str
    scope: dict[str, Any]
    """The request's scope in a form that `replay` can take the same Context from."""
    budget: dict[str, Any]
    version: str
    created: float
    """Unix time; the sandbox's clock stands at it, so that a replay prints the same."""
    answer_schema: dict[str, Any] | None = None
    follow_up: str | None = None
    levels: tuple[str, ...] = ("dsl",)
    """What kinds of programs the run may use; the prompt depends on it."""
    coordinator: bool = False
    folder: str = ""
    """Where the scope's relative paths start from."""
    again: bool = False


class RunResumed(Event):
    """An interrupted run goes on. Its events follow from the start again, with the replies that are already paid
    for."""

    type: Literal["runResumed"] = "runResumed"
    replies: int
    sub_replies: int
    model: str = ""
    """Named by the user for going on; empty: as then."""


class DocumentTaken(Wire):
    uri: str
    path: str
    size: int
    lines: int
    version: int | None = None


class ContextTaken(Event):
    """The snapshot is made. `documents` lists the first 200; `count`, `size` and `skipped` are of all."""

    type: Literal["contextTaken"] = "contextTaken"
    documents: tuple[DocumentTaken, ...]
    count: int
    size: int
    skipped: int
    digest: str
    """Over names, sizes, line counts and identities: equal digests mean the same snapshot for a replay."""


class Answering(Wire):
    """Who answers for a role: one model, or a member of a list. `address` is a URL without a key, or a provider."""

    role: Literal["root", "sub", "code"]
    model: str
    address: str
    weight: int | None = None


class RouteChosen(Event):
    type: Literal["routeChosen"] = "routeChosen"
    route: Route
    reason: str
    model: str
    model_kind: Literal["live", "recorded", "offline", "agent"]
    sub_model: str = ""
    """Who answers llm() and its like; empty where level llm is off."""
    languages: tuple[str, ...] = ()
    """Of programs that could be compiled; the prompt depends on it."""
    answering: tuple[Answering, ...] | None = None
    """All that may be asked, so that a run that goes on asks nobody else; None in traces of version 0.1."""
    privacy: Literal["any", "local"] = "any"
    first_look: bool = False
    """Whether the opening shows what the offline rules found; a replay looks again, or not, as this says."""
    room: int = 0
    """Characters of output that an observation has room for; 0 in older traces."""
    small_prompt: bool = False
    """Whether the prompt is the one for small models."""


class RouteChanged(Event):
    """From this turn on the run goes another way, for the reason given."""

    type: Literal["routeChanged"] = "routeChanged"
    turn: int
    route: Route
    reason: str


class TurnStarted(Event):
    type: Literal["turnStarted"] = "turnStarted"
    turn: int


class ModelCalled(Event):
    """A model is asked. `messages` holds only what was appended since the call before (all of it on the first)."""

    type: Literal["modelCalled"] = "modelCalled"
    turn: int
    model: str
    messages: tuple[ModelMessage, ...]
    prompt_tokens_estimate: int


class TextStreamed(Event):
    type: Literal["textStreamed"] = "textStreamed"
    turn: int
    text: str


class ThinkingStreamed(Event):
    """As `TextStreamed`, of what the model thinks; the whole follows in `ModelReplied`."""

    type: Literal["thinkingStreamed"] = "thinkingStreamed"
    turn: int
    text: str


class ModelReplied(Event):
    """`thinking` was no part of the reply: it is not run and not sent back. `estimated_tokens` were reported by
    nobody."""

    type: Literal["modelReplied"] = "modelReplied"
    turn: int
    text: str
    finish: Literal["stop", "length"]
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    usd: float | None
    seconds: float
    estimated_tokens: int = 0
    thinking: str = ""


class ProgramStarted(Event):
    type: Literal["programStarted"] = "programStarted"
    turn: int
    index: int
    language: str
    source: str


class VerbCalled(Event):
    """One verb came back. `detail` is a short rendering of the call: `find('timeout', limit=50) → 12`.

    `searched` of `size` bytes of text were gone through; both 0 where none was.
    """

    type: Literal["verbCalled"] = "verbCalled"
    turn: int
    index: int
    verb: str
    detail: str
    seconds: float
    searched: int = 0
    size: int = 0


class SearchProgressed(Event):
    """A verb's search goes on: `searched` of `size` bytes, `found` hits in those in order, the `first` of them at
    `app.log:12`. Said of what takes its time, a few times a second; `verbCalled` follows, and this is never stored."""

    type: Literal["searchProgressed"] = "searchProgressed"
    turn: int
    searched: int
    size: int
    found: int
    first: str = ""

    @property
    def in_words(self) -> str:
        """`1.2 of 4.0 GB searched · 37 found, first at app.log:12`."""
        first = f", first at {self.first}" if self.first else ""
        found = f" · {self.found:,} found{first}" if self.found else ""
        return f"{of_bytes(self.searched, self.size)} searched{found}"


class ProgramFinished(Event):
    """`output` is what the program printed, capped; `error` is empty if it raised nothing."""

    type: Literal["programFinished"] = "programFinished"
    turn: int
    index: int
    output: str
    error: str
    submitted: bool
    seconds: float


class SubCallsStarted(Event):
    """A verb asks a sub-model `count` times; durable before anything is sent.

    `places` are the first parts of the text that are sent, `characters` all that is sent of it, as far as known
    beforehand; `endpoint` says to whom.
    """

    type: Literal["subCallsStarted"] = "subCallsStarted"
    turn: int
    batch: int
    verb: str
    count: int
    model: str
    endpoint: str
    characters: int
    places: tuple[str, ...]


class SubCallFinished(Event):
    """One sub-call came back; durable before a script sees it. `error` is empty if it was answered.

    `key` is the hash of model, parameters and messages, by which a replay finds the reply again. `cached`: nothing was
    paid for it this time.
    """

    type: Literal["subCallFinished"] = "subCallFinished"
    turn: int
    batch: int
    index: int
    key: str
    text: str
    error: str = ""
    cached: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    usd: float | None = 0.0
    seconds: float = 0.0
    tries: int = 1
    estimated_tokens: int = 0


class ChildStarted(Event):
    """A child run begins; its events follow under its name in `child`."""

    type: Literal["childStarted"] = "childStarted"
    question: str
    documents: int
    size: int
    levels: tuple[str, ...]


class ChildFinished(Event):
    """A child run has ended; durable before its parent's script sees the answer."""

    type: Literal["childFinished"] = "childFinished"
    status: Status
    answer: str
    data: Any = None
    turns: int = 0
    seconds: float = 0.0


class CompileStarted(Event):
    """A program is compiled, or looked for among those compiled before. `target` is "wasm" or "native"."""

    type: Literal["compileStarted"] = "compileStarted"
    turn: int
    name: str
    language: str
    target: str
    source: str


class CompileFinished(Event):
    """`cached`: it had been compiled before. `error` is the compiler's first, empty if it is `ok`."""

    type: Literal["compileFinished"] = "compileFinished"
    turn: int
    name: str
    ok: bool
    cached: bool
    seconds: float
    error: str


class ProgramRan(Event):
    """A compiled program came back: over how many bytes of text, in how many shards."""

    type: Literal["programRan"] = "programRan"
    turn: int
    name: str
    seconds: float
    bytes: int
    shards: int


class TurnFinished(Event):
    """`loop_seconds` is the turn's own time: model and program time taken out.

    `tokens` are the turn's, `usd` is the run's so far.
    """

    type: Literal["turnFinished"] = "turnFinished"
    turn: int
    loop_seconds: float
    tokens: int
    usd: float | None


class Warned(Event):
    """Something the user should know and that does not end the run (a recording that differs, an unknown price)."""

    type: Literal["warned"] = "warned"
    message: str


class RunFinished(Event):
    type: Literal["runFinished"] = "runFinished"
    answer: Answer
    error_code: int | None = None


AnyEvent = Annotated[
    RunStarted
    | RunResumed
    | ContextTaken
    | RouteChosen
    | RouteChanged
    | TurnStarted
    | ModelCalled
    | TextStreamed
    | ThinkingStreamed
    | ModelReplied
    | ProgramStarted
    | VerbCalled
    | SearchProgressed
    | ProgramFinished
    | SubCallsStarted
    | SubCallFinished
    | ChildStarted
    | ChildFinished
    | CompileStarted
    | CompileFinished
    | ProgramRan
    | TurnFinished
    | Warned
    | RunFinished,
    Field(discriminator="type"),
]

PASSING = ("textStreamed", "thinkingStreamed", "searchProgressed")
"""Types of events that are never stored: what they say is said again, as a whole, by one that is."""

EVENT: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
"""Parses a stored or received event back into its class."""
