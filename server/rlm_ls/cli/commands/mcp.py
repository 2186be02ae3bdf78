"""`rlm-ls mcp`: the server for agents that speak the Model Context Protocol."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from rlm_ls.cli.terminal.console import err
from rlm_ls.cli.terminal.session import run, user_settings
from rlm_ls.errors import BadRequest

SHORTEST_TOKEN = 16


def mcp(
    root: Annotated[list[str] | None, typer.Option(help="Folder that may be read; the current one if none.")] = None,
    http: Annotated[int | None, typer.Option(min=0, max=65535, help="Serve over HTTP on this loopback port.")] = None,
    token_env: Annotated[
        str | None, typer.Option(help="Variable with the token of HTTP clients; else one is made.")
    ] = None,
) -> None:
    """Serve agents (Model Context Protocol): ask about long texts, explore them with scripts. Needs the extra `mcp`."""
    run(_serve(root or [], http, token_env))


async def _serve(roots: list[str], port: int | None, token_env: str | None) -> int:
    settings = user_settings()
    try:
        from rlm_ls.mcp.server import Door, names
        from rlm_ls.mcp.serving import serve_http, serve_stdio
    except ImportError:
        raise BadRequest("The Model Context Protocol is not installed.", "pip install 'rlm-ls[mcp]'.") from None
    folders = names(roots)
    if missing := [folder for folder in folders if not folder.is_dir()]:
        raise BadRequest(f"{missing[0]} is no folder.", "Name a folder: --root FOLDER.")
    door = Door(settings, folders)
    if port is None:
        await serve_stdio(door)
        return 0
    await serve_http(door, port, _token(token_env), _announce)
    return 0


def _token(variable: str | None) -> str | None:
    if variable is None:
        return None
    token = os.environ.get(variable, "")
    if len(token) < SHORTEST_TOKEN:
        raise BadRequest(
            f"The variable {variable} holds no token of {SHORTEST_TOKEN} characters.", "Set it, or leave it out."
        )
    return token


def _announce(address: str, token: str) -> None:
    err.print(f"rlm-ls: {address}", markup=False)
    err.print(f"Authorization: Bearer {token}", markup=False)
