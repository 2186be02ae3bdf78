"""Neovims of every version that is there, and a model server that says what a test scripted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.editors.neovim.driver import Neovim
from tests.editors.programs import missing, neovims
from tests.fakes.model_server import ModelServer, Reply, Script, Scripted
from tests.lsp.editor import settings_for

VERSIONS = dict(neovims())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "version" in metafunc.fixturenames:
        metafunc.parametrize("version", sorted(VERSIONS) or ["missing"], scope="session")


@pytest.fixture(scope="session")
def neovim(version: str) -> Path:
    """The path of one Neovim."""
    if version not in VERSIONS:
        missing("Neovim")
    return VERSIONS[version]


class Models:
    """A model server in a thread of its own. `script` may be changed between two questions."""

    def __init__(self) -> None:
        self.script: Script = ()
        self._first = 0
        self._loop = asyncio.new_event_loop()
        self.server = ModelServer(self._reply)
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Models:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.server.start(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def begin(self, *replies: Reply) -> None:
        self.script, self._first = replies, len(self.server.requests)

    def release(self) -> None:
        """Let a reply go on that is held."""
        self._loop.call_soon_threadsafe(self.server.release)

    def asked(self) -> list[dict[str, Any]]:
        return [request.body for request in self.server.requests[self._first :]]

    def _reply(self, body: Mapping[str, Any]) -> Reply:
        index = len(self.server.requests) - 1 - self._first
        script = self.script
        assert not callable(script)
        return script[index] if index < len(script) else Scripted(fault="400")


@pytest.fixture(scope="session")
def all_models() -> Iterator[Models]:
    with Models() as models:
        yield models


@pytest.fixture
def models(all_models: Models) -> Models:
    all_models.begin()
    return all_models


Start = Callable[..., Neovim]


@pytest.fixture
def start(neovim: Path, tmp_path: Path) -> Iterator[Start]:
    """`start(options=…, more=…)` is a Neovim of the test's own."""
    with ExitStack() as stack:

        def one(**keywords: Any) -> Neovim:
            home = tmp_path / "home"
            home.mkdir()
            return stack.enter_context(Neovim(neovim, home, **keywords))

        yield one


@pytest.fixture(scope="session")
def offline_neovim(neovim: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neovim]:
    with Neovim(neovim, tmp_path_factory.mktemp("home")) as nvim:
        yield nvim


@pytest.fixture(scope="session")
def asking_neovim(neovim: Path, all_models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neovim]:
    options = {"settings": settings_for(all_models.server.base_url), "env": {"SCRIPTED_KEY": "sk-test"}}
    with Neovim(neovim, tmp_path_factory.mktemp("home"), options=options) as nvim:
        yield nvim


FRESH = """
  vim.cmd('silent! tabonly! | silent! only!')
  vim.wo.winfixbuf = false
  vim.cmd('enew!')
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if bufnr ~= vim.api.nvim_get_current_buf() then vim.api.nvim_buf_delete(bufnr, { force = true }) end
  end
  vim.fn.setqflist({}, 'f')
  _G.told, _G.asked, _G.chosen, _G.typed = {}, {}, nil, nil
  require('rlm.session').model = nil
"""


@pytest.fixture
def nvim(offline_neovim: Neovim) -> Neovim:
    """The session's Neovim whose server has no model, with no file open."""
    offline_neovim.lua(FRESH)
    return offline_neovim


@pytest.fixture
def live(asking_neovim: Neovim, models: Models) -> Neovim:
    """The session's Neovim whose server asks `models`, with no file open."""
    asking_neovim.lua(FRESH)
    return asking_neovim
