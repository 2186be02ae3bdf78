"""The compilers of this machine for tests: looked for once, their proof kept beside the tests' temporary folders."""

from __future__ import annotations

import os

import pytest

MUST = bool(os.environ.get("CI") or os.environ.get("RLM_CI"))


def need(works: bool, what: str) -> None:
    """On a build machine a missing part is a failure, elsewhere a named skip."""
    if not works:
        (pytest.fail if MUST else pytest.skip)(f"{what} does not work here")
