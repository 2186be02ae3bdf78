"""docs/verbs.md, made from the registry: `python -P -m rlm_ls.executors.verbs.reference`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rlm_ls.executors.verbs import all as _registers_the_verbs  # noqa: F401
from rlm_ls.executors.verbs.registry import VERBS

if TYPE_CHECKING:
    pass


def reference() -> str:
    """All verbs in Markdown: docs/verbs.md."""
    parts = [REFERENCE]
    for name in sorted(VERBS):
        verb = VERBS[name]
        lead, _, rest = verb.documentation.partition("\n\n")
        lead = " ".join(lead.split())
        parts.append(
            f"## `{name}`\n\n```python\n{verb.signature}\n```\n\n{lead[:1].upper()}{lead[1:]}\n\n{rest}".strip()
        )
    return "\n\n".join(parts) + "\n"


REFERENCE = """\
# The verbs

What a model's scripts can call (L1), made from the registry by `python -P -m rlm_ls.executors.verbs.reference`; a test
keeps this page true. Verbs are plain functions: the script stands still while the server works. `within` takes a path,
a glob, a Span, a Selection, or a list of these; without it the whole scope is meant.

| object | attributes |
| --- | --- |
| Span | doc, line, end_line (from 1), start, end (bytes), text, match, column, end_column (from 1; 0: all), groups |
| Doc | path, language, characters, lines, longest_line (bytes) |
| Entry | kind, name, level, span, signature |
| Diagnostic | doc, line, end_line, severity, message, source, code |
| Selection | none: it is lazy, used as `within`; text(selection) reads it |

Patterns are Python's `re`, matched line by line unless `multiline=True`. Case matters unless `ignore_case=True`."""


if __name__ == "__main__":
    sys.stdout.write(reference())
