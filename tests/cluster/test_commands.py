"""A cluster at the terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.patience import PATIENCE


def rlm(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "rlm_ls", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "RLM_STATE_DIR": str(folder), **env},
        cwd="/",
    )


def doctor(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return rlm(folder, "doctor", "--cluster", **env)


def ask(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return rlm(folder, "ask", "--model", "offline", "How many lines contain ERROR?", *arguments, **env)


def test_the_doctor_shows_nodes_versions_and_how_fast_they_search(tmp_path: Path) -> None:
    done = doctor(tmp_path, RLM_CLUSTER_ADDRESS="local:2", RLM_NODE_ROOTS=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert f", serves {tmp_path}" in " ".join(done.stdout.split())
    assert "2 nodes, 2 searches at once" in done.stdout
    assert len(re.findall(r"✓ node tls://127\.0\.0\.1:\d+ on .*: Python 3\.\d+\.\d+, .* MB/s", done.stdout)) == 2


def test_the_doctor_says_what_is_wrong_with_a_cluster(tmp_path: Path) -> None:
    for address, said in (("", "none is named"), ("tcp://127.0.0.1:1", "error 4311"), ("tcp://x:1", "error 4312")):
        done = doctor(tmp_path, RLM_CLUSTER_ADDRESS=address)
        assert done.returncode == 1
        assert said in done.stderr


def log(folder: Path) -> Path:
    path = folder / "app.log"
    path.write_text("".join(f"{n} {'ERROR' if n % 10 == 3 else 'INFO'}\n" for n in range(200_000)))
    return path


def test_a_question_is_answered_by_a_cluster_on_this_machine_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    done = ask(tmp_path, str(log(tmp_path)), "--cluster", "local:2")
    assert done.returncode == 0, done.stderr
    assert "20,000 lines" in done.stdout
    assert "; with the cluster local:2" in done.stdout
    assert done.stderr == ""
    mark = "rlm_ls.context.cluster.node"
    left = [one for one in psutil.process_iter(["cmdline", "environ"]) if mark in (one.info["cmdline"] or ())]
    assert [one for one in left if (one.info["environ"] or {}).get("RLM_STATE_DIR") == str(tmp_path)] == []


@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        ("tcp://10.255.255.1:8786", 4312, "without encryption"),
        ("tcp://cluster.example:8786", 4312, "without encryption"),
        ("tls://127.0.0.1:8786", 4312, "certificates"),
        ("ucx://127.0.0.1:8786", 4312, "no address"),
        ("local:0", 4312, "no address"),
        ("local:999", 4312, "at most"),
        ("tcp://127.0.0.1:1", 4311, "cannot be reached"),
    ],
)
def test_an_address_that_is_not_safe_or_not_there_is_said_before_anything_is_spent(
    tmp_path: Path, address: str, code: int, said: str
) -> None:
    done = ask(tmp_path, str(log(tmp_path)), "--cluster", address)
    assert done.returncode == 1
    assert f"error {code}: " in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr


def test_the_users_settings_name_a_cluster(tmp_path: Path) -> None:
    done = ask(tmp_path, str(log(tmp_path)), RLM_CLUSTER_ADDRESS="tcp://10.255.255.1:8786")
    assert "error 4312" in done.stderr
