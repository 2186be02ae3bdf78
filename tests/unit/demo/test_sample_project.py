"""The sample project and the questions: what the demo claims about them holds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rlm_ls.cli.demo.questions import PROJECT, QUESTIONS


def test_the_sample_project_passes_its_own_tests() -> None:
    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", "tests"],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": ".", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_the_sample_project_is_plain_text_and_large_enough_to_be_asked_about() -> None:
    files = [path for path in PROJECT.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    lines = sum(len(path.read_bytes().decode("utf-8").splitlines()) for path in files)
    assert 25 <= len(files) <= 60
    assert lines > 1200
    assert {path.suffix for path in files} == {".md", ".py", ".toml", ".ts", ".json"}


def test_two_questions_are_about_the_log_and_one_about_the_project() -> None:
    assert [question.about for question in QUESTIONS] == ["log", "log", "project"]
    assert len({question.recording for question in QUESTIONS}) == 3


def test_the_target_of_a_question_exists(tmp_path: Path) -> None:
    assert {question.target(tmp_path).exists() for question in QUESTIONS} == {True}
