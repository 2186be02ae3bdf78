"""What others wrote reaches no terminal as a command: the real program, through a pipe and at a pseudo-terminal."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.model_server import ModelServer
from tests.patience import PATIENCE

from rlm_ls import cli

HOSTILE = "\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x1b\\\x1b[2J\x1b[41mred\x9b31m\x9d0;x\x9c\x7f\x08\rover\u202edrow\u2066"
NAME = "a\x1b]52;c;ZXZp\x07\x1b[2J\n\x9b2J\u202e.log"
LINE = f"2024-01-01 ERROR {HOSTILE} end"

OWN = re.compile(r"\x1b\[[\d;]*m|\x1b\[\?25[lh]|\x1b\[2K|\x1b\[1A|\r(?=\x1b\[)|\r\n")
"""rich's: colours, and what its status line needs. `\\r\\n` is the pseudo-terminal's end of a line."""
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def clean(shown: bytes, *, terminal: bool) -> str:
    text = shown.decode("utf-8")
    rest = OWN.sub("", text) if terminal else text
    found = UNSAFE.search(rest)
    assert found is None, ascii(rest[max(0, found.start() - 60) : found.end() + 60])
    assert "\x1b[41m" not in text
    assert "\x1b[2J" not in text
    return text


def through_a_pipe(*arguments: object, **environment: str) -> str:
    command = [sys.executable, "-P", "-m", "rlm_ls", *map(str, arguments)]
    env = {**os.environ, **environment}
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, env=env, check=False
    )
    return clean(done.stdout, terminal=False) + clean(done.stderr, terminal=False)


def at_a_terminal(*arguments: object, **environment: str) -> str:
    master, slave = os.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "200", **environment}
    command = [sys.executable, "-P", "-m", "rlm_ls", *map(str, arguments)]
    shown = bytearray()
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env) as process:
        os.close(slave)
        try:
            while piece := os.read(master, 65536):
                shown += piece
        except OSError:  # the other side is closed
            pass
        process.wait(120)
    os.close(master)
    return clean(bytes(shown), terminal=True)


WAYS = [
    through_a_pipe,
    pytest.param(at_a_terminal, marks=pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")),
]


def said(body: Mapping[str, Any]) -> str:
    """A plan, a program and an answer, all of them hostile, and a link that hides where it leads."""
    turns = sum(message["role"] == "user" for message in body["messages"])
    if turns == 1:
        code = f"hits = find('ERROR')\nprint(hits[0].text, {HOSTILE!r})\nprint(docs())\nraise ValueError({HOSTILE!r})"
    else:
        link = "\n\n[here](http://evil.example/?q=1)\n\n"
        code = f"chart('bars', [({HOSTILE!r}, 3, hits[0]), ('x', 1)], {HOSTILE!r})\n"
        code += f"chart('heat', [(({HOSTILE!r}, 'b'), 3)])\n"
        code += f"submit({HOSTILE!r} + {link!r} + '`' + hits[0].text + '`', cite=[hits[0]])"
    return f"I look. {HOSTILE}\n```python\n{code}\n```"


@pytest.fixture
async def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / NAME).write_text(f"{LINE}\nplain\n" * 20, encoding="utf-8")
    async with ModelServer(said) as server:
        for name, value in {
            "RLM_MODEL": "openai/scripted",
            "RLM_MODELS_API_BASE": server.base_url,
            "OPENAI_API_KEY": "sk-test",
            "RLM_CONTEXT_DIRECT_TOKENS": "0",
        }.items():
            monkeypatch.setenv(name, value)
        yield folder


@pytest.mark.parametrize("way", WAYS)
async def test_a_hostile_run_drives_no_terminal_whatever_command_shows_it(hostile: Path, way: Any) -> None:
    from asyncio import to_thread as do

    shown = await do(way, "ask", "--steps", f"Where? {HOSTILE}", hostile)
    assert "answered" not in shown.split("\n", maxsplit=1)[0]
    assert r"\x1b]52;c;ZXZpbA==\x1b" in shown  # something was there, and can be seen
    assert "evil.example" in shown  # a link says where it leads
    page = hostile.parent / "trace.html"
    written = ("ask", "--json", f"Where? {HOSTILE}", hostile), ("runs", "--json"), ("trace", "--json")
    estimates = ("estimate", f"Where? {HOSTILE}", hostile), ("estimate", "--json", "Where?", hostile), ("cache",)
    for command in (
        ("ask", "Where?", hostile / NAME),
        ("runs",),
        ("trace",),
        ("trace", "--html", page),
        ("replay", "--steps"),
        ("resume", "last"),
        ("ask", "Where?", hostile / f"{HOSTILE}.none"),
        ("trace", HOSTILE),
        ("ask", "Where?", hostile, "--turns", f"x{HOSTILE}"),
        *((*written, *estimates) if way is through_a_pipe else ()),
    ):
        await do(way, *command)


async def test_json_means_the_text_as_its_reader_saw_it(hostile: Path) -> None:
    from asyncio import to_thread as do

    answer = json.loads(await do(through_a_pipe, "ask", "--json", "Where?", hostile))
    assert answer["citations"][0]["quote"].startswith("2024-01-01 ERROR red")


@pytest.mark.parametrize("way", WAYS)
def test_settings_and_models_that_hold_escapes(way: Any) -> None:
    foreign = HOSTILE
    setting = {"RLM_MODEL": f"openai/x{foreign}", "RLM_BUDGET_USD": foreign, "OPENAI_API_KEY": "sk-test"}
    assert "model" in way("models", **setting)
    assert "warning" in way("doctor", **setting)


@contextmanager
def refusing() -> Iterator[str]:
    """A provider that refuses with an error of its own making."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps({"error": {"message": HOSTILE, "type": HOSTILE, "code": HOSTILE}}).encode()
            self.send_response(400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("way", WAYS)
def test_a_providers_error_drives_no_terminal(way: Any, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("one\n")
    with refusing() as base:
        shown = way(
            "ask", "Where?", tmp_path / "a.log", RLM_MODEL="openai/x", RLM_MODELS_API_BASE=base, OPENAI_API_KEY="sk-t"
        )
    assert "error 42" in shown


TRACEBACK = """
import logging, sys, warnings
from rlm_ls.cli.terminal.console import guard
guard()
logging.getLogger("x").warning("log %s", {0!r})
warnings.warn({0!r})
print({0!r}, file=sys.stderr)
raise RuntimeError({0!r})
"""


def test_tracebacks_warnings_and_logs_are_visible() -> None:
    done = subprocess.run([sys.executable, "-P", "-c", TRACEBACK.format(HOSTILE)], capture_output=True, check=False)
    shown = clean(done.stderr, terminal=False)
    assert shown.count(r"\x1b[2J") >= 4


def test_every_command_writes_through_the_console_alone() -> None:
    """`print`, a stream's `write`, a Console of its own: all of that is cli/terminal/console.py's."""
    folder = Path(cli.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        if path.name == "console.py" or folder / "demo" / "project" in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                place = f"{path.name}:{node.lineno}: {called}"
                assert called not in {"print", "input", "Console", "Markdown", "typer.echo"}, place
                assert not re.fullmatch(r"(sys\.std(out|err)|click)\b.*\.(write|writelines|echo)", called), place
