"""Citations as links in a document of ours."""

from __future__ import annotations

import re
from urllib.parse import quote

from rlm_ls.context.remote.addresses import is_remote
from rlm_ls.engine.answer import Citation
from rlm_ls.engine.trace import inert

QUOTED = 300
"""Characters of a quotation."""


def link(citation: Citation) -> str:
    """Its place, as a link where an editor or a browser can open it."""
    label = label_text(citation.label)
    if is_ours(citation):
        return f"[{label}]({address(citation)})"
    return f"{label} of {inert.code(citation.uri)}" if is_remote(citation.uri) else label


def quoted(citation: Citation) -> str:
    """What follows the link in a list: how it stands, and its text."""
    state = "" if citation.state == "verified" else f" ({citation.state})"
    return f"{state}: {inert.code(' '.join(citation.quote.split())[:QUOTED])}"


def label_text(place: str) -> str:
    """A place in words, as the text of a link: a file may be named like markup."""
    return re.sub(r"[\\`~\[\]<]", r"\\\g<0>", " ".join(place.split()))


def address(citation: Citation) -> str:
    return f"{quote(citation.uri, safe=':/%')}#{citation.fragment}"


def is_ours(citation: Citation) -> bool:
    """A text's address. What a recording of others says may be anything: a command of the editor's."""
    scheme = citation.uri.partition(":")[0].lower()
    return scheme in {"file", "untitled", "http", "https"} or scheme.startswith("vscode-")
