"""What the sandbox's Python lacks and scripts use all the same is put in their text: methods as values, `next()` over a
generator expression, dates in any format, a verb whose name is a variable's by now.

pydantic-monty runs a subset of Python. Its gaps cost a model turns; those that can be closed without changing what a
script means are closed here, by calls of the functions in `sources`. All others are errors that name the way on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from rlm_ls.executors.scripts.bridges.edits import Edits, placed
from rlm_ls.executors.scripts.bridges.generators import rewrite_generator
from rlm_ls.executors.scripts.bridges.methods import BUILTIN_NAMES, METHODS
from rlm_ls.executors.scripts.bridges.modules import MODULES
from rlm_ls.executors.scripts.bridges.sources import PREFIX
from rlm_ls.executors.scripts.echo import parsed

CLASS_METHODS = frozenset({"fromkeys", "maketrans", "fromhex", "from_bytes"})

ATTRIBUTES = frozenset({"strptime", "fromtimestamp", "utcfromtimestamp", "translate", "maketrans", "format_map"})
"""Each is a function of `sources` that is given what stands before the dot, and returns what is called."""

OF_CLASS = frozenset({"now", "today", "utcnow", "fromisoformat", "combine"})
OF_MODULE = frozenset({"datetime", "date", "time", "timedelta", "timezone"})
"""What scripts ask of `datetime`, the class or the module, whichever it is at that moment."""

STANDING_IN = {
    ("collections", "OrderedDict"): "dict",  # which keeps its order
    ("sys", "exit"): f"{PREFIX}exit",
    ("datetime", "UTC"): "_utc",
}
"""What is imported of a module that the sandbox has without it."""

SUBSTITUTES = frozenset({"sub", "subn"})


def bridge(source: str, verbs: frozenset[str], later: frozenset[str] = frozenset()) -> str:
    """The same script, but for lines that are ADDED. What cannot be parsed, or editing would break, is left alone.

    `later` are the verbs that may be awaited.
    """
    tree = parsed(source)
    if tree is None or "\f" in source or "\v" in source:
        return source
    edits = Edits(source)
    try:
        _edit(tree, edits, verbs, later)
    except IndexError:  # a place outside the text: this Python's own mistake, inside an f-string
        return source
    if not edits:
        return source
    made = edits.made()
    return made if parsed(made) is not None else source


def _edit(tree: ast.Module, edits: Edits, verbs: frozenset[str], later: frozenset[str]) -> None:
    called: set[int] = set()
    at_once = verbs - later
    stepped = {argument.id for call in ast.walk(tree) if (argument := _stepped(call)) is not None}
    for node in placed(tree, edits):
        if isinstance(node, ast.Call):
            called.add(id(node.func))
            _call(node, edits, verbs)
        elif isinstance(node, ast.Await):
            if isinstance(node.value, ast.Call) and any(_is(node.value.func, verb) for verb in at_once):
                edits.around(node.value, f"{PREFIX}awaited(", ")")
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            _attribute(node, edits, called=id(node) in called)
        elif isinstance(node, ast.Assign) and any(
            isinstance(one, ast.Name) and one.id in stepped for one in node.targets
        ):
            if _is_list_here(node.value):
                edits.around(node.value, "_iter(", ")")
        elif isinstance(node, ast.ClassDef):
            _class(node, edits)
        elif isinstance(node, ast.Delete):
            _delete(node, edits)
        elif isinstance(node, ast.FunctionDef):
            rewrite_generator(node, edits)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            _import(node, edits)


def _call(node: ast.Call, edits: Edits, verbs: frozenset[str]) -> None:
    function = node.func
    if isinstance(function, ast.Name):
        if function.id in verbs:
            found = f"{PREFIX}flagged" if _is_told_by_flags(node) else "_bridged_verb"
            edits.around(function, f"{found}(_verb_{function.id}, lambda: ", ")")
        if function.id == "next" and node.args and isinstance(node.args[0], ast.GeneratorExp):
            edits.around(node.args[0], "(_iter", ")")
    elif isinstance(function, ast.Attribute) and function.attr == "exit" and _is(function.value, "sys"):
        edits.put(edits.begin(function), edits.end(function), f"{PREFIX}exit")
    elif isinstance(function, ast.Attribute) and _is_write(function):
        edits.put(edits.begin(function), edits.end(function), f"{PREFIX}write")
    elif verbose := _verbose(node):
        edits.around(node.args[0], f"{PREFIX}unspaced(", ")")
        edits.put(edits.begin(verbose), edits.end(verbose), "0")
    elif isinstance(function, ast.Attribute) and function.attr in SUBSTITUTES and not _is_text(_replacements(node)):
        _replace(function, edits, f"{PREFIX}{function.attr}(", ")")


def _stepped(node: ast.AST) -> ast.Name | None:
    """The variable that next() is called with."""
    if not isinstance(node, ast.Call) or not _is(node.func, "next") or not node.args:
        return None
    return node.args[0] if isinstance(node.args[0], ast.Name) else None


def _is_list_here(value: ast.expr) -> bool:
    """Whether what is an iterator in Python is a list in the sandbox."""
    made_by = ("map", "zip", "enumerate", "reversed")
    called = isinstance(value, ast.Call) and any(_is(value.func, name) for name in made_by)
    return called or isinstance(value, ast.GeneratorExp)


def _class(node: ast.ClassDef, edits: Edits) -> None:
    """`class A(object)` inherits from nothing else than `class A` does."""
    if len(node.bases) != 1 or node.keywords or not _is(node.bases[0], "object"):
        return
    before = edits.text[: edits.begin(node.bases[0])].rstrip()
    closing = edits.text.find(b")", edits.end(node.bases[0]))
    if before.endswith(b"(") and not edits.text[edits.end(node.bases[0]) : closing].strip(b" ,\n"):
        edits.put(len(before) - 1, closing + 1, "")


def _is_told_by_flags(node: ast.Call) -> bool:
    """Verbs are told in words what `re` is told by flags; to a verb they are numbers, and it would take one for a
    limit."""
    last = node.args[-1:] if len(node.args) > 1 else []
    given = [*last, *(keyword.value for keyword in node.keywords if keyword.arg == "flags")]
    return any(_flag_names(value) for value in given)


def _flag_names(value: ast.expr) -> set[str]:
    """Of `re.I | re.M` I and M; of anything else nothing."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr):
        left, right = _flag_names(value.left), _flag_names(value.right)
        return left | right if left and right else set()
    return {value.attr} if isinstance(value, ast.Attribute) and _is(value.value, "re") else set()


