"""The commands for a person at a terminal. `rlm-ls` alone speaks LSP on stdio and never comes here."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer

MODULES = {
    "ask": "ask",
    "estimate": "estimate",
    "demo": "demo",
    "runs": "history",
    "trace": "history",
    "replay": "history",
    "resume": "resume",
    "again": "resume",
    "watch": "watch",
    "models": "doctor",
    "cache": "cache",
    "doctor": "doctor",
    "mcp": "mcp",
    "acp": "acp",
}
"""Of each command, in the order of the help. A list of runs need not wait for what answers questions, nor an agent's
client for what is for people."""

OPTIONS: dict[str, Any] = {
    "name": "rlm-ls",
    "no_args_is_help": True,
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}

HELP = "Ask questions about text far too large for any model's context window. Without a command: a language server."


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """The command that the arguments name, and no other; all of them, where they name none."""
    app = typer.Typer(help=HELP, **OPTIONS)
    app.callback()(_all)
    for name in arguments[:1] if arguments[:1] and arguments[0] in MODULES else MODULES:
        command = getattr(import_module(f"rlm_ls.cli.commands.{MODULES[name]}"), name)
        if isinstance(command, typer.Typer):
            app.add_typer(command)
        else:
            app.command()(command)
    return app


def _all() -> None:
    """There is one group, of however many commands."""
