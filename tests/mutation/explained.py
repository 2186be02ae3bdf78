"""Changes that no test can notice, or none should: the lines of mutmut's difference by which each is known, and why."""

from __future__ import annotations

EXPLAINED: dict[tuple[str, ...], str] = {
    ('name="rlm-write"',): "A thread's name is for whoever looks at the process; the process ends by os._exit.",
    ('name="rlm-read"',): "As above.",
    ("+    if len(self._read) > length:",): "The same bytes by the longer way, which then has nothing to read.",
    ("Reservation(0, None), sub=sub)", "nothing :="): "A reservation of nothing is nothing, priced or not.",
    (
        "Reservation(1, 0.0), sub=sub)",
        "nothing :=",
    ): "It is settled in the same breath; where it does not fit, so is it.",
    ("log.",): "The wording of a log.",
}
