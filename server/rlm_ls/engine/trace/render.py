"""Answers and traces as Markdown: the documents `rlm:/answer/…`, `rlm:/trace/…` and the files of plain clients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rlm_ls.context.search.progress import of_bytes
from rlm_ls.engine.answer import Answer, RunUsage
from rlm_ls.engine.trace import inert
from rlm_ls.engine.trace.charts.blocks import chart_markdown
from rlm_ls.engine.trace.links import address, is_ours, link, quoted
from rlm_ls.store.rows import RunRow

MODEL_KINDS = {
    "live": "",
    "recorded": " (a recording of a language model's replies; programs ran live)",
    "offline": " (rules, not a language model)",
    "agent": " (the agent that opened the session)",
}
MUCH = 100_000_000
"""Bytes of text from which on a trace says how many a verb went through."""

SKIPPED_SHOWN = 10
ENDS_SHOWN = 3
"""Files that an answer names with their last lines; of more, the Answer tells."""
SUB_REPLY = 300
"""Characters of a sub-call's reply that a trace shows; `rlm-ls trace --json` has all."""


def answer_markdown(answer: Answer, question: str = "", *, drawn: bool = False) -> str:
    """The whole answer document: question, answer, charts as tables, citations as links, coverage, cost.

    With `drawn` pictures of the charts are shown beside it: then it holds only those that are no pictures."""
    parts = [f"# {inert.line(question)}"] if question else []
    if answer.status != "answered":
        parts.append(f"> **{answer.status}**: {inert.line(answer.reason)}")
    parts.append(inert.part(answer.answer.strip(), [address(one) for one in answer.citations if is_ours(one)]))
    links = [link(one) for one in answer.citations]
    parts += [chart_markdown(one, links) for one in answer.charts if not drawn or one.kind == "table"]
    every = zip(answer.citations, links, strict=True)
    if listed := [f"- {place}{quoted(one)}" for one, place in every if not one.charted]:
        parts.append("## Citations\n\n" + "\n".join(listed))
    parts.append("---")
    parts.append("  \n".join([coverage_line(answer), usage_line(answer.usage), _model_line(answer)]))
    if answer.coverage.skipped:
        parts.append(_skipped(answer))
    if answer.warnings:
        parts.append("\n".join(f"> {inert.line(text)}" for warning in answer.warnings for text in warning.splitlines()))
    return "\n\n".join(parts) + "\n"


def coverage_line(answer: Answer) -> str:
    """`1 document in scope, 1 searched, 1 read; the model saw 2,314 characters`."""
    c = answer.coverage
    skipped = f", {len(c.skipped):,} skipped" if c.skipped else ""
    plural = "" if c.documents == 1 else "s"
    ends = [f"{inert.line(one.path)} up to line {one.line:,} ({one.byte:,} bytes)" for one in c.up_to[:ENDS_SHOWN]]
    looked = f"; {', '.join(ends)}" if len(c.up_to) <= ENDS_SHOWN and ends else ""
    searched_by = f"; with the cluster {inert.line(c.cluster)}" if c.cluster else ""
    return (
        f"Coverage: {c.documents:,} document{plural} in scope, {c.searched:,} searched, {c.read:,} read{skipped}; "
        f"the model saw {c.characters_read:,} characters of text{looked}{searched_by}"
    )


def usage_line(usage: RunUsage) -> str:
    """`Cost: 2 turns, 48 sub-calls (41 from cache), 3,412 tokens, $0.0031, 4.2 s`."""
    tokens = usage.prompt_tokens + usage.completion_tokens
    cached = f" ({usage.cached_tokens:,} from the provider's cache)" if usage.cached_tokens else ""
    estimated = _estimated(usage.estimated_tokens)
    money = "price unknown" if usage.usd is None else f"${usage.usd:.4f}"
    plural = "" if usage.turns == 1 else "s"
    calls = usage.sub_calls + usage.cached_calls
    asked = f", {calls:,} sub-call{'' if calls == 1 else 's'}" if calls else ""
    saved = f" ({usage.cached_calls:,} from cache)" if usage.cached_calls else ""
    spent = f"{tokens:,} tokens{estimated}{cached}, {money}, {usage.seconds:.1f} s"
    return f"Cost: {usage.turns} turn{plural}{asked}{saved}, {spent}"


def trace_markdown(row: RunRow, events: Iterable[Mapping[str, Any]]) -> str:
    """The run as a readable record: every turn with its plan, programs, outputs, verbs and tokens."""
    parts = [f"# Trace of {row.run_id}", f"Question: {inert.line(row.question)}", f"Status: **{row.status}**"]
    parts += [text for event in events if (text := _event(event))]
    return "\n\n".join(parts) + "\n"


def text_of(content: Any) -> str:
    """A stored text, or what stands in for it where the trace did not keep it."""
    if isinstance(content, Mapping):
        return f"({content.get('characters', 0):,} characters, not kept; set rlm.trace to full to keep them)"
    return str(content)


