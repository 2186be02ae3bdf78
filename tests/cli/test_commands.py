"""The commands as a person types them: the real program, its output, its exit codes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import typer
from tests.editors.vscode.replies import serving

from rlm_ls.cli.commands import doctor
from rlm_ls.cli.main import MODULES
from rlm_ls.cli.terminal.session import session
from rlm_ls.executors.compiled.toolchains.checkup import Checkup
from rlm_ls.executors.compiled.toolchains.toolchain import ToolchainStatus
from rlm_ls.settings.sections import Settings

LOG = "".join(
    f"2024-01-01 00:00:{n % 60:02} {'ERROR' if n % 10 == 3 else 'INFO'} user=u{n % 7} took={n} ms\n" for n in range(400)
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text(LOG, encoding="utf-8")
    return path


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-P", "-m", "rlm_ls", *map(str, arguments)]


def rlm(*arguments: object, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command(*arguments), input=stdin, capture_output=True, timeout=240, cwd=cwd, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_the_help_shows_all_that_a_command_says_of_itself() -> None:
    """What stands in brackets would be taken for a colour, and be gone."""
    shown = "".join(rlm("--help").stdout.split()).replace("│", "")
    for name, module in MODULES.items():
        said = getattr(import_module(f"rlm_ls.cli.commands.{module}"), name)
        about = said.info.help if isinstance(said, typer.Typer) else said.__doc__
        paragraph = "".join((about or "").split("\n\n")[0].split())
        assert paragraph in shown, name


def test_ask_answers_with_citations_coverage_and_cost(log: Path) -> None:
    done = rlm("ask", "How many lines contain ERROR?", log)
    assert done.returncode == 0, done.stderr
    assert "40" in done.stdout
    assert "app.log:4" in done.stdout
    assert "1 document in scope, 1 searched" in done.stdout
    assert "not a language model" in done.stdout


def test_json_is_the_answer_of_the_wire_and_nothing_else(log: Path) -> None:
    answer = json.loads(rlm("ask", "--json", "How many lines contain ERROR?", log).stdout)
    assert answer["status"] == "answered"
    assert answer["route"] == "offline"
    assert answer["modelKind"] == "offline"
    assert answer["citations"][0]["line"] == 4


def test_standard_input_is_a_document() -> None:
    done = rlm("ask", "How many lines contain ERROR?", "-", stdin=LOG.encode())
    assert done.returncode == 0, done.stderr
    assert "40" in done.stdout


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("missing.log", None, 4101),
        ("binary.bin", b"\x00\x01\x02" * 100, 4102),
        ("empty.txt", b"", 4103),
        (".env", b"KEY=1\n", 4108),
    ],
)
def test_each_bad_document_has_its_code_and_a_remedy(
    tmp_path: Path, name: str, content: bytes | None, code: int
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    done = rlm("ask", "How many lines?", path)
    assert done.returncode == 1
    assert f"error {code}" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-32-be", "cp1252"])
def test_what_was_assumed_of_a_files_encoding_is_said(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "app.log"
    path.write_bytes("prénom ERROR\n".encode(codec) * 100)
    for done in (rlm("ask", "How many ERROR lines are there?", path), rlm("ask", "How many ERROR lines?", tmp_path)):
        assert done.returncode == 0, done.stderr
        assert "100" in done.stdout
        assert f"app.log was read as {codec.upper()} (detected)" in done.stdout


def test_the_remedy_for_a_wrong_encoding_works(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes("prénom ERROR\n".encode("latin-1") * 100)
    done = rlm("ask", "How many lines contain ERROR?", path, "--encoding", "utf-8")
    assert done.returncode == 1
    assert "error 4104" in done.stderr
    assert "--encoding latin-1" in done.stderr
    done = rlm("ask", "How many lines contain ERROR?", path, "--encoding", "latin-1")
    assert done.returncode == 0, done.stderr
    assert "100" in done.stdout


def test_an_empty_question_says_what_to_do(log: Path) -> None:
    done = rlm("ask", "  ", log)
    assert done.returncode == 1
    assert "error 4001" in done.stderr


def test_runs_trace_and_replay_show_the_same_run(log: Path) -> None:
    rlm("ask", "How many lines contain ERROR?", log)
    run_id = json.loads(rlm("runs", "--json").stdout)[0]["runId"]
    assert run_id in rlm("runs").stdout
    trace = rlm("trace", run_id[:10] if len(run_id) > 10 else run_id).stdout
    assert "## Turn 1" in trace
    assert "```python" in trace
    replayed = rlm("replay", "last")
    assert replayed.returncode == 0, replayed.stderr
    assert "same as the recorded run" in replayed.stderr


def test_a_trace_can_be_written_as_one_web_page(log: Path, tmp_path: Path) -> None:
    rlm("ask", "How many lines contain ERROR?", log)
    page = tmp_path / "trace.html"
    done = rlm("trace", "last", "--html", page)
    assert done.returncode == 0, done.stderr
    assert "How many lines contain ERROR?" in page.read_text(encoding="utf-8")
    assert rlm("trace", "last", "--html", tmp_path / "missing" / "trace.html").returncode != 0


def test_a_replay_over_changed_text_says_so(log: Path) -> None:
    rlm("ask", "How many lines contain ERROR?", log)
    log.write_text(LOG + "ERROR again\n", encoding="utf-8")
    replayed = rlm("replay", "last")
    assert replayed.returncode == 1
    assert "The texts have changed since" in replayed.stderr


def test_a_recording_replays_elsewhere_and_names_no_folder_of_the_machine(log: Path, tmp_path: Path) -> None:
    recording = tmp_path / "run.jsonl"
    done = rlm("ask", "How many lines contain ERROR?", "app.log", "--record", recording, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) not in recording.read_text(encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "app.log").write_text(LOG, encoding="utf-8")
    replayed = rlm("replay", recording, "--root", elsewhere, "--strict")
    assert replayed.returncode == 0, replayed.stderr


def test_an_unknown_run_names_the_command_that_lists_them() -> None:
    done = rlm("trace", "nosuchrun")
    assert done.returncode == 1
    assert "error 4401" in done.stderr


def test_a_schema_shapes_the_data_or_is_refused(log: Path, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text("[1]", encoding="utf-8")
    assert "error 4002" in rlm("ask", "How many?", log, "--schema", schema).stderr


def test_doctor_checks_every_part() -> None:
    done = rlm("doctor")
    assert done.returncode == 0, done.stderr
    assert "sandbox: works" in done.stdout
    assert "search workers: work" in done.stdout


def test_doctor_shows_what_compiles_and_what_is_off(monkeypatch: pytest.MonkeyPatch, compilers: Path) -> None:
    monkeypatch.setenv("RLM_LEVELS", "dsl,wasm")
    monkeypatch.setenv("RLM_STATE_DIR", str(compilers))
    done = rlm("doctor")
    assert done.returncode == 0, done.stderr
    assert "✓ wat programs, WebAssembly: wasmtime" in done.stdout
    assert "rust programs, WebAssembly: " in done.stdout
    assert "c programs, WebAssembly: " in done.stdout
    assert "native programs: off" in done.stdout


async def test_doctor_names_the_command_that_would_add_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def found(*_: object) -> Checkup:
        return Checkup(
            "launcher", "", (ToolchainStatus("rust", "wasm", "", False, "rustc is not installed", "apt install it"),)
        )

    monkeypatch.setattr(doctor, "checkup", found)
    async with session(Settings()) as opened:
        lines = await doctor._compiled_lines(opened.engine, ["wasm"])
    assert lines[1] == "– rust programs, WebAssembly: rustc is not installed\n  to add them: apt install it"


def test_models_says_how_to_name_one() -> None:
    assert "ollama_chat/" in rlm("models").stdout


def test_models_and_doctor_name_a_server_that_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tmp_path, []) as base_url:
        monkeypatch.setenv("HOSTED_VLLM_API_BASE", base_url)
        for name in ("models", "doctor"):
            assert f'found: vLLM at {base_url}: root = "hosted_vllm/scripted"' in rlm(name).stdout
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-shown")
    said = rlm("models").stdout
    assert 'found: OPENAI_API_KEY: root = "openai/gpt-4o-mini"' in said
    assert "vLLM" not in said
    assert "sk-not" not in said


def test_tables_are_printed_as_csv(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = "| host | n |\\n| --- | --- |\\n| pay, 03 | =81 |"
    drawn = "```python\nchart('bars', [('=x', 2)], 'Bars')\nsubmit('x')\n```"
    replies = [f"```python\nsubmit('{table}', cite=[])\n```", "```python\nsubmit('x', cite=[])\n```", drawn]
    with serving(tmp_path, replies) as base:
        for name, value in (("MODEL", "openai/scripted"), ("MODELS_API_BASE", base), ("MODELS_API_KEY_ENV", "KEY")):
            monkeypatch.setenv(f"RLM_{name}", value)
        monkeypatch.setenv("RLM_CONTEXT_DIRECT_TOKENS", "0")
        monkeypatch.setenv("KEY", "sk-test")
        done = rlm("ask", "--csv", "How many by host?", log)
        assert done.stdout == 'host,n\n"pay, 03",\'=81\n', done.stderr
        done = rlm("ask", "--csv", "How many?", log)
        assert (done.stdout, "no data, chart or table" in done.stderr) == ("", True)
        assert rlm("ask", "--csv", "How many?", log).stdout == "label,value\n'=x,2\n"


def test_a_bad_setting_is_a_warning(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLM_BUDGET_TURNS", "many")
    done = rlm("ask", "How many lines contain ERROR?", log)
    assert done.returncode == 0
    assert "warning: setting" in done.stderr


def test_a_reader_that_leaves_is_no_traceback(log: Path) -> None:
    rlm("ask", "How many lines contain ERROR?", log)
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command("trace", "last"), stdout=write, stderr=subprocess.PIPE, timeout=240, check=False)
    os.close(write)
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise on Windows")
def test_control_c_shows_what_was_found_and_leaves_no_process(tmp_path: Path) -> None:
    recording = tmp_path / "endless.jsonl"
    (tmp_path / "app.log").write_text(LOG, encoding="utf-8")
    events = [
        {"recording": 1, "rlmLs": "0", "model": "m", "made": "2026-01-01", "note": ""},
        *(
            {
                "type": kind,
                "turn": turn,
                **({"messages": [], "model": "m"} if kind == "modelCalled" else {"text": text, "finish": "stop"}),
            }
            for turn, text in (
                (1, "```python\nprint('so far', count('ERROR'))\n```"),
                (2, "```python\nwhile True: pass\n```"),
            )
            for kind in ("modelCalled", "modelReplied")
        ),
    ]
    recording.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    process = subprocess.Popen(
        command("ask", "--steps", "x?", tmp_path / "app.log", "--model", f"recorded:{recording}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    while b"while" not in (line := process.stderr.readline()):
        assert line, "the run ended before its second turn"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 130
    assert b"so far 40" in out


def test_an_estimate_says_what_a_question_may_cost(log: Path) -> None:
    done = rlm("estimate", "How many lines contain ERROR?", log)
    assert done.returncode == 0, done.stderr
    assert "route offline" in done.stdout
    assert "1 turn, 0 tokens, $0.0000" in done.stdout
    found = json.loads(rlm("estimate", "--json", "How many?", log).stdout)
    assert found["likely"] == {"turns": 1, "subCalls": 0, "tokens": 0, "usd": 0.0}


def test_the_cache_is_shown_and_cleared() -> None:
    shown = rlm("cache").stdout
    assert "0 replies, 0 compiled programs, 0 copies" in shown
    assert "0.0 MB; the limit of replies is 256 MB" in shown
    assert "Deleted 0 replies" in rlm("cache", "clear").stdout


def test_the_history_is_searched_exported_and_deleted(log: Path, tmp_path: Path) -> None:
    for level in ("ERROR", "INFO"):
        assert rlm("ask", f"How many lines contain {level}?", log).returncode == 0
    info, error = (run["runId"] for run in json.loads(rlm("runs", "--json").stdout))
    assert [run["runId"] for run in json.loads(rlm("runs", "--json", "--search", "error").stdout)] == [error]
    assert "No run's question or answer" in rlm("runs", "--search", "nonsense").stderr
    exported = json.loads(rlm("runs", "export", error, "--format", "json").stdout)
    assert exported["runId"] == error
    assert exported["answer"]["citations"][0]["line"] == 4
    assert exported["events"][0]["type"] == "runStarted"
    target = tmp_path / "run.md"
    assert rlm("runs", "export", error, "-o", target).returncode == 0
    text = target.read_text("utf-8")
    assert ["How many lines contain ERROR?" in text, "app.log:4" in text, "## Turn 1" in text] == [True] * 3
    assert rlm("runs", "export", error, "-o", tmp_path / "no" / "x").returncode == 1
    for arguments in ((), ("--all", error), ("--older-than", "soon"), ("--older-than", "-1d")):
        done = rlm("runs", "delete", *arguments)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "Deleted 0 runs" in rlm("runs", "delete", "--older-than", "1d").stdout
    assert "Deleted 1 run." in rlm("runs", "delete", error).stdout
    assert rlm("trace", error).returncode == 1
    assert "Deleted 1 run." in rlm("runs", "delete", "--older-than", "0h").stdout
    assert rlm("trace", info).returncode == 1


def test_a_check_says_whether_an_answer_is_still_true(log: Path) -> None:
    assert rlm("ask", "How many lines contain ERROR?", log).returncode == 0
    done = rlm("replay", "--check")
    assert (done.returncode, done.stdout.strip()) == (0, "still true"), done.stderr
    log.write_text(LOG.replace("INFO", "ERROR"), encoding="utf-8")
    done = rlm("replay", "last", "--check")
    assert done.returncode == 1
    assert "come to another answer now" in done.stdout
    assert done.stdout.strip().endswith("changed")
    assert rlm("ask", "How many lines contain ERROR?", "-", stdin=LOG.encode()).returncode == 0
    done = rlm("replay", "last", "--check")
    assert (done.returncode, done.stdout.strip().splitlines()[-1]) == (2, "cannot tell")


def without_rights(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command as a user whom modes of files hold for; root's capabilities are taken from it."""
    caps = "-dac_override,-dac_read_search"
    drop = ["setpriv", f"--bounding-set={caps}", f"--inh-caps={caps}"] if os.geteuid() == 0 else []
    command = [*drop, sys.executable, "-P", "-m", "rlm_ls", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder that cannot be opened, with a log in it, beside one that can."""
    folder = tmp_path / "all" / "closed"
    folder.mkdir(parents=True)
    (folder / "x.log").write_text("ERROR\n")
    (tmp_path / "all" / "open.log").write_text("ERROR\n")
    folder.chmod(0)
    yield folder
    folder.chmod(0o755)


@pytest.mark.skipif(os.name == "nt" or (os.geteuid() == 0 and not shutil.which("setpriv")), reason="modes of files")
def test_a_file_below_a_folder_without_rights_is_an_error_with_a_remedy(closed: Path) -> None:
    done = without_rights("ask", "How many ERROR lines are there?", closed / "x.log")
    assert done.returncode == 1
    assert done.stderr.startswith("error 4106: ")
    assert done.stderr.endswith("Check the path and its permissions.\n")


@pytest.mark.skipif(os.name == "nt" or (os.geteuid() == 0 and not shutil.which("setpriv")), reason="modes of files")
def test_folders_that_cannot_be_opened_are_named(closed: Path) -> None:
    done = without_rights("ask", "How many ERROR lines are there?", closed.parent)
    assert done.returncode == 0, done.stderr
    assert f"- {closed.as_uri()}/: is a folder that cannot be opened: Permission denied" in done.stdout
    done = without_rights("ask", "How many ERROR lines are there?", closed)
    assert done.returncode == 1
    assert "is a folder that cannot be opened" in done.stderr


@pytest.mark.parametrize("question", ["How many ERROR lines are there?", "How many " + "very " * 100 + "large lines?"])
def test_swapped_arguments_are_told(log: Path, question: str) -> None:
    for command in ("ask", "estimate"):
        done = rlm(command, log, question)
        assert done.returncode == 1
        assert done.stderr.startswith("error 4002: The question is the name of a file")
        assert 'rlm-ls ask "question" FILE' in done.stderr


@pytest.mark.parametrize("name", ["x" * 300, "/abcdefg" * 600])
def test_a_name_that_no_file_can_have_is_a_missing_file(name: str) -> None:
    done = rlm("ask", "How many ERROR lines are there?", name)
    assert done.returncode == 1
    assert done.stderr.startswith("error 4101: No file can be named ")
    assert len(done.stderr) < 500


def test_an_empty_name_is_not_the_folder_one_is_in() -> None:
    done = rlm("ask", "How many ERROR lines are there?", "")
    assert done.returncode == 1
    assert "error 4002" in done.stderr


def test_offline_counts_of_definitions_have_no_cap(tmp_path: Path) -> None:
    path = tmp_path / "many.py"
    path.write_text("".join(f"def f{n}(x):\n    return x\n" for n in range(5200)))
    done = rlm("ask", "How many functions are defined?", path)
    assert done.stdout.startswith("5,200 x function:")
    assert "- and 5,000 more" in done.stdout
