"""When a failed charge is tried again."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from larder.errors import PaymentDeclined, PaymentError
from larder.settings import Settings

DEFAULT_MAX_ATTEMPTS = 3
"""For scripts that have no settings. The service reads `payments.retry.max_attempts`."""

RETRYABLE = frozenset({"timeout", "unreachable", "busy", "internal"})


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff: `first_delay`, then `factor` times more each time, up to `longest_delay` seconds.

    `max_attempts` counts the first attempt too. `jitter` is the share of a delay that is left to chance.
    """

    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    first_delay: float = 1.0
    factor: float = 2.0
    longest_delay: float = 60.0
    jitter: float = 0.0

    @classmethod
    def from_settings(cls, settings: Settings) -> "RetryPolicy":
        section = settings["payments.retry"]
        return cls(
            max_attempts=int(section["max_attempts"]),
            first_delay=float(section["first_delay"]),
            factor=float(section["factor"]),
            longest_delay=float(section["longest_delay"]),
            jitter=float(section["jitter"]),
        )

    def should_retry(self, error: PaymentError, attempts: int) -> bool:
        """Whether a charge that failed `attempts` times is worth another one."""
        if isinstance(error, PaymentDeclined) or error.code not in RETRYABLE:
            return False
        return attempts < self.max_attempts

    def delay(self, attempts: int, chance: Callable[[], float] = random.random) -> float:
        """Seconds to wait after `attempts` failures."""
        plain = min(self.longest_delay, self.first_delay * self.factor ** (attempts - 1))
        return plain * (1 - self.jitter + 2 * self.jitter * chance())