def _event(event: Mapping[str, Any]) -> str:
    match event["type"]:
        case "contextTaken":
            named = inert.line(", ".join(document["path"] for document in event["documents"][:20]))
            more = f" and {event['count'] - 20:,} more" if event["count"] > 20 else ""
            return f"Context: {event['count']:,} documents, {event['size']:,} bytes: {named}{more}"
        case "routeChosen":
            return inert.line(f"Route: {event['route']}, {event['reason']} (model {event['model']})")
        case "routeChanged":
            return inert.line(f"Route from here: {event['route']}, {event['reason']}")
        case "turnStarted":
            return inert.line(f"## {_of_child(event)}Turn {event['turn']}")
        case "subCallsStarted":
            named = ", ".join(event["places"][:10])
            what = f"{event['count']:,} sub-calls by {event['verb']} to {event['model']} at {event['endpoint']}"
            return inert.line(f"*{what}; {event['characters']:,} characters of text{': ' + named if named else ''}*")
        case "subCallFinished":
            return _sub_call(event)
        case "childStarted":
            head = inert.line(f"## Child run {event['child']}")
            return f"{head}\n\nQuestion: {inert.line(event['question'])}\n\n{event['size']:,} bytes of text"
        case "childFinished":
            head = inert.line(f"*Child run {event['child']}: {event['status']} ({event['seconds']:.1f} s)*")
            return f"{head}\n\n{inert.part(str(event['answer']))}"
        case "modelReplied":
            money = "" if event["usd"] is None else f", ${event['usd']:.4f}"
            tokens = f"{_tokens(event)}{money}"
            thought = inert.part(str(event.get("thinking", "")).strip())
            thinking = f"*Thinking (not run, not sent back)*\n\n{thought}\n\n" if thought else ""
            said = inert.part(event["text"].strip())
            return f"{thinking}*Reply ({event['seconds']:.1f} s, {tokens})*\n\n{said}"
        case "verbCalled":
            return f"- {inert.code(event['detail'])} {event['seconds'] * 1e3:.0f} ms{_gone_through(event)}"
        case "compileFinished":
            how = "from cache" if event["cached"] else f"{event['seconds'] * 1e3:.0f} ms"
            error = f"\n\n{inert.fenced(event['error'])}" if event["error"] else ""
            name = inert.line(event["name"])
            return f"*Compiled {name} ({how})*" if event["ok"] else f"*{name} was not compiled*{error}"
        case "compileStarted":
            head = inert.line(f"*Program {event['name']} ({event['language']} {event['target']})*")
            return f"{head}\n\n{inert.fenced(event['source'], event['language'])}"
        case "programRan":
            shards = f" in {event['shards']} shards" if event["shards"] > 1 else ""
            milliseconds = f"{event['seconds'] * 1e3:.0f} ms"
            return f"- program {inert.code(event['name'])} over {event['bytes']:,} bytes{shards} {milliseconds}"
        case "programFinished":
            error = f"\n\n{inert.fenced(event['error'])}" if event["error"] else ""
            return f"*Printed ({event['seconds'] * 1e3:.0f} ms)*\n\n{inert.fenced(text_of(event['output']))}{error}"
        case "warned":
            return f"> {inert.line(event['message'])}"
        case "runFinished":
            answer = Answer.model_validate(event["answer"])
            return f"## Answer ({answer.status})\n\n{answer_markdown(answer)}"
    return ""


def _gone_through(event: Mapping[str, Any]) -> str:
    """Of a verb that went through much, or not through all, how far it got."""
    searched, size = event.get("searched", 0), event.get("size", 0)
    return f", {of_bytes(searched, size)} searched" if size >= MUCH or 0 < searched < size else ""


def _tokens(event: Mapping[str, Any]) -> str:
    tokens = f"{event['promptTokens']:,} + {event['completionTokens']:,} tokens"
    cached = f", {event['cachedTokens']:,} from the provider's cache" if event.get("cachedTokens") else ""
    return f"{tokens}{_estimated(event.get('estimatedTokens', 0))}{cached}"


def _estimated(tokens: int) -> str:
    return f" ({tokens:,} of them estimated: the provider did not report them)" if tokens else ""


def _sub_call(event: Mapping[str, Any]) -> str:
    if event["cached"]:
        cost = "from cache"
    else:
        money = "" if not event["usd"] else f", ${event['usd']:.4f}"
        tries = f", {event['tries']} tries" if event["tries"] > 1 else ""
        cost = f"{event['seconds']:.1f} s, {_tokens(event)}{money}{tries}"
    said = " ".join((event["error"] or event["text"]).split())[:SUB_REPLY]
    return f"- {event['batch']}.{event['index'] + 1} ({cost}): {inert.code(said)}"


def _of_child(event: Mapping[str, Any]) -> str:
    return f"Child {event['child']}, " if event.get("child") else ""


def _model_line(answer: Answer) -> str:
    model = f"Model: {inert.line(answer.model)}{MODEL_KINDS[answer.model_kind]}; " if answer.model else ""
    return f"{model}route {answer.route}; run {answer.run_id}"


def _skipped(answer: Answer) -> str:
    skipped: Sequence[Any] = answer.coverage.skipped
    lines = [inert.line(f"- {item.uri}: {item.reason}") for item in skipped[:SKIPPED_SHOWN]]
    more = [f"- and {len(skipped) - SKIPPED_SHOWN:,} more"] if len(skipped) > SKIPPED_SHOWN else []
    return "Not read:\n\n" + "\n".join(lines + more)
