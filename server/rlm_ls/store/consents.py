"""The user's permanent answers to requests for consent: a small file of the state folder, beside the history."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

MOST = 1000
"""Answers that are kept, the newest."""


class Consents:
    """Answers by name. Reads and writes at once: not for the event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, bool]:
        """Nothing where the file is missing or damaged: then the user is asked again."""
        try:
            data = json.loads(self._path.read_text("utf-8"))
            return {str(name): answer is True for name, answer in data["answers"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return {}

    def add(self, answers: Mapping[str, bool]) -> None:
        """A state folder that cannot be written has the user asked again, nothing else."""
        known = {name: answer for name, answer in self.read().items() if name not in answers} | dict(answers)
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f"{self._path.stem}-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"answers": dict(list(known.items())[-MOST:])}, file, ensure_ascii=False)
            os.replace(name, self._path)
