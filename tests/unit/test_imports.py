"""The architecture's rules, kept by a test: who may import whom, what is loaded at start, how large a file grows."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

import rlm_ls
from rlm_ls.cli import main

PACKAGE = Path(rlm_ls.__file__).parent
SAMPLE = PACKAGE / "cli" / "demo" / "project"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if SAMPLE not in path.parents)

OURS = {"errors", "loopback", "private", "processes", "visible", "settings"}
"""What every part may import."""

MAY_IMPORT = {
    "lsp": {"lsp", "engine", "executors", "models", "context", "store", *OURS, "ending"},
    "mcp": {"mcp", "engine", "executors", "models", "context", "store", *OURS},
    "acp": {"acp", "engine", "executors", "models", "context", "store", *OURS},
    "cli": {"cli", "acp", "mcp", "engine", "executors", "models", "context", "store", *OURS, "ending", "interrupt"},
    "engine": {"engine", "executors", "models", "context", "store", *OURS},
    "executors": {"executors", "context", "store", *OURS},
    "models": {"models", "context", *OURS},
    "context": {"context", "isolation", *OURS},
    "store": {"store", *OURS},
    "settings": {"settings", "errors"},
    "errors": set[str](),
    "ending": set[str](),
    "interrupt": set[str](),
    "isolation": set[str](),
    "loopback": set[str](),
    "private": set[str](),
    "processes": set[str](),
    "visible": set[str](),
    "__init__": set[str](),
    "__main__": {"lsp", "cli", "errors", "settings", "ending", "interrupt", "isolation", "visible"},
}
"""Parts of the package, and what of it each may import. `rlm_ls` itself (the version) is everyone's."""

SLOW_TO_IMPORT = {
    "pydantic",
    "pydantic_core",
    "litellm",
    "openai",
    "wasmtime",
    "polars",
    "tree_sitter",
    "rich",
    "typer",
    "mcp",
    "acp",
    "distributed",
    "fsspec",
}
"""What an editor must not wait for between starting the server and the answer to `initialize`."""

PYTHONS_OWN = {"tempfile", "shutil", "hashlib", "datetime"}
"""Nor for these, where pygls does without them: a millisecond or two each."""

LONGEST_FILE = 400

