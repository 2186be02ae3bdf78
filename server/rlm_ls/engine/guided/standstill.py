"""Whether a model's replies get anywhere. It is judged by what they do, whatever the model's name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

MOST_REPLIES = 2
"""In a row that get nowhere: a third is not asked for."""
MOST_CALLS = 3
"""Of a model on the small models' prompt, from its first to its last, which is the guided one."""
_PLACE = re.compile(r"^(?:Error on line \d+: .*\n)?(?:Error: )?")
LONGEST = 2_000


@dataclass(slots=True)
class Standstill:
    """`nowhere` counts the replies that got nowhere: in a row, of a model on the small models' prompt all of them.
    `looked`: a verb has found something in this run."""

    nowhere: int = 0
    looked: bool = False
    _seen: set[str] = field(default_factory=set)

    @property
    def reached(self) -> bool:
        return self.nowhere >= MOST_REPLIES

    def take(self, *, ran: bool, small: bool, verbs: int, outputs: Sequence[str], errors: Sequence[str]) -> bool:
        """A reply that was not the last: whether it got anywhere.

        It did where a program `ran`, and the text was looked at (`verbs` answered, now or before), and something came
        of it that is new: an output; or, where verbs answered now, an error that was not made before.
        """
        self.looked = self.looked or verbs > 0
        came = [f"> {one[:LONGEST]}" for one in outputs if one or verbs]
        if verbs:
            came += [f"! {_PLACE.sub('', one)[:LONGEST]}" for one in errors if one]
        fresh = {one for one in came if one not in self._seen}
        self._seen |= fresh
        somewhere = ran and self.looked and bool(fresh)
        self.nowhere = self.nowhere + (not somewhere) if small or not somewhere else 0
        return somewhere
