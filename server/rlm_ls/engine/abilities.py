"""What a model can do, found by asking it four small things. It costs a little: only on demand."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rlm_ls.engine.budget.ledger import Ledger
from rlm_ls.engine.budget.payment import pay
from rlm_ls.engine.loop.grammar import programs
from rlm_ls.errors import RlmError
from rlm_ls.executors.checking.checker import Checker
from rlm_ls.models.base import NO_USAGE, Message, Model, Reply
from rlm_ls.models.choose import choose
from rlm_ls.models.profiles import Profile, room_within
from rlm_ls.settings.sections import Settings
from rlm_ls.store.kept import KeptRecords

SYSTEM = "You answer with a short plan and one ```python block."
BLOCK = "Write a block that prints 6 * 7."
VERB = "In the block you can call count(pattern): how many lines match. Write a block that prints how many match ERROR."
THINKING = "What is 17 * 23? Reply with the number alone, without a block."
USAGE = "Reply with the word ready, without a block."


UNABLE = "it was not seen to write a program when asked for one (rlm-ls models --check)"


@dataclass(frozen=True, slots=True)
class Abilities:
    """`block`: it writes a program where one is asked for; `verb`: with a call that it was told of; `thinks`: it was
    seen to; `reports`: its provider counts tokens, prompt and reply. Of all calls together: `tokens`, `usd` (None: no
    price is known), `seconds`. `window` and `room` for a reply are in tokens."""

    model: str
    block: bool
    verb: bool
    thinks: bool
    reports: bool
    tokens: int
    usd: float | None
    seconds: float
    window: int
    room: int

    @property
    def explores(self) -> bool:
        """Whether it can be given the route on which a model explores by its own programs."""
        return self.block and self.verb

    @property
    def route(self) -> str:
        """The route that its runs are given, as words for the user."""
        if not self.block:
            return f"guided: {UNABLE}"
        if not self.verb:
            return "rlm, by the small models' prompt: whether it explores by its own programs is doubtful"
        return "rlm: it explores by its own programs; guided where those get nowhere"


class Learnt:
    """What was learnt of models by asking them, in a file of the state folder. Not for the event loop."""

    def __init__(self, folder: Path) -> None:
        self._kept = KeptRecords(folder / "abilities.json")

    def of(self, model: str, endpoint: str) -> Abilities | None:
        """None where the model was never asked, or the file says nothing that can be read."""
        found = self._kept.read().get(f"{model} {endpoint}")
        try:
            return None if found is None else Abilities(**found)
        except TypeError:  # written by another version
            return None

    def of_settings(self, settings: Settings, environ: Mapping[str, str]) -> Abilities | None:
        """Of the root model that is configured; None also where it cannot be asked at all."""
        try:
            chosen = choose("root", None, settings, environ)
        except RlmError:
            return None
        return None if chosen is None else self.of(chosen.name, chosen.endpoint)

    def keep(self, abilities: Abilities, endpoint: str) -> None:
        self._kept.add(f"{abilities.model} {endpoint}", asdict(abilities))


async def abilities(model: Model, profile: Profile, ledger: Ledger, checker: Checker) -> Abilities:
    """Ask the four questions, on the account of `ledger`. Raises LimitReached, and what the model raises."""
    await model.prepare()
    started = time.monotonic()
    room = room_within(profile.reply_tokens, model.window)
    replies: list[Reply] = []
    for question in (BLOCK, VERB, THINKING, USAGE):
        messages = (Message("system", SYSTEM), Message("user", question))
        replies.append(await _reply(model, profile, messages, room, ledger))
    sources = [await _sources(checker, reply.text) for reply in replies]
    usage = sum((reply.usage for reply in replies), NO_USAGE)
    return Abilities(
        model=model.name,
        block=bool(sources[0]),
        verb=any("count(" in source for source in sources[1]),
        thinks=any(reply.thinking for reply in replies),
        reports=not usage.estimated_tokens,
        tokens=usage.prompt_tokens + usage.completion_tokens,
        usd=usage.usd,
        seconds=time.monotonic() - started,
        window=model.window,
        room=room,
    )


async def _reply(model: Model, profile: Profile, messages: Sequence[Message], room: int, ledger: Ledger) -> Reply:
    async def ask() -> Reply:
        return await model.complete(
            messages, max_tokens=room, temperature=profile.temperature, reasoning=profile.reasoning
        )

    return (await pay(ledger, model, messages, room, ask)).reply


async def _sources(checker: Checker, text: str) -> list[str]:
    fences = await checker.fences(text)
    blocks = programs(fences[0]) if fences else ()
    return [block.source for block in blocks if block.language == "python"]