def _begin_of_argument(node: ast.Call, value: ast.expr, edits: Edits) -> int:
    """The byte where an argument begins, with its name."""
    named = next((keyword for keyword in node.keywords if keyword.value is value), None)
    return edits.begin(value) if named is None else edits.begin(named)


def _verbose(node: ast.Call) -> ast.expr | None:
    """Where a call of `re` says that its pattern has blanks and comments in it, which the sandbox cannot read."""
    if not isinstance(node.func, ast.Attribute) or not _is(node.func.value, "re") or not node.args:
        return None
    todo = [*node.args[1:], *(keyword.value for keyword in node.keywords)]
    while todo:
        one = todo.pop()
        if isinstance(one, ast.BinOp):
            todo += [one.left, one.right]
        elif isinstance(one, ast.Attribute) and one.attr in ("VERBOSE", "X") and _is(one.value, "re"):
            return one
    return None


def _is_write(function: ast.Attribute) -> bool:
    value = function.value
    streams = ("stdout", "stderr")
    return function.attr == "write" and any(_is_of(value, "sys", stream) for stream in streams)


def _is_of(node: ast.expr, module: str, name: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == name and _is(node.value, module)


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _replacements(node: ast.Call) -> Iterable[ast.expr]:
    """Where the replacement of a `sub` may stand: of re.sub it is the second argument, of a pattern's the first."""
    assert isinstance(node.func, ast.Attribute)
    yield from node.args[1:2] if _is(node.func.value, "re") else node.args[:1]
    yield from (keyword.value for keyword in node.keywords if keyword.arg == "repl")


def _is_text(replacements: Iterable[ast.expr]) -> bool:
    """By far the most frequent, and it works."""
    return any(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in replacements)


def _attribute(node: ast.Attribute, edits: Edits, *, called: bool) -> None:
    name, value = node.attr, node.value
    of = value.id if isinstance(value, ast.Name) else ""
    if name in ATTRIBUTES and (called or of != "datetime"):
        _replace(node, edits, f"{PREFIX}{name}(", ")")
    elif of == "datetime" and name in OF_CLASS and called:
        _replace(node, edits, f"{PREFIX}class(", f").{'now' if name in ('today', 'utcnow') else name}")
    elif of == "datetime" and name in OF_MODULE:
        _replace(node, edits, f"{PREFIX}of_datetime(", f", lambda x: x.{name})")
    elif name in METHODS and (not called or (of in BUILTIN_NAMES and name not in CLASS_METHODS)):
        _replace(
            node,
            edits,
            f"{PREFIX}method(",
            f", {METHODS[name]}, lambda x: x.{name}, lambda x, *a, **k: x.{name}(*a, **k))",
        )


def _replace(node: ast.Attribute, edits: Edits, before: str, after: str) -> None:
    """`before` and `after` around what stands before the dot, in place of the dot and the name."""
    end = edits.end(node)
    name = node.attr.encode()
    if edits.text[end - len(name) : end] != name:
        return
    value = edits.end(node.value)
    dot = value + len(edits.text[value : end - len(name)].rstrip()) - 1
    if dot < value or edits.text[dot : dot + 1] != b".":
        return
    edits.put(edits.begin(node), edits.begin(node), before)
    edits.put(dot, end, after)


def _delete(node: ast.Delete, edits: Edits) -> None:
    """`del d[k]` and `del l[1:3]`, one a statement; a deleted name is None from then on, which frees what it held."""
    names = [target.id for target in node.targets if isinstance(target, ast.Name)]
    if len(names) == len(node.targets):
        edits.put(edits.begin(node), edits.end(node), " = ".join([*names, "None"]))
        return
    if len(node.targets) != 1 or not isinstance(target := node.targets[0], ast.Subscript):
        return
    value, key = edits.segment(target.value), edits.segment(target.slice)
    if "\n" in edits.segment(node) or not edits.segment(target).endswith("]"):
        return
    text = f"{value}[{key}] = []" if isinstance(target.slice, ast.Slice) else f"{value}.pop({key})"
    edits.put(edits.begin(node), edits.end(node), text)


def _import(node: ast.Import | ast.ImportFrom, edits: Edits) -> None:
    """Modules that the sandbox lacks and `sources` has, instead of their import."""
    kept: list[str] = []
    bound: list[str] = []
    if isinstance(node, ast.Import):
        for one in node.names:
            if one.name in MODULES:
                bound.append(f"{one.asname or one.name} = {PREFIX}{one.name}")
            else:
                kept.append(f"import {one.name} as {one.asname}" if one.asname else f"import {one.name}")
    elif node.module in MODULES and not node.level:
        bound = [f"{one.asname or one.name} = {PREFIX}{node.module}.{one.name}" for one in node.names]
        if any(one.name == "*" for one in node.names):
            return
    elif standing := [one for one in node.names if (node.module, one.name) in STANDING_IN]:
        bound = [f"{one.asname or one.name} = {STANDING_IN[node.module or '', one.name]}" for one in standing]
        others = [one for one in node.names if one not in standing]
        names = [f"{one.name} as {one.asname}" if one.asname else one.name for one in others]
        kept = [f"from {node.module} import {', '.join(names)}"] if names else []
    if bound:
        edits.put(edits.begin(node), edits.end(node), "; ".join([*kept, *bound]))
