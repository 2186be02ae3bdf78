"""What every test may use. No test reads or writes what belongs to the person who runs it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fast import left_out
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from rlm_ls.cli.demo.generate import SEED, demo_log
from rlm_ls.executors.compiled.toolchains.installed import Toolchains
from rlm_ls.executors.compiled.toolchains.toolchain import Language, Target

IN_CI = bool(os.environ.get("CI") or os.environ.get("RLM_CI"))
"""Where a missing compiler or sandbox is a failure. Read before tests are set apart from the environment."""

TOGETHER = ("tests/editors/vscode/", "tests/editors/neovim/")
"""Folders whose tests share something costly or common: the extension's build, a Neovim."""

_PROVIDER_ENDINGS = ("_API_KEY", "_API_BASE", "_BASE_URL")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="leave out what tests/fast.py names: for the developer's loop")


def pytest_configure() -> None:
    # What a shell's script puts in the background ignores Ctrl-C, and so does all that it starts: tests press it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Tests start a thousand processes; those that may not keep their bytecode make it each time (./dev).
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if config.getoption("--fast") and left_out(collection_path) else None


class _WholeFiles(LoadScopeScheduling):
    """Side by side run whole files, since their tests share what they have started, or whole folders (./dev test).

    Not xdist's own groups: those name tests anew, which pytest 9.2 does not let them.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _WholeFiles:
    # In the order of their names, which puts the many small files (tests/unit) last: then all workers end together. In
    # xdist's own order the files of few tests come last, and those are the slow ones.
    config.option.loadscopereorder = False
    return _WholeFiles(config, log)


@pytest.fixture(autouse=True)
def _apart(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, state and caches of the test's own, and no key or endpoint of the user's; children inherit them."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith("RLM_") or name.endswith(_PROVIDER_ENDINGS):
            monkeypatch.delenv(name)
    for name, folder in (
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_DATA_HOME", "data"),
    ):
        monkeypatch.setenv(name, str(home / folder))
    monkeypatch.setenv("RLM_STATE_DIR", str(home / "state" / "rlm-ls"))
    # Compilers would be tried anew in each test's own state folder: tests of programs ask for them.
    monkeypatch.setenv("RLM_LEVELS", "dsl,llm")
    # A price list is no test's business, and fetching it would need the network.
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    return home


@pytest.fixture
def state_dir(_apart: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the test's own store (RLM_STATE_DIR, not made yet), with HOME moved away as well."""
    monkeypatch.setenv("HOME", str(_apart))
    monkeypatch.setenv("USERPROFILE", str(_apart))
    return _apart / "state" / "rlm-ls"


@pytest.fixture(scope="session")
def compilers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder of the whole session, in which compilers are proved once and programs compiled once."""
    return tmp_path_factory.mktemp("compilers")


@pytest.fixture
def toolchains(compilers: Path) -> Toolchains:
    """This machine's compilers. Say which a test needs: `await needed(toolchains, "rust", "wasm")`."""
    return Toolchains(compilers)


async def needed(toolchains: Toolchains, language: Language, target: Target) -> None:
    """A missing compiler fails the test where everything is to be tested, and skips it, by name, on a laptop."""
    found = next(one for one in await toolchains.found(target) if one.language == language)
    if not found.works:
        message = f"no {language} compiler for {target}: {found.why_not}; {found.remedy}"
        if IN_CI:
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture(scope="session")
def small_log(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """`small_log(lines)` is the path of the demo's log with so many lines. Made once a session: do not change it."""
    folder = tmp_path_factory.mktemp("logs")

    def make(lines: int = 5000) -> Path:
        return demo_log(folder, lines=lines, seed=SEED)

    return make
