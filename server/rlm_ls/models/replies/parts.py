"""What a message of a reply holds, a whole one or a piece: its text, its thinking, and calls of tools, of which we
offer none; wherever its server puts them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Field = Callable[[str], Any]
"""Reads a field of a message, None where it has none."""

THINKING_FIELDS = ("reasoning_content", "reasoning", "thinking")
"""DeepSeek's and llama.cpp's name, vLLM's and OpenRouter's, Ollama's. Some servers send the same under two."""
THINKING_PARTS = ("thinking", "reasoning")
MOST_CALLS = 32


def text_of(message: Field) -> str:
    """Its text, which some servers send as a list of parts; or the words in which it refuses."""
    return _joined(message("content"), thinking=False) or _joined(message("refusal"), thinking=False)


def thought_of(message: Field) -> str:
    """Thinking that comes beside the text, or as a part of a list (Mistral)."""
    for name in THINKING_FIELDS:
        if isinstance(found := message(name), str) and found:
            return found
    content = message("content")
    return _joined(content, thinking=True) if isinstance(content, list) else ""


def _joined(content: Any, *, thinking: bool) -> str:
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    wanted = [part for part in content if (_kind(part) in THINKING_PARTS) == thinking]
    return "".join(_text(part) for part in wanted)


def _kind(part: Any) -> Any:
    kind = part.get("type") if isinstance(part, dict) else ""
    return kind if isinstance(kind, str) else ""


def _text(part: Any) -> str:
    if not isinstance(part, dict):
        return part if isinstance(part, str) else ""
    found = next((part[name] for name in ("text", *THINKING_PARTS) if part.get(name)), "")
    if isinstance(found, list):  # one deep, as Mistral has it
        return "".join(one["text"] for one in found if isinstance(one, dict) and isinstance(one.get("text"), str))
    return found if isinstance(found, str) else ""


@dataclass(frozen=True, slots=True)
class CallPiece:
    """Some of a call of a tool: the `index`th of its reply."""

    index: int
    name: str
    arguments: str


def calls_of(message: Field) -> tuple[CallPiece, ...]:
    """The calls of a message, or the pieces of them that a piece of it has."""
    calls = message("tool_calls")
    pieces = (_call(at, one) for at, one in enumerate(calls)) if isinstance(calls, list) else ()
    return tuple(piece for piece in pieces if piece is not None)


def _call(at: int, call: Any) -> CallPiece | None:
    function = _read(call, "function")
    name, arguments = _read(function, "name"), _read(function, "arguments")
    if isinstance(arguments, dict):
        arguments = json.dumps(arguments)
    if not isinstance(name, str) and not isinstance(arguments, str):
        return None
    index = _read(call, "index")
    index = index if isinstance(index, int) else at
    return CallPiece(index, name if isinstance(name, str) else "", arguments if isinstance(arguments, str) else "")


def _read(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


@dataclass(slots=True)
class Calls:
    """A reply's calls of tools, put together from their pieces."""

    _begun: dict[int, tuple[list[str], list[str]]] = field(default_factory=dict)

    def take(self, pieces: Iterable[CallPiece]) -> None:
        for piece in pieces:
            if piece.index in self._begun or len(self._begun) < MOST_CALLS:
                names, arguments = self._begun.setdefault(piece.index, ([], []))
                names.append(piece.name)
                arguments.append(piece.arguments)

    def __str__(self) -> str:
        """As a reply that has no other text: what the model wrote, to be read by whoever reads replies."""
        made = [
            {"function": {"name": "".join(names), "arguments": "".join(arguments)}}
            for names, arguments in self._begun.values()
        ]
        return json.dumps({"tool_calls": made}, ensure_ascii=False) if made else ""
