"""A folder that is edited has nothing of its own run, whatever it holds and wherever programs are looked for."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import psutil
import pytest
from tests.editors.neovim.conftest import Start
from tests.hostile_folder import HostileFolder


@pytest.mark.parametrize("cmd", [["rlm-ls"], [sys.executable, "-m", "rlm_ls"]], ids=["program", "module"])
def test_a_folder_that_is_edited_runs_nothing(start: Start, tmp_path: Path, cmd: list[str]) -> None:
    hostile = HostileFolder(tmp_path / "workspace", tmp_path / "marks")
    # Only this one program of the environment, and relative places before it.
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "rlm-ls").symlink_to(Path(sys.executable).with_name("rlm-ls"))
    path = os.pathsep.join((".", "bin", "", str(tmp_path / "programs"), os.environ["PATH"]))
    nvim = start(options={"cmd": cmd}, more=f"vim.env.PATH = [[{path}]]\nvim.cmd.cd([[{hostile.path}]])\n")
    nvim.edit(hostile.path / "app.log")
    run = nvim.ask("ask How many lines contain OrderFailed?")
    assert run["state"] == "answered"
    children = psutil.Process(nvim.lua("return vim.uv.os_getpid()")).children(recursive=True)
    assert children
    assert not any(Path(child.cwd()).is_relative_to(hostile.path) for child in children)
    nvim.command("checkhealth rlm")
    assert "is not an executable" not in nvim.text()
    assert hostile.ran() == []


def test_a_server_that_is_only_in_the_folder_is_no_server(start: Start, tmp_path: Path) -> None:
    hostile = HostileFolder(tmp_path / "workspace", tmp_path / "marks")
    folders = [place for place in os.environ["PATH"].split(os.pathsep) if not shutil.which("rlm-ls", path=place)]
    path = os.pathsep.join((".", "bin", *folders))
    nvim = start(options={"cmd": ["rlm-ls"]}, more=f"vim.env.PATH = [[{path}]]\nvim.cmd.cd([[{hostile.path}]])\n")
    nvim.edit(hostile.path / "app.log", attached=False)
    nvim.command("Rlm ask How many?")
    nvim.until_told("cannot be started")
    nvim.command("checkhealth rlm")
    assert hostile.ran() == []
