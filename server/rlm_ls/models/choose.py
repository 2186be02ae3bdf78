"""Which model answers for a role: the one asked for, else the settings', else none."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from rlm_ls.errors import ModelNotLocal, UnknownModel
from rlm_ls.models.base import Model
from rlm_ls.models.endpoint import endpoint
from rlm_ls.models.failures import NAMES_REMEDY
from rlm_ls.models.fallback import FallbackModel
from rlm_ls.models.live import LiteLLMModel
from rlm_ls.models.recorded import RecordedModel, calls_from_events
from rlm_ls.settings import Settings

Role = Literal["root", "sub", "code"]
RECORDED = "recorded:"

log = logging.getLogger(__name__)


def choose(
    role: Role,
    requested: str | None,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    strict: bool = False,
    on_difference: Callable[[str], None] | None = None,
) -> Model | None:
    """The model for `role`, or None where none is configured or "offline" is: the engine then takes its rules.

    `requested` is a LiteLLM name, several with commas between them, "offline", or "recorded:FILE" (whose prompts are
    compared as `strict` and `on_difference` say). Loads and sends nothing. Raises UnknownModel, ModelNotLocal.
    """
    configured = getattr(settings.models, role) or settings.models.root
    names = [name.strip() for name in requested.split(",")] if requested and requested.strip() else list(configured)
    names = [name for name in names if name]
    if not names or "offline" in names[:1]:
        return None
    if names[0].startswith(RECORDED):
        path = Path(names[0].removeprefix(RECORDED)).expanduser()
        return RecordedModel(
            calls_from_events(read_recording(path)), strict=strict, on_difference=on_difference or log.warning
        )
    models = [_live(name, settings, environ) for name in names if name != "offline"]
    return models[0] if len(models) == 1 else FallbackModel(models)


def read_recording(path: Path) -> list[dict[str, Any]]:
    """The events of a recording: one JSON object a line, or one JSON list. Raises UnknownModel if it is neither."""
    try:
        text = path.read_text("utf-8")
        events = (
            json.loads(text) if text.lstrip()[:1] == "[" else [json.loads(line) for line in text.split("\n") if line]
        )
        if all(isinstance(event, dict) for event in events):
            return list(events)
    except (OSError, ValueError):
        pass
    raise UnknownModel(f"The recording {path} cannot be read.", "Make one with: rlm-ls ask … --record FILE.")


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
