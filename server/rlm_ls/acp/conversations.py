"""Which runs belong to which session: a small file of the state folder, so that sessions outlive the process."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rlm_ls.private import is_own, private_folder, replace_file

MOST = 200
"""Sessions that are kept, the newest."""
MOST_RUNS = 200


@dataclass(frozen=True, slots=True)
class Conversation:
    """`folders`: its working folder, and further ones. `runs`: the ids of its questions, in order."""

    folders: tuple[str, ...]
    title: str = ""
    updated: float = 0.0
    runs: tuple[str, ...] = ()

    def with_run(self, run_id: str, question: str, now: float) -> Conversation:
        title = self.title or " ".join(question.split())[:100]
        return replace(self, title=title, updated=now, runs=(*self.runs, run_id)[-MOST_RUNS:])


class Conversations:
    """By session id. Reads and writes at once: not for the event loop."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / "acp-sessions.json"

    def read(self) -> dict[str, Conversation]:
        """Nothing where the file is missing, damaged or somebody else's."""
        try:
            if not is_own(str(self._path)):
                return {}
            data: dict[str, Any] = json.loads(self._path.read_text("utf-8"))
            return {str(name): _conversation(kept) for name, kept in data["sessions"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return {}

    def keep(self, session_id: str, conversation: Conversation) -> None:
        """A state folder that cannot be written loses the session at the end of the process, nothing else."""
        known = self.read()
        known.pop(session_id, None)
        newest = dict([*known.items(), (session_id, conversation)][-MOST:])
        text = json.dumps({"sessions": {name: asdict(one) for name, one in newest.items()}}, ensure_ascii=False)
        with contextlib.suppress(OSError):
            private_folder(self._path.parent)
            replace_file(self._path, text.encode("utf-8", "replace"))


def _conversation(kept: dict[str, Any]) -> Conversation:
    return Conversation(
        folders=tuple(str(folder) for folder in kept["folders"]),
        title=str(kept["title"]),
        updated=float(kept["updated"]),
        runs=tuple(str(run) for run in kept["runs"]),
    )
