"""The figures as JSON, and beside those that are kept in the repository."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.suite.figure import Figure
from bench.suite.growth import Growth

KEPT = Path(__file__).parents[1] / "kept.json"


def write(path: Path, figures: Sequence[Figure], growth: Growth, seconds: float) -> None:
    """`used` is the part of what is allowed; all else as in Figure and Point."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    content = {
        "machine": machine,
        "seconds": round(seconds, 1),
        "figures": [figure.as_json() | {"used": figure.used} for figure in figures],
        "growth": {
            "bytes": [point.as_json() for point in growth.bytes],
            "files": [point.as_json() for point in growth.files],
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_rounded(content), indent=1, ensure_ascii=False) + "\n", "utf-8")


def used_then() -> dict[tuple[str, str], float]:
    """The part of what was allowed that each kept figure took, by work and name; nothing if none are kept."""
    if not KEPT.is_file():
        return {}
    figures = json.loads(KEPT.read_text("utf-8"))["figures"]
    return {(figure["work"], figure["name"]): float(figure["used"]) for figure in figures}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 5) if value < 1 else round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value
