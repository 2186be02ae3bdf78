"""The grammar of a reply: a sentence or two of plan, and fenced blocks that are programs.

Fences are found by `executors/checking/grammar.py`, in a worker: a reply may be anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rlm_ls.executors.checking.grammar import PYTHON, language

Language = Literal["python", "rust", "c", "wat", "other"]

COMPILED: dict[str, Language] = {"rust": "rust", "rs": "rust", "c": "c", "wat": "wat", "wasm": "wat"}
INFO = 200
"""Characters of an info string that are read."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block. `name` is a compiled program's; `info` is the info string as written."""

    language: Language
    source: str
    info: str
    name: str = ""
    native: bool = False


def programs(fences: Iterable[tuple[str, str]]) -> tuple[Block, ...]:
    """The programs of a reply, in order. Fences of other languages (json, text …) are `other`: they do not run."""
    return tuple(_block(info[:INFO], content) for info, content in fences)


def _block(info: str, source: str) -> Block:
    named = language(info)
    if named in PYTHON:
        return Block("python", source, info)
    if named in COMPILED:
        words = info.split()[1:]
        names = [word for word in words if word.lower() != "native"]
        native = "native" in map(str.lower, words)
        return Block(COMPILED[named], source, info, names[0] if names else "", native)
    return Block("other", source, info)
