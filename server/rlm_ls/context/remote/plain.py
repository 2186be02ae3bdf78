"""Which texts can be searched where they lie: those that are plain, by how they begin."""

from __future__ import annotations

from codecs import BOM_UTF8

from rlm_ls.context.extraction.kinds import kind_of as document_kind
from rlm_ls.context.remote.fetch import file_system, told, version_of
from rlm_ls.context.sources.compression import kind_of
from rlm_ls.context.sources.drawing import may_draw
from rlm_ls.context.sources.secrets import LOOKED_AT, held_secret, is_log, is_small
from rlm_ls.context.workers.deadline import Deadline


def texts(_: Deadline, urls: tuple[str, ...]) -> list[tuple[str, int, int] | None]:
    """Of each text that can be searched where it lies, as it is: its version, size, and where its text begins."""
    return [_text(url) for url in urls]


def _text(url: str) -> tuple[str, int, int] | None:
    with told(url):
        files, place = file_system(url)
        about = files.info(place)
        size, version = about.get("size"), version_of(about)
        head = files.cat_file(place, start=0, end=LOOKED_AT)
    skip = begins(head, url.rpartition("/")[2])
    return None if skip is None or not (size and version) else (version, int(size), skip)


def begins(head: bytes, name: str) -> int | None:
    """The byte at which the text begins whose first LOOKED_AT bytes are `head`; None where it is not plain, or holds a
    secret. `name` is a file's, without its folder."""
    if kind_of(head) or document_kind(head, name, False) or b"\0" in head or may_draw(head):
        return None
    whole = is_small(name, len(head)) and len(head) < LOOKED_AT
    if held_secret(head, whole=whole, log=not whole or is_log(name)):
        return None
    try:
        head[: LOOKED_AT - 4].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end < LOOKED_AT - 8:
            return None
    return len(BOM_UTF8) if head.startswith(BOM_UTF8) else 0
