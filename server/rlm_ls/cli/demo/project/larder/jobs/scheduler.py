"""Runs jobs at intervals, one after the other. A job that fails is logged and runs again at its next turn."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from larder.clock import Clock

log = logging.getLogger(__name__)


@dataclass
class Job:
    name: str
    every: float
    run: Callable[[], object]
    due: float = 0.0


class Scheduler:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jobs: list[Job] = []

    def add(self, name: str, every: float, run: Callable[[], object]) -> None:
        self._jobs.append(Job(name, every, run, self._clock.now()))

    def tick(self) -> float:
        """Run what is due. Returns the seconds until something is due again."""
        for job in self._jobs:
            if job.due <= self._clock.now():
                try:
                    job.run()
                except Exception:
                    log.exception("job %s failed", job.name)
                job.due = self._clock.now() + job.every
        return max(0.0, min((job.due for job in self._jobs), default=60.0) - self._clock.now())
