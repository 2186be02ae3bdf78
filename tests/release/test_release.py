"""`./dev release` as it is run: what it makes, checks and lists."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from tests.release.conftest import PATIENCE, ROOT

from rlm_ls import __version__

MADE = {
    f"rlm_ls-{__version__}-py3-none-any.whl",
    f"rlm_ls-{__version__}.tar.gz",
    f"rlm-ls-{__version__}.vsix",
    "server.json",
    "package.yaml",
    "rlm_ls.lua",
    "Containerfile",
}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder, and what was printed."""
    folder = tmp_path_factory.mktemp("release")
    command = (sys.executable, "-P", "release/make.py", str(folder))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "PASSED" in done.stderr
    return folder, done.stdout


def test_everything_that_is_released_is_made_and_listed_with_its_digest(release: tuple[Path, str]) -> None:
    folder, printed = release
    assert {path.name for path in folder.iterdir()} == MADE | {"SHA256SUMS"}
    listed = dict(reversed(line.split("  ")) for line in printed.splitlines())
    assert listed == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in MADE}
    assert (folder / "SHA256SUMS").read_text() == printed


def test_packages_hold_what_they_should_and_nothing_of_this_machine(release: tuple[Path, str]) -> None:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("make", ROOT / "release" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    make = module_from_spec(spec)
    spec.loader.exec_module(make)
    folder, _ = release
    held = {name: set(make.names(folder / name)) for name in MADE}
    whole = f"rlm_ls-{__version__}"
    assert {"rlm_ls/py.typed", "rlm_ls/mcp/server.py"} <= held[f"{whole}-py3-none-any.whl"]
    assert {name.split("/")[0] for name in held[f"{whole}-py3-none-any.whl"]} == {"rlm_ls", f"{whole}.dist-info"}
    assert {f"{whole}/release/server.json", f"{whole}/dev", f"{whole}/SECURITY.md"} <= held[f"{whole}.tar.gz"]
    extension = held[f"rlm-ls-{__version__}.vsix"]
    assert {"extension/media/gallery/trace.png", "extension/changelog.md", "extension/readme.md"} <= {
        name.lower() for name in extension
    }
    assert not any(make.UNWANTED.search(name) for names in held.values() for name in names)
    assert make.UNWANTED.search("extension/node_modules/x.js")
