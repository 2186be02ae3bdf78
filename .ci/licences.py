"""Writes docs/licences.md: every package that users install with rlm-ls, and its licence.

python .ci/licences.py TOOL        TOOL: a Python that has pip-licenses
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAD = """# Licences

What comes with rlm-ls (MIT) when it is installed from install.lock, and what is built into the VS Code extension. Made
by `./dev lock`; a test compares it with the locks. None of it is copied into this repository.
"""
SAME = {
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Names of one licence, as packages write it."""


def main(tool: str) -> None:
    locked = dict(re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", (ROOT / "install.lock").read_text(encoding="utf-8")))
    found = subprocess.run(
        (tool, "-P", "-m", "piplicenses", f"--python={sys.executable}", "--format=json", "--packages", *locked),
        check=True,
        capture_output=True,
        text=True,
    )
    names = {_plain(row["Name"]): _licence(row["License"]) for row in json.loads(found.stdout)}
    # Packages for other systems are not installed here, and so cannot be asked.
    lines = [
        f"| {name} | {locked[name]} | {names.get(_plain(name), 'not for this system')} |" for name in sorted(locked)
    ]
    lock = json.loads((ROOT / "editor-clients/vscode/package-lock.json").read_text(encoding="utf-8"))
    packages = {path.removeprefix("node_modules/"): entry for path, entry in lock["packages"].items() if path}
    built_in = [f"| {n} | {e['version']} | {e['license']} |" for n, e in packages.items() if not e.get("dev")]
    table = "| package | version | licence |\n| --- | --- | --- |\n"
    python, vscode = (table + "\n".join(rows) for rows in (lines, built_in))
    text = f"{HEAD}\n## Python\n\n{python}\n\n## VS Code extension\n\n{vscode}\n"
    (ROOT / "docs/licences.md").write_text(text, encoding="utf-8")


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _licence(text: str) -> str:
    first = text.splitlines()[0]
    return "; ".join(SAME.get(part, part) for part in first.split("; "))


main(*sys.argv[1:])
