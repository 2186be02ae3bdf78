"""The user's settings: defaults, then the user's file, then the environment, then the editor.

A value that cannot be used leaves the layer below in force and is reported as a Problem: a bad setting never stops the
server. No setting holds a key, only the name of the environment variable that does, and nothing here is ever read from
a file inside the workspace.
"""

from __future__ import annotations

import ipaddress
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from platformdirs import user_config_path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting that was not used. `where` names the layer and the setting; `message` never repeats the value."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


KEY_LIKE = re.compile(r"(sk|pk|key|gsk|xai|AIza|hf)[-_]?[A-Za-z0-9]*[-_0-9]|(?=.*[a-z])(?=.*[0-9])\S{20,}")


def _endpoint(value: str | None) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a URL such as http://localhost:11434/v1")
    if parts.username or parts.password or parts.query:
        raise ValueError("must hold no password or key; name an environment variable in models.apiKeyEnv instead")
    return value


def _variable_name(value: str | None) -> str | None:
    if value is not None and (KEY_LIKE.match(value) or len(value) > 64):
        raise ValueError(
            "looks like a key; put the key into an environment variable and write that variable's name here"
        )
    if value is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", value):
        raise ValueError("must be the name of an environment variable, such as OPENAI_API_KEY")
    return value


def split_weight(name: str) -> tuple[str, int | None]:
    """A model's name and its weight in a list: "openai/gpt-4o-mini*3" is 3; None where none is written.

    Raises ValueError with the reason, for what cannot be a model's name.
    """
    found = re.fullmatch(r"([^\s*,]+)(?:\*([1-9][0-9]{0,2}))?", name)
    if found is None:
        raise ValueError("must be a model's name, with a weight from 1 to 999 if any, such as openai/gpt-4o-mini*3")
    return found[1], int(found[2]) if found[2] else None


def _model_name(value: str) -> str:
    split_weight(value)
    return value


def _address(value: str) -> str:
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]+://[^/\s]", value):
        raise ValueError("is no address of a text elsewhere, as https://HOST/PATH or s3://BUCKET/PATH are")
    return value


def _own_host(value: str) -> str:
    """A name, an address, or a network such as 192.168.1.0/24: neither a URL nor a pattern."""
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        if not re.fullmatch(r"(?!.*\.\.)[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?", value):
            raise ValueError("must be a host's name, an address or a network such as 192.168.1.0/24") from None
    return value


def _one_or_many(value: Any) -> Any:
    # A tuple, since what comes out of here is checked as strictly as Python data.
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


