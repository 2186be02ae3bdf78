"""Compilers that have been proved to work, remembered between sessions so that proving costs nothing again."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from rlm_ls.private import is_own, private_folder, replace_file

MOST = 64
"""Proofs kept; the newest stay."""


class ProvenToolchains:
    """A small JSON file: the identity of each toolchain with its version, and where each rustup proxy leads. Only
    successes are kept: a toolchain that failed is tried again by each process."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / "toolchains.json"

    def read(self) -> dict[str, str]:
        try:
            if not is_own(str(self._path)):
                return {}
            data = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(k): str(v) for k, v in data.items()} if isinstance(data, dict) else {}

    def add(self, identity: str, version: str) -> None:
        """A state folder that cannot be written costs time at the next start, nothing else."""
        known = self.read()
        known.pop(identity, None)
        known[identity] = version
        with contextlib.suppress(OSError):
            private_folder(self._path.parent)
            replace_file(self._path, json.dumps(dict(list(known.items())[-MOST:])).encode())
