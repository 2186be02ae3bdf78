"""What goes back to the model after its programs ran: output capped head and tail, errors and notes whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlm_ls.executors.printed import cap


@dataclass(frozen=True, slots=True)
class Ran:
    """One program that ran, or was not run: then `error` says why."""

    output: str
    error: str = ""
    notes: tuple[str, ...] = ()


def observation(programs: Sequence[Ran], limit: int, verdict: str = "") -> str:
    """The observation of a turn. `limit` is characters of printed output over all programs; `verdict` is whole."""
    parts = []
    room = limit // max(1, sum(1 for program in programs if program.output))
    for number, program in enumerate(programs, 1):
        if len(programs) > 1:
            parts.append(f"[block {number}]")
        if program.output:
            parts.append(cap(program.output, room).rstrip("\n"))
        elif not program.error:
            parts.append("(nothing was printed)")
        parts += [f"Note: {note}" for note in program.notes]
        if program.error:
            parts.append(program.error)
    if verdict:
        parts.append(verdict)
    return "\n".join(parts)
