"""The commands for a person at a terminal. `rlm-ls` alone speaks LSP on stdio and never comes here."""

from __future__ import annotations

import typer

from rlm_ls.cli.commands.ask import ask
from rlm_ls.cli.commands.cache import cache
from rlm_ls.cli.commands.demo import demo
from rlm_ls.cli.commands.doctor import doctor, models
from rlm_ls.cli.commands.estimate import estimate
from rlm_ls.cli.commands.history import replay, trace
from rlm_ls.cli.commands.history import runs as history
from rlm_ls.cli.commands.resume import again, resume
from rlm_ls.cli.commands.watch import watch
from rlm_ls.cli.doors import DOORS, OPTIONS

app = typer.Typer(
    help="Ask questions about text far too large for any model's context window. Without a command: a language server.",
    **OPTIONS,
)
app.add_typer(history)
for command in (ask, estimate, demo, trace, replay, resume, again, watch, models, cache, doctor, *DOORS):
    app.command()(command)
