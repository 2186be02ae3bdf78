"""Verbs that call other models (L4): a sub-model once, over many pieces, piece after piece; or a whole child run."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any, Literal

from pydantic import Field

from rlm_ls.context.document import Part, Selection
from rlm_ls.errors import LevelUnavailable, ProgramError, SubCallFailed
from rlm_ls.executors.checking.checker import check_schema
from rlm_ls.executors.scripts.host import VerbHost
from rlm_ls.executors.submodels import prompts
from rlm_ls.executors.submodels.calls import FailedSubCall, SubCall, SubModelCalls
from rlm_ls.executors.submodels.replies import ask
from rlm_ls.executors.verbs.registry import verb

MOST_ITEMS = 20_000
BREATH = 200
"""Items after which the event loop gets a turn."""

OF_PARENT = 0.6
"""A child run that is given more than this share of its parent's text only repeats its parent's work."""

Row = tuple[bool, Any]
"""A reply as it crosses into the sandbox: True and the reply, or False and why there is none."""

Level = Literal["dsl", "wasm", "native", "llm"]
Levels = Annotated[list[Level], Field(max_length=10)]
Prompt = Annotated[str, Field(min_length=1)]
Schema = dict[str, Any] | None
Label = Annotated[str, Field(min_length=1, max_length=100)]
Labels = Annotated[list[Label], Field(min_length=2, max_length=100)]


@verb(returns="str", shape="plain", level="llm", later=True)
async def llm(host: VerbHost, prompt: Prompt, over: Any = None, schema: Schema = None, numbered: bool = False) -> Any:
    """Ask a sub-model one question, about the text of over (a Span, Selection, path or string) if given.

    It sees the prompt and that text, nothing else; with numbered=True each line of the text with its number, so that
    the reply can name lines to cite. With a JSON schema the reply is a value that fits it. Raises where no reply comes.
    """
    sub_models = _sub_models(host, "llm")
    schema = await check_schema(sub_models.checker, schema)
    calls = await _calls(host, sub_models, "llm", prompt, [over], schema, numbered=numbered)
    [reply] = await ask(sub_models, calls, schema)
    if isinstance(reply, FailedSubCall):
        raise SubCallFailed(f"llm() got no reply: {reply.error}")
    return reply


@verb(returns="list[str | Failed]", shape="replies", level="llm", later=True)
async def llm_map(
    host: VerbHost,
    prompt: Prompt,
    spans: list[Any],
    schema: Schema = None,
    numbered: bool = False,
    labels: Labels | None = None,
) -> list[Row]:
    """Ask a sub-model the same about each of many pieces (Spans or strings), side by side; replies in their order.

    One call an item: give batches (chunks(80), or strings of numbered rows) and ask for short replies in a fixed form.
    An item that got no reply is a Failed with .error in its place. With a JSON schema replies are values that fit it.
    With numbered=True the lines of a Span carry their numbers, so that replies can name lines to cite. With
    labels=["yes", "no"] each item is a list of rows, and its reply a list with one of the labels for each row.
    """
    sub_models = _sub_models(host, "llm_map")
    if labels is not None:
        return await _labelled(host, sub_models, prompt, spans, labels)
    schema = await check_schema(sub_models.checker, schema)
    if len(spans) > MOST_ITEMS:
        raise ProgramError(f"llm_map() takes at most {MOST_ITEMS:,} items, got {len(spans):,}.", "Use larger pieces.")
    calls = await _calls(host, sub_models, "llm_map", prompt, spans, schema, numbered=numbered)
    replies = await ask(sub_models, calls, schema)
    _count_failures(host, "llm_map", replies)
    return [(False, reply.error) if isinstance(reply, FailedSubCall) else (True, reply) for reply in replies]


async def _labelled(
    host: VerbHost, sub_models: SubModelCalls, prompt: str, batches: list[Any], labels: list[str]
) -> list[Row]:
    """A label for each row of each batch: batches with as many rows are asked with one schema."""
    if len(batches) > MOST_ITEMS:
        raise ProgramError(f"llm_map() takes at most {MOST_ITEMS:,} items, got {len(batches):,}.", "Use larger pieces.")
    rows = [prompts.rows_of(batch) for batch in batches]
    by_size: dict[int, list[int]] = {}
    for at, batch in enumerate(rows):
        by_size.setdefault(len(batch), []).append(at)
    told: list[Row] = [(True, [])] * len(batches)
    codes = prompts.codes_of(labels)
    asked = prompts.coded(prompt, codes)

    async def ask_those(size: int, places: list[int]) -> None:
        schema = prompts.labels_schema(list(codes), size)
        texts = [prompts.listed(rows[at]) for at in places]
        calls = await _calls(host, sub_models, "llm_map", asked, texts, schema, numbered=False)
        for at, reply in zip(places, await ask(sub_models, calls, schema), strict=True):
            failed = isinstance(reply, FailedSubCall)
            told[at] = (False, reply.error) if failed else (True, [codes[code] for code in reply["labels"]])

    async with asyncio.TaskGroup() as asking:
        for size, places in by_size.items():
            if size:
                asking.create_task(ask_those(size, places))
    _count_failures(host, "llm_map", [FailedSubCall(str(reply)) if not ok else reply for ok, reply in told])
    return told


@verb(returns="str", shape="plain", level="llm", later=True)
async def llm_reduce(host: VerbHost, directive: Prompt, spans: list[Any], initial: str = "") -> str:
    """Have a sub-model read pieces (Spans or strings) one after the other, keeping notes; the last notes come back.

    For what depends on order: a plot, a state, a running list. Where order does not matter llm_map is faster. A piece
    that failed is passed over, and the observation says so.
    """
    sub_models = _sub_models(host, "llm_reduce")
    notes, failed = initial, []
    for number, item in enumerate(spans, 1):
        prompt = prompts.REDUCE.format(directive=directive, notes=notes or prompts.NO_NOTES)
        [reply] = await ask(sub_models, [await _call(host, sub_models, "llm_reduce", prompt, item, None)], None)
        if isinstance(reply, FailedSubCall):
            failed.append(f"piece {number}: {reply.error}")
        else:
            notes = str(reply)
    if failed and len(failed) == len(spans):
        raise SubCallFailed(f"llm_reduce() got no reply: {failed[0]}")
    if failed:
        host.note(f"llm_reduce(): {len(failed)} of {len(spans)} pieces failed; {failed[0]}")
    return notes


@verb(returns="str", shape="plain", level="llm", later=True)
async def rlm(
    host: VerbHost,
    question: Prompt,
    within: Any = None,
    levels: Levels | None = None,
    schema: Schema = None,
    whole: bool = False,
) -> Any:
    """Start a child run: a model that explores within on its own, as you do, and answers the question.

    The reply ends with the lines it cites; with a JSON schema it is the data instead. It costs several calls: for one
    piece that fits a sub-model llm() is enough. Most of your own text is refused unless whole=True.
    """
    sub_models = _sub_models(host, "rlm")
    schema = await check_schema(sub_models.checker, schema)
    selection = await host.select(within)
    share = _size(selection) / max(1, _size(host.context.limit))
    if share >= OF_PARENT and not whole:
        raise ProgramError(
            f"rlm() was given {share:.0%} of the text: a child would only repeat your own work.",
            "Narrow within (a region, a filter, some documents), or pass whole=True.",
        )
    child = await sub_models.child(question, selection, levels=tuple(levels) if levels else None, schema=schema)
    if child.status == "failed":
        raise SubCallFailed(f"the child run failed: {child.reason}")
    if child.status != "answered":
        host.note(f"rlm(): the child's answer is {child.status}: {child.reason}.")
    if schema is not None:
        return child.data
    return child.answer + (f"\n[cites {', '.join(child.citations)}]" if child.citations else "")


def _sub_models(host: VerbHost, name: str) -> SubModelCalls:
    if host.sub_models is None:
        raise LevelUnavailable(
            f"{name}() is not available here: this run has no sub-models.",
            "Narrow the text with verbs, print the few lines that matter, and judge them yourself.",
        )
    return host.sub_models


async def _calls(
    host: VerbHost,
    sub_models: SubModelCalls,
    name: str,
    prompt: str,
    items: list[Any],
    schema: Schema,
    *,
    numbered: bool,
) -> list[SubCall]:
    """`_call` of each item, with a pause for others now and then."""
    calls: list[SubCall] = []
    for item in items:
        calls.append(await _call(host, sub_models, name, prompt, item, schema, numbered=numbered))
        if len(calls) % BREATH == 0:
            await asyncio.sleep(0)
    return calls


async def _call(
    host: VerbHost,
    sub_models: SubModelCalls,
    name: str,
    prompt: str,
    item: Any,
    schema: Schema,
    *,
    numbered: bool = False,
) -> SubCall:
    """One sub-call about one item. Raises ProgramError for one that is too long for the sub-model."""
    system = prompts.typed(prompts.SYSTEM, schema)
    most = sub_models.characters()
    if item is None or _is_text(host, item):
        text = "" if item is None else item if isinstance(item, str) else "\n".join(item)
        _check_length(name, len(prompt) + len(text), most)
        whole = f"{prompt}\n\n{text}" if text else prompt
        return SubCall(name, system, whole, characters=len(text), schema=schema)
    selection = await host.select(item)
    size = _size(selection)
    # Bytes: of text outside ASCII a little is refused that would have fitted.
    _check_length(name, len(prompt) + size, most)
    host.read.update(part.doc for part in selection)
    places = tuple(_place(host, part) for part in selection[:5])
    text_of = _reader(host, selection, numbered)
    return SubCall(name, system, prompt, text_of, places=places, characters=size, schema=schema)


def _is_text(host: VerbHost, item: Any) -> bool:
    """A string, or a list of them (rows of a batch), that names no document."""
    rows = item if isinstance(item, (list, tuple)) else [item]
    return all(isinstance(row, str) and host.context.number(row) is None for row in rows)


def _reader(host: VerbHost, selection: Selection, numbered: bool) -> Callable[[], Awaitable[str]]:
    """Reads the text when its turn comes."""

    async def read() -> str:
        texts = []
        for part in selection:
            if part.filters:
                kept = await host.search.extract("^.*$", (part,))
                texts.append(prompts.piece(_place(host, part), "\n".join(map(str, kept))))
                continue
            span = await host.search.span_at(part.doc, part.start, part.end)
            place = f"{span.doc}:{span.line}-{span.end_line}"
            text = await host.search.read(span)
            texts.append(prompts.piece(place, prompts.numbered(text, span.line) if numbered else text))
        return "\n\n".join(texts)

    return read


def _place(host: VerbHost, part: Part) -> str:
    return f"{host.doc(part.doc).path} bytes {part.start:,}-{part.end:,}"


def _size(selection: Iterable[Part]) -> int:
    return sum(part.end - part.start for part in selection)


def _check_length(name: str, characters: int, most: int) -> None:
    if characters > most:
        raise ProgramError(
            f"{name}() was given {characters:,} characters; the sub-model takes at most {most:,} a call.",
            f'Narrow it by code, or cut it: llm_map(prompt, chunks({most // 5}, by="tokens", within=…)).',
        )


def _count_failures(host: VerbHost, name: str, replies: list[Any]) -> None:
    errors = [reply.error for reply in replies if isinstance(reply, FailedSubCall)]
    if errors:
        [(most, _)] = Counter(errors).most_common(1)
        host.note(f"{name}(): {len(errors)} of {len(replies)} items failed, e.g. {most}")
