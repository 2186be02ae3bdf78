"""Profiles of models: how much text a sub-call takes, how many rows, how long a reply, what its prompt needs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources

from rlm_ls.settings import Settings, split_weight


@dataclass(frozen=True, slots=True)
class Profile:
    """`characters` of text in one sub-call; `batch`: numbered rows in one; `reply_tokens`: room for a reply, with what
    is thought before it; `prompt`: an addition to the root model's prompt, often empty. `family` says whose this is."""

    family: str
    characters: int
    batch: int
    reply_tokens: int
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    patterns: tuple[str, ...]
    profile: Profile


def profile(name: str, settings: Settings) -> Profile:
    """The profile of a model, or of a list ("a, b"): then what each of its members can take. Raises nothing."""
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
    )


@cache
def families() -> tuple[Family, ...]:
    """As shipped; the last fits every name."""
    table = tomllib.loads(resources.files("rlm_ls.models").joinpath("profiles.toml").read_text("utf-8"))
    return tuple(
        Family(
            tuple(entry["patterns"]),
            Profile(entry["name"], entry["characters"], entry["batch"], entry["reply_tokens"], entry.get("prompt", "")),
        )
        for entry in table["family"]
    )


def _one(name: str, settings: Settings) -> Profile:
    shipped = next(family.profile for family in families() if any(_fits(name, pattern) for pattern in family.patterns))
    for pattern, own in settings.models.profiles.items():
        if _fits(name, pattern.lower()):
            return Profile(
                family=pattern,
                characters=own.characters or shipped.characters,
                batch=own.batch or shipped.batch,
                reply_tokens=own.reply_tokens or shipped.reply_tokens,
                prompt=shipped.prompt if own.prompt is None else own.prompt,
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
