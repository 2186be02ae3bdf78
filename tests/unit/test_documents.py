"""The documents for people name what exists: each test, and each file and folder of this repository."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")] if path.name != "CHANGELOG.md"]

CODE = re.compile(r"`([^`\n]+)`")
TEST = re.compile(r"(tests/[\w/.]+\.(?:py|ts))?…?(?:::(test_\w+))?")
PATH = re.compile(r"(?:\w[\w.-]*/)+(?:[\w-]+\.(?:py|md|ts|lua|rs|c))?|\w+\.py")
PLACEHOLDER = re.compile(r"NAME|RUN")

FOREIGN = {"json.py", "sitecustomize.py"}
"""Files that a document speaks of and that are in somebody else's folder."""


@cache
def existing() -> tuple[str, ...]:
    """Paths of all files and, ending in `/`, folders, each after a `/`: `/server/rlm_ls/errors.py`."""
    found: list[str] = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in {"node_modules", "__pycache__"} and name[0] != "."]
        below = "/" + Path(folder).relative_to(ROOT).as_posix() + "/"
        found += [below, *(below + name for name in files)]
    return tuple(found)


def missing(document: Path) -> list[str]:
    """A path may leave out folders at its front. `…::test_x` is in one of the files that the same section names."""
    found: list[str] = []
    for section in re.split(r"(?m)^#+ ", document.read_text(encoding="utf-8")):
        tests = ""
        for code in CODE.findall(section):
            if PLACEHOLDER.search(code) or code in FOREIGN:
                continue
            test = TEST.fullmatch(code)
            file, name = test.groups() if test else (None, None)
            path = file or (code if PATH.fullmatch(code) else None)
            if path and not any(one.endswith("/" + path) for one in existing()):
                found.append(path)
            elif file:
                tests += (ROOT / file).read_text(encoding="utf-8")
            if name and not re.search(rf"def {name}\b", tests):
                found.append(code)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_what_exists(document: Path) -> None:
    assert missing(document) == []
