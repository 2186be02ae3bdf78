"""Generator functions, which the sandbox does not know, become functions that run to their end and return an iterator.

What a script sees is the same, but for when things happen; one without an end is an error.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator

from rlm_ls.executors.scripts.bridges.edits import Edits

RETURN = "return _iter(_yielded)"


def rewrite_generator(function: ast.FunctionDef, edits: Edits) -> None:
    """Rewrites a function that yields, if all it does with `yield` is to yield."""
    own = list(_own(function))
    yields = [node for node in own if isinstance(node, (ast.Yield, ast.YieldFrom))]
    statements = {id(node.value): node for node in own if isinstance(node, ast.Expr)}
    first, last = function.body[0], function.body[-1]
    if not yields or any(id(node) not in statements for node in yields):
        return
    indent = edits.indent(first)
    if indent is None or edits.indent(function) is None:
        return
    edits.add_line(first, f"{indent}_yielded = []", before=True)
    edits.add_line(last, f"{indent}{RETURN}", before=False)
    for node in own:
        if isinstance(node, ast.Return):
            edits.put(edits.begin(node), edits.end(node), RETURN)
    for node in yields:
        whole = statements[id(node)]
        if node.value is None:
            edits.put(edits.begin(whole), edits.end(whole), "_bridged_yield(_yielded, None)")
            continue
        several = "many" if isinstance(node, ast.YieldFrom) else "yield"
        edits.put(edits.begin(whole), edits.begin(node.value), f"_bridged_{several}(_yielded, (")
        edits.put(edits.end(node.value), edits.end(whole), "))")


def _own(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """What stands in a function and not in one inside it."""
    todo = deque[ast.AST](function.body)
    while todo:
        node = todo.popleft()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            todo += ast.iter_child_nodes(node)
