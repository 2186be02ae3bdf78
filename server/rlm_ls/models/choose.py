"""Which model answers for a role: the one asked for, else the settings', else none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from rlm_ls.errors import ModelNotLocal, UnknownModel
from rlm_ls.models.base import Model
from rlm_ls.models.editor import Editor, editor_model, is_editor
from rlm_ls.models.endpoint import endpoint
from rlm_ls.models.failures import NAMES_REMEDY
from rlm_ls.models.fallback import FallbackModel
from rlm_ls.models.live import LiteLLMModel
from rlm_ls.settings import Settings

Role = Literal["root", "sub", "code"]


def choose(
    role: Role,
    requested: str | None,
    settings: Settings,
    environ: Mapping[str, str],
    editor: Editor | None = None,
) -> Model | None:
    """The model for `role`, or None where none is configured or "offline" is: the engine then takes its rules.

    `requested` is a LiteLLM name, several with commas between them, or "offline". Loads and sends nothing. Raises
    UnknownModel, ModelNotLocal; for the editor's own model ("editor") without an `editor` ModelUnreachable.
    """
    configured = getattr(settings.models, role) or settings.models.root
    names = [name.strip() for name in requested.split(",")] if requested and requested.strip() else list(configured)
    names = [name for name in names if name]
    if not names or "offline" in names[:1]:
        return None
    models = [
        editor_model(name, role, settings, editor) if is_editor(name) else _live(name, settings, environ)
        for name in names
        if name != "offline"
    ]
    return models[0] if len(models) == 1 else FallbackModel(models)


def _live(name: str, settings: Settings, environ: Mapping[str, str]) -> LiteLLMModel:
    if any(character.isspace() for character in name):
        raise UnknownModel(f"{name!r} is no model's name.", NAMES_REMEDY)
    where = endpoint(name, settings.models.api_base, environ)
    if settings.privacy == "local" and not where.local:
        raise ModelNotLocal(
            f"The setting privacy is local, and {name} would be asked at {where.base or 'its provider'}.",
            "Use a model on this machine, such as ollama_chat/qwen3, or set privacy to any.",
        )
    return LiteLLMModel(name, where, environ=environ, key_variable=settings.models.api_key_env)
