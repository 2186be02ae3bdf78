"""What the tests of the VS Code extension share: the extension built, and packaged."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.editors.vscode.code import EXTENSION, SHOTS, node


def npm(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    node()
    return subprocess.run(
        ["npm", *arguments],
        cwd=EXTENSION,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="session")
def dependencies() -> Path:
    """The extension's folder with node_modules as package-lock.json says."""
    wanted = hashlib.sha256((EXTENSION / "package-lock.json").read_bytes()).hexdigest()
    stamp = EXTENSION / "node_modules" / ".rlm-lock"
    if not stamp.exists() or stamp.read_text() != wanted:
        done = npm("ci", "--ignore-scripts")
        assert done.returncode == 0, done.stdout + done.stderr
        stamp.write_text(wanted)
    return EXTENSION


@pytest.fixture(scope="session")
def vsix(dependencies: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as `vsce package` makes it, with the server's wheel in it; kept where the pictures are kept."""
    path = tmp_path_factory.mktemp("vsix") / "rlm-ls.vsix"
    done = npm("run", "package", PYTHON=sys.executable, RLM_VSIX=str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, SHOTS)
    return path
