"""The editor's own model, asked through the editor: no key, no endpoint, and no price that is known here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Unpack

from rlm_ls.errors import ModelFailed, ModelNotLocal, ModelUnreachable
from rlm_ls.models.base import MOST_TOKENS, CallOptions, Message, Reply, TextSink, Usage, reply_room
from rlm_ls.models.providers.catalogue import UNKNOWN_WINDOW
from rlm_ls.models.replies.estimates import counted
from rlm_ls.models.replies.thinking import split
from rlm_ls.settings.sections import Settings

NAME = "editor"


@dataclass(frozen=True, slots=True)
class Sample:
    """One call. `family` narrows down which of the editor's models is meant; None leaves it to the editor."""

    run_id: str
    role: str
    family: str | None
    messages: tuple[Message, ...]
    max_tokens: int | None


@dataclass(frozen=True, slots=True)
class Sampled:
    """What the editor's model said. Tokens are None where the editor does not tell."""

    text: str
    model: str
    finish: Literal["stop", "length"]
    prompt_tokens: int | None
    completion_tokens: int | None


Sampler = Callable[[Sample, TextSink | None], Awaitable[Sampled]]
"""Calls the editor's model; cancelling it stops the editor. Raises UnknownModel, ModelRefused, ModelUnreachable,
ModelFailed."""


@dataclass(frozen=True, slots=True)
class Editor:
    """The editor that a run was asked from."""

    sampler: Sampler
    run_id: str


def is_editor(name: str) -> bool:
    """Whether a model's name means the editor's own: "editor", or "editor/FAMILY"."""
    return name.partition("/")[0] == NAME


def editor_model(name: str, role: str, settings: Settings, editor: Editor | None) -> EditorModel:
    """Raises ModelUnreachable where there is no editor that can be asked, ModelNotLocal where privacy forbids it."""
    if settings.privacy == "local" and not settings.models.editor_is_local:
        raise ModelNotLocal(
            "The setting privacy is local, and where the editor's model runs is not known.",
            "If it runs on this machine, set models.editorIsLocal; else use one that does, such as ollama_chat/qwen3.",
        )
    if editor is None:
        raise ModelUnreachable(
            f"The model {name} is the editor's own, and there is no editor here that offers one.",
            "Ask from an editor whose plugin does, or name another model: models.root, --model.",
        )
    return EditorModel(name, role, editor, local=settings.models.editor_is_local)


class EditorModel:
    """`name` is "editor" or "editor/FAMILY". The window is a cautious guess: editors do not tell it."""

    kind: Literal["live"] = "live"
    endpoint = NAME
    window = UNKNOWN_WINDOW

    def __init__(self, name: str, role: str, editor: Editor, *, local: bool) -> None:
        self.name = name
        self.local = local
        self._role = role
        self._editor = editor

    def of_role(self, role: str) -> EditorModel:
        """The same model, asked in another role: the editor may show or choose by it."""
        return EditorModel(self.name, role, self._editor, local=self.local)

    async def prepare(self) -> None:
        return None

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        return None

    async def complete(self, messages: Sequence[Message], **options: Unpack[CallOptions]) -> Reply:
        max_tokens = options.get("max_tokens")
        family = self.name.partition("/")[2] or None
        call = Sample(self._editor.run_id, self._role, family, tuple(messages), max_tokens)
        said = await self._editor.sampler(call, options.get("on_text"))
        if len(said.text) > (room := reply_room(max_tokens)):
            raise ModelFailed(
                f"The editor's model sent {len(said.text):,} characters; at most {room:,} are taken.",
                "Choose another model.",
            )
        if not said.text.strip():
            raise ModelFailed("The editor's model sent an empty reply.", "Ask again, or choose another model.")
        text, thinking = split(said.text)
        return Reply(text, _usage(messages, said), said.model or self.name, said.finish, thinking=thinking)


def _usage(messages: Sequence[Message], said: Sampled) -> Usage:
    told = _reported(said.prompt_tokens), _reported(said.completion_tokens)
    tokens = counted(*told, messages, len(said.text))
    return Usage(tokens.prompt, tokens.completion, usd=None, estimated_tokens=tokens.estimated)


def _reported(tokens: int | None) -> int:
    return max(0, min(tokens or 0, MOST_TOKENS))
