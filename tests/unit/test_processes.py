"""Whether a process is alive, also where the number is of no process that there could be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlm_ls.context.snapshot.pack import PREFIX, Pack
from rlm_ls.lsp.transport.client_process import watch
from rlm_ls.processes import is_alive

IMPOSSIBLE = [1 << 31, 10**30]
"""Beyond what a process id can be on any system."""


def test_a_process_is_alive_until_it_has_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_alive(os.getpid())
    assert is_alive(child.pid)
    child.communicate()
    assert not is_alive(child.pid)


@pytest.mark.parametrize("process", IMPOSSIBLE)
def test_a_number_that_is_no_process_id_is_of_no_process(process: int) -> None:
    assert not is_alive(process)


@pytest.mark.parametrize("process", IMPOSSIBLE)
async def test_a_client_that_names_no_process_id_is_not_watched(process: int) -> None:
    ended: list[int] = []
    await watch(process, lambda: ended.append(process))
    assert ended == []


@pytest.mark.parametrize("process", IMPOSSIBLE)
def test_a_folder_named_after_no_process_stands_in_no_questions_way(tmp_path: Path, process: int) -> None:
    left = tmp_path / f"{PREFIX}{process}-left"
    left.mkdir(mode=0o700)
    Pack(str(tmp_path)).release()
    assert not left.exists()
