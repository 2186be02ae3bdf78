"""The members of a compressed file or an archive, as candidates."""

from __future__ import annotations

import os
from urllib.parse import quote

from rlm_ls.context.snapshot.intake import Unpacked
from rlm_ls.context.snapshot.pack import Pack
from rlm_ls.context.sources.candidates import Candidate, Inside
from rlm_ls.context.sources.uris import INSIDE


def members_of(one: Candidate, outcome: Unpacked, pack: Pack) -> list[Candidate]:
    """The members in the archive's order; last those that cannot be read, with their error. A compressed file has
    one."""
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
