"""Documents made of texts that have been read and measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rlm_ls.context.document import Extraction, Source
from rlm_ls.context.extraction.kinds import NOTEBOOK
from rlm_ls.context.scope import Buffer
from rlm_ls.context.snapshot.columns import AnyRead, CopiedDocument
from rlm_ls.context.snapshot.intake import ReadDocument
from rlm_ls.context.snapshot.measure import DIGEST, TextMeasure
from rlm_ls.context.snapshot.pack import Pack
from rlm_ls.context.sources.candidate import Candidate
from rlm_ls.context.sources.drawing import drawn_chunks
from rlm_ls.context.sources.encoding import UTF_8, Encoding
from rlm_ls.context.sources.language import language_of
from rlm_ls.context.sources.secrets import LOOKED_AT, held_secret, is_log, is_small
from rlm_ls.context.workers.piece import File


def document_of(
    one: Candidate,
    source: Source,
    whole: TextMeasure,
    identity: tuple[int, int] | None,
    encoding: Encoding = UTF_8,
    faults: int = 0,
) -> ReadDocument:
    """The Document of a candidate: its text is the bytes at `source`, which `whole` has measured."""
    document = whole.document(
        one.uri,
        one.name,
        _language(one, _kind(one.inside.extraction if one.inside else None)),
        source,
        version=one.buffer.version if one.buffer else None,
        encoding=encoding.codec,
        assumed=encoding.assumed,
        faults=faults,
        drawn=encoding.drawn,
        unpacked=one.inside is not None and one.inside.unpacked,
        extraction=one.inside.extraction if one.inside else None,
    )
    named = f"{one.name}\0{source.size}\0".encode("utf-8", "replace")
    return ReadDocument(document, File(one.name, source, identity), named + whole.digest)


def renamed(read: AnyRead, one: Candidate) -> AnyRead:
    """A cached Document under the name and URI that this question has for its file."""
    if read.path == one.name and read.uri == one.uri:
        return read
    if isinstance(read, CopiedDocument):
        return read.renamed(one.name, one.uri)
    old = read.document
    document = replace(old, path=one.name, uri=one.uri, language=_language(one, _kind(old.extraction)))
    named = f"{one.name}\0{old.size}\0".encode("utf-8", "replace")
    return ReadDocument(document, File(one.name, old.source), named + read.digest[-DIGEST:])


def _language(one: Candidate, kind: str) -> str:
    if kind == NOTEBOOK:
        return "jupyter"
    language = (one.buffer.language if one.buffer else "") or language_of(one.name)
    if kind:
        return "plaintext"  # a page's text is no HTML
    return "json" if language == "jupyter" else language  # read as plain text, the file is JSON


def _kind(extraction: Extraction | None) -> str:
    return extraction.kind if extraction else ""


SLICE = 1 << 16
"""Characters of an open text written at once: one encode of a huge one would hold up the event loop."""


def written(buffer: Buffer, pack: Pack) -> tuple[Source, bool]:
    """Where an open text stands in the pack, and whether a terminal had drawn it."""
    start, text = pack.size, buffer.text
    drawn = "\x1b" in text or "\b" in text
    slices: Iterator[bytes] = (text[at : at + SLICE].encode("utf-8", "replace") for at in range(0, len(text), SLICE))
    for part in drawn_chunks(slices) if drawn else slices:
        pack.append(part)
    source = Source(pack.path, start, pack.size - start)
    pack.append(b"\n")  # as after every text in a pack
    return source, drawn


def secret_in(one: Candidate) -> str:
    """The kind of secret in an open buffer, or "". Standard input is piped in on purpose and is not looked at."""
    if one.buffer is None or one.uri.startswith("stdin:"):
        return ""
    head = one.buffer.text[:LOOKED_AT].encode("utf-8", "replace")[:LOOKED_AT]
    log = is_log(one.name) or one.buffer.language == "log"
    return held_secret(head, whole=is_small(one.name, len(one.buffer.text)), log=log)
