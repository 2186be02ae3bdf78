"""Tokens of a call for which the provider reports none: without a figure no limit of a run would hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rlm_ls.models.base import MOST_TOKENS, Message

CHARACTERS_PER_TOKEN = 3.3


@dataclass(frozen=True, slots=True)
class Counted:
    """Tokens of a prompt and a reply, of which so many are `estimated`."""

    prompt: int
    completion: int
    estimated: int


def tokens_of(characters: int) -> int:
    """Estimated tokens of so many characters; of none, none."""
    return min(MOST_TOKENS, int(characters / CHARACTERS_PER_TOKEN) + 1) if characters else 0


def counted(prompt: int, completion: int, messages: Iterable[Message], characters: int) -> Counted:
    """The tokens of a call that was sent `messages` and brought so many `characters`; 0 is what was not reported.

    (A provider that reports 0 has not counted: no prompt is empty, and what came was not free.)
    """
    estimated = 0
    if not prompt:
        prompt = tokens_of(sum(len(message.content) for message in messages))
        estimated += prompt
    if not completion:
        completion = tokens_of(characters)
        estimated += completion
    return Counted(prompt, completion, estimated)


def together(earlier: Any, later: Any) -> Any:
    """The figures of a stream, of which each chunk may bring some: of the prompt with the first, of the reply with the
    last, or all with each. The last one counts that is no zero."""
    if isinstance(earlier, Mapping) and isinstance(later, Mapping):
        return {**earlier, **{name: figure for name, figure in later.items() if figure}}
    return later or earlier
