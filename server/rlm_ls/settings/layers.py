"""The user's settings in layers: defaults, then the user's file, then the environment, then the editor.

A value that cannot be used leaves the layer below in force and is reported as a Problem: a bad setting never stops the
server. Nothing here is ever read from a file inside the workspace.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from platformdirs import user_config_path
from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from rlm_ls.settings.sections import PLACES, SECTIONS, Settings


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting that was not used. `where` names the layer and the setting; `message` never repeats the value."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


EDITOR = "editor settings"


def default_file() -> Path:
    """Where the user's settings file is looked for; it need not exist."""
    return user_config_path("rlm-ls", appauthor=False) / "settings.toml"


Layer = dict[str, dict[str, Any]]
"""Usable values by section ("" for those outside of one) and field."""


def load(
    *, file: Path | None = None, environ: Mapping[str, str], client: Mapping[str, Any] | None = None
) -> tuple[Settings, tuple[Problem, ...]]:
    """Merge the layers; whatever cannot be used is left out and named. Raises nothing.

    `client` is the editor's section `rlm`, and the user's own: workspace.py beside it has those of a workspace's files.
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
