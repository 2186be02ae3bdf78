"""Answers and traces as Markdown: the documents `rlm:/answer/…`, `rlm:/trace/…` and the files of plain clients."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from rlm_ls.engine.answer import Answer, Citation, RunUsage
from rlm_ls.store.rows import RunRow

MODEL_KINDS = {
    "live": "",
    "recorded": " (a recording of a language model's replies; programs ran live)",
    "offline": " (rules, not a language model)",
}
SKIPPED_SHOWN = 10
SUB_REPLY = 300
"""Characters of a sub-call's reply that a trace shows; `rlm-ls trace --json` has all."""


def answer_markdown(answer: Answer, question: str = "") -> str:
    """The whole answer document: question, answer, citations as links, coverage, cost."""
    parts = [f"# {_one_line(question)}"] if question else []
    if answer.status != "answered":
        parts.append(f"> **{answer.status}**: {answer.reason}")
    parts.append(answer.answer.strip())
    if answer.citations:
        parts.append("## Citations\n\n" + "\n".join(_citation(c) for c in answer.citations))
    parts.append("---")
    parts.append("  \n".join([coverage_line(answer), usage_line(answer.usage), _model_line(answer)]))
    if answer.coverage.skipped:
        parts.append(_skipped(answer))
    if answer.warnings:
        parts.append("\n".join(f"> {line}" for warning in answer.warnings for line in warning.splitlines()))
    return "\n\n".join(parts) + "\n"


def coverage_line(answer: Answer) -> str:
    """`1 document in scope, 1 searched, 1 read; the model saw 2,314 characters`."""
    c = answer.coverage
    skipped = f", {len(c.skipped):,} skipped" if c.skipped else ""
    plural = "" if c.documents == 1 else "s"
    return (
        f"Coverage: {c.documents:,} document{plural} in scope, {c.searched:,} searched, {c.read:,} read{skipped}; "
        f"the model saw {c.characters_read:,} characters of text"
    )


def usage_line(usage: RunUsage) -> str:
    """`Cost: 2 turns, 48 sub-calls (41 from cache), 3,412 tokens, $0.0031, 4.2 s`."""
    tokens = usage.prompt_tokens + usage.completion_tokens
    cached = f" ({usage.cached_tokens:,} from the provider's cache)" if usage.cached_tokens else ""
    money = "price unknown" if usage.usd is None else f"${usage.usd:.4f}"
    plural = "" if usage.turns == 1 else "s"
    calls = usage.sub_calls + usage.cached_calls
    asked = f", {calls:,} sub-call{'' if calls == 1 else 's'}" if calls else ""
    saved = f" ({usage.cached_calls:,} from cache)" if usage.cached_calls else ""
    return f"Cost: {usage.turns} turn{plural}{asked}{saved}, {tokens:,} tokens{cached}, {money}, {usage.seconds:.1f} s"


