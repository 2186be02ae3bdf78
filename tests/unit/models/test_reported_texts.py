"""Files as people reported them, answered by the offline model through the engine, each with its right value."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from rlm_ls.context.scope import Scope
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest
from rlm_ls.settings.sections import Settings

FIFTY_ERRORS = "".join(
    f"2026-11-27 10:00:{n % 60:02} {'ERROR' if n % 4 == 0 else 'INFO'} job {n}\n" for n in range(200)
)
ERRORS = "How many ERROR lines are there?"


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    engine = await Engine.open(settings=Settings(), state_dir=tmp_path / "state")
    yield engine
    await engine.close()


async def answered(engine: Engine, question: str, path: Path) -> str:
    answer = await engine.ask(AskRequest(question, Scope("files", files=(str(path),))), lambda _event: None)
    return answer.answer


@pytest.mark.asyncio
async def test_a_compressed_log_is_counted_as_its_text(engine: Engine, tmp_path: Path) -> None:
    log = tmp_path / "app.log.1.gz"
    log.write_bytes(gzip.compress(FIFTY_ERRORS.encode()))
    assert "50 lines hold ERROR" in await answered(engine, ERRORS, log)


@pytest.mark.asyncio
async def test_coloured_lines_are_counted_as_their_reader_saw_them(engine: Engine, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(
        b"\x1b[2m2024-01-01 00:00:01\x1b[0m \x1b[31mERROR\x1b[0m disk full took=12ms\n"
        b"\x1b[2m2024-01-01 00:00:02\x1b[0m \x1b[32mINFO\x1b[0m ok took=15ms\n"
        b"\x1b[2m2024-01-01 00:00:03\x1b[0m \x1b[31mERROR\x1b[0m disc\x1b[41monnect\x1b[0m\n"
    )
    assert "2 lines hold ERROR" in await answered(engine, ERRORS, log)
    levels = await answered(engine, "How many lines per level?", log)
    assert "ERROR: 2" in levels
    assert "INFO: 1" in levels
    assert "1 line holds disconnect" in await answered(engine, "How many lines contain 'disconnect'?", log)


@pytest.mark.asyncio
async def test_utf_16_without_a_mark_is_read_when_named(engine: Engine, tmp_path: Path) -> None:
    log = tmp_path / "u.log"
    log.write_bytes(FIFTY_ERRORS.encode("utf-16-le"))
    assert "50 lines hold ERROR" in await answered(engine, ERRORS, log)


@pytest.mark.asyncio
async def test_every_function_of_a_long_file_is_counted(engine: Engine, tmp_path: Path) -> None:
    code = tmp_path / "many.py"
    code.write_text("".join(f"def f{n}():\n    pass\n" for n in range(5_200)), "utf-8")
    assert "5,200" in await answered(engine, "How many functions are defined?", code)


@pytest.mark.asyncio
@pytest.mark.parametrize("together", ["in a folder", "named"])
async def test_first_and_last_of_a_rotated_log_mean_time(engine: Engine, tmp_path: Path, together: str) -> None:
    pieces = {"app.log": "ERROR newest\n", "app.log.1": "ERROR older\n"}  # no times: only the names tell
    for name, text in pieces.items():
        (tmp_path / "logs").mkdir(exist_ok=True)
        (tmp_path / "logs" / name).write_text(text, "utf-8")
    (tmp_path / "logs" / "app.log.2.gz").write_bytes(gzip.compress(b"ERROR oldest\n"))
    folder = str(tmp_path / "logs")
    files = (folder,) if together == "in a folder" else tuple(f"{folder}/{name}" for name in (*pieces, "app.log.2.gz"))
    scope = Scope("files", files=files)
    first = await engine.ask(AskRequest("What is the first ERROR line?", scope), lambda _event: None)
    last = await engine.ask(AskRequest("What is the last ERROR line?", scope), lambda _event: None)
    assert "app.log.2.gz:1:" in first.answer
    assert "app.log:1:" in last.answer


@pytest.mark.asyncio
async def test_a_folder_read_in_part_names_the_ignore_rule_and_the_option(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "read.txt").write_text("ERROR one\n", "utf-8")
    (folder / "kept.log").write_text("ERROR two\n", "utf-8")
    (folder / ".ignore").write_text("*.log\n", "utf-8")
    partly = await engine.ask(AskRequest(ERRORS, Scope("files", files=(str(folder),))), lambda _event: None)
    assert [one for one in partly.warnings if "*.log" in one and "--include" in one], partly.warnings
    (folder / ".ignore").unlink()
    whole = await engine.ask(AskRequest(ERRORS, Scope("files", files=(str(folder),))), lambda _event: None)
    assert not [one for one in whole.warnings if "gnore" in one]


@pytest.mark.asyncio
@pytest.mark.parametrize("question", ["How many functions are defined?", "Where is f7 defined?"])
async def test_an_answer_from_the_outlines_of_some_files_says_so(engine: Engine, tmp_path: Path, question: str) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    for number in range(501):
        (folder / f"f{number:03}.c").write_text(f"int f{number}(int a)\n{{\n    return a;\n}}\n", "utf-8")
    assert "first 500 of 501 documents" in await answered(engine, question, folder)
