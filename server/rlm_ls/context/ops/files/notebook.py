"""Notebooks (.ipynb) as text: their cells' sources in order, each below a line that says which cell it is."""

from __future__ import annotations

import json
from typing import Any

MARK = "# %% ["
"""How the line above a cell starts: `# %% [code] cell 3`, as in scripts that editors run cell by cell."""

MOST_BYTES = 256 << 20


def is_notebook(path: str) -> bool:
    return path.lower().endswith(".ipynb")


def cells_of(raw: bytes) -> bytes | None:
    """The text, without outputs; None if this is no notebook (nbformat 3 to 4)."""
    try:
        notebook: Any = json.loads(raw)
        cells = notebook.get("cells")
        if cells is None:
            cells = [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
        parts = [
            f"{MARK}{cell['cell_type']}] cell {number}\n{_source(cell).rstrip()}\n"
            for number, cell in enumerate(cells, 1)
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return "\n".join(parts).encode("utf-8", "replace") or None


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"] if "source" in cell else cell["input"]
    return source if isinstance(source, str) else "".join(source)
