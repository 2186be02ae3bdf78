"""Makes a Selection of what a script passes as `within`: a document, glob, span, selection, or a list of these."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from pathspec import GitIgnoreSpec

from rlm_ls.context.document import Hit, Part, Selection, Span
from rlm_ls.context.patterns.globs import UNREADABLE
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.sources import uris
from rlm_ls.errors import ProgramError

Spec = None | str | Span | Hit | Part | Sequence["Spec"]
"""What a script may pass: None is everything that the question may look at; a string is a document's path or a glob."""


LONGEST_NAME = 1000
MOST_COMPARED = 500

Filters = tuple[tuple[str, bool], ...]


def resolve(context: Context, spec: Spec) -> Selection:
    """The Selection that `spec` means, by document and offset; parts that overlap are joined. No filter is run.

    Raises ProgramError for a path that is no document (naming those like it) and for a span that is out of range.
    """
    if spec is None:
        return context.limit
    return _joined(_clipped(context, _parts(context, spec)))


def _parts(context: Context, spec: Spec) -> list[Part]:
    if isinstance(spec, Part):
        if not 0 <= spec.doc < len(context.documents):
            raise ProgramError("The selection is of a document that is not here.", "docs() lists them.")
        return [spec]
    if isinstance(spec, Hit):
        spec = spec.span
    if isinstance(spec, Span):
        number = _number(context, spec.doc)
        return [Part(number, spec.start, min(spec.end, context.documents[number].size))]
    if isinstance(spec, str):
        return [Part(number, 0, context.documents[number].size) for number in _named(context, spec)]
    if isinstance(spec, Sequence):
        return [part for one in spec for part in (context.limit if one is None else _parts(context, one))]
    raise ProgramError(
        f"A {type(spec).__name__} is no place to search in.",
        "Give a document's path, a glob, a span, or a list of these.",
    )


def is_glob(name: str) -> bool:
    return any(special in name for special in "*?[")


def _named(context: Context, name: str) -> list[int]:
    number = context.number(name)
    if number is not None:
        return [number]
    if "\n" in name:
        raise ProgramError(
            f"{name[:40]!r}… is no place to search in.", "That is a path, a glob or a Span, not the text itself."
        )
    if is_glob(name):
        if len(name) > LONGEST_NAME:
            raise ProgramError(f"The glob is longer than {LONGEST_NAME:,} characters.", "Use a shorter one.")
        # As it is, or with what names cannot show as it is shown there (and a backslash means itself). By RE2: a model
        # chose the glob, and Python's engine may take for ever over one with many stars.
        try:
            spec = GitIgnoreSpec.from_lines([name, uris.shown(name).replace("\\", "\\\\")], backend="re2")
            found = [number for number, path in enumerate(context.documents.paths) if spec.match_file(path)]
        except UNREADABLE as error:
            raise ProgramError(f"The glob {name!r} cannot be read: {str(error)[:200]}.", "Use * and **.") from None
        if found:
            return found
    return [_number(context, name)]


def _number(context: Context, name: str) -> int:
    number = context.number(name)
    if number is not None:
        return number
    name = name[:LONGEST_NAME]
    below = name.rstrip("/") + "/"
    paths = context.documents.paths
    # Comparing takes a while: with paths of about the same length, and not with too many.
    alike = [path for path in paths if abs(len(path) - len(name)) <= len(name) // 2][:MOST_COMPARED]
    close = difflib.get_close_matches(name, alike, n=3, cutoff=0.5)
    tail = name.rsplit("/", 1)[-1]
    close += [path for path in paths if path.endswith("/" + tail) and path not in close][:3]
    if any(path.startswith(below) for path in paths):
        raise ProgramError(f"{name!r} is a folder.", f'Use the glob "{below}**".')
    remedy = f"Did you mean {', '.join(repr(path) for path in close)}?" if close else "docs() lists the documents."
    raise ProgramError(f"No document is called, or matches, {name!r}.", remedy)


def _clipped(context: Context, parts: list[Part]) -> list[Part]:
    """What of the parts the question may look at."""
    limits = context.limit
    allowed: dict[int, list[Part]] = {}
    for part in () if context.whole else limits:
        allowed.setdefault(part.doc, []).append(part)
    return [
        Part(part.doc, max(part.start, limit.start), min(part.end, limit.end), _both(limit.filters, part.filters))
        for part in parts
        for limit in ((limits[part.doc],) if context.whole else allowed.get(part.doc, ()))
        if max(part.start, limit.start) < min(part.end, limit.end)
    ]


def _both(outer: Filters, inner: Filters) -> Filters:
    """A selection made of the limit holds the limit's filters already."""
    return inner if inner[: len(outer)] == outer else outer + inner


def _joined(parts: list[Part]) -> Selection:
    joined: list[Part] = []
    for part in sorted(parts, key=lambda one: (one.doc, one.filters, one.start, one.end)):
        last = joined[-1] if joined else None
        if last and (last.doc, last.filters) == (part.doc, part.filters) and part.start <= last.end:
            joined[-1] = Part(part.doc, last.start, max(last.end, part.end), part.filters)
        else:
            joined.append(part)
    return tuple(sorted(joined, key=lambda one: (one.doc, one.start, one.end)))
