"""What may enter the store. Functions over an event's JSON.

At trace level "standard" no file content is kept outside cited spans. It is decided by field, by an allow-list: what
is not named here is replaced by its digest, by which a replay can still tell whether it is the same. Kept are numbers
and names; what the user asked; what a model wrote itself (its replies, the programs in them, an accepted answer: they
were paid for); and cited quotes. What a script computed (output, errors, arguments, a child's question) may be text: it
is kept as far as it stands in what the user or the model wrote. At level "full" all is kept. Keys are kept at no level.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

TraceLevel = Literal["standard", "full"]

_SECRET_NAME = re.compile(r"_(API_KEY|TOKEN|SECRET)$", re.IGNORECASE)
_SHORTEST_SECRET = 8
"""A shorter value is no key, and taking it out of every text would ruin the texts."""

_KEY_SHAPES = re.compile(
    r"(?P<keep>\b[Bb]earer\s+)[A-Za-z0-9._~+/=-]{8,}"
    r"|\bsk-[A-Za-z0-9_-]{16,}"
    r"|\bgh[opsur]_[A-Za-z0-9]{20,}"
    r"|\bAIza[A-Za-z0-9_-]{30,}",
)
_KEY_MARKS = ("earer", "sk-", "gho_", "ghp_", "ghs_", "ghu_", "ghr_", "AIza")
"""One of these is in every text that the pattern matches; looking for them is some fifty times faster."""

_REMOVED = "[key removed]"

_QUOTED = re.compile(
    r"""(?<!\w)[bBrRuUfF]{0,2}(?:'(?:[^'\\\n]|\\.)*\\?(?:'|$)|"(?:[^"\\\n]|\\.)*\\?(?:"|$))""", re.MULTILINE
)
"""A string literal; one without its end goes to the end of the line, so that every opening quote is a match and the
whole takes linear time on hostile text. The apostrophe of `can't` opens nothing."""

_WORDS = re.compile(rf"{_QUOTED.pattern}|\w+", re.MULTILINE)
_SIZE = re.compile(r"-?[\d,]+(?:\.\d+)?(?:e[+-]?\d+)?(?: characters)?|inf|nan")
LONG_NUMBER = 9
"""Digits of what stands in texts and is no line, count or size: account numbers, telephone numbers."""

_MESSAGES = tuple(
    re.compile(pattern)
    for pattern in (
        r"name '(\w+)' is not defined",
        r"'(\w+)' object has no attribute '(\w+)'",
        r"'(\w+)' object is not (?:callable|subscriptable|iterable|an iterator)",
        r"unsupported operand type\(s\) for \S{1,3}: '(\w+)' and '(\w+)'",
        r"(?:integer |float )?(?:division|modulo)(?: or modulo)? by zero",
        r"(?:list|tuple|string|range) index out of range",
        r"(?:memory|time) limit exceeded\b[ \w,.:<>=]{0,80}",
        r"the script ran for more than [\d.]+ s of its own time",
    )
)
"""What Python says with nothing of a text in it, but for the names in quotes, which must be the model's own words."""

_TYPES = frozenset(
    {"int", "str", "float", "bool", "list", "dict", "tuple", "set", "bytes", "NoneType", "function", "Span", "Doc"}
    | {"Entry", "Selection", "True", "False", "None"}
)
WRITTEN_CHARACTERS = 1 << 18
"""How much of what was written is looked through; what came first is forgotten first."""


class Written:
    """What the user and the model wrote in one run: text that a script uses and that stands here came from them."""

    def __init__(self) -> None:
        self._parts: deque[str] = deque()
        self._whole: str | None = ""

    def add(self, text: object) -> None:
        if not isinstance(text, str) or not text:
            return
        self._parts.append(text[:WRITTEN_CHARACTERS])
        while sum(map(len, self._parts)) > WRITTEN_CHARACTERS and len(self._parts) > 1:
            self._parts.popleft()
        self._whole = None

    def __contains__(self, text: str) -> bool:
        if self._whole is None:
            self._whole = "\n".join(self._parts)
        return text in self._whole


