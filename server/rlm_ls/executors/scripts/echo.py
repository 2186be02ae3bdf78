"""A script whose last line is a bare expression, or returns one, shows its value, as people expect of an interactive
Python."""

from __future__ import annotations

import ast

MAX_SOURCE = 200_000
"""Characters of a script the host is willing to parse; the sandbox has its own limits."""


def echo_last_expression(source: str) -> str:
    """The same script, on the same lines, with its last bare expression, or what it returns, handed to `_echo`.

    Left alone: calls of print, show, submit and help, and anything this Python cannot parse (the sandbox then says
    what is wrong with it).
    """
    tree = parsed(source)
    if tree is None:
        return source
    ending = tree.body[-1] if tree.body else None
    last = ending.value if isinstance(ending, (ast.Expr, ast.Return)) else None
    if last is None or _prints(last) or last.end_lineno is None:
        return source
    lines = source.encode().splitlines(keepends=True)
    if len(lines) < last.end_lineno or any(b"\f" in line or b"\v" in line for line in lines):
        return source
    first, end = last.lineno - 1, last.end_lineno - 1
    tail_at = last.end_col_offset or 0
    lines[end] = lines[end][:tail_at] + b")" + lines[end][tail_at:]
    lines[first] = lines[first][: last.col_offset] + b"_echo(" + lines[first][last.col_offset :]
    return b"".join(lines).decode()


def parsed(source: str) -> ast.Module | None:
    """The script's syntax tree, None for one that this Python cannot parse or that is too long to try."""
    if len(source) > MAX_SOURCE:
        return None
    try:
        tree: ast.Module = compile(source, "<script>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree


def _prints(expression: ast.expr) -> bool:
    if isinstance(expression, ast.Await):
        return _prints(expression.value)
    return (
        isinstance(expression, ast.Call)
        and isinstance(expression.func, ast.Name)
        and expression.func.id in {"print", "show", "submit", "help", "more"}
    )
