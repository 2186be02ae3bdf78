"""What a bug report needs, as Markdown: the installation, the settings, the newest runs.

It contains no text of the user's: questions, answers, names of files and addresses of models stay out. Of settings and
variables that may hold a secret it says only that they are set. Keys are removed from the rest.
"""

from __future__ import annotations

import getpass
import os
import platform
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from rlm_ls import __version__
from rlm_ls.errors import RlmError
from rlm_ls.models.providers.endpoint import is_loopback
from rlm_ls.settings.layers import Problem
from rlm_ls.settings.sections import Settings
from rlm_ls.store.database import Store
from rlm_ls.store.redact import known_secrets, scrub
from rlm_ls.store.rows import RunRow

RUNS = 20
"""The number of newest runs in the report."""

ONLY_THAT_IT_IS_SET = frozenset({"api_base", "api_key_env", "local_hosts", "profiles", "exclude", "deny"})
"""Settings that name hosts, files or prompts of the user's."""

VARIABLES = re.compile(
    r"RLM_\w+|LITELLM_\w+|\w+_(API_KEY|TOKEN|SECRET|API_BASE|BASE_URL)|\w*(HTTPS?|ALL|NO)_PROXY", re.I
)


ADDRESS = re.compile(r"\w+://[^\s,]+")


async def report(found: Sequence[str], settings: Settings, problems: Sequence[Problem], store: Store) -> str:
    """The report. `found` is what the doctor says of the installation, a line each."""
    sections = {
        "Installation": [f"rlm-ls {__version__}, Python {platform.python_version()}, {platform.platform()}", *found],
        "Settings that differ from the defaults": [*_changed(settings), *(f"problem: {one}" for one in problems)],
        "Variables that are set (names only)": sorted(name for name in os.environ if VARIABLES.fullmatch(name)),
        f"The newest runs, at most {RUNS}": await _runs(store),
    }
    text = "\n\n".join(f"### {title}\n\n{_listed(lines)}" for title, lines in sections.items())
    return _impersonal(f"{text}\n")


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "- none"


def _changed(section: BaseModel, default: BaseModel | None = None, name: str = "") -> Iterator[str]:
    default = default or type(section)()
    for field in type(section).model_fields:
        value, usual, full = getattr(section, field), getattr(default, field), f"{name}{field}"
        if isinstance(value, BaseModel):
            yield from _changed(value, usual, f"{full}.")
        elif value != usual:
            yield f"{full}: {'(set)' if field in ONLY_THAT_IT_IS_SET else value}"


async def _runs(store: Store) -> list[str]:
    """The newest runs, a line each. Never raises: an unreadable history may be the reason for the report."""
    try:
        rows = await store.runs(RUNS)
        size = await store.size()
    except RlmError as error:
        return [f"the history cannot be read: error {error.code}"]
    return [f"{size / 1e6:.1f} MB on disk", *(_run(row) for row in rows)]


def _run(row: RunRow) -> str:
    usage: dict[str, Any] = (row.answer or {}).get("usage") or {}
    when = datetime.fromtimestamp(row.created, UTC).strftime("%Y-%m-%d %H:%M")
    kind, route = ((row.answer or {}).get(name, "?") for name in ("modelKind", "route"))
    tokens = usage.get("promptTokens", 0) + usage.get("completionTokens", 0)
    return f"{when} {row.status}: {kind}, {route}, {usage.get('turns', 0)} turns, {tokens} tokens, {row.seconds:.1f} s"


def _impersonal(text: str) -> str:
    """The text without keys, addresses of other machines, the user's name and the home folder."""
    text = str(scrub(text, known_secrets(os.environ)))
    text = ADDRESS.sub(lambda found: found[0] if is_loopback(found[0]) else "(address)", text)
    home = str(Path.home())
    if len(home) > 1:
        text = text.replace(home, "~")
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        return text
    return text if user == "root" else re.sub(rf"\b{re.escape(user)}\b", "(user)", text)