def for_trace(
    event: Mapping[str, Any], level: TraceLevel, *, known: Sequence[str], written: Written | None = None
) -> dict[str, Any]:
    """The event as the store may keep it. `known` is what `known_secrets` gave when the run began.

    `written` is the run's own, and learns from each event what the user and the model wrote.
    """
    kept = redact(event, written) if level == "standard" else dict(event)
    scrubbed = scrub(kept, known)
    assert isinstance(scrubbed, dict)
    return scrubbed


def redact(event: Mapping[str, Any], written: Written | None = None) -> dict[str, Any]:
    """The event without the contents of files, field by field: see FIELDS."""
    written = written or Written()
    kind = str(event.get("type"))
    for name in _WRITES.get(kind, ()):
        written.add(event.get(name))
    rules = {**_COMMON, **FIELDS.get(kind, {})}
    return {name: rules.get(name, _digested)(value, written) for name, value in event.items()}


def redact_answer(answer: Mapping[str, Any], written: Written | None = None) -> dict[str, Any]:
    """An Answer as the store may keep it. A final one is what the user paid for; findings of a run without one are
    what programs printed.
    """
    written = written or Written()
    final = answer.get("status") == "answered"
    rules = _FINAL if final else _NOT_FINAL
    kept = {name: rules.get(name, _digested)(value, written) for name, value in answer.items()}
    if not final and "answer" in answer:
        why = str(kept.get("reason", "")).rstrip(".") or "the run found none"
        kept["answer"] = f"**No final answer: {why}.**\n\nWhat had been found: {not_kept(str(answer['answer']))}"
    return kept


def not_kept(text: str) -> str:
    """What stands in the place of a text, as a text."""
    data = text.encode("utf-8", "surrogatepass")
    return (
        f"({len(text):,} characters, sha256 {hashlib.sha256(data).hexdigest()[:16]}, not kept; "
        "set rlm.trace to full to keep them)"
    )


_NOTE = re.compile(r"\([\d,]+ characters, sha256 [0-9a-f]{16}, not kept; set rlm\.trace to full to keep them\)")


# -- rules: what becomes of one field -----------------------------------------------------------------------------

Rule = Callable[[Any, Written], Any]


def _kept(value: Any, _: Written) -> Any:
    """Names, numbers, settings; what the user or the model wrote."""
    return value


def _digested(value: Any, _: Written) -> Any:
    """What programs printed and models were shown."""
    match value:
        case str():
            return digest(value)
        case Mapping():
            return value if _is_digest(value) else {key: _digested(item, _) for key, item in value.items()}
        case list() | tuple():
            return [_digested(item, _) for item in value]
    return value


def _if_written(value: Any, written: Written) -> Any:
    """What a script computed: kept if it is in what the user or the model wrote, else a note takes its place."""
    match value:
        case str():
            return value if value in written or _NOTE.fullmatch(value) else not_kept(value)
        case Mapping():
            return {_if_written(str(key), written): _if_written(item, written) for key, item in value.items()}
        case list() | tuple():
            return [_if_written(item, written) for item in value]
    return value


def _messages(value: Any, _: Written) -> Any:
    return [
        {**message, "content": message["content"] if message.get("role") == "assistant" else digest(message["content"])}
        for message in value
    ]


def _call(value: Any, written: Written) -> str:
    """`find('timeout', limit=50) → 12`, `… ✗ why`: arguments that a script computed may be text, even their names."""
    call, failed, why = str(value).partition(" ✗ ")
    if failed:
        return f"{_arguments(call, written)} ✗ {_said(why, written)}"
    call, arrow, size = str(value).rpartition(" → ")
    if arrow and _SIZE.fullmatch(size):
        return f"{_arguments(call, written)} → {size}"
    return _arguments(str(value), written)


