"""Edits of a script that leave its lines where they are, but for lines marked as added: an error can then name the line
that the model wrote."""

from __future__ import annotations

import ast
from collections.abc import Iterator

ADDED = "  # added"
"""Ends each line that the model did not write."""


LONGEST = 500
"""Bytes of an expression in an f-string that is edited: whether it is where it is said to be is tried by parsing it."""

MOST_LOOKED_UP = 2_000
"""Such expressions of one script; what comes after them is left alone."""

SHOWN = 20
"""Bytes after an expression in which `=` is looked for."""


class Edits:
    """Changes to one script, gathered by its syntax tree and made at once."""

    def __init__(self, source: str) -> None:
        self.text = source.encode()
        self._lines = [0]
        for line in self.text.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))
        self._edits: list[tuple[int, int, bool, bytes]] = []

    def __bool__(self) -> bool:
        return bool(self._edits)

    def begin(self, node: ast.expr | ast.stmt | ast.keyword) -> int:
        """The byte where a node starts."""
        return self._lines[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt) -> int:
        """The byte after a node."""
        return self._lines[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)

    def segment(self, node: ast.expr | ast.stmt) -> str:
        return self.text[self.begin(node) : self.end(node)].decode("utf-8", "replace")

    def indent(self, node: ast.stmt) -> str | None:
        """The blanks before a statement that is the first on its line; None for another."""
        lineno = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        before = self.text[self._lines[lineno - 1] : self._lines[lineno]]
        blanks = before[: len(before) - len(before.lstrip(b" \t"))]
        return blanks.decode() if len(blanks) == node.col_offset else None

    def add_line(self, node: ast.stmt, line: str, *, before: bool) -> None:
        """A line of ours before the line where a statement starts, or after the one where it ends."""
        if before:
            lineno = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
            at = self._lines[lineno - 1]
            self.put(at, at, f"{line}{ADDED}\n")
            return
        end = self.text.find(b"\n", self.end(node))
        end = len(self.text) if end < 0 else end
        self._edits.append((end, end, True, f"\n{line}{ADDED}".encode()))  # after all that ends there

    def around(self, node: ast.expr, before: str, after: str) -> None:
        self.put(self.begin(node), self.begin(node), before)
        self.put(self.end(node), self.end(node), after)

    def put(self, start: int, end: int, text: str) -> None:
        """`text` in place of bytes `start` to `end`. Line ends among them stay. Of several at a place, the first given
        comes first: the outermost, in the order of `ast.walk`."""
        kept = b"\n" * self.text.count(b"\n", start, end)
        self._edits.append((start, end, False, text.encode() + kept))

    def made(self) -> str:
        parts: list[bytes] = []
        at = 0
        for start, end, _, text in sorted(self._edits, key=lambda edit: edit[:3]):
            parts += [self.text[at:start], text]
            at = max(at, end)
        return b"".join([*parts, self.text[at:]]).decode()


def placed(tree: ast.Module, edits: Edits) -> Iterator[ast.AST]:
    """Every node whose place in the text is known, an outer one before what it holds.

    Inside an f-string places are right from Python 3.12 on, mostly so before; and what `f"{x=}"` shows is the text
    itself, which nobody may edit.
    """
    looked_up = 0
    todo: list[tuple[ast.AST, bool]] = [(tree, False)]
    while todo:
        below: list[tuple[ast.AST, bool]] = []
        for node, formatted in todo:
            if isinstance(node, ast.FormattedValue):
                if _shows_itself(node, edits):
                    continue
                formatted = True
            elif formatted and isinstance(node, ast.expr):
                looked_up += 1
                if looked_up > MOST_LOOKED_UP or not _is_at_its_place(node, edits):
                    continue
            yield node
            below += [(child, formatted) for child in ast.iter_child_nodes(node)]
        todo = below


def _shows_itself(node: ast.FormattedValue, edits: Edits) -> bool:
    end = edits.end(node.value)
    after = edits.text[end : end + SHOWN].lstrip()
    return after.startswith(b"=") and not after.startswith(b"==")


def _is_at_its_place(node: ast.expr, edits: Edits) -> bool:
    if isinstance(node, (ast.JoinedStr, ast.Constant)):
        return True  # nothing in them is edited but what is a FormattedValue, looked at by itself
    if edits.end(node) - edits.begin(node) > LONGEST:
        return False
    try:
        there = ast.parse(edits.segment(node).strip(), mode="eval").body
    except (SyntaxError, ValueError, IndexError):
        return False
    return type(there) is type(node) and ast.unparse(there) == ast.unparse(node)
