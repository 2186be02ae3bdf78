"""Verbs of L4 take long, so they are coroutines in the sandbox; scripts need not know.

`llm("…")` means what `await llm("…")` means, unless the script gathers: then its calls run side by side.
"""

from __future__ import annotations

import ast

from rlm_ls.executors.scripts.echo import parsed


def await_verbs(source: str, verbs: frozenset[str]) -> str:
    """The same script, on the same lines, with `await` before every call of one of `verbs` that lacks it.

    Left alone: scripts that speak of `gather`, what asyncio.run() is given, and whatever this Python cannot parse.
    """
    if not any(verb in source for verb in verbs) or (tree := parsed(source)) is None:
        return source
    if any(_name(node) == "gather" for node in ast.walk(tree)):
        return source
    awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "run":
            awaited |= {id(argument) for argument in node.args}
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _name(node.func) in verbs and id(node) not in awaited
    ]
    if not calls:
        return source
    lines = source.encode().splitlines(keepends=True)
    if any(b"\f" in line or b"\v" in line for line in lines):
        return source
    # From the end, so that what is put in does not move what is still to come; of one place the opening comes last.
    edits = [(node.lineno, node.col_offset, b"(await ") for node in calls]
    edits += [(node.end_lineno or 0, node.end_col_offset or 0, b")") for node in calls]
    for line, column, text in sorted(edits, key=lambda edit: (edit[0], edit[1], edit[2] == b"(await "), reverse=True):
        if line > len(lines):
            return source
        lines[line - 1] = lines[line - 1][:column] + text + lines[line - 1][column:]
    return b"".join(lines).decode()


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
