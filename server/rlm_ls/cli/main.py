"""The commands for a person at a terminal. `rlm-ls` alone speaks LSP on stdio and never comes here."""

from __future__ import annotations

import typer

from rlm_ls.cli.commands.acp import acp
from rlm_ls.cli.commands.ask import ask
from rlm_ls.cli.commands.cache import cache
from rlm_ls.cli.commands.demo import demo
from rlm_ls.cli.commands.doctor import doctor, models
from rlm_ls.cli.commands.estimate import estimate
from rlm_ls.cli.commands.history import replay, trace
from rlm_ls.cli.commands.history import runs as history
from rlm_ls.cli.commands.mcp import mcp
from rlm_ls.cli.commands.resume import again, resume
from rlm_ls.cli.commands.watch import watch

app = typer.Typer(
    name="rlm-ls",
    help="Ask questions about text far too large for any model's context window. Without a command: a language server.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(history)
for command in (ask, estimate, demo, trace, replay, resume, again, watch, models, cache, doctor, mcp, acp):
    app.command()(command)
