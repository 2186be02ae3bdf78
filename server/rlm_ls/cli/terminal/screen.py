"""What a terminal shows of a run: a status line while it works, every step if asked, and the answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.status import Status
from rich.syntax import Syntax
from rich.text import Text

from rlm_ls.cli.terminal.charts import show_charts
from rlm_ls.cli.terminal.console import err, markdown, out, write
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.trace.events import (
    AnyEvent,
    ChildFinished,
    ChildStarted,
    CompileFinished,
    CompileStarted,
    ContextTaken,
    ModelReplied,
    ProgramFinished,
    ProgramStarted,
    RouteChanged,
    RouteChosen,
    RunFinished,
    SearchProgressed,
    SubCallFinished,
    SubCallsStarted,
    TurnStarted,
    VerbCalled,
)
from rlm_ls.engine.trace.render import MODEL_KINDS, answer_markdown, coverage_line, usage_line
from rlm_ls.visible import visible

OUTPUT_LINES = 12
"""Lines of a program's output shown by `--steps`."""


@dataclass(slots=True)
class Screen:
    """Reads a run's events. `plans` prints each turn's plan and what it took, `steps` programs and outputs as well.

    On a terminal one line is kept current in any case, unless `quiet`.
    """

    steps: bool = False
    plans: bool = False
    quiet: bool = False
    _status: Status | None = None
    _turn: int = 0
    _lines: int = 0
    _tokens: int = 0
    _usd: float | None = 0.0
    _verbs: list[str] = field(default_factory=list)
    _calls: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    """Of each batch of sub-calls under way: how many are done, and how many there are."""

    def __enter__(self) -> Screen:
        if err.is_terminal and not self.quiet:
            self._status = err.status("reading …")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Removes the status line while the user is asked a question."""
        if self._status is not None:
            self._status.stop()
        try:
            yield
        finally:
            if self._status is not None:
                self._status.start()

    def __call__(self, event: AnyEvent) -> None:
        match event:
            case ContextTaken():
                plural = "" if event.count == 1 else "s"
                self._now(f"{event.count:,} document{plural}, {event.size / 1e6:,.1f} MB")
            case RouteChosen():
                self._step(f"route: {event.route}, {event.reason}; model: {event.model}{MODEL_KINDS[event.model_kind]}")
            case RouteChanged():
                self._step(f"route: {event.route}, {event.reason}")
            case TurnStarted():
                self._turn = self._turn if event.child else event.turn
                self._now("the model is thinking")
            case ModelReplied():
                self._paid(event)
                of = f"child {event.child}, " if event.child else ""
                self._step(f"{of}turn {event.turn}: {_plan(event.text)}")
            case SubCallsStarted():
                self._calls[event.child, event.batch] = [0, event.count]
                self._step(f"  {event.verb}: {event.count:,} sub-calls to {event.model} at {event.endpoint or '?'}")
                self._sub_calls()
            case SubCallFinished():
                self._call_finished(event)
            case ChildStarted():
                self._step(f"child run {event.child}: {event.question}")
            case ChildFinished():
                self._step(f"child run {event.child}: {event.status}")
            case ProgramStarted():
                self._verbs = []
                self._lines = event.source.count("\n")
                self._program(event.source)
            case VerbCalled():
                self._verbs.append(f"{event.detail} {event.seconds * 1e3:.0f} ms")
                self._now(event.detail)
            case SearchProgressed():
                self._now(event.in_words)
            case CompileStarted():
                self._now(f"compiling {event.name}")
                self._program(event.source, event.language)
            case CompileFinished():
                how = "from cache" if event.cached else f"{event.seconds:.1f} s"
                self._step(f"  compiled {event.name}, {how}" if event.ok else f"  {event.name} did not compile")
                if event.error and self.steps:
                    err.print(event.error, style="red", markup=False)
            case ProgramFinished():
                self._output(event)
                self._took(event)
            case RunFinished() if self._status is not None:
                self._status.stop()
            case _:
                pass

    def _paid(self, event: ModelReplied | SubCallFinished) -> None:
        self._tokens += event.prompt_tokens + event.completion_tokens
        self._usd = None if self._usd is None or event.usd is None else self._usd + event.usd

    def _call_finished(self, event: SubCallFinished) -> None:
        if not event.cached:
            self._paid(event)
        if (batch := self._calls.get((event.child, event.batch))) is not None:
            batch[0] += 1
            self._sub_calls()
            if batch[0] == batch[1]:
                del self._calls[event.child, event.batch]

    def _sub_calls(self) -> None:
        done, count = (sum(batch[at] for batch in self._calls.values()) for at in (0, 1))
        self._now(f"{done:,}/{count:,} sub-calls")

    def _now(self, what: str) -> None:
        if self._status is not None:
            money = f" · ${self._usd:.2f}" if self._usd else ""
            turn = f"turn {self._turn} · " if self._turn else ""
            tokens = f" · {self._tokens / 1000:.1f}k tokens" if self._tokens else ""
            self._status.update(f"{turn}{_escaped(what)}{tokens}{money}")

    def _step(self, text: str) -> None:
        if self.steps or self.plans:
            err.print(text, style="cyan", markup=False)

    def _program(self, source: str, language: str = "python") -> None:
        if self.steps and err.is_terminal:
            err.print(
                Syntax(visible(source).rstrip("\n"), language, background_color="default", word_wrap=True),
                soft_wrap=False,
            )
        elif self.steps:
            err.print(source.rstrip("\n"), markup=False)

    def _output(self, event: ProgramFinished) -> None:
        if not self.steps:
            return
        for verb in self._verbs:
            err.print(f"  · {verb}", style="dim", markup=False)
        lines = event.output.rstrip("\n").split("\n") if event.output else []
        for line in lines[:OUTPUT_LINES]:
            err.print(f"  │ {line[:200]}", style="green", markup=False)
        if len(lines) > OUTPUT_LINES:
            err.print(f"  │ … {len(lines) - OUTPUT_LINES} more lines", style="green", markup=False)
        if event.error:
            err.print(event.error, style="red", markup=False)

    def _took(self, event: ProgramFinished) -> None:
        if self.plans and not self.steps:
            outcome = "raised an error" if event.error else "submitted" if event.submitted else "printed"
            printed = f" {len(event.output):,} characters" if outcome == "printed" else ""
            verbs = f"{len(self._verbs)} verb{'' if len(self._verbs) == 1 else 's'}"
            line = f"  ran {self._lines} lines of Python, {verbs}, {event.seconds:.1f} s: {outcome}{printed}"
            err.print(line, style="dim", markup=False)


def show_answer(answer: Answer) -> None:
    """The answer on stdout: rendered for a terminal, plain Markdown for a pipe."""
    if not out.is_terminal:
        write(answer_markdown(answer))
        return
    if answer.status != "answered":
        out.print(f"{answer.status}: {answer.reason}", style="bold yellow", markup=False)
    out.print(markdown(answer.answer))
    show_charts(answer)
    listed = [citation for citation in answer.citations if not citation.charted]
    if listed:
        out.print()
    for citation in listed:
        quoted = " ".join(citation.quote.split())
        out.print(
            Text.assemble("  ", (citation.label, "bold"), "  ", (quoted, "dim")), no_wrap=True, overflow="ellipsis"
        )
    out.print()
    out.print(coverage_line(answer), style="dim", markup=False)
    out.print(usage_line(answer.usage), style="dim", markup=False)
    out.print(f"Model: {answer.model}{MODEL_KINDS[answer.model_kind]}; run {answer.run_id}", style="dim", markup=False)
    for skipped in answer.coverage.skipped[:5]:
        out.print(f"Not read: {skipped.reason}", style="yellow", markup=False)
    for warning in answer.warnings:
        err.print(f"warning: {warning}", style="yellow", markup=False)


def _plan(reply: str) -> str:
    return " ".join(reply.split("```")[0].split())


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")[:100]
