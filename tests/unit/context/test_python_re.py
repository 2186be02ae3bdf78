"""Python's private modules: known in every Python that is supported, and not believed where they are not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.context.oracle import TEXT, clock, matches_of, piece_of

import rlm_ls
from rlm_ls.context.ops.matching import match
from rlm_ls.context.ops.matching.compiled_pattern import compile_pattern
from rlm_ls.context.patterns import python_re
from rlm_ls.errors import BadPattern

PACKAGE = Path(rlm_ls.__file__).parent
FILE = PACKAGE / "context" / "patterns" / "python_re.py"


def installed(version: str) -> str | None:
    """A Python of this version that runs: ours, one on the PATH, one of pyenv's."""
    ours = [sys.executable] if sys.version.startswith(f"{version}.") else []
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for python in (*ours, shutil.which(f"python{version}"), *pyenv.glob(f"versions/{version}.*/bin/python")):
        if python and subprocess.run([python, "-I", "-c", ""], capture_output=True, check=False).returncode == 0:
            return str(python)
    return None


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_every_supported_python_is_known(version: str) -> None:
    if (python := installed(version)) is None:
        pytest.skip(f"Python {version} is not installed")
    told = subprocess.run([python, "-I", str(FILE)], capture_output=True, text=True, timeout=60, check=False)
    assert (told.returncode, told.stderr) == (0, "")


def test_one_file_alone_touches_them() -> None:
    private = re.compile(r"\bfrom re import .*\b_|\bre\._|\bimport (_sre|sre_\w+)\b|\bfrom (_sre|sre_\w+) ")
    assert [path for path in PACKAGE.rglob("*.py") if private.search(path.read_text("utf-8"))] == [FILE]


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Python whose parser gives its nodes in another form."""
    monkeypatch.setattr(python_re, "_parser", SimpleNamespace(parse=lambda pattern, flags: None))
    python_re.unknown.cache_clear()
    compile_pattern.cache_clear()
    yield
    monkeypatch.undo()
    python_re.unknown.cache_clear()
    compile_pattern.cache_clear()


PATTERNS = ["a", "A1?", "^a|b$", r"\d+", r"(\w)\1", "(?i)k", "(?m)^", r"\bab\b", "", "[^a]*", "(?<=a)(b)"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=st.sampled_from(PATTERNS), text=TEXT, ignore_case=st.booleans())
def test_where_they_are_unknown_matches_are_still_those_of_python(
    changed: None, pattern: str, text: str, ignore_case: bool, tmp_path: Path
) -> None:
    assert python_re.unknown()
    compile_pattern.cache_clear()
    counts, _ = match.count(clock(), [piece_of(tmp_path, text)], pattern, ignore_case, False, False)
    wanted = len(matches_of(pattern, text, re.IGNORECASE if ignore_case else 0))
    assert counts.get(0, 0) == wanted


def test_where_they_are_unknown_a_bad_pattern_is_refused_as_ever(changed: None) -> None:
    with pytest.raises(BadPattern, match="missing"):
        compile_pattern("(a")


def test_the_reason_names_the_python(changed: None) -> None:
    assert python_re.unknown().startswith(f"Python {sys.version.split()[0]} ")
