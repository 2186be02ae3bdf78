"""What the tests of a release share: the wheel, made once, and a machine on which there is nothing yet."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rlm-ls-tests" / "packages"
"""Packages that were downloaded for an earlier test. Taken before any test changes HOME."""
PATIENCE = 600
"""Seconds after which something hangs: packages may have to be downloaded. Nothing here is a measurement."""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-P", "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index")
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True, timeout=PATIENCE, capture_output=True)
    (made,) = folder.glob("rlm_ls-*.whl")
    return made


class Machine:
    """A user's home without anything in it, on a system that has a Python. `run` returns what was printed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "RLM_", "XDG_"))}
        kept.pop("VIRTUAL_ENV", None)
        # The programs of this environment, the server among them, are not on that machine.
        places = [p for p in kept["PATH"].split(os.pathsep) if Path(p).resolve() != Path(sys.executable).parent]
        self.env = kept | {
            "HOME": str(home),
            "USERPROFILE": str(home),
            "PATH": os.pathsep.join(places),
            "PIP_CACHE_DIR": str(CACHE / "pip"),
            "PIP_NO_COMPILE": "1",
            "UV_CACHE_DIR": str(CACHE / "uv"),
            "UV_LINK_MODE": "copy",
            "UV_PYTHON": sys._base_executable,  # type: ignore[attr-defined]
            "UV_PYTHON_DOWNLOADS": "never",
            "PIPX_DEFAULT_PYTHON": sys._base_executable,  # type: ignore[attr-defined]
        }

    def run(self, *command: str | Path) -> str:
        done = subprocess.run(
            [str(part) for part in command],
            env=self.env,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "home")


def tool(name: str) -> Path:
    """A program that comes with this environment: pipx, uv, uvx, twine."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found is not None, f"{name} is not installed: ./dev setup"
    return Path(found)
