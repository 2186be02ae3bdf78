"""The members of a compressed file or an archive, and the text of a document, as candidates."""

from __future__ import annotations

import os
from urllib.parse import quote

from rlm_ls.context.document import Extraction
from rlm_ls.context.rotation import in_time
from rlm_ls.context.snapshot.intake import Extracted, Unpacked
from rlm_ls.context.snapshot.pack import Pack
from rlm_ls.context.sources.candidate import Candidate, Inside
from rlm_ls.context.sources.uris import INSIDE, shown


def members_of(one: Candidate, outcome: Unpacked, pack: Pack) -> list[Candidate]:
    """The members in the archive's order, the pieces of a rotated log in that of their time; last those that cannot be
    read, with their error. A compressed file has one."""
    members = [
        _within(
            one,
            member.name,
            member.size,
            outcome,
            Inside(pack.path, member.place, pack, outcome.settled, unpacked=True, measures=member.measures),
        )
        for member in (outcome.members[n] for n in in_time([member.name for member in outcome.members]))
    ]
    for name, why in outcome.notes:
        member = _within(one, name, 0, outcome, None)
        member.error, member.explicit = why.raised(), False
        members.append(member)
    return members


def _within(one: Candidate, name: str, size: int, outcome: Unpacked, inside: Inside | None) -> Candidate:
    if not name:
        return Candidate(one.uri, one.path, size, outcome.stamp, None, one.explicit, one.name, None, inside)
    uri = one.uri + INSIDE + quote(name.encode("utf-8", "surrogateescape"))
    label = INSIDE + name.replace(os.sep, "/")
    return Candidate(uri, one.path + label, size, outcome.stamp, None, False, one.name + shown(label), None, inside)


def taken_out_of(one: Candidate, outcome: Extracted, pack: Pack, place: int) -> Candidate:
    """The text of a document that is not text itself, under the document's own name."""
    unpacked = one.inside is not None and one.inside.unpacked
    extraction = Extraction(outcome.kind, outcome.sections, outcome.notes)
    settled = outcome.settled if one.inside is None else one.inside.settled
    inside = Inside(pack.path, place, pack, settled, False, unpacked, extraction)
    stamp = outcome.stamp if one.inside is None else one.stamp
    return Candidate(one.uri, one.path, outcome.size, stamp, None, one.explicit, one.name, None, inside)
