"""Which model answers for a role: the one asked for, else the settings', else none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rlm_ls.errors import ModelNotLocal, UnknownModel
from rlm_ls.models.base import Model
from rlm_ls.models.editor import Editor, editor_model, is_editor
from rlm_ls.models.providers.endpoint import endpoint
from rlm_ls.models.providers.failures import NAMES_REMEDY
from rlm_ls.models.providers.fallback import FallbackModel
from rlm_ls.models.providers.live import LiteLLMModel
from rlm_ls.models.providers.retries import RetryPolicy
from rlm_ls.settings.sections import Settings
from rlm_ls.settings.values import Role, split_weight


def choose(
    role: Role,
    requested: str | None,
    settings: Settings,
    environ: Mapping[str, str],
    editor: Editor | None = None,
) -> Model | None:
    """The model for `role`, or None where none is configured or "offline" is: the engine then takes its rules.

    `requested` is a LiteLLM name, several with commas between them, or "offline". Several are asked in order of
    preference, or, where any has a weight ("openai/gpt-4o-mini*3"; 1 where none is written), by their shares. Loads and
    sends nothing. Raises UnknownModel, ModelNotLocal; for the editor's own model without an `editor` ModelUnreachable.
    """
    configured = getattr(settings.models, role) or settings.models.root
    names = [name.strip() for name in requested.split(",")] if requested and requested.strip() else list(configured)
    names = [name for name in names if name]
    if not names or "offline" in names[:1]:
        return None
    weighed = [_weighed(name) for name in names if name != "offline"]
    retry_policy = _retry_policy(settings) if len(weighed) == 1 else _hurried(_retry_policy(settings))
    models: list[Model] = [
        editor_model(name, role, settings, editor) if is_editor(name) else _live(name, settings, environ, retry_policy)
        for name, _ in weighed
    ]
    if len(models) == 1:
        return models[0]
    balanced = any(weight is not None for _, weight in weighed)
    return FallbackModel(models, [weight or 1 for _, weight in weighed] if balanced else None)


def _weighed(text: str) -> tuple[str, int | None]:
    try:
        return split_weight(text)
    except ValueError as error:
        raise UnknownModel(f"{text!r} {error}.", NAMES_REMEDY) from None


def _retry_policy(settings: Settings) -> RetryPolicy:
    return RetryPolicy(silence=settings.models.silence_seconds)


def _hurried(retry_policy: RetryPolicy) -> RetryPolicy:
    """With a member of a list: another one may be quicker than its third try."""
    return replace(retry_policy, tries=2, busy_tries=2, longest_wait=5.0)


def _live(name: str, settings: Settings, environ: Mapping[str, str], retry_policy: RetryPolicy) -> LiteLLMModel:
    where = endpoint(name, settings.models.api_base, environ, settings.models.local_hosts)
    if settings.privacy == "local" and not where.trusted:
        raise ModelNotLocal(
            f"The setting privacy is local, and {name} would be asked at {where.shown or 'its provider'}.",
            "Use a model on this machine, such as ollama_chat/qwen3, name your own hosts in models.localHosts, "
            "or set privacy to any.",
        )
    return LiteLLMModel(
        name, where, environ=environ, key_variable=settings.models.api_key_env, retry_policy=retry_policy
    )
