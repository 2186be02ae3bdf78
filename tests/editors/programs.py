"""Where the tests find the editors: environment variables, else PATH. On a build machine a missing one is a failure."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ON_BUILD_MACHINE = bool(os.environ.get("CI") or os.environ.get("RLM_CI"))
NEOVIMS = tuple(filter(None, os.environ.get("RLM_NVIM", "").split(os.pathsep)))
"""Read when the tests are collected: each test's environment is its own."""
HELIX = os.environ.get("RLM_HELIX") or shutil.which("hx")
INSTALL = "`.ci/editors` installs the editors (Debian packages) and tells the tests where they are"


def missing(program: str) -> None:
    if ON_BUILD_MACHINE:
        pytest.fail(f"{program} is missing; {INSTALL}.")
    pytest.skip(f"{program} is not installed; {INSTALL}")


def neovims() -> Iterator[tuple[str, Path]]:
    """The version and the path of each Neovim."""
    found = NEOVIMS or tuple(filter(None, [shutil.which("nvim")]))
    for path in found:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
        match = re.match(r"NVIM v(\d+\.\d+)", said)
        assert match is not None, f"{path} is no Neovim: {said[:100]}"
        yield match[1], Path(path)


def program(name: str) -> str:
    """The path of a program; skips or fails the test where it is missing."""
    path = shutil.which(name)
    if path is None:
        missing(name)
    assert path is not None
    return path
