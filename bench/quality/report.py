"""The figures of a measurement as tables: by question, by type of scoring, by arm."""

from __future__ import annotations

from collections.abc import Sequence

from bench.quality.intervals import interval
from bench.quality.results import Row
from bench.tables import table

USED = ["turns", "calls", "sub-calls", "tokens in", "out", "USD", "seconds"]
RIGHT = 0.9995


def report(rows: Sequence[Row]) -> str:
    """Of at least one row; rows of several arms are told apart."""
    arms = list(dict.fromkeys(row.arm for row in rows))
    parts = [_by_question(rows)]
    parts += [_by_type(arm, [row for row in rows if row.arm == arm]) for arm in arms]
    parts.append(_in_all({arm: [row for row in rows if row.arm == arm] for arm in arms}))
    parts += _notes("Errors, each scored 0", [(row, row.error) for row in rows if row.error])
    parts += _notes("Warnings", [(row, warning) for row in rows for warning in row.warnings])
    return "\n\n".join(parts)


def line(row: Row) -> str:
    """One row as it is done."""
    outcome = f"error {row.error}" if row.error else f"{row.score:.2f}"
    return f"{row.id} ({row.arm}): {outcome} · {row.tokens:,} tokens · {dollars([row])} · {row.seconds:.1f} s"


def _by_question(rows: Sequence[Row]) -> str:
    heads = ["question", "arm", "scored by", "score", "ended", *USED]
    return table(
        heads,
        [
            [row.id, row.arm, row.type, f"{row.score:.2f}", "error" if row.error else row.status, *_used([row])]
            for row in rows
        ],
    )


def _by_type(arm: str, rows: Sequence[Row]) -> str:
    types = sorted({row.type for row in rows})
    lines = [[kind, *_accuracy([row for row in rows if row.type == kind])] for kind in types]
    return table([f"{arm}, by type", "n", "right", "accuracy", "95 % interval", *USED], lines)


def _in_all(arms: dict[str, list[Row]]) -> str:
    lines = [[f"{arm}, {_who(rows)}", *_accuracy(rows)] for arm, rows in arms.items()]
    lines += [[f"{arm}, a question", "", "", "", "", *_used(rows, each=True)] for arm, rows in arms.items()]
    return table(["in all", "n", "right", "accuracy", "95 % interval", *USED], lines)


def _who(rows: Sequence[Row]) -> str:
    """The model asked for; of a replay, the models recorded."""
    names = {row.replied for row in rows if row.replied.startswith("recorded")} or {rows[0].model}
    return ", ".join(sorted(names))


def _accuracy(rows: Sequence[Row]) -> list[str]:
    found = interval([row.score for row in rows])
    right = sum(row.score >= RIGHT for row in rows)
    spread = f"{found.low:.2f} to {found.high:.2f}, {found.method}"
    if len(rows) == 1 and found.method == "bootstrap":
        spread = "one question"
    return [str(len(rows)), str(right), f"{found.mean:.3f}", spread, *_used(rows)]


def _used(rows: Sequence[Row], *, each: bool = False) -> list[str]:
    n = len(rows) if each else 1
    counts = [
        sum(row.turns for row in rows),
        sum(row.calls for row in rows),
        sum(row.sub_calls for row in rows),
        sum(row.prompt_tokens for row in rows),
        sum(row.completion_tokens for row in rows),
    ]
    shown = [f"{count / n:,.1f}" if each and count / n < 100 else f"{count / n:,.0f}" for count in counts]
    return [*shown, dollars(rows, n), f"{sum(row.seconds for row in rows) / n:,.1f}"]


def dollars(rows: Sequence[Row], n: int = 1) -> str:
    """Never a guess: a sum with unknown prices in it is said to be at least what is known."""
    known = [row.usd for row in rows if row.usd is not None]
    if not known:
        return "unknown"
    return ("" if len(known) == len(rows) else "≥ ") + f"${sum(known) / n:.4f}"


def _notes(title: str, notes: Sequence[tuple[Row, str]]) -> list[str]:
    """Each sentence once, with the questions it is about."""
    about: dict[str, list[str]] = {}
    for row, text in notes:
        about.setdefault(text.strip().partition("\n")[0], []).append(f"{row.id} ({row.arm})")
    lines = [f"  {text} [{', '.join(ids[:3])}{_more(len(ids) - 3)}]" for text, ids in about.items()]
    return ["\n".join([f"{title}:", *lines])] if lines else []


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""
