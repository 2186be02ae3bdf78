"""What was assumed of the texts' encodings, in a sentence a kind: whoever reads the answer must be able to doubt it."""

from __future__ import annotations

from collections.abc import Sequence

from rlm_ls.context.document import Document
from rlm_ls.context.snapshot.snapshot import Context

MOST_NOTES = 10
SHOWN = 3
"""Names a sentence."""


def assumed(documents: Sequence[Document]) -> list[str]:
    """`app.log was read as UTF-16-LE (detected).`; nothing of those that are UTF-8, marked, or set by the user."""
    kinds: dict[str, list[str]] = {}
    for one in documents:
        if one.assumed and one.encoding != "utf-8":
            kinds.setdefault(one.encoding.upper(), []).append(one.path)
    found = [f"{_names(names)} read as {codec} (detected); --encoding sets another." for codec, names in kinds.items()]
    wrong = [one for one in documents if one.faults]
    if wrong:
        count = sum(one.faults for one in wrong)
        places = f"in {count:,} place{'' if count == 1 else 's'}"
        names = _names([one.path for one in wrong])
        codecs = " or ".join(sorted({one.encoding.upper() for one in wrong}))
        found.append(f"{names} read as {codecs}, which {places} the bytes are not: they are shown as U+FFFD.")
    return found


def left_out(documents: Sequence[Document]) -> list[str]:
    """`paper.pdf: pages 3–7 hold no text: scanned?`: what was not, or could not be, taken out of documents."""
    told = [
        f"{one.path}: {note}{'' if note.endswith('?') else '.'}"
        for one in documents
        if one.extraction
        for note in one.extraction.notes
    ]
    more = len(told) - MOST_NOTES
    return told if more <= 0 else [*told[:MOST_NOTES], f"{more:,} more such notes: see the coverage."]


def ignored(context: Context) -> list[str]:
    """That a folder was read in part only, as its ignore files say."""
    if not context.ignored:
        return []
    return [f"Ignore files left out some files (by {context.ignored}); include globs read them: --include '*'."]


def _names(names: Sequence[str]) -> str:
    more = [f"{len(names) - SHOWN:,} more"] if len(names) > SHOWN else []
    shown = [*names[:SHOWN], *more]
    listed = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f"{listed} {'was' if len(names) == 1 else 'were'}"
