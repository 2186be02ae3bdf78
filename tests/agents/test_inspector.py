"""Programs that others wrote, against the real process: the Inspector's command line, and the conformance suite."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.npm import command
from tests.patience import PATIENCE

INSPECTOR = ("@modelcontextprotocol/inspector", "clients/launcher/build/index.js")
CONFORMANCE = ("@modelcontextprotocol/conformance", "dist/index.js")
TOKEN = "a-token-of-this-test"
APPLIES = {
    "server-initialize",
    "ping",
    "tools-list",
    "tools-call-error",
    "server-sse-multiple-streams",
    "resources-list",
    "prompts-list",
    "dns-rebinding-protection",
}
"""Scenarios about any server. The others call tools, resources and prompts that only the suite's own example has."""

WITHOUT_A_TOKEN = """
import sys
from rlm_ls.mcp import serving
serving.guarded = lambda app, token: app  # the suite cannot send one
from rlm_ls.cli.main import app_for
app_for(["mcp"])()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "app.log").write_text("".join(f"{'ERROR' if n % 10 == 3 else 'INFO'} took={n}\n" for n in range(400)))
    return folder


async def said(*words: str, env: dict[str, str] | None = None) -> tuple[str, str]:
    """What a program prints on stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(env or {})},
        cwd="/",
    )
    try:
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return out.decode(), err.decode()


@asynccontextmanager
async def serving(folder: Path, *how: str) -> AsyncIterator[str]:
    """The address of a server over HTTP."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", *how, "mcp", "--root", str(folder), "--http", "0", "--token-env", "TEST_TOKEN"),
        env={**os.environ, "TEST_TOKEN": TOKEN},
        stderr=asyncio.subprocess.PIPE,
        cwd="/",
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE):
            address = (await process.stderr.readline()).decode().split()[-1]
        drain = asyncio.ensure_future(process.stderr.read())
        yield address
        drain.cancel()
    finally:
        process.terminate()
        await process.wait()


async def test_the_inspector_starts_it_and_lists_tools_without_an_error_in_their_schemas(folder: Path) -> None:
    server = (sys.executable, "-P", "-m", "rlm_ls", "mcp", "--root", str(folder))
    out, err = await said(*command(*INSPECTOR), "--cli", *server, "--method", "tools/list", "--strict")
    assert {tool["name"] for tool in json.loads(out)["tools"]} == {"ask", "open", "run", "check"}
    assert re.search(r"\b0 errors\b", err), err


async def test_the_inspector_opens_a_log_and_explores_it(folder: Path) -> None:
    async with serving(folder, "-m", "rlm_ls") as address:

        async def call(tool: str, **arguments: str) -> dict[str, Any]:
            pairs = [f"{name}={value}" for name, value in arguments.items()]
            how = ("--transport", "http", "--header", f"Authorization: Bearer {TOKEN}")
            words = ("--cli", address, *how, "--method", "tools/call", "--tool-name", tool, "--tool-arg", *pairs)
            out, err = await said(*command(*INSPECTOR), *words)
            result: dict[str, Any] = json.loads(out)
            assert not result.get("isError"), out + err
            data: dict[str, Any] = result["structuredContent"]
            return data

        opened = await call("open", paths='["app.log"]')
        assert "app.log: 400 lines" in opened["card"]
        # Another process: the session is the server's.
        ran = await call("run", session=opened["session"], script='print(count("ERROR", by="line"))')
        assert ran["output"].split()[0] == "40"


async def test_the_conformance_suite_finds_no_fault_where_it_applies(folder: Path, tmp_path: Path) -> None:
    async with serving(folder, "-c", WITHOUT_A_TOKEN) as address:
        out, err = await said(*command(*CONFORMANCE), "server", "--url", address, "-o", str(tmp_path / "results"))
    found = dict(re.findall(r"(?m)^\W+ ([\w-]+): \d+ passed, (\d+) failed", out))
    assert {name: found.get(name) for name in APPLIES} == dict.fromkeys(APPLIES, "0"), out[-3000:] + err[-1000:]
