"""Run mutmut in a folder of its own, laid out as it likes: it knows `src/`, not `server/`, and writes where it runs.

Prints the changes that no test noticed and that EXPLAINED does not excuse; fails if there are any.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.mutation.explained import EXPLAINED

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
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(arguments.children)]
    with (PLACE / "mutmut.log").open("wb") as log:
        status = subprocess.run(command, cwd=PLACE, stdout=log, stderr=subprocess.STDOUT).returncode
    results = _mutmut("results", "--all", "true")
    verdicts = dict(re.findall(r"^\s*(\S+__mutmut_\d+): (.+)$", results, re.MULTILINE))
    if not verdicts:
        print((PLACE / "mutmut.log").read_text("utf-8", "replace")[-3000:], file=sys.stderr)
        return status or 1
    left = [name for name, verdict in verdicts.items() if verdict not in {"killed", "timeout", "caught by type check"}]
    unexplained = 0
    for name in left:
        change = _mutmut("show", name)
        if any(all(line in change for line in lines) for lines in EXPLAINED):
            continue
        unexplained += 1
        print(f"{verdicts[name]}: {change}\n")
    noticed = len(verdicts) - len(left)
    print(f"{len(verdicts)} changes, {noticed} noticed, {len(left) - unexplained} explained, {unexplained} unexplained")
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


def _mutmut(*arguments: str) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=PLACE, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
