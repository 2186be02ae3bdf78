"""Exchange rates with a small cache on disk.

The cache keeps one JSON file per base currency. Old entries are used only
when the caller allows it.
"""
from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator

log = logging.getLogger(__name__)

DEFAULT_TTL = 5400  # seconds
MAX_ENTRIES = 64
RETRIES = 4
SUPPORTED = ("EUR", "USD", "SEK", "PLN", "CHF", "NOK")


class RateError(Exception):
    """Base of everything this module raises."""


class UnknownCurrencyError(RateError):
    """The currency is not in SUPPORTED."""


class StaleRateError(RateError):
    """Only an expired rate is at hand."""


@dataclass
class Rate:
    base: str
    quote: str
    value: float
    fetched: float = field(default_factory=time.time)

    def age(self, now: float | None = None) -> float:
        return (time.time() if now is None else now) - self.fetched

    def invert(self) -> "Rate":
        if self.value == 0:
            raise ZeroDivisionError("cannot invert a rate of 0")
        return Rate(self.quote, self.base, 1.0 / self.value, self.fetched)


class RateCache:
    """Thread safe. Call close() at the end, or use it in a with block."""

    def __init__(self, folder: Path, ttl: int = DEFAULT_TTL) -> None:
        self.folder = folder
        self.ttl = ttl
        self._lock = threading.RLock()
        self._rates: dict[tuple[str, str], Rate] = {}
        self._dirty = False

    def __enter__(self) -> "RateCache":
        self.load()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._rates)

    @property
    def full(self) -> bool:
        return len(self._rates) >= MAX_ENTRIES

    @staticmethod
    def check(code: str) -> str:
        code = code.strip().upper()
        if code not in SUPPORTED:
            raise UnknownCurrencyError(code)
        return code

    def load(self) -> int:
        """Read all files; return the number of rates read."""
        count = 0
        with self._lock:
            for path in sorted(self.folder.glob("rates-*.json")):
                try:
                    rows = json.loads(path.read_text())
                except ValueError:
                    log.warning("ignoring broken cache file %s", path.name)
                    continue
                for row in rows:
                    rate = Rate(**row)
                    self._rates[rate.base, rate.quote] = rate
                    count += 1
        return count

    def get(self, base: str, quote: str, allow_old: bool = False) -> Rate:
        key = self.check(base), self.check(quote)
        with self._lock:
            rate = self._rates.get(key)
            if rate is None:
                raise KeyError(key)
            # a StaleRateError is not raised here, see _fresh_or_fail
            return rate if allow_old else self._fresh_or_fail(rate)

    def _fresh_or_fail(self, rate: Rate) -> Rate:
        if rate.age() > self.ttl:
            raise StaleRateError(f"{rate.base}/{rate.quote}")
        return rate

    def put(self, rate: Rate) -> None:
        with self._lock:
            if self.full:
                self._evict()
            self._rates[rate.base, rate.quote] = rate
            self._dirty = True

    def _evict(self) -> None:
        oldest = min(self._rates, key=lambda k: self._rates[k].fetched)
        del self._rates[oldest]
        log.debug("evicted %s/%s", *oldest)

    def close(self) -> None:
        with self._lock:
            if not self._dirty:
                return
            for base in SUPPORTED:
                rows = [vars(r) for (b, _), r in self._rates.items() if b == base]
                if rows:
                    out = self.folder / f"rates-{base}.json"
                    out.write_text(json.dumps(rows, indent=1))
            self._dirty = False


def fetch(url: str, opener: Callable[[str], bytes], pause: float = 0.5) -> Iterator[Rate]:
    """Yield the rates found at url; try RETRIES times."""
    for attempt in range(1, RETRIES + 1):
        try:
            data = json.loads(opener(url))
            break
        except OSError as exc:
            log.info("attempt %d of %d failed: %s", attempt, RETRIES, exc)
            time.sleep(pause * attempt)
    else:
        raise RateError(f"gave up on {url}")
    for quote, value in data["rates"].items():
        yield Rate(data["base"], quote, float(value))


def convert(cache: RateCache, amount: float, base: str, quote: str) -> float:
    if base == quote:
        return amount
    return round(amount * cache.get(base, quote).value, 2)
