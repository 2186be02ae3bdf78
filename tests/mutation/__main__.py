"""Run mutmut in a folder of its own, laid out as it likes: it knows `src/`, not `server/`, and writes where it runs.

Prints the changes that no test noticed and that explained.py does not excuse; fails if there are any.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

from tests.mutation.explained import ELSEWHERE, EXPLAINED

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "build" / "mutants"


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev mutate", description=__doc__)
    parser.add_argument(
        "files", nargs="*", help="below server/rlm_ls, such as engine/budget/ledger.py; all of pyproject's if none"
    )
    parser.add_argument("--children", type=int, default=2, help="processes side by side (default 2)")
    arguments = parser.parse_args()
    _lay_out(arguments.files)
    command = [sys.executable, "-P", "-m", "mutmut", "run", "--max-children", str(arguments.children)]
    with (PLACE / "mutmut.log").open("wb") as log:
        status = subprocess.run(command, cwd=PLACE, stdout=log, stderr=subprocess.STDOUT).returncode
    results = _mutmut("results", "--all", "true")
    verdicts = dict(re.findall(r"^\s*(\S+__mutmut_\d+): (.+)$", results, re.MULTILINE))
    if not verdicts:
        print((PLACE / "mutmut.log").read_text("utf-8", "replace")[-3000:], file=sys.stderr)
        return status or 1
    left = [name for name, verdict in verdicts.items() if verdict not in {"killed", "timeout", "caught by type check"}]
    unexplained = []
    for name, change in _changes(left).items():
        if _function(name) in ELSEWHERE or any(_is(change, *lines) for lines in EXPLAINED):
            continue
        unexplained.append(name)
        print(f"{verdicts[name]}: {name}\n{change}\n")
    every, survived, open_ = (Counter(map(_module, names)) for names in (verdicts, left, unexplained))
    for module, changes in [*every.items(), ("all", len(verdicts))]:
        lost, bare = (len(left), len(unexplained)) if module == "all" else (survived[module], open_[module])
        print(f"{module}: {changes} changes, {changes - lost} noticed, {lost - bare} explained, {bare} unexplained")
    return 1 if unexplained else 0


def _lay_out(files: list[str]) -> None:
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    no_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "server" / "rlm_ls", PLACE / "src" / "rlm_ls", ignore=no_caches)
    shutil.copytree(ROOT / "tests", PLACE / "tests", ignore=no_caches)
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    if files:
        wanted = ", ".join(f'"src/rlm_ls/{file}"' for file in files)
        text = re.sub(r"^only_mutate = \[.*?^\]", f"only_mutate = [{wanted}]", text, flags=re.MULTILINE | re.DOTALL)
        assert tomllib.loads(text)["tool"]["mutmut"]["only_mutate"]
    (PLACE / "pyproject.toml").write_text(text, "utf-8")


def configured() -> dict[str, list[str]]:
    """Paths of pyproject.toml, below the root: what is changed, and the tests that should notice."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]
    return {
        "changed": [path.replace("src/", "server/", 1) for path in settings["only_mutate"]],
        "tests": settings["pytest_add_cli_args_test_selection"],
    }


def _is(change: str, changed: str, *around: str) -> bool:
    """Whether a line of the change holds `changed`; what is `around` may stand in any line."""
    lines = [line for line in change.splitlines() if line.startswith(("+", "-")) and line[:3] not in ("+++", "---")]
    return any(changed in line for line in lines) and all(one in change for one in around)


def _module(name: str) -> str:
    return name.rpartition(".")[0]


def _function(name: str) -> str:
    """`rlm_ls.visible.x_plain__mutmut_3` → `rlm_ls.visible.plain`."""
    module, _, function = name.rpartition("__mutmut_")[0].rpartition(".")
    return f"{module}.{function.removeprefix('x').removeprefix('_').strip('ǁ').replace('ǁ', '.')}"


def _changes(names: list[str]) -> dict[str, str]:
    """The differences that mutmut made, all by one process: `mutmut show` takes a second for each."""
    code = (
        "import json, sys\n"
        "from mutmut.__main__ import find_mutant, get_diff_for_mutant\n"
        "names = json.load(sys.stdin)\n"
        "print(json.dumps({name: get_diff_for_mutant(name, path=find_mutant(name).path) for name in names}))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=PLACE,
        input=json.dumps(names),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def _mutmut(*arguments: str) -> str:
    command = [sys.executable, "-P", "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=PLACE, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
