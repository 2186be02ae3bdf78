"""Settings from a workspace's own files: which of them apply, and which the user is asked about first.

Whoever wrote the folder wrote them. In a workspace that is not trusted they decide nothing about where text goes, what
is spent or what is kept. In a trusted one they may ask for a new endpoint, or for less privacy than the user's own
settings: that is a Wish, and applies once the user has agreed to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlm_ls.settings.layers import Layer, Problem, layer, settle, users
from rlm_ls.settings.sections import Settings
from rlm_ls.settings.values import split_weight

WHERE = "workspace settings"

OWN = {("cluster", "address"), ("context", "remote")}
"""What is the user's alone, even in a trusted workspace: which machines search, and what is read from elsewhere."""

FREE = {("context", "exclude"), ("context", "deny"), ("context", "encoding"), ("", "code_lens")}
"""What any workspace may set: how its own files are read, and what is offered in its texts."""

ADDED = {("context", "exclude"), ("context", "deny")}
"""What a workspace adds to what the user has set: a file that the user leaves out stays out."""

MOST_SHOWN = 200
"""Characters of a value in a question."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A setting that holds only if the user agrees. `value` is what is agreed to, `means` what would come of it."""

    section: str
    field: str
    value: str
    means: str


Agrees = Callable[[Wish], bool | None]
"""What the user has answered to a wish; None if nobody has asked yet."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """`open` are the wishes to ask about: they do not hold until they are agreed to."""

    settings: Settings
    problems: tuple[Problem, ...]
    open: tuple[Wish, ...] = ()


def load_in(
    *,
    environ: Mapping[str, str],
    client: Mapping[str, Any],
    workspace: Mapping[str, Any],
    trusted: bool,
    agrees: Agrees,
    file: Path | None = None,
) -> Loaded:
    """The settings in a workspace. `client` is what the editor has of the user, `workspace` what of the folder's files.

    Whatever cannot be used is left out and named. Raises nothing but what `agrees` raises.
    """
    problems: list[Problem] = []
    chosen = users(file, environ, client, problems)
    own = settle(chosen)
    theirs = layer(workspace, WHERE, problems)
    for section, field in OWN:
        if theirs.get(section, {}).pop(field, None) is not None:
            problems.append(
                Problem(f"{WHERE} {section}.{field}", "is taken from your own settings only; not trusted here.")
            )
    unasked: list[Wish] = []
    if trusted:
        for wish in wishes(theirs, own):
            if not (answer := agrees(wish)):
                del theirs[wish.section][wish.field]
            if answer is None:
                unasked.append(wish)
    else:
        _refuse(theirs, problems)
    for section, field in ADDED:
        if (more := theirs.get(section, {}).get(field)) is not None:
            theirs[section][field] = tuple(dict.fromkeys((*getattr(getattr(own, section), field), *more)))
    for section, values in theirs.items():
        chosen.setdefault(section, {}).update(values)
    settings = settle(chosen)
    if not trusted and "native" in settings.levels:
        levels = tuple(level for level in settings.levels if level != "native")
        settings = settings.model_copy(update={"levels": levels or ("dsl",)})
    return Loaded(settings, tuple(problems), tuple(unasked))


def _refuse(theirs: Layer, problems: list[Problem]) -> None:
    for section, values in theirs.items():
        for field in list(values):
            if (section, field) in FREE or (field, values[field]) == ("privacy", "local"):
                continue
            name = ".".join(part for part in (section, field) if part)
            problems.append(Problem(f"{WHERE} {name}", "is not taken from a workspace that is not trusted."))
            del values[field]


def wishes(theirs: Layer, own: Settings) -> Iterator[Wish]:
    """What in these settings goes beyond the user's own: where text goes, how much of it, what is kept of it."""
    models = theirs.get("models", {})
    for role in ("root", "sub", "code"):
        if new := _new_providers(models.get(role, ()), own):
            yield Wish("models", role, ",".join(models[role]), f"send text to {shown(', '.join(new))}")
    base = models.get("api_base")
    if base is not None and base != own.models.api_base:
        yield Wish("models", "api_base", base, f"send text, and your key, to {shown(base)}")
    key = models.get("api_key_env")
    if key is not None and key != own.models.api_key_env:
        yield Wish("models", "api_key_env", key, f"send the variable {shown(key)} to the model's endpoint as its key")
    if models.get("editor_is_local") and not own.models.editor_is_local:
        yield Wish("models", "editor_is_local", "true", "take the editor's own model for one on this machine")
    if hosts := _beyond(models.get("local_hosts", ()), own.models.local_hosts):
        yield Wish("models", "local_hosts", ",".join(hosts), f"take {shown(', '.join(hosts))} for your own machines")
    yield from _of_privacy(theirs, own)
    yield from _of_money(theirs.get("budget", {}), own)


def _of_privacy(theirs: Layer, own: Settings) -> Iterator[Wish]:
    whole = theirs.get("", {})
    if whole.get("privacy") == "any" and own.privacy == "local":
        yield Wish("", "privacy", "any", "send text to models that are not on this machine")
    if whole.get("trace") == "full" and own.trace != "full":
        yield Wish("", "trace", "full", "keep what programs print, text of yours included, in the history")
    if levels := _beyond(whole.get("levels", ()), own.levels):
        what = {"native": "run native programs", "llm": "send parts of texts to sub-models"}
        means = ", ".join(what.get(level, f"run programs of the kind {level}") for level in levels)
        yield Wish("", "levels", ",".join(levels), means)
    direct = theirs.get("context", {}).get("direct_tokens")
    if direct is not None and direct > own.context.direct_tokens:
        prose = int(own.context.PROSE * direct)
        means = f"send whole texts of up to {direct:,} tokens, prose of up to {prose:,}, to the model"
        yield Wish("context", "direct_tokens", str(direct), means)


def _of_money(budget: Mapping[str, Any], own: Settings) -> Iterator[Wish]:
    usd, ask = budget.get("usd"), budget.get("ask_above_usd")
    if usd is not None and usd > own.budget.usd:
        yield Wish("budget", "usd", str(usd), f"spend up to ${usd:,.2f} for one question")
    if ask is not None and own.budget.ask_above_usd is not None and ask > own.budget.ask_above_usd:
        yield Wish(
            "budget", "ask_above_usd", str(ask), f"spend up to ${ask:,.2f} for one question before you are asked"
        )


def _new_providers(names: Iterable[str], own: Settings) -> list[str]:
    """The models of providers that the user has not chosen. `offline` sends nothing."""
    chosen = (*own.models.root, *own.models.sub, *own.models.code)
    known = {_provider(name) for name in chosen} | {"offline"}
    return [name for name in names if _provider(name) not in known]


def _provider(name: str) -> str:
    """`openai` of `openai/gpt-4o-mini*3`; a bare name is only itself."""
    return split_weight(name)[0].partition("/")[0].lower()


def _beyond(theirs: Iterable[str], own: Iterable[str]) -> list[str]:
    return [one for one in theirs if one not in set(own)]


def shown(text: str) -> str:
    """A foreign value in a sentence: one line of visible characters."""
    line = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return line if len(line) <= MOST_SHOWN else line[:MOST_SHOWN] + "…"
