"""What documents are made of, in a few words for the card: pages, slides, sheets and their columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rlm_ls.context.document import Document
from rlm_ls.context.ops.structure.columns import names
from rlm_ls.context.search.search import Search

LOOKED_AT = 1_000
DESCRIBED = 5
"""Documents that a line is spent on."""
SHEETS = 5
COLUMNS = 20
NAME = 40


async def structures(documents: Sequence[Document], search: Search) -> list[str]:
    """A line for each document that has sections of its own, and for each table in plain text."""
    found: list[str] = []
    for number, one in enumerate(documents[:LOOKED_AT]):
        if len(found) == DESCRIBED:
            break
        if one.sections:
            found.append(f"{one.path} is made of {_parts(one)}.")
        elif one.language == "csv" and (columns := names((await search.lines(number, 1, 1)).text)):
            found.append(f"{one.path} has the columns {_columns(columns)}.")
    return found


def _parts(document: Document) -> str:
    kinds = Counter(one.kind for one in document.sections)
    sheets = [one for one in document.sections if one.kind == "sheet"]
    said = [f"{count:,} {kind}{'' if count == 1 else 's'}" for kind, count in kinds.items()]
    columns = [f"{one.label[:NAME]} ({_columns(one.columns)})" for one in sheets[:SHEETS] if one.columns]
    return ", ".join(said) + (f": {'; '.join(columns)}" if columns else "")


def _columns(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - COLUMNS} more" if len(columns) > COLUMNS else ""
    return ", ".join(one[:NAME] for one in columns[:COLUMNS]) + more
