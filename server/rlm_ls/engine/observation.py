"""What goes back to the model after its programs ran. All of it is capped here: output, errors, notes, verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlm_ls.executors.printed import cap

ERROR = 4_000
"""Characters of an error, a refusal, a compiler's words: whoever made it chose how long it is."""
NOTE = 600
NOTES = 20
"""Notes of one program that are shown."""
BESIDE_OUTPUT = 12_000
"""Characters of a whole observation beside the programs' output: many blocks can err in one reply."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One program that ran, or was not run: then `error` says why."""

    output: str
    error: str = ""
    notes: tuple[str, ...] = ()


def observation(programs: Sequence[Ran], limit: int, verdict: str = "") -> str:
    """The observation of a turn. `limit` is characters of printed output over all programs; what is cut is counted."""
    parts = []
    room = limit // max(1, sum(1 for program in programs if program.output))
    for number, program in enumerate(programs, 1):
        if len(programs) > 1:
            parts.append(f"[block {number}]")
        if program.output:
            parts.append(cap(program.output, room).rstrip("\n"))
        elif not program.error:
            parts.append("(nothing was printed)")
        parts += _notes(program.notes)
        if program.error:
            parts.append(shortened(program.error))
    shown = cap("\n".join(parts), limit + BESIDE_OUTPUT)
    return "\n".join(part for part in (shown, shortened(verdict)) if part)


def shortened(text: str) -> str:
    """An error's text as models are told it and traces keep it: head and tail, with what is cut counted."""
    return cap(text, ERROR)


def _notes(notes: Sequence[str]) -> list[str]:
    shown = [f"Note: {cap(note, NOTE)}" for note in notes[:NOTES]]
    return [*shown, f"Note: {len(notes) - NOTES:,} more notes"] if len(notes) > NOTES else shown
