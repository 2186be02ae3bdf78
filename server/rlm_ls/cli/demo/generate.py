"""The demo's log: one day of a web shop, generated. The same size and seed give the same bytes on every machine.

Nothing here depends on the clock, on hash order or on the last digit of a system's mathematics library.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

from platformdirs import user_cache_path

from rlm_ls.cli.demo.story import DAY, HEAD, TAIL, scripted
from rlm_ls.cli.demo.traffic import Traffic
from rlm_ls.private import private_folder, replace_file

LINES = 200_000
SEED = 7
MINUTES = 24 * 60

FEWEST_LINES = 200
"""Below it the day's scripted lines leave no room for traffic."""


def demo_log(
    folder: Path | None = None,
    *,
    lines: int = LINES,
    seed: int = SEED,
    stopped: Callable[[], bool] = lambda: False,
) -> Path:
    """The log as a file, written if `folder` (default: the user's cache) does not hold it yet. Blocks for seconds.

    A file that was changed, or written by another version of the generator, is written again. Raises InterruptedError
    when `stopped` says so meanwhile.
    """
    place = (folder or user_cache_path("rlm-ls", appauthor=False) / "demo") / f"{lines}-{seed}"
    path, note = place / "shop.log", place / "made.json"
    if path.is_file() and _made(note) == {"sha256": _file_digest(path), "generator": _generator_digest()}:
        return path
    private_folder(place)
    digest = hashlib.sha256()
    descriptor, temporary = tempfile.mkstemp(prefix=".shop.log.", dir=place)
    try:
        with open(descriptor, "wb") as file:
            for piece in log_pieces(lines, seed):
                if stopped():
                    raise InterruptedError
                digest.update(piece)
                file.write(piece)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    made = {"sha256": digest.hexdigest(), "generator": _generator_digest()}
    replace_file(note, json.dumps(made).encode())
    return path


def log_pieces(lines: int = LINES, seed: int = SEED) -> Iterator[bytes]:
    """The log in pieces of a minute each: UTF-8, every line ended by `\\n`, exactly `lines` of them."""
    if lines < FEWEST_LINES:
        raise ValueError(f"a log of the demo has at least {FEWEST_LINES} lines")
    traffic = Traffic(seed)
    told = scripted()
    quotas = _quotas(lines - sum(entry.count("\n") for minute in told.values() for _, entry in minute))
    for minute, quota in enumerate(quotas):
        entries = traffic.minute(minute, quota) + [(moment, entry.encode()) for moment, entry in told.get(minute, ())]
        if not entries:
            continue
        entries.sort(key=lambda entry: entry[0])
        yield b"".join(entry for _, entry in entries)


def _quotas(lines: int) -> list[int]:
    """How many lines each minute gets: less at night, more in the evening, and more while clients retry."""
    weights = [_weight(minute) for minute in range(MINUTES)]
    total = sum(weights)
    ends = [lines * done // total for done in accumulate(weights)]
    return [end - start for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _weight(minute: int) -> int:
    hourly = (
        62,
        55,
        50,
        48,
        50,
        56,
        68,
        84,
        98,
        108,
        114,
        118,
        122,
        120,
        114,
        112,
        116,
        124,
        136,
        144,
        140,
        122,
        98,
        76,
    )
    hour, rest = divmod(minute, 60)
    smooth = (hourly[hour] * (60 - rest) + hourly[(hour + 1) % 24] * rest) // 60
    return smooth * 8 // 5 if HEAD <= minute < TAIL else smooth


def _made(note: Path) -> object:
    try:
        return json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _generator_digest() -> str:
    here = Path(__file__).parent
    sources = (here / name for name in ("generate.py", "story.py", "traffic.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


__all__ = ["DAY", "FEWEST_LINES", "LINES", "SEED", "demo_log", "log_pieces"]