def _arguments(call: str, written: Written) -> str:
    def shown(found: re.Match[str]) -> str:
        word = found[0]
        if word[0] in "'\"" or word[-1] in "'\"":
            return word if _is_written(word, written) else "'…'"
        if word.isdigit():
            return word if len(word) < LONG_NUMBER or word in written else "…"
        return word if word in _TYPES or word in written else "…"

    return _WORDS.sub(shown, call)


def _error(value: Any, written: Written) -> str:
    """`Error on line 3: x = …`, the exception and its message: kept is what names the kind and the place."""
    head, _, rest = str(value).partition("\n")
    place = re.fullmatch(r"Error on line (\d+)(?:: (.*))?", head)
    if place is None:
        return _exception(str(value), written)
    shown = head if place[2] is None or place[2] in written else f"Error on line {place[1]}"
    return f"{shown}\n{_exception(rest, written)}"


def _exception(text: str, written: Written) -> str:
    found = re.match(r"(?:Error: |line \d+: )?[A-Za-z_]{1,60}(?=$|: |\n)", text)
    kind = found[0] if found else ""
    message = text[len(kind) :].removeprefix(": ")
    return f"{kind}: {_said(message, written)}" if kind and message else kind or _said(message, written)


def _said(text: str, written: Written) -> str:
    """A message: Python's own, as far as it names only what the model wrote, or what the model wrote itself."""
    line = text.partition("\n")[0]
    if not text or text in written or _NOTE.fullmatch(text):
        return text
    for pattern in _MESSAGES:
        if found := pattern.fullmatch(line.rstrip(".")):
            if all(name in _TYPES or name in written for name in found.groups()):
                return line
            break
    return not_kept(text)


def _sentence(value: Any, written: Written) -> str:
    """A sentence of our own. What follows a colon may be a provider's, a recording's or a text's."""
    line = str(value).partition("\n")[0]
    if line.startswith("internal error: "):
        return line
    own, colon, _ = line.partition(": ")
    return _literals(own, written) + ("…" if colon else "")


def _warning(value: Any, written: Written) -> str:
    """A warning is our own sentence; a recording that differs tells how in further lines."""
    return _literals(str(value).partition("\n")[0], written)


def _warnings(value: Any, written: Written) -> list[str]:
    return [_warning(item, written) for item in value]


def _literals(text: str, written: Written) -> str:
    return _QUOTED.sub(lambda found: found[0] if _is_written(found[0], written) else "'…'", text)


def _is_written(literal: str, written: Written) -> bool:
    inner = literal.lstrip("bBrRuUfF")[1:-1]
    if not inner or inner in written:
        return len(literal.lstrip("bBrRuUfF")) > 1
    try:
        value = ast.literal_eval(literal)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return isinstance(value, str) and value in written


_NUMBERED = re.compile(r"(?:page|slide|chapter|message|cell) \d+(?: to \d+)?|rows? \d+(?:–\d+)?")


def _citations(value: Any, _: Written) -> list[Any]:
    """The quotes are cited; the name of the sheet or the heading that they stand under is not."""
    return [{**one, "place": _place(str(one["place"]))} if one.get("place") else one for one in value]


def _place(place: str) -> str:
    last = place.rpartition(", ")[2]  # of a sheet's place the row
    return next((one for one in (place, last) if _NUMBERED.fullmatch(one)), "")


def _answer(value: Any, written: Written) -> Any:
    return redact_answer(value, written)