def trace_markdown(row: RunRow, events: Iterable[Mapping[str, Any]]) -> str:
    """The run as a readable record: every turn with its plan, programs, outputs, verbs and tokens."""
    parts = [f"# Trace of {row.run_id}", f"Question: {row.question.strip()}", f"Status: **{row.status}**"]
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
            named = ", ".join(document["path"] for document in event["documents"][:20])
            more = f" and {event['count'] - 20:,} more" if event["count"] > 20 else ""
            return f"Context: {event['count']:,} documents, {event['size']:,} bytes: {named}{more}"
        case "routeChosen":
            return f"Route: {event['route']}, {event['reason']} (model {event['model']})"
        case "turnStarted":
            return f"## {_of_child(event)}Turn {event['turn']}"
        case "subCallsStarted":
            named = ", ".join(event["places"][:10])
            what = f"{event['count']:,} sub-calls by {event['verb']} to {event['model']} at {event['endpoint']}"
            return f"*{what}; {event['characters']:,} characters of text{': ' + named if named else ''}*"
        case "subCallFinished":
            return _sub_call(event)
        case "childStarted":
            return f"## Child run {event['child']}\n\nQuestion: {event['question']}\n\n{event['size']:,} bytes of text"
        case "childFinished":
            return f"*Child run {event['child']}: {event['status']} ({event['seconds']:.1f} s)*\n\n{event['answer']}"
        case "modelReplied":
            money = "" if event["usd"] is None else f", ${event['usd']:.4f}"
            tokens = f"{event['promptTokens']:,} + {event['completionTokens']:,} tokens"
            return f"*Reply ({event['seconds']:.1f} s, {tokens}{money})*\n\n{event['text'].strip()}"
        case "verbCalled":
            return f"- `{event['detail']}` {event['seconds'] * 1e3:.0f} ms"
        case "compileFinished":
            how = "from cache" if event["cached"] else f"{event['seconds'] * 1e3:.0f} ms"
            error = f"\n\n{_fenced(event['error'])}" if event["error"] else ""
            return (
                f"*Compiled {event['name']} ({how})*" if event["ok"] else f"*{event['name']} was not compiled*{error}"
            )
        case "compileStarted":
            kind = f"{event['language']} {event['target']}"
            return f"*Program {event['name']} ({kind})*\n\n{_fenced(event['source'], event['language'])}"
        case "programRan":
            shards = f" in {event['shards']} shards" if event["shards"] > 1 else ""
            return f"- program `{event['name']}` over {event['bytes']:,} bytes{shards} {event['seconds'] * 1e3:.0f} ms"
        case "programFinished":
            error = f"\n\n{_fenced(event['error'])}" if event["error"] else ""
            return f"*Printed ({event['seconds'] * 1e3:.0f} ms)*\n\n{_fenced(text_of(event['output']))}{error}"
        case "warned":
            return f"> {event['message']}"
        case "runFinished":
            answer = Answer.model_validate(event["answer"])
            return f"## Answer ({answer.status})\n\n{answer_markdown(answer)}"
    return ""


def _sub_call(event: Mapping[str, Any]) -> str:
    if event["cached"]:
        cost = "from cache"
    else:
        money = "" if not event["usd"] else f", ${event['usd']:.4f}"
        tries = f", {event['tries']} tries" if event["tries"] > 1 else ""
        cost = (
            f"{event['seconds']:.1f} s, {event['promptTokens']:,} + {event['completionTokens']:,} tokens{money}{tries}"
        )
    said = event["error"] or event["text"]
    return f"- {event['batch']}.{event['index'] + 1} ({cost}): {_code(_one_line(said)[:SUB_REPLY])}"


def _of_child(event: Mapping[str, Any]) -> str:
    return f"Child {event['child']}, " if event.get("child") else ""


def _citation(citation: Citation) -> str:
    quoted = _one_line(citation.quote)[:300]
    link = f"[{citation.label}]({quote(citation.uri, safe=':/%')}#L{citation.line})"
    state = "" if citation.state == "verified" else f" ({citation.state})"
    return f"- {link}{state}: {_code(quoted)}"


def _model_line(answer: Answer) -> str:
    model = f"Model: {answer.model}{MODEL_KINDS[answer.model_kind]}; " if answer.model else ""
    return f"{model}route {answer.route}; run {answer.run_id}"


def _skipped(answer: Answer) -> str:
    skipped: Sequence[Any] = answer.coverage.skipped
    lines = [f"- {item.uri}: {item.reason}" for item in skipped[:SKIPPED_SHOWN]]
    more = [f"- and {len(skipped) - SKIPPED_SHOWN:,} more"] if len(skipped) > SKIPPED_SHOWN else []
    return "Not read:\n\n" + "\n".join(lines + more)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _code(text: str) -> str:
    """Inline code whose fence is longer than any run of backticks inside."""
    fence = "`" * (_longest_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text else ""


def _longest_run(text: str) -> int:
    """Of backticks, in one pass: a text may be nothing but backticks."""
    return max(map(len, re.findall("`+", text)), default=0)


def _fenced(text: str, language: str = "text") -> str:
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}" if text.strip() else "(nothing)"
