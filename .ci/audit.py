"""Asks the public lists of vulnerabilities about every locked package. Fails where one is named there.

    python .ci/audit.py TOOL           TOOL: a Python that has pip-audit

Without network nothing can be asked, and that is said. What needs none is a test: tests/unit/test_supply_chain.py.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def main(tool: str) -> int:
    named = [*_python(tool), *_npm()]
    for line in named:
        print(line)
    return 1 if named else 0


def _python(tool: str) -> list[str]:
    call = (tool, "-P", "-m", "pip_audit", "--disable-pip", "--require-hashes", "-f", "json", "-r", "requirements.lock")
    report = _json(call)
    packages = report.get("dependencies", [])
    asked = [package for package in packages if "vulns" in package]
    _say("Python", len(asked), len(packages))
    return [f"{p['name']} {p['version']}: {vulnerability['id']}" for p in asked for vulnerability in p["vulns"]]


def _npm() -> list[str]:
    folder = ROOT / "editor-clients/vscode"
    total = len(json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]) - 1
    npm = shutil.which("npm")
    report = {} if npm is None else _json((npm, "audit", "--package-lock-only", "--json"), folder)
    found = report.get("vulnerabilities")
    _say("npm", total if found is not None else 0, total)
    return [f"{name} (npm): {entry.get('severity')}" for name, entry in (found or {}).items()]


def _json(call: tuple[str, ...], folder: Path = ROOT) -> dict[str, Any]:
    done = subprocess.run(call, cwd=folder, capture_output=True, text=True, timeout=600)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return {}
    return report if isinstance(report, dict) else {}


def _say(what: str, asked: int, total: int) -> None:
    rest = "" if asked == total and total else "; the rest could not be asked about: is the network there?"
    print(f"{what}: {asked} of {total} packages asked about{rest}")


sys.exit(main(*sys.argv[1:]))
