"""A folder cannot have anything of its own run by being the place where the server, or a command, is started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.hostile_folder import HostileFolder
from tests.lsp.editor import Editor, document
from tests.patience import PATIENCE

SCRIPT = str(Path(sys.executable).with_name("rlm-ls"))


@pytest.fixture
def hostile(tmp_path: Path) -> HostileFolder:
    return HostileFolder(tmp_path / "workspace", tmp_path / "marks")


@pytest.mark.parametrize("start", ["rlm-ls", "python -P -m rlm_ls", "python -I -m rlm_ls"])
async def test_a_server_that_an_editor_starts_in_a_folder_runs_nothing_of_it(
    hostile: HostileFolder, state_dir: Path, start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(hostile.path)
    command = [SCRIPT] if start == "rlm-ls" else [sys.executable, start.split()[1], "-m", "rlm_ls"]
    async with Editor(command=command, env=hostile.environment) as editor:
        await editor.initialize(folders=[hostile.path])
        log = (hostile.path / "app.log").as_uri()
        answer = await editor.request("rlm/ask", {"question": "How many lines?", "scope": document(log)})
        assert answer["status"] == "answered"
        places = {os.readlink(f"/proc/{process.pid}/cwd") for process in family(editor.process.pid)}
        assert not any(Path(place).is_relative_to(hostile.path) for place in places), places
        assert await editor.shutdown() == 0
    assert hostile.ran() == []


def family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    children = process.children(recursive=True)
    assert children, "the search workers live on"
    return [process, *children]


def test_commands_in_a_folder_run_nothing_of_it_and_take_its_names(hostile: HostileFolder, state_dir: Path) -> None:
    environment = {**os.environ, **hostile.environment, "RLM_LEVELS": "dsl,wasm,native,llm"}
    for arguments in (["ask", "How many lines?", "app.log"], ["doctor"]):
        done = subprocess.run(
            [SCRIPT, *arguments], cwd=hostile.path, env=environment, capture_output=True, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stderr.decode()
    assert hostile.ran() == []


def test_started_as_a_module_it_runs_nothing_that_python_itself_does_not(tmp_path: Path, state_dir: Path) -> None:
    # `python -m` looks into the folder before we can say anything: a `rlm_ls` there only -P or -I keep out.
    hostile = HostileFolder(tmp_path / "workspace", tmp_path / "marks", sooner=False)
    command = [sys.executable, "-m", "rlm_ls", "ask", "How many lines?", "app.log"]
    environment = {**os.environ, **hostile.environment}
    done = subprocess.run(
        command, cwd=hostile.path, env=environment, capture_output=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert hostile.ran() == []


async def test_a_relative_state_folder_means_the_folder_that_the_server_was_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.log").write_text("one\n")
    async with Editor(command=[SCRIPT], env={"RLM_STATE_DIR": "state"}) as editor:
        await editor.initialize()
        await editor.request("rlm/ask", {"question": "How many?", "scope": document((tmp_path / "app.log").as_uri())})
        assert await editor.shutdown() == 0
    assert (tmp_path / "state").is_dir()
