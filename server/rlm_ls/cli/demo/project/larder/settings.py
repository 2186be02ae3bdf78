"""Settings in three layers: `config/defaults.toml`, `config/<environment>.toml`, environment variables.

The last one wins. A variable's name is the setting's path in capitals with two underscores between the parts:
`LARDER__PAYMENTS__RETRY__MAX_ATTEMPTS=12` sets `payments.retry.max_attempts`.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CONFIG = Path(__file__).parent.parent / "config"
PREFIX = "LARDER__"


class Settings:
    """Read-only access by dotted path: `settings["payments.retry.max_attempts"]`."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, path: str) -> Any:
        value: Any = self._values
        for part in path.split("."):
            value = value[part]
        return value

    def get(self, path: str, default: Any = None) -> Any:
        try:
            return self[path]
        except KeyError:
            return default


def load(environment: str | None = None, environ: Mapping[str, str] = os.environ, folder: Path = CONFIG) -> Settings:
    """Merge the layers. An unknown environment is an error, an unknown variable is not."""
    name = environment or environ.get("LARDER_ENV", "production")
    values = _read(folder / "defaults.toml")
    _merge(values, _read(folder / f"{name}.toml"))
    _merge(values, _from_environment(environ))
    return Settings(values)


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)


def _merge(into: dict[str, Any], other: Mapping[str, Any]) -> None:
    for key, value in other.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, text in environ.items():
        if not name.startswith(PREFIX):
            continue
        *parents, last = name.removeprefix(PREFIX).lower().split("__")
        place = found
        for part in parents:
            place = place.setdefault(part, {})
        place[last] = _parse(text)
    return found


def _parse(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)
