"""The user's permanent answers to requests for consent: a small file of the state folder, beside the history."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

from rlm_ls.private import is_own, private_folder, replace_file

MOST = 1000
"""Answers that are kept, the newest."""


class Consents:
    """Answers by name. Reads and writes at once: not for the event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, bool]:
        """Nothing where the file is missing, damaged or somebody else's: then the user is asked again."""
        try:
            if not is_own(str(self._path)):
                return {}
            data = json.loads(self._path.read_text("utf-8"))
            return {str(name): answer is True for name, answer in data["answers"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return {}

    def add(self, answers: Mapping[str, bool]) -> None:
        """A state folder that cannot be written has the user asked again, nothing else."""
        known = {name: answer for name, answer in self.read().items() if name not in answers} | dict(answers)
        with contextlib.suppress(OSError):
            private_folder(self._path.parent)
            newest = dict(list(known.items())[-MOST:])
            replace_file(self._path, json.dumps({"answers": newest}, ensure_ascii=False).encode("utf-8", "replace"))