MOST_FILES = 12
"""Modules side by side in a package, without its `__init__`; with more of them, ask whether there is a second idea."""


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute name of every import in a file, inside functions too."""
    package = ("rlm_ls", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *([node.module] if node.module else [])))
            if module == "rlm_ls":
                yield from ((node.lineno, f"rlm_ls.{name.name}") for name in node.names)
            else:
                yield node.lineno, module


def offences(path: Path) -> list[str]:
    part = part_of(path)
    found = []
    for line, name in imports(path):
        top, _, rest = name.partition(".")
        target = rest.partition(".")[0]
        if top == "rlm_ls" and target and target != "__version__" and target not in MAY_IMPORT.get(part, set()):
            found.append(f"{path.relative_to(PACKAGE)}:{line} {part} imports {name}")
    return found


def test_every_part_of_the_package_has_its_rule() -> None:
    assert {part_of(path) for path in FILES} <= set(MAY_IMPORT)


def test_imports_point_one_way() -> None:
    assert [offence for path in FILES for offence in offences(path)] == []


def test_patterns_are_compiled_by_workers_only() -> None:
    """RE2 holds the interpreter while it compiles what a model wrote."""
    others = [path for path in FILES if not path.is_relative_to(PACKAGE / "context" / "ops")]
    assert [str(path) for path in others if "compile_pattern" in path.read_text("utf-8")] == []


def test_no_file_imports_another_that_imports_it() -> None:
    """However far around. Imports for types alone, and those within functions, count."""
    graph = grimp.build_graph("rlm_ls", exclude_type_checking_imports=False, cache_dir=None)
    assert graph.find_modules_directly_imported_by("rlm_ls.lsp.transport.protocol")
    TopologicalSorter({module: graph.find_modules_directly_imported_by(module) for module in graph.modules}).prepare()


def test_every_package_says_what_it_is_for_and_imports_nothing() -> None:
    packages = {path.parent for path in FILES if path.parent != PACKAGE}
    trees = {package: ast.parse((package / "__init__.py").read_bytes()) for package in packages}
    assert [str(package) for package, tree in trees.items() if not ast.get_docstring(tree)] == []
    busy = (ast.Import, ast.ImportFrom)
    assert [
        str(package) for package, tree in trees.items() if any(isinstance(node, busy) for node in ast.walk(tree))
    ] == []


def test_a_package_has_no_more_modules_than_one_takes_in_at_a_glance() -> None:
    packages = {path.parent for path in FILES}
    sizes = {
        str(package): sum(path.parent == package and path.stem != "__init__" for path in FILES) for package in packages
    }
    assert {package: size for package, size in sizes.items() if size > MOST_FILES} == {}


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("engine/x.py", "from rlm_ls.lsp import server"),
        ("context/x.py", "import rlm_ls.engine.loop.run"),
        ("store/x.py", "def f():\n    from rlm_ls import engine"),
        ("models/x.py", "from ..engine import run"),
        ("errors.py", "from rlm_ls import settings"),
    ],
)
def test_the_rules_find_what_they_forbid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, source: str
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(source)
    assert len(offences(path)) == 1


def test_the_engine_knows_no_editor_no_terminal_and_no_provider() -> None:
    edges = {"pygls", "lsprotocol", "litellm", "openai", "rich", "typer", "click"}
    inner = [path for path in FILES if part_of(path) in {"engine", "executors", "context", "store", "errors"}]
    found = [
        f"{path.relative_to(PACKAGE)}:{line} imports {name}"
        for path in inner
        for line, name in imports(path)
        if name.partition(".")[0] in edges
    ]
    assert found == []


def loaded_with(module: str) -> set[str]:
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert outcome.returncode == 0, outcome.stderr
    return set(json.loads(outcome.stdout))


@pytest.mark.parametrize("module", ["rlm_ls.__main__", "rlm_ls.lsp.server"])
def test_nothing_slow_is_imported_on_the_way_to_initialize(module: str) -> None:
    loaded, bare = loaded_with(module), loaded_with("pygls.lsp.server")
    assert loaded & (SLOW_TO_IMPORT | PYTHONS_OWN - bare) == set()
    ours = ("rlm_ls.engine", "rlm_ls.models", "rlm_ls.executors", "rlm_ls.context")
    assert {name for name in loaded if name.startswith(ours)} == set()


@pytest.mark.parametrize("command", [["runs"], ["runs", "--json"], ["cache"], ["mcp", "--help"], ["acp", "--help"]])
def test_who_asks_nothing_waits_for_nothing_that_answers(command: list[str], tmp_path: Path) -> None:
    environ = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    line = [sys.executable, "-P", "-X", "importtime", "-m", "rlm_ls", *command]
    outcome = subprocess.run(line, capture_output=True, text=True, env=environ, timeout=60, check=False)
    assert outcome.returncode == 0, outcome.stderr
    loaded = {row.rpartition("|")[2].strip() for row in outcome.stderr.splitlines()}
    assert "rlm_ls.cli.main" in loaded
    slow = ("rlm_ls.engine.engine", "rlm_ls.context", "rlm_ls.models", "rlm_ls.executors.scripts", "litellm")
    assert {name for name in loaded if name.startswith(slow)} == set()


def test_every_command_is_in_the_help() -> None:
    commands = PACKAGE / "cli" / "commands"
    assert {*main.MODULES.values(), "__init__", "cluster", "report"} == {path.stem for path in commands.glob("*.py")}
    assert {info.callback.__name__ for info in main.app_for([]).registered_commands} == {*main.MODULES} - {"runs"}


def test_no_module_is_named_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "managers", "misc", "common"}
    assert [str(path) for path in FILES if vague & {path.stem, *path.relative_to(PACKAGE).parts[:-1]}] == []


def test_a_file_is_one_idea() -> None:
    lengths = {str(path.relative_to(PACKAGE)): len(path.read_bytes().splitlines()) for path in FILES}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_only_what_speaks_to_people_may_print_to_standard_output() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in FILES
        if part_of(path) not in {"cli", "__main__"}
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        if not any(argument.arg == "file" for argument in node.keywords)
    ]
    assert found == []
