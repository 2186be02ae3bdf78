"""`rlm-ls mcp` and `rlm-ls acp` alone: their clients wait for them, and need nothing of the commands for people."""

from __future__ import annotations

from typing import Any

import typer

from rlm_ls.cli.commands.acp import acp
from rlm_ls.cli.commands.mcp import mcp

DOORS = (mcp, acp)
OPTIONS: dict[str, Any] = {
    "name": "rlm-ls",
    "no_args_is_help": True,
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
"""Of every app of commands."""

app = typer.Typer(**OPTIONS)
for door in DOORS:
    app.command()(door)
