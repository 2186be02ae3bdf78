"""Small records by name that outlive a server: a file of the state folder, beside the history."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlm_ls.private import is_own, private_folder, replace_file

MOST = 200
"""Records that are kept, the newest."""
LARGEST = 1 << 20
"""Bytes of a file that is read."""


class KeptRecords:
    """JSON objects by name. Reads and writes at once: not for the event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, dict[str, Any]]:
        """Nothing where the file is missing, damaged or somebody else's."""
        try:
            if not is_own(str(self._path)) or self._path.stat().st_size > LARGEST:
                return {}
            data = json.loads(self._path.read_text("utf-8"))["records"]
            return {str(name): record for name, record in data.items() if isinstance(record, dict)}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return {}

    def add(self, name: str, record: Mapping[str, Any]) -> None:
        """A state folder that cannot be written keeps nothing, and nothing fails for it."""
        known = {one: kept for one, kept in self.read().items() if one != name} | {name: dict(record)}
        with contextlib.suppress(OSError):
            private_folder(self._path.parent)
            newest = dict(list(known.items())[-MOST:])
            replace_file(self._path, json.dumps({"records": newest}, ensure_ascii=False).encode("utf-8", "replace"))
