"""What the guided route of a run needs beside the run itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rlm_ls.engine.setup.opening.first_look import Looking
from rlm_ls.models.offline.model import OfflineModel


@dataclass(frozen=True, slots=True)
class Guide:
    """`rules` makes the offline model of the run's question. `at_once`: why the model need not be tried at exploring,
    "" where it is to be."""

    looking: Looking
    rules: Callable[[], Awaitable[OfflineModel]]
    at_once: str = ""
