"""What may enter the store. Pure functions over an event's JSON.

At trace level "standard" no file content is kept outside cited spans: what models were shown and what programs
printed is replaced by its digest, by which a replay can still tell whether it is the same. Questions, programs, model
replies, calls of verbs, answers and citations stay. At level "full" all is kept. Keys are kept at no level.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
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


def for_trace(event: Mapping[str, Any], level: TraceLevel, *, known: Sequence[str]) -> dict[str, Any]:
    """The event as the store may keep it. `known` is what `known_secrets` gave when the run began."""
    kept = redact(event) if level == "standard" else dict(event)
    scrubbed = scrub(kept, known)
    assert isinstance(scrubbed, dict)
    return scrubbed


def redact(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event without the contents of files. Unknown kinds of event are left as they are."""
    kept = dict(event)
    match event.get("type"):
        case "contextTaken":
            for name in ("excerpts", "card"):
                if name in event:
                    kept[name] = _digest_all(event[name])
        case "modelCalled":
            kept["messages"] = [
                {**message, "content": message["content"] if _written_by_model(message) else digest(message["content"])}
                for message in event.get("messages", ())
            ]
        case "programFinished":
            kept["output"] = digest(event.get("output", ""))
            # `invalid literal for int(): '4111 1111'`: what an exception quotes may be the text it stumbled over.
            kept["error"] = _QUOTED.sub("'…'", str(event.get("error", "")))
    return kept


def digest(text: Any) -> Any:
    """`{"sha256", "characters"}` in place of a text; a text that was replaced before stays as it is."""
    if not isinstance(text, str):
        return text
    data = text.encode("utf-8", "surrogatepass")
    return {"sha256": hashlib.sha256(data).hexdigest(), "characters": len(text)}


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
            if not any(mark in value for mark in _KEY_MARKS):
                return value
            return _KEY_SHAPES.sub(lambda found: (found["keep"] or "") + _REMOVED, value)
        case Mapping():
            return {scrub(key, known): scrub(item, known) for key, item in value.items()}
        case list() | tuple():
            return [scrub(item, known) for item in value]
    return value


def _written_by_model(message: Mapping[str, Any]) -> bool:
    return message.get("role") == "assistant"


def _digest_all(value: Any) -> Any:
    match value:
        case str():
            return digest(value)
        case Mapping():
            return {key: _digest_all(item) for key, item in value.items()}
        case list() | tuple():
            return [_digest_all(item) for item in value]
    return value
