"""Who answers for the roles sub and code in a run: the models configured for them, or a recording's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rlm_ls.engine.submodels.calls import SubModel
from rlm_ls.engine.submodels.dispatcher import SubCallOutcome, replies_in
from rlm_ls.engine.trace.lookup import first
from rlm_ls.executors.submodels.calls import SubRole
from rlm_ls.models.base import Model
from rlm_ls.models.choose import choose
from rlm_ls.models.editor import Editor, EditorModel
from rlm_ls.models.profiles import profile
from rlm_ls.models.recorded import RecordedModel
from rlm_ls.settings.sections import Settings

ROLES: tuple[SubRole, ...] = ("sub", "code")


@dataclass(frozen=True, slots=True)
class RoleModels:
    """`known` are replies of an earlier trace of this run, by key: they are not asked for again."""

    models: Mapping[SubRole, SubModel] = field(default_factory=dict)
    known: Mapping[str, SubCallOutcome] = field(default_factory=dict)
    booked: set[str] = field(default_factory=set)
    """Those of them that were used, by the run or a child."""

    @property
    def sub(self) -> SubModel | None:
        return self.models.get("sub")

    @property
    def name(self) -> str:
        return self.sub.model.name if self.sub else ""


async def choose_role_models(
    root: Model,
    settings: Settings,
    environ: Mapping[str, str],
    editor: Editor | None = None,
    then: Mapping[str, str] | None = None,
) -> RoleModels:
    """Models for the roles; a role without one of its own takes the run's. Raises UnknownModel, ModelNotLocal.

    `then`: names by role, which a run that goes on had; they count in place of the settings'.
    """
    if isinstance(root, RecordedModel):
        return _recorded(root, settings)
    if root.kind != "live":
        return RoleModels()
    found: dict[SubRole, SubModel] = {}
    for role in ROLES:
        # A model named in the request takes every role for which the settings name none.
        named = getattr(settings.models, role) if then is None else then.get(role)
        asked = None if then is None else then.get(role)
        model = choose(role, asked, settings, environ, editor) if named else _also(root, role)
        if model is not None:
            await model.prepare()
            found[role] = SubModel(model, profile(model.name, settings, role))
    return RoleModels(found)


def _also(root: Model, role: SubRole) -> Model:
    return root.of_role(role) if isinstance(root, EditorModel) else root


def _recorded(root: RecordedModel, settings: Settings) -> RoleModels:
    """The sub-model of a recording that has one; it knows what is in the recording and nothing else."""
    name = str(first(root.events, "routeChosen").get("subModel") or "")
    if not name:
        return RoleModels()
    silent = RecordedModel((), strict=True, name=name)
    sub = SubModel(silent, profile(name, settings))
    return RoleModels({"sub": sub, "code": sub}, replies_in(root.events))
