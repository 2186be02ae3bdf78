"""`rlm-ls doctor` and `rlm-ls models`: what works here, what does not, and what would mend it."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Annotated

import typer

from rlm_ls import __version__
from rlm_ls.cli.commands.cluster import cluster_lines
from rlm_ls.cli.commands.report import report
from rlm_ls.cli.terminal.console import err, out, write
from rlm_ls.cli.terminal.session import Session, run, session, user_settings
from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.engine.abilities import Abilities, Learnt, abilities
from rlm_ls.engine.budget.ledger import Ledger, Limits
from rlm_ls.engine.budget.payment import LimitReached
from rlm_ls.engine.engine import Engine
from rlm_ls.errors import RlmError
from rlm_ls.executors.checking.checker import Checker
from rlm_ls.executors.compiled.toolchains.checkup import checkup
from rlm_ls.executors.compiled.toolchains.installed import Toolchains
from rlm_ls.executors.scripts.host import VerbHost
from rlm_ls.executors.scripts.sandbox import Sandbox
from rlm_ls.models.choose import choose
from rlm_ls.models.local_servers import local_servers, usable_keys
from rlm_ls.models.profiles import profile
from rlm_ls.models.providers.endpoint import endpoint
from rlm_ls.settings.layers import default_file, load
from rlm_ls.settings.sections import Settings

CHECKED = Scope("document", files=("memory:check.txt",), buffers=(Buffer("memory:check.txt", "one\ntwo\n"),))
"""A text to try things on."""

PARTS = ("pygls", "pydantic-monty", "litellm", "google-re2", "wasmtime")


def doctor(
    as_report: Annotated[
        bool, typer.Option("--report", help="Print what a bug report needs, without texts, names of files and secrets.")
    ] = False,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Check the cluster that the settings name, and nothing else.")
    ] = False,
) -> None:
    """Check this installation: settings, model, sandbox, search, store."""
    run(_report() if as_report else _cluster() if cluster else _doctor())


async def _cluster() -> int:
    failed = 0
    async for line, bad in cluster_lines(user_settings().cluster.address):
        failed += bad
        _line(line, bad=bad)
    return 1 if failed else 0


async def _doctor() -> int:
    settings = user_settings()
    out.print(f"rlm-ls {__version__}, Python {platform.python_version()} ({sys.executable})", markup=False)
    out.print(", ".join(_versions()), markup=False)
    out.print(f"settings: {default_file()}{'' if default_file().exists() else ' (none yet)'}", markup=False)
    failed = 0
    async with session(settings) as opened:
        async for line, bad in _findings(opened):
            failed += bad
            _line(line, bad=bad)
        for line in await _compiled_lines(opened.engine, settings.levels):
            out.print(line, markup=False)
    out.print(f"levels: {', '.join(settings.levels)}", markup=False)
    return 1 if failed else 0


async def _report() -> int:
    settings, problems = load(environ=os.environ)
    async with session(settings) as opened:
        found = [("✗ " if bad else "✓ ") + line async for line, bad in _findings(opened)]
        found += await _compiled_lines(opened.engine, settings.levels)
        text = await report([", ".join(_versions()), *found], settings, problems, opened.engine.store)
    write(text)
    return 0


async def _findings(opened: Session) -> AsyncIterator[tuple[str, bool]]:
    """What was looked at, a line each, and whether it is broken."""
    for finding in _model_lines(opened.settings):
        yield finding
    if learnt := await asyncio.to_thread(Learnt(opened.engine.store.folder).of_settings, opened.settings, os.environ):
        yield f"route of {learnt.model}: {learnt.route}", False
    if not opened.settings.models.root:
        for line in await offers(os.environ):
            yield line, False
    yield f"store: {opened.engine.store.folder}", False
    for name, check in (("sandbox", _sandbox), ("search workers", _search)):
        try:
            yield f"{name}: {await check(opened.engine)}", False
        except Exception as error:  # whatever is broken here is what the doctor is for
            yield f"{name}: {type(error).__name__}: {error}", True


def models(
    check: Annotated[
        bool, typer.Option("--check", help="Ask the model four small questions: what it can do. It may cost a little.")
    ] = False,
    model: Annotated[str | None, typer.Option("--model", help="Check this one and not the configured.")] = None,
) -> None:
    """Show which models are configured, which are found on this machine, and how to name others."""
    settings = user_settings()
    run(_check(settings, model) if check else _models(settings))


async def _models(settings: Settings) -> int:
    for line, bad in _model_lines(settings):
        _line(line, bad=bad)
    for line in await offers(os.environ):
        out.print(line, markup=False)
    out.print(
        "\nName a model as LiteLLM does: openai/gpt-4o-mini, anthropic/claude-sonnet-4-5, gemini/gemini-2.5-flash,\n"
        "ollama_chat/qwen3 (local, free), or any OpenAI-compatible server with models.apiBase set.\n"
        "Set it with --model, with RLM_MODEL, or in the settings file:\n\n"
        f'  # {default_file()}\n  [models]\n  root = "ollama_chat/qwen3"\n',
        markup=False,
    )
    return 0


async def offers(environ: Mapping[str, str]) -> list[str]:
    """Who could answer on this machine, or with a key that is set: a line each, with what to set."""
    lines = [
        f"found: {one.name} at {one.address}: "
        + (f'root = "{one.models[0]}"' if one.models else "no model is loaded in it")
        + (f" ({', '.join(name.partition('/')[2] for name in one.models[1:6])}, …)" if len(one.models) > 1 else "")
        for one in await local_servers(environ)
    ]
    return lines + [f'found: {variable}: root = "{model}"' for variable, model in usable_keys(environ).items()]


async def _check(settings: Settings, name: str | None) -> int:
    chosen = choose("root", name, settings, os.environ)
    if chosen is None:
        _line("model: none configured; the offline model needs no check", bad=False)
        return 0
    async with session(settings) as opened:
        budget = settings.budget
        ledger = Ledger(Limits(turns=4, seconds=budget.seconds, usd=budget.usd, tokens=budget.tokens))
        try:
            found = await abilities(chosen, profile(chosen.name, settings), ledger, Checker(opened.engine.checkers))
        except LimitReached as reached:
            _line(f"model: {chosen.name}: not checked: {reached}", bad=True)
            return 1
        await asyncio.to_thread(Learnt(opened.engine.store.folder).keep, found, chosen.endpoint)
    for line in _ability_lines(found):
        out.print(line, markup=False)
    return 0


def _ability_lines(found: Abilities) -> Iterator[str]:
    yield f"model: {found.model}, window {found.window:,} tokens, room for a reply {found.room:,}"
    yield _mark(found.block) + "writes a program when asked to"
    yield _mark(found.verb) + "calls in it what it was told of"
    yield "– " + ("thinks before it replies" if found.thinks else "was not seen to think before it replies")
    yield _mark(found.reports) + (
        "its tokens are reported" if found.reports else "its tokens are estimated: unreported"
    )
    money = "price unknown" if found.usd is None else f"${found.usd:.4f}"
    yield f"cost: {found.tokens:,} tokens, {money}, {found.seconds:.1f} s"
    yield f"route: {found.route}"


def _mark(good: bool) -> str:
    return "✓ " if good else "✗ "


def _versions() -> Iterator[str]:
    for part in PARTS:
        try:
            yield f"{part} {version(part)}"
        except Exception:
            yield f"{part} missing"


def _model_lines(settings: Settings) -> Iterator[tuple[str, bool]]:
    if not settings.models.root:
        yield "model: none configured; the offline model answers (rules, not a language model)", False
        return
    for name in settings.models.root:
        try:
            choose("root", name, settings, os.environ)
        except RlmError as error:
            yield f"model: {name}: {error}", True
            continue
        where = endpoint(name, settings.models.api_base, os.environ)
        place = "on this machine" if where.local else f"asked at {where.base or 'its provider'}"
        yield f"model: {name}, {place}", False


async def _compiled_lines(engine: Engine, levels: Collection[str]) -> list[str]:
    """Compiled programs are an addition: what is missing is said with what would add it, and is no failure."""
    found = await checkup(Toolchains(engine.store.folder), levels)
    what = "sandbox of compilers and native programs"
    lines = (
        [f"– {what}: {found.no_sandbox}" if found.no_sandbox else f"✓ {what}: {found.sandbox}"] if found.found else []
    )
    for one in found.found:
        kind = f"{one.language} programs, {'WebAssembly' if one.target == 'wasm' else 'native'}"
        missing = f"– {kind}: {one.why_not}\n  to add them: {one.remedy}"
        lines.append(f"✓ {kind}: {one.version}" if one.works else missing)
    if "native" not in levels:
        lines.append("– native programs: off (the setting levels does not name native)")
    return lines


async def _sandbox(engine: Engine) -> str:
    sandbox = Sandbox(
        engine.sandboxes, Checker(engine.checkers), clock=datetime.now(UTC), script_seconds=5, print_limit=200
    )
    await sandbox.start()

    async def ignore(*_: object) -> None:
        return None

    try:
        async with await Context.take(CHECKED, engine.pools.here) as context:
            host = VerbHost(context, Search(context, engine.pools.here), dict)
            outcome = await sandbox.run("print(41 + count('^t'))", host, ignore)
    finally:
        await sandbox.close()
    if outcome.output.strip() != "42":
        raise RuntimeError(outcome.error or f"printed {outcome.output!r}")
    return f"works ({outcome.script_seconds * 1e3:.1f} ms)"


async def _search(engine: Engine) -> str:
    async with await Context.take(CHECKED, engine.pools.here) as context:
        found = await Search(context, engine.pools.here).count("^t", context.limit)
    if found != 1:
        raise RuntimeError(f"counted {found} in place of 1")
    return f"work ({engine.pools.here.size} processes)"


def _line(text: str, *, bad: bool = False) -> None:
    (err if bad else out).print(("✗ " if bad else "✓ ") + text, style="red" if bad else "", markup=False)
