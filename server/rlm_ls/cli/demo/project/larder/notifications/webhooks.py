"""Tells partners what happened to an order. Signed, and sent again until they answer 2xx or the limit is reached.

The limit here is `webhooks.max_attempts`; it has nothing to do with payments.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass

from larder.clock import Clock

Post = Callable[[str, bytes, dict[str, str], float], int]
"""URL, body, headers, timeout in seconds → HTTP status."""


@dataclass(frozen=True)
class Delivery:
    delivered: bool
    attempts: int


class Webhooks:
    def __init__(self, post: Post, secret: bytes, clock: Clock, max_attempts: int = 10, timeout: float = 5.0) -> None:
        self._post = post
        self._secret = secret
        self._clock = clock
        self._max_attempts = max_attempts
        self._timeout = timeout

    def send(self, url: str, event: str, order_id: str) -> Delivery:
        body = json.dumps({"event": event, "order": order_id}, sort_keys=True).encode()
        headers = {"X-Larder-Signature": self.sign(body)}
        for attempt in range(1, self._max_attempts + 1):
            if self._answered(url, body, headers):
                return Delivery(True, attempt)
            self._clock.sleep(min(300.0, 2.0**attempt))
        return Delivery(False, self._max_attempts)

    def sign(self, body: bytes) -> str:
        return "sha256=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()

    def _answered(self, url: str, body: bytes, headers: dict[str, str]) -> bool:
        try:
            return 200 <= self._post(url, body, headers, self._timeout) < 300
        except OSError:
            return False
