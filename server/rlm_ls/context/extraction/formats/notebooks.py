"""Notebooks (.ipynb): their cells in order, each below a line that says which it is, and what they have put out."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from rlm_ls.context.extraction.formats import pages
from rlm_ls.context.extraction.text import NotADocument, Text
from rlm_ls.context.sources.drawing import drawn

MARK = "# %% ["
"""How the line above a cell starts: `# %% [code] cell 3`, as in scripts that editors run cell by cell."""

MOST_BYTES = 256 << 20


def extract(source: BinaryIO, size: int, text: Text) -> None:
    """Raises NotADocument if this is no notebook (nbformat 3 to 4): it is read as plain text then."""
    if size > MOST_BYTES:
        raise NotADocument
    try:
        notebook: Any = json.loads(source.read(size))
        cells = notebook.get("cells")
        if cells is None:
            cells = [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
        parts = [(str(cell["cell_type"]), _source(cell).rstrip(), _outputs(cell)) for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotADocument from None
    if not parts:
        raise NotADocument
    for number, (kind, said, outputs) in enumerate(parts, 1):
        if number > 1:
            text.line("")
        first = said.strip().split("\n", 1)[0]
        text.section("cell", str(number), f"{kind}: {first}" if first else kind)
        text.line(f"{MARK}{kind}] cell {number}")
        text.line(said)
        if outputs:
            text.line(f"{MARK}output] cell {number}")
        for output in outputs:
            _output(output, text)


def _source(cell: dict[str, Any]) -> str:
    return _joined(cell["source"] if "source" in cell else cell["input"])


def _joined(value: Any) -> str:
    return value if isinstance(value, str) else "".join(value)


def _outputs(cell: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in cell.get("outputs") or () if isinstance(one, dict)]


def _seen(output: str) -> str:
    """A traceback is coloured for a terminal."""
    return drawn(output.encode("utf-8", "replace")).decode()


def _output(output: dict[str, Any], text: Text) -> None:
    """What a reader sees of it: printed text, a value as text, an error; of pictures that there is one."""
    try:
        if output.get("output_type") in ("error", "pyerr"):
            trace = [str(line) for line in output.get("traceback") or ()]
            last = f"{output.get('ename', '')}: {output.get('evalue', '')}"
            said = _seen("\n".join(trace))
            text.line(said if last in said else f"{said}\n{last}".strip())
            return
        data: dict[str, Any] = output["data"] if isinstance(output.get("data"), dict) else output
        for name in ("text/plain", "text/markdown", "text/latex", "text"):
            if data.get(name):
                text.line(_seen(_joined(data[name])).rstrip("\n"))
                break
        else:
            if page := data.get("text/html") or data.get("html"):
                pages.read(_joined(page), text, 2)
        for name in data:
            if isinstance(name, str) and name.startswith(("image/", "video/", "audio/")):
                text.line(f"[{name}]")
    except (TypeError, ValueError):
        text.note("an output that is no output was left out")