def _fields(rule: Rule, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


_COMMON = _fields(_kept, "type runId seq at child turn index batch seconds")
_WRITES = {
    "runStarted": ("question",),
    "modelReplied": ("text",),
    "compileStarted": ("source",),
    "programStarted": ("source",),
}

_FINAL = {
    **_fields(
        _kept,
        "runId status route answer data charts coverage usage traceUri model modelKind",
    ),
    "citations": _citations,
    "reason": _sentence,
    "warnings": _warnings,
}
_NOT_FINAL = {**_FINAL, "answer": _digested, "data": _digested, "charts": _digested}

FIELDS: Mapping[str, Mapping[str, Rule]] = {
    "runStarted": _fields(
        _kept, "question scope budget version created answerSchema followUp levels coordinator folder again"
    ),
    "runResumed": _fields(_kept, "replies subReplies model"),
    "contextTaken": _fields(_kept, "documents count size skipped digest"),
    "routeChosen": _fields(
        _kept, "route reason model modelKind subModel languages answering privacy room firstLook smallPrompt"
    ),
    "routeChanged": _fields(_kept, "route reason"),
    "turnStarted": {},
    "modelCalled": {**_fields(_kept, "model promptTokensEstimate"), "messages": _messages},
    "modelReplied": _fields(
        _kept, "text thinking finish promptTokens completionTokens cachedTokens estimatedTokens usd"
    ),
    "programStarted": _fields(_kept, "language source"),
    "verbCalled": {**_fields(_kept, "verb searched size"), "detail": _call},
    "searchProgressed": _fields(_kept, "searched size found first"),
    "programFinished": {"output": _digested, "error": _error, "submitted": _kept},
    "subCallsStarted": _fields(_kept, "verb count model endpoint characters places"),
    "subCallFinished": {
        **_fields(_kept, "key text cached promptTokens completionTokens cachedTokens estimatedTokens usd tries"),
        "error": _said,
    },
    "childStarted": {**_fields(_kept, "documents size levels"), "question": _if_written},
    "childFinished": {**_fields(_kept, "status turns"), "answer": _if_written, "data": _if_written},
    "compileStarted": _fields(_kept, "name language target source"),
    # A compiler sees nothing but the program, which the model wrote.
    "compileFinished": _fields(_kept, "name ok cached error"),
    "programRan": _fields(_kept, "name bytes shards"),
    "turnFinished": _fields(_kept, "loopSeconds tokens usd"),
    "warned": {"message": _warning},
    "runFinished": {"answer": _answer, "errorCode": _kept},
}
"""Which fields of which events may hold text, and what becomes of the others. A test names every field there is."""


def event_fields(kind: str) -> set[str]:
    """The fields for which there is a rule."""
    return {*_COMMON, *FIELDS.get(kind, ())}


def answer_fields() -> set[str]:
    return set(_FINAL)


def digest(text: Any) -> Any:
    """`{"sha256", "characters"}` in place of a text; a text that was replaced before stays as it is."""
    if not isinstance(text, str):
        return text
    data = text.encode("utf-8", "surrogatepass")
    return {"sha256": hashlib.sha256(data).hexdigest(), "characters": len(text)}


def _is_digest(value: Mapping[str, Any]) -> bool:
    return value.keys() == {"sha256", "characters"} and re.fullmatch("[0-9a-f]{64}", str(value["sha256"])) is not None


def known_secrets(environ: Mapping[str, str], secrets: Iterable[str] = ()) -> tuple[str, ...]:
    """What `*_API_KEY`, `*_TOKEN` and `*_SECRET` hold, and `secrets`: key values under other names."""
    known = {secret for secret in secrets if secret}
    known |= {value for name, value in environ.items() if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET}
    # The longest first: a key may begin with another.
    return tuple(sorted(known, key=len, reverse=True))


def scrub(value: Any, known: Sequence[str]) -> Any:
    """`value` with keys taken out of every string: those that are known, and what looks like one."""
    match value:
        case str():
            for secret in known:
                value = value.replace(secret, _REMOVED)
            for mark in _KEY_MARKS:  # a generator would take five times as long, and events hold thousands of strings
                if mark in value:
                    return _KEY_SHAPES.sub(lambda found: (found["keep"] or "") + _REMOVED, value)
            return value
        case Mapping():
            return {scrub(key, known): scrub(item, known) for key, item in value.items()}
        case list() | tuple():
            return [scrub(item, known) for item in value]
    return value
