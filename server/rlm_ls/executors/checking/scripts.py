"""A model's scripts, parsed: how they are to be run, and what they assign."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.executors.scripts.awaiting import await_verbs
from rlm_ls.executors.scripts.bridges.rewriting import bridge
from rlm_ls.executors.scripts.echo import echo_last_expression, parsed


def prepared(_clock: Deadline, source: str, later: frozenset[str], verbs: frozenset[str]) -> str:
    """The script with its last bare expression shown, with `await` before verbs that need it, and with what stands in
    for what the sandbox lacks."""
    return bridge(echo_last_expression(await_verbs(source, later)), verbs, later)


def assigned(_clock: Deadline, sources: Sequence[str]) -> tuple[str, ...]:
    """Names that the scripts assign at the top level, in order."""
    names: dict[str, None] = {}
    for source in sources:
        if (tree := parsed(source)) is not None:
            for node in tree.body:
                names.update(dict.fromkeys(_targets(node)))
    return tuple(names)


def _targets(node: ast.stmt) -> Iterable[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    for target in targets:
        for part in ast.walk(target):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                yield part.id
