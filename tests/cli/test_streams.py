"""Standard input, pipes and files of the kernel's are read to their end and then judged like any file."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

TEXT = "".join(f"{n} {'ERROR' if n % 8 == 3 else 'INFO'} é\n" for n in range(400))
QUESTION = "How many ERROR lines are there?"
RIGHT = "50 lines hold ERROR."


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-P", "-m", "rlm_ls", "ask", "--model", "offline", *map(str, arguments)]


def asked(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command(*arguments), input=stdin, capture_output=True, timeout=240, check=False)


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16"),
        gzip.compress(TEXT.encode()),
        gzip.compress(TEXT.encode("utf-16")),
    ],
    ids=["utf-8", "utf-16 without a mark", "utf-16", "gzip", "gzip of utf-16"],
)
def test_standard_input_is_judged_like_a_file(data: bytes) -> None:
    done = asked(QUESTION, "-", stdin=data)
    assert done.stdout.decode().startswith(RIGHT), done.stderr.decode()


def test_the_encoding_that_is_named_holds_for_standard_input() -> None:
    done = asked("--encoding", "utf-16-le", QUESTION, "-", stdin=TEXT.encode("utf-16-le"))
    assert done.stdout.decode().startswith(RIGHT), done.stderr.decode()


def test_binary_standard_input_is_an_error_and_no_count_of_0() -> None:
    done = asked(QUESTION, "-", stdin=bytes(range(256)) * 100)
    assert done.returncode == 1
    assert b"error 4102" in done.stderr


def test_standard_input_that_is_empty_says_so() -> None:
    done = asked(QUESTION, "-", stdin=b"")
    assert done.returncode == 1
    assert b"standard-input.txt gave nothing (0 bytes)" in done.stderr


def test_a_named_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.log"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(TEXT.encode()),))
    writer.start()
    done = asked(QUESTION, pipe)
    writer.join()
    assert done.stdout.decode().startswith(RIGHT), done.stderr.decode()
    assert b"pipe.log:4" in done.stdout


def test_a_substituted_process_is_read_to_its_end() -> None:
    script = f"{sys.executable} -P -m rlm_ls ask --model offline '{QUESTION}' <(cat)"
    done = subprocess.run(["bash", "-c", script], input=TEXT.encode(), capture_output=True, timeout=240, check=False)
    assert done.stdout.decode().startswith(RIGHT), done.stderr.decode()


@pytest.mark.parametrize("named", ["/dev/stdin < a.log", "/dev/fd/0 < a.log", "/dev/fd/7 7< a.log", "a.log <&-"])
def test_a_descriptor_is_that_of_the_command(tmp_path: Path, named: str) -> None:
    (tmp_path / "a.log").write_text(TEXT, encoding="utf-8")
    script = f"{sys.executable} -P -m rlm_ls ask --model offline '{QUESTION}' {named}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, timeout=240, check=False)
    assert done.stdout.decode().startswith(RIGHT), done.stderr.decode()


def test_standard_input_that_is_closed_gives_nothing() -> None:
    script = f"{sys.executable} -P -m rlm_ls ask --model offline '{QUESTION}' - <&-"
    done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=240, check=False)
    assert done.returncode == 1
    assert b"standard-input.txt gave nothing (0 bytes)" in done.stderr


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="a file of Linux's kernel")
def test_a_file_of_the_kernels_has_content_although_it_says_0_bytes() -> None:
    lines = len(Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines())
    assert asked("How many lines are there?", "/proc/cpuinfo").stdout.decode().startswith(f"{lines} lines")


def test_a_stream_without_end_stops_at_the_limit() -> None:
    environment = {**os.environ, "RLM_CONTEXT_UNPACK_MB": "4"}
    with subprocess.Popen(["yes", "ERROR"], stdout=subprocess.PIPE) as endless:
        done = subprocess.run(
            command(QUESTION, "-"), stdin=endless.stdout, capture_output=True, timeout=240, env=environment, check=False
        )
        endless.kill()
    assert done.returncode == 1
    assert b"gives more than 4 MiB" in done.stderr


def test_ctrl_c_ends_the_wait_for_a_stream_that_says_nothing() -> None:
    with subprocess.Popen(command(QUESTION, "-"), stdin=subprocess.PIPE, stderr=subprocess.PIPE) as waiting:
        watched = Path(f"/proc/{waiting.pid}/task")
        while len(list(watched.iterdir())) < 2:  # the thread that reads
            pass
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(timeout=240) == 130
