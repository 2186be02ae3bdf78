"""All settings there are, with their defaults and bounds. No setting holds a key, only the name of the environment
variable that does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from rlm_ls.settings.values import (
    Addresses,
    Dollars,
    Effort,
    Efforts,
    Hosts,
    ModelNames,
    Name,
    Names,
    Seconds,
    Width,
    endpoint,
    variable_name,
)


class Section(BaseModel):
    """Frozen; camelCase in files and on the wire, snake_case here (files may use either)."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class ProfileSettings(Section):
    """Fields of a model's profile (models/profiles.py) that the user knows better; None leaves the shipped one."""

    model_config = ConfigDict(extra="forbid")  # added to Section's: an unknown field makes the table a Problem

    characters: int | None = Field(default=None, ge=500, le=20_000_000)
    batch: int | None = Field(default=None, ge=1, le=10_000)
    reply_tokens: int | None = Field(default=None, ge=16, le=1_000_000)
    prompt: Annotated[str, Field(max_length=4000)] | None = None
    temperature: float | None = Field(default=None, ge=0, le=2, allow_inf_nan=False)
    reasoning: Effort | None = None
    small: bool | None = None


class Models(Section):
    """LiteLLM model names (`openai/gpt-4o-mini`, `ollama_chat/qwen3`) or `offline`, best first.

    An empty role takes `root`; an empty `root` means that no model is configured. Where a name of a list has a weight
    (`openai/gpt-4o-mini*3`), calls are shared out by weight. `concurrency`: calls under way at one endpoint, unless
    `limits` has a pattern for the model, provider or endpoint. `silence_seconds`: a call of which nothing comes for so
    long is made again. `local_hosts`: the user's own machines, which `privacy: local` allows besides this one.
    `profiles`: by a pattern for the model's name. `reasoning`: how much to think, for all roles or by role; it
    counts before the profile's. `editor_is_local`: the editor's own model runs on this machine.
    """

    root: ModelNames = ()
    sub: ModelNames = ()
    code: ModelNames = ()
    api_base: Annotated[str | None, AfterValidator(endpoint)] = None
    api_key_env: Annotated[str | None, AfterValidator(variable_name)] = None
    editor_is_local: bool = False
    concurrency: Width = 16
    limits: Mapping[Name, Width] = {}
    silence_seconds: Seconds = 120.0
    local_hosts: Hosts = ()
    profiles: Mapping[Name, ProfileSettings] = {}
    reasoning: Efforts = {}


class BudgetSettings(Section):
    """Limits of one run unless the request says otherwise. `ask_above_usd`: confirm with the user above it."""

    turns: int = Field(default=16, ge=1, le=1000)
    seconds: Seconds = 600.0
    usd: Dollars = 1.0
    tokens: int = Field(default=500_000, ge=0, le=10**12)
    sub_calls: int = Field(default=1000, ge=0, le=10**9)
    depth: int = Field(default=1, ge=0, le=8)
    ask_above_usd: Dollars | None = None


class ContextSettings(Section):
    """`direct_tokens`: a smaller text goes to the model whole; prose may be PROSE times as long. `deny` adds to the
    built-in list of secrets. `unpack_mb`: what a question's compressed files and archives may hold together, in
    megabytes of private disk; `remote`: addresses of texts elsewhere that questions about a workspace read beside it.
    `remote_mb`: what may be kept there of such texts. `remote_files`: the most of these that one question may be about.
    """

    max_file_bytes: int = Field(default=8 << 30, ge=1)
    unpack_mb: int = Field(default=8192, ge=1, le=1 << 24)
    remote: Addresses = ()
    remote_mb: int = Field(default=8192, ge=1, le=1 << 24)
    remote_files: int = Field(default=20_000, ge=1, le=1_000_000)
    exclude: Names = ()
    deny: Names = ()
    encoding: Name = "auto"
    direct_tokens: int = Field(default=3000, ge=0)
    PROSE: ClassVar[float] = 2.5


class ClusterSettings(Section):
    """`address`: of the Dask cluster that searches (context/cluster/address.py says which are taken)."""

    address: Name | None = None


class Settings(Section):
    """`code_lens`: editors show "Answer this question" above lines such as `# rlm: how are retries done?`.

    `first_look`: the lines nearest the question by its words are shown to a model before its first call.
    `cache_mb`: what sub-models replied is kept for the next time, up to so many megabytes (0: not at all).
    `history_mb`: runs are kept up to so many megabytes; the oldest go first.
    """

    models: Models = Models()
    levels: Annotated[tuple[Literal["dsl", "wasm", "native", "llm"], ...], Field(min_length=1)] = ("dsl", "wasm", "llm")
    budget: BudgetSettings = BudgetSettings()
    privacy: Literal["any", "local"] = "any"
    context: ContextSettings = ContextSettings()
    cluster: ClusterSettings = ClusterSettings()
    trace: Literal["standard", "full"] = "standard"
    verb_seconds: Seconds = 20.0
    script_seconds: Seconds = 10.0
    program_seconds: Seconds = 60.0
    output_characters: int = Field(default=0, ge=0, le=1_000_000)
    first_look: bool = True
    code_lens: bool = False
    cache_mb: int = Field(default=256, ge=0, le=1 << 20)
    history_mb: int = Field(default=512, ge=1, le=1 << 20)


_NAMED = (("models", Models), ("budget", BudgetSettings), ("context", ContextSettings), ("cluster", ClusterSettings))
SECTIONS: dict[str, type[Section]] = dict(_NAMED)
WHOLE: dict[str, type[Section]] = {"": Settings}
PLACES: dict[tuple[str, str], type[Section]] = {
    (section, name): kind
    for section, kind in (WHOLE | SECTIONS).items()
    for name in kind.model_fields
    if section or name not in SECTIONS
}
"""Every single setting: (section or "", field) and the class that has the field."""
