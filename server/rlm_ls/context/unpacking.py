"""What a compressed file or an archive held, as candidates like others."""

from __future__ import annotations

import os
from urllib.parse import quote

from rlm_ls.context.candidates import Candidate, Inside
from rlm_ls.context.intake import Unpacked
from rlm_ls.context.pack import Pack

INSIDE = "!/"
"""Between an archive's name and that of a member: `logs.zip!/app/a.log`."""


def members_of(one: Candidate, outcome: Unpacked, pack: Pack) -> list[Candidate]:
    """In the archive's order; those that cannot be read, with their error, last. A compressed file is its member."""
    members = [
        _within(one, member.name, member.size, outcome, Inside(pack.path, member.place, pack, outcome.settled))
        for member in outcome.members
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
    return Candidate(uri, one.path + label, size, outcome.stamp, None, False, one.name + label, None, inside)
