"""Books (EPUB): the chapters in the order of their reading, each a web page."""

from __future__ import annotations

import posixpath

from rlm_ls.context.extraction.formats import pages
from rlm_ls.context.extraction.formats.packages import Package, attribute, resolved
from rlm_ls.context.extraction.text import NotADocument, Text


def extract(package: Package, text: Text) -> None:
    """Raises NotADocument for an archive that is no book."""
    if "META-INF/encryption.xml" in package.names:
        text.note("parts of it may be encrypted")
    container = package.tree("META-INF/container.xml")
    root = next((attribute(one, "full-path") for one in container.iter("{*}rootfile")), "")
    if root not in package.names:
        raise NotADocument
    opf = package.tree(root)
    folder = posixpath.dirname(root)
    items = {attribute(one, "id"): attribute(one, "href") for one in opf.iter("{*}item")}
    spine = [items.get(attribute(one, "idref"), "") for one in opf.iter("{*}itemref")]
    missing = 0
    for number, href in enumerate(spine, 1):
        part = resolved(folder, href)
        if not href or part not in package.names:
            missing += 1
            continue
        raw = package.read(part)
        text.section("chapter", str(number), pages.title_of(raw))
        pages.write(raw, text, level=2)
    if missing:
        text.note(f"{missing:,} of its {len(spine):,} chapters {'is' if missing == 1 else 'are'} missing")
