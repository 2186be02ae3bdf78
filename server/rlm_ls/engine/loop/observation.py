"""What goes back to the model after its programs ran. All of it is capped here: output, errors, notes, verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from rlm_ls.executors.scripts.output import cap
from rlm_ls.executors.scripts.shares import cut, shares

ERROR = 4_000
"""Characters of an error, a refusal, a compiler's words: whoever made it chose how long it is."""
NOTE = 600
NOTES = 20
"""Notes of one program that are shown."""
LEAST_ROOM, MOST_ROOM = 8_000, 20_000
"""Characters of output in an observation, by the model's window, where no setting says."""
OF_WINDOW = 0.25
"""The share of a window that is smaller than that, or of a budget of tokens, that one observation may take."""
ALIKE = 40
"""Characters of a line that is shown once where it is printed several times in a row: a line with five matches is five
Spans."""
BESIDE_OUTPUT = 12_000
"""Characters of a whole observation beside the programs' output: many blocks can err in one reply."""


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """One program that ran, or was not run: then `error` says why."""

    output: str
    error: str = ""
    notes: tuple[str, ...] = ()
    prints: tuple[str, ...] = ()
    """The output, print by print; empty where it was not printed."""

    @property
    def pieces(self) -> tuple[str, ...]:
        """The prints, what is printed several times in a row but once."""
        printed = self.prints or ((self.output,) if self.output else ())
        return tuple(_once("".join(_once(piece.splitlines(keepends=True))) for piece in printed))


def output_room(setting: int, window: int, tokens: int, characters_per_token: float = 4.0) -> int:
    """Characters of output that an observation has room for: the setting, else by the model's window and the run's
    budget, both in tokens."""
    if setting:
        return setting
    least = int(min(window, tokens) * OF_WINDOW * characters_per_token)
    return max(500, min(least, MOST_ROOM, max(LEAST_ROOM, window // 10)))


def observation(programs: Sequence[ProgramResult], limit: int, verdict: str = "") -> str:
    """The observation of a turn, as `observed` makes it."""
    return observed(programs, limit, verdict)[0]


def observed(programs: Sequence[ProgramResult], limit: int, verdict: str = "") -> tuple[str, str]:
    """The observation of a turn, and what it had no room for, which more() pages through.

    `limit` is characters of printed output over all programs, which all prints share; a cut says how much is left.
    """
    parts: list[str] = []
    rest: list[str] = []
    given = iter(shares([len(piece) for program in programs for piece in program.pieces], limit))
    for number, program in enumerate(programs, 1):
        if len(programs) > 1:
            parts.append(f"[block {number}]")
        if program.output:
            parts.append("".join(_fitted(piece, next(given), rest) for piece in program.pieces).rstrip("\n"))
        elif not program.error:
            parts.append("(nothing was printed)")
        parts += _notes(program.notes)
        if program.error:
            parts.append(shortened(program.error))
    shown = cap("\n".join(parts), limit + limit // 4 + BESIDE_OUTPUT)
    return "\n".join(part for part in (shown, shortened(verdict)) if part), "\n".join(rest)


def _once(parts: Iterable[str]) -> Iterable[str]:
    for part, alike in groupby(parts):
        count = sum(1 for _ in alike)
        if count == 1 or len(part) < ALIKE:
            yield from [part] * count
        else:
            end = "\n" if part.endswith("\n") else ""
            yield f"{part.removesuffix(end)} [×{count}]{end}"


def _fitted(piece: str, room: int, rest: list[str]) -> str:
    shown, left = cut(piece, room)
    if not left:
        return piece
    rest.append(left.rstrip("\n"))
    lines = left.rstrip().count("\n") + 1
    return f"{shown}\n[… {len(left):,} more characters, {lines:,} lines: more() in your next reply shows them]\n"


def shortened(text: str) -> str:
    """An error's text as models are told it and traces keep it: head and tail, with what is cut counted."""
    return cap(text, ERROR)


def _notes(notes: Sequence[str]) -> list[str]:
    shown = [f"Note: {cap(note, NOTE)}" for note in notes[:NOTES]]
    return [*shown, f"Note: {len(notes) - NOTES:,} more notes"] if len(notes) > NOTES else shown
