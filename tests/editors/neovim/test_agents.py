"""The plugin's commands for agents: what it hands to other plugins is run here as they would run it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from acp import PROTOCOL_VERSION, spawn_agent_process
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from tests.editors.neovim.conftest import Start
from tests.editors.neovim.driver import Neovim


def test_the_command_for_agents_serves_the_folder_of_the_buffer(nvim: Neovim, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    (project / "app.log").write_text("ERROR one\nfine\n")
    nvim.lua(f"vim.cmd.edit({str(project / 'app.log')!r})")
    command = nvim.lua("return require('rlm').mcp()")
    assert command[-3:] == ["mcp", "--root", str(project)]

    async def card() -> str:
        server = StdioServerParameters(command=command[0], args=command[1:], cwd="/")
        async with Client(stdio_client(server)) as client:
            opened = await client.call_tool("open", {"paths": ["app.log"]})
            return str(getattr(opened, "structured_content", None))

    assert "app.log: 2 lines" in asyncio.run(card())


def test_without_a_folder_there_is_nothing_to_serve(start: Start) -> None:
    nvim = start(start=False)
    nvim.lua("vim.cmd.cd('/')")
    assert nvim.lua("return require('rlm').mcp()") is None
    assert nvim.lua("return require('rlm').mcp('/srv')")[-1] == "/srv"


def test_the_agents_command_is_an_agent(nvim: Neovim) -> None:
    command = nvim.lua("return require('rlm').acp()")

    async def told() -> object:
        async with spawn_agent_process(object(), *command, cwd="/") as (connection, _):  # type: ignore[arg-type]
            return (await connection.initialize(protocol_version=PROTOCOL_VERSION)).agent_info

    assert getattr(asyncio.run(told()), "name", None) == "rlm-ls"
