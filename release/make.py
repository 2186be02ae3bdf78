"""`./dev release`: builds everything that is released into build/release, checks it, and lists it with its digests.

Nothing is published, and nothing but the package registries is asked (for the extension's build tools, once).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTENSION = ROOT / "editor-clients" / "vscode"
FILES = ("server.json", "mason/package.yaml", "nvim-lspconfig/lsp/rlm_ls.lua", "Containerfile")
UNWANTED = re.compile(r"node_modules|\.venv|__pycache__|\.pyc$|\.map$|/build/|(^|/)\.env")
SUMS = "SHA256SUMS"


def main(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    packages(folder)
    extension(folder)
    for name in FILES:
        shutil.copy(ROOT / "release" / name, folder)
    check(folder)
    print(listed(folder), end="")


def packages(folder: Path) -> None:
    """The source package and the wheel."""
    run(sys.executable, "-P", "-m", "hatchling", "build", "-d", folder)


def extension(folder: Path) -> None:
    """The extension for VS Code, with the wheel in it."""
    if not (EXTENSION / "node_modules").is_dir():
        run("npm", "ci", "--ignore-scripts", cwd=EXTENSION)
    path = folder / f"rlm-ls-{version(folder)}.vsix"
    run("npm", "run", "package", cwd=EXTENSION, PYTHON=sys.executable, RLM_VSIX=str(path))


def version(folder: Path) -> str:
    (wheel,) = folder.glob("rlm_ls-*.whl")
    return wheel.name.split("-")[1]


def check(folder: Path) -> None:
    """Raises CalledProcessError or SystemExit for what would be refused, or should not be in a package."""
    distributions = [path for path in folder.iterdir() if path.name.endswith((".whl", ".tar.gz"))]
    run(sys.executable, "-P", "-m", "twine", "check", "--strict", *sorted(distributions))
    run("node", "node_modules/@vscode/vsce/vsce", "ls", "--no-dependencies", cwd=EXTENSION)
    for path in sorted(folder.iterdir()):
        if unwanted := [name for name in names(path) if UNWANTED.search(name)]:
            sys.exit(f"{path.name} holds what does not belong there: {unwanted[:5]}")


def names(path: Path) -> list[str]:
    """What a package holds; nothing of other files."""
    if path.suffix in {".whl", ".vsix"}:
        return zipfile.ZipFile(path).namelist()
    if path.name.endswith(".tar.gz"):
        with tarfile.open(path) as archive:
            return archive.getnames()
    return []


def listed(folder: Path) -> str:
    """The list of artefacts, as `sha256sum -c` reads it; written to SUMS as well."""
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
    text = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    (folder / SUMS).write_text(text, encoding="utf-8")
    return text


def run(*command: str | Path, cwd: Path = ROOT, **env: str) -> None:
    print("──", *(str(part) for part in command), file=sys.stderr)
    subprocess.run([str(part) for part in command], cwd=cwd, env={**os.environ, **env}, stdout=sys.stderr, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if sys.argv[1:] else ROOT / "build" / "release")
