"""Wherever a Python is started it is told (-P, -I) not to import from the folder that it happens to stand in."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

KINDS = {".py", ".ts", ".mjs", ".cjs", ".js", ".lua", ".el", ".sh", ".md", ".txt", ".toml", ".json", ""}

PYTHON = re.compile(
    r"""(?P<start>
        python[\d.]*(?:\.exe)?["'}\])]*["',\s(\[]+     # python3 …, "$python" …, (python, [ …
      | sys\.executable\}?["',\s(]+                    # [sys.executable, …
      | interpreter\(folder\),\s*                      # of the extension's own environment
      | "\$[12]"\s                                     # a shell function's argument
      | \bpython\(                                     # isolation.python(…), which puts it in front
      | \b(?:args|cmd|command|SERVER|pip)\s*[=:]\s*[\[{]\s*(?:[\w"$./{}]*python[\w"}]*,\s*)?
    )
    (?P<flags>(?:["']?-(?!m\b|c\b)\w+["']?[,\s]+)*)     # those before
    ["']?-[mc]["']?[\s,]                               # what is to be run
    """,
    re.VERBOSE,
)
"""A Python that is given a module or code to run, in any of our languages, or in what we tell people to type."""

SAFE = re.compile(r"(?<!\w)-\w*[PI]\b|ISOLATED")

THIS_REPOSITORY = re.compile(r"(-m[\"',\s]+(bench|tests|pytest)\b)|-m[\"',\s]+rlm_ls\.executors\.registry")
"""What the folder of this repository itself is asked to run, by whoever develops it."""

ELSEWHERE = {
    "tests/unit/test_starting_python.py",
    "tests/faults/test_hostile_folder.py",
    "tests/editors/neovim/test_hostile_folder.py",
}
"""Tests of what happens without."""


def sources() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    names = [name for name in listed.stdout.decode().splitlines() if name not in ELSEWHERE]
    parts = ("server/", "editor-clients/", "docs/", ".ci/", "bench/", "tests/")
    shipped = [name for name in names if name.startswith(parts) or "/" not in name]
    return [
        ROOT / name for name in shipped if Path(name).suffix in KINDS and not re.search("/data/|/demo/project/", name)
    ]


def starts(text: str) -> list[tuple[int, str]]:
    """Line and words of each start that says neither -P nor -I."""
    found = []
    for match in PYTHON.finditer(text):
        words = text[match.start() : text.find("\n", match.end())]
        safe = SAFE.search(match["flags"]) or match["start"].startswith("python(")
        if not safe and not THIS_REPOSITORY.search(words):
            found.append((text.count("\n", 0, match.start()) + 1, words))
    return found


def test_every_python_that_is_started_is_isolated() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {words}"
        for path in sources()
        if path.is_file()
        for line, words in starts(path.read_text("utf-8", "replace"))
        # Code that a test hands to an interpreter of its own: no user's start, and in pytest's own folder.
        if not (path.is_relative_to(ROOT / "tests") and "rlm_ls" not in words)
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        '[sys.executable, "-m", "rlm_ls"]\n',
        "exec {sys.executable} -m rlm_ls\n",
        '"$python" -m pip install x\n',
        'execFileSync(python, ["-m", "pip"]);\n',
        '"$1" -c "$usable"\n',
        "run python3 -m venv x\n",
        'args = ["-m", "rlm_ls"]\n',
        'command: python, args: ["-m", "rlm_ls"]\n',
        'await run(interpreter(folder), "-m", "rlm_ls");\n',
        'const pip = ["-m", "pip"];\n',
        "cmd = { python, '-m', 'rlm_ls' }\n",
        "`{sys.executable} -m pip install x`\n",
    ],
)
def test_the_rule_finds_what_it_forbids(text: str) -> None:
    assert len(starts(text)) == 1