Name = Annotated[str, Field(min_length=1, max_length=4096)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_one_or_many)]
ModelNames = Annotated[tuple[Annotated[Name, AfterValidator(_model_name)], ...], BeforeValidator(_one_or_many)]
Addresses = Annotated[tuple[Annotated[Name, AfterValidator(_address)], ...], BeforeValidator(_one_or_many)]
Hosts = Annotated[tuple[Annotated[Name, AfterValidator(_own_host)], ...], BeforeValidator(_one_or_many)]
Width = Annotated[int, Field(ge=1, le=1024)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Dollars = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


Role = Literal["root", "sub", "code"]
Effort = Literal["none", "minimal", "low", "medium", "high"]


def _for_all_roles(value: Any) -> Any:
    return dict.fromkeys(("root", "sub", "code"), value) if isinstance(value, str) else value


Efforts = Annotated[Mapping[Role, Effort], BeforeValidator(_for_all_roles)]


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
    api_base: Annotated[str | None, AfterValidator(_endpoint)] = None
    api_key_env: Annotated[str | None, AfterValidator(_variable_name)] = None
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

    `first_look`: what the offline rules find in two seconds is shown to a model before its first call.
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
    first_look: bool = False
    code_lens: bool = False
    cache_mb: int = Field(default=256, ge=0, le=1 << 20)
    history_mb: int = Field(default=512, ge=1, le=1 << 20)


def default_file() -> Path:
    """Where the user's settings file is looked for; it need not exist."""
    return user_config_path("rlm-ls", appauthor=False) / "settings.toml"


Layer = dict[str, dict[str, Any]]
"""Usable values by section ("" for those outside of one) and field."""


def load(
    *, file: Path | None = None, environ: Mapping[str, str], client: Mapping[str, Any] | None = None
) -> tuple[Settings, tuple[Problem, ...]]:
    """Merge the layers; whatever cannot be used is left out and named. Raises nothing.

    `client` is the editor's section `rlm`, and the user's own: rlm_ls/workspace.py has those of a workspace's files.
    """
    problems: list[Problem] = []
    return settle(users(file, environ, client, problems)), tuple(problems)


def users(
    file: Path | None, environ: Mapping[str, str], client: Mapping[str, Any] | None, problems: list[Problem]
) -> Layer:
    """What the user has set: file, environment, editor, each over the one before."""
    path = default_file() if file is None else file
    chosen = layer(_read_toml(path, problems), str(path), problems)
    _take(chosen, _from_environment(environ, problems), "environment", problems)
    if client is not None:
        _take(chosen, _section(client, EDITOR, problems), EDITOR, problems)
    return chosen


def layer(data: Any, where: str, problems: list[Problem]) -> Layer:
    """What can be used of one place."""
    taken: Layer = {}
    _take(taken, _section(data, where, problems), where, problems)
    return taken


def settle(chosen: Layer) -> Settings:
    """The Settings of usable values, with defaults for the rest."""
    sections = {name: kind(**chosen.get(name, {})) for name, kind in SECTIONS.items()}
    return Settings.model_validate({**sections, **chosen.get("", {})})


EDITOR = "editor settings"

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


def _read_toml(path: Path, problems: list[Problem]) -> Any:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        problems.append(Problem(str(path), f"cannot be read ({error.strerror}); defaults are used."))
    except UnicodeDecodeError:
        problems.append(Problem(str(path), "is not UTF-8 text; defaults are used."))
    except tomllib.TOMLDecodeError as error:
        # The parser's message quotes at most one character, so no secret of a broken file reaches a log.
        problems.append(Problem(str(path), f"is not valid TOML ({error}); defaults are used."))
    return {}


def _section(data: Any, where: str, problems: list[Problem]) -> Mapping[str, Any]:
    """The settings themselves: `data`, or what it holds under `rlm`."""
    if isinstance(data, Mapping) and "rlm" in data:
        data = data["rlm"]
    if isinstance(data, Mapping):
        return data
    problems.append(Problem(where, "must be a table of settings; it is ignored."))
    return {}


def _from_environment(environ: Mapping[str, str], problems: list[Problem]) -> dict[str, Any]:
    """RLM_BUDGET_USD and the like, one per setting, nested. Commas separate a list, or it is JSON; tables are."""
    found: dict[str, Any] = {}
    known: dict[str, tuple[str, str]] = {"RLM_MODEL": ("models", "root")}
    for section, name in PLACES:
        known["_".join(part.upper() for part in ("rlm", section, name) if part)] = (section, name)
    for variable, (section, name) in known.items():  # the short form comes first: RLM_MODELS_ROOT wins over it
        if text := environ.get(variable, "").strip():
            place = found.setdefault(section, {}) if section else found
            place[name] = _from_text(text, PLACES[section, name].model_fields[name].default)
    sections = tuple(f"RLM_{section.upper()}_" for section in SECTIONS)
    problems.extend(
        Problem(f"environment {variable}", f"is no setting.{_similar(variable, list(known))}")
        for variable in sorted(environ)
        if variable.startswith(sections) and variable not in known
    )
    return found


def _from_text(text: str, default: Any) -> Any:
    if isinstance(default, Mapping) or (isinstance(default, tuple) and text.startswith('["')):
        try:
            return json.loads(text)
        except ValueError:
            return text
    if isinstance(default, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _take(chosen: dict[str, dict[str, Any]], data: Mapping[str, Any], where: str, problems: list[Problem]) -> None:
    """Put every usable value of one layer over what was `chosen` before."""
    for key, value in data.items():
        section = _snake(str(key))
        if section not in SECTIONS:
            _take_one(chosen, "", str(key), value, where, problems)
        elif isinstance(value, Mapping):
            for inner, inner_value in value.items():
                _take_one(chosen, section, str(inner), inner_value, where, problems)
        elif value not in (None, ""):
            problems.append(Problem(f"{where} {key}", "must be a table of settings; it is ignored."))


def _take_one(
    chosen: dict[str, dict[str, Any]], section: str, key: str, value: Any, where: str, problems: list[Problem]
) -> None:
    name = _snake(key)
    full = f"{where} {section + '.' if section else ''}{key[:60]}"
    kind = PLACES.get((section, name))
    if kind is None:
        problems.append(Problem(full, _unknown(name, [to_camel(known) for part, known in PLACES if part == section])))
    elif value is not None and value != "":  # editors send null or "" for what the user left alone
        try:
            # Through JSON, strictly: "16" is no number, true is no number, 16.0 is 16.
            checked = kind.model_validate_json(json.dumps({to_camel(name): _plain(value)}), strict=True)
            chosen.setdefault(section, {})[name] = getattr(checked, name)
        except (ValidationError, TypeError, ValueError, RecursionError) as error:
            problems.append(Problem(full, f"{_reason(error)}; it is ignored."))


def _plain(value: Any) -> Any:
    """JSON data of `value`, with whole floats as integers: some editors know only floats."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        items = [place + 1 for place in first["loc"] if isinstance(place, int)]
        at = f" (item {items[0]})" if items else ""
        message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
        return f"{message[0].lower()}{message[1:]}{at}".replace("should be", "must be")
    return "cannot be used as a setting's value"


def _unknown(key: str, known: list[str]) -> str:
    if re.fullmatch(r"(api_?)?(key|token|secret)s?", key):
        return "keys are not kept in settings; name the environment variable that holds it in models.apiKeyEnv."
    return f"is no setting.{_similar(to_camel(key), known)}"


def _similar(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f" Did you mean {close[0]}?" if close else ""


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
