"""Profiles of models: how much text a sub-call takes, how many rows, how long a reply, what its prompt needs."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any

from rlm_ls.settings.sections import Settings
from rlm_ls.settings.values import Effort, Role, split_weight


@dataclass(frozen=True, slots=True)
class Profile:
    """`characters` of text in one sub-call; `batch`: numbered rows in one; `reply_tokens`: room for a reply, with what
    is thought before it; `prompt`: an addition to the root model's prompt, often empty; `temperature` and `reasoning`:
    None for the provider's own. `small`: it is given the small models' prompt. `family` says whose this is."""

    family: str
    characters: int
    batch: int
    reply_tokens: int
    prompt: str = ""
    temperature: float | None = None
    reasoning: Effort | None = None
    small: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    patterns: tuple[str, ...]
    profile: Profile


SMALL = re.compile(r"[-:_]e?[0-4](?:\.\d+)?b(?![a-z0-9])")
"""In a name: up to 4 billion parameters (qwen2.5-coder-1.5b, gemma3:4b; not qwen3-30b-a3b)."""

SMALL_TEMPERATURE = 0.2
"""At servers' usual 0.8 a small model strays from the form that it is shown."""

USUAL_ROOM = 4096
"""Tokens for a reply of a model that does not think long: what an estimate reckons with."""
SMALLEST_ROOM = 512
"""Tokens: in less no program is written."""


def room_within(tokens: int, window: int) -> int:
    """Tokens for a reply in a window of so many: at most half of it, and `tokens`."""
    return max(min(tokens, SMALLEST_ROOM), min(tokens, window // 2))


def profile(name: str, settings: Settings, role: Role = "root") -> Profile:
    """The profile of a model in a role, or of a list ("a, b"): then what each of its members can take. Raises
    nothing."""
    found = _of_all(name, settings)
    effort = settings.models.reasoning.get(role)
    return found if effort is None else replace(found, reasoning=effort)


def _of_all(name: str, settings: Settings) -> Profile:
    names = [split.strip() for split in name.split(",")]
    members = [_one(_bare(member), settings) for member in names if member] or [_one("", settings)]
    if len(members) == 1:
        return members[0]
    return Profile(
        family=", ".join(dict.fromkeys(member.family for member in members)),
        characters=min(member.characters for member in members),
        batch=min(member.batch for member in members),
        reply_tokens=max(member.reply_tokens for member in members),
        prompt=" ".join(dict.fromkeys(member.prompt for member in members if member.prompt)),
        temperature=_common([member.temperature for member in members]),
        reasoning=_common([member.reasoning for member in members]),
        small=any(member.small for member in members),
    )


@cache
def families() -> tuple[Family, ...]:
    """As shipped; the last fits every name."""
    table = tomllib.loads(resources.files("rlm_ls.models").joinpath("profiles.toml").read_text("utf-8"))
    return tuple(
        Family(
            tuple(entry["patterns"]),
            Profile(
                entry["name"],
                entry["characters"],
                entry["batch"],
                entry["reply_tokens"],
                entry.get("prompt", ""),
                entry.get("temperature"),
                entry.get("reasoning"),
            ),
        )
        for entry in table["family"]
    )


def _common(values: list[Any]) -> Any:
    """What all say alike: a list's members are given the same."""
    return values[0] if all(value == values[0] for value in values) else None


def _one(name: str, settings: Settings) -> Profile:
    shipped = next(family.profile for family in families() if any(_fits(name, pattern) for pattern in family.patterns))
    if SMALL.search(name):
        shipped = replace(shipped, small=True, temperature=SMALL_TEMPERATURE)
    for pattern, own in settings.models.profiles.items():
        if _fits(name, pattern.lower()):
            return Profile(
                family=pattern,
                characters=own.characters or shipped.characters,
                batch=own.batch or shipped.batch,
                reply_tokens=own.reply_tokens or shipped.reply_tokens,
                prompt=shipped.prompt if own.prompt is None else own.prompt,
                temperature=shipped.temperature if own.temperature is None else own.temperature,
                reasoning=own.reasoning or shipped.reasoning,
                small=shipped.small if own.small is None else own.small,
            )
    return shipped


def _bare(name: str) -> str:
    """Without a weight, and without what a recording puts before its model's name."""
    try:
        return split_weight(name.removeprefix("recorded:"))[0].lower()
    except ValueError:
        return name.lower()


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) or fnmatchcase(name.rpartition("/")[2], pattern)
