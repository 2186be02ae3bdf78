"""The wheel on an empty machine, by the tools that people install with: it comes with all it needs, and answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from tests.release.conftest import ROOT, Machine, tool

from rlm_ls import __version__

LOG = "".join(f"2024-01-01 00:00:{n % 60:02} {'ERROR' if n % 10 == 3 else 'INFO'} took={n} ms\n" for n in range(400))


def by_pip(machine: Machine, wheel: Path) -> Path:
    """In the versions that were tested: pip takes minutes to find out which of the newest go together."""
    lock = re.findall(r"(?m)^[\w.-]+==[^\s;]+", (ROOT / "install.lock").read_text("utf-8"))
    (machine.home / "tested.txt").write_text("\n".join(lock))
    machine.run(machine.env["UV_PYTHON"], "-P", "-m", "venv", machine.home / "own")
    machine.run(machine.home / "own/bin/python", "-P", "-m", "pip", "install", "-q", "-c", "tested.txt", wheel)
    return machine.home / "own" / "bin"


def by_pipx(machine: Machine, wheel: Path) -> Path:
    machine.run(tool("pipx"), "install", wheel)
    return machine.home / ".local" / "bin"


def by_uv(machine: Machine, wheel: Path) -> Path:
    machine.run(tool("uv"), "tool", "install", "-q", wheel)
    return machine.home / ".local" / "bin"


@pytest.mark.parametrize("install", [by_pip, by_pipx, by_uv])
def test_installed_on_an_empty_machine_it_answers_without_a_model(
    install: Callable[[Machine, Path], Path], machine: Machine, wheel: Path
) -> None:
    server = install(machine, wheel) / "rlm-ls"
    assert machine.run(server, "--version") == f"rlm-ls {__version__}\n"
    (machine.home / "app.log").write_text(LOG)
    answer = machine.run(server, "ask", "How many lines contain ERROR?", "app.log")
    assert "40" in answer
    assert "app.log:4" in answer


def test_it_runs_without_being_installed(machine: Machine, wheel: Path) -> None:
    said = {
        machine.run(*by, "--from", wheel, "rlm-ls", "--version") for by in ((tool("uvx"),), (tool("uv"), "tool", "run"))
    }
    assert said == {f"rlm-ls {__version__}\n"}


async def test_the_command_that_the_registry_of_mcp_servers_names_serves_agents(machine: Machine, wheel: Path) -> None:
    (machine.home / "app.log").write_text(LOG)
    (package,) = json.loads((ROOT / "release" / "server.json").read_text("utf-8"))["packages"]
    assert package["runtimeHint"] == "uvx"
    args = [*given(package["runtimeArguments"], machine), "--from", str(wheel), "rlm-ls"]
    args += given(package["packageArguments"], machine)
    server = StdioServerParameters(command=str(tool("uvx")), args=args, env=machine.env, cwd="/")
    async with Client(stdio_client(server)) as client:
        answer = await client.call_tool("ask", {"question": "How many lines contain ERROR?", "paths": ["app.log"]})
    assert "40" in str(getattr(answer, "structured_content", None))


def given(arguments: list[dict[str, str]], machine: Machine) -> list[str]:
    """The command line of arguments as server.json has them; the user names the home's folder."""
    return [
        part
        for one in arguments
        for part in ([one["name"]] if one["type"] == "named" else []) + [one.get("value", str(machine.home))]
    ]


def test_what_an_extra_would_bring_is_named_where_it_is_missing(machine: Machine, wheel: Path) -> None:
    uvx = (tool("uvx"), "--from", wheel, "rlm-ls")
    for door in ("mcp", "acp"):
        with pytest.raises(AssertionError, match=rf"pip install 'rlm-ls\[{door}\]'"):
            machine.run(*uvx, door)
