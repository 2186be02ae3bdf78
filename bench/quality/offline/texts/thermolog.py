#!/usr/bin/env python3
"""thermolog - read room sensors, keep a history and warn when a room is cold.

Usage:  thermolog.py [--config FILE] [--once] [--interval SECONDS] [-v]
"""
import argparse
import collections
import logging
import smtplib
import sqlite3
import sys
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import requests
import yaml

log = logging.getLogger("thermolog")

DEFAULT_CONFIG = Path("/etc/thermolog.yaml")
MIN_CELSIUS = 16.5
STALE_AFTER = 900  # seconds
SCHEMA = """
CREATE TABLE IF NOT EXISTS reading (
    room TEXT NOT NULL,
    taken_at REAL NOT NULL,
    celsius REAL NOT NULL,
    humidity REAL,
    PRIMARY KEY (room, taken_at)
)
"""


class SensorError(Exception):
    """A sensor could not be read or sent nonsense."""


class StaleReading(SensorError):
    """The newest value of a sensor is too old."""


@dataclass
class Reading:
    room: str
    celsius: float
    humidity: float | None = None
    taken_at: float = field(default_factory=time.time)

    def is_cold(self, limit=MIN_CELSIUS):
        return self.celsius < limit

    def dew_point(self):
        """Approximate dew point, None without humidity."""
        if self.humidity is None:
            return None
        return self.celsius - (100 - self.humidity) / 5


class Sensor:
    """Base class of all sensors."""

    def __init__(self, room):
        self.room = room

    def read(self):
        raise NotImplementedError


class HttpSensor(Sensor):
    def __init__(self, room, url, timeout=4.0):
        super().__init__(room)
        self.url = url
        self.timeout = timeout

    def read(self):
        try:
            answer = requests.get(self.url, timeout=self.timeout)
            answer.raise_for_status()
            data = answer.json()
        except (requests.RequestException, ValueError) as exc:
            raise SensorError(f"{self.room}: {exc}") from exc
        return Reading(self.room, float(data["t"]), data.get("h"), data["ts"])


class OneWireSensor(Sensor):
    ROOT = Path("/sys/bus/w1/devices")

    def __init__(self, room, serial):
        super().__init__(room)
        self.path = self.ROOT / serial / "w1_slave"

    def read(self):
        text = self.path.read_text()
        if "YES" not in text:
            raise SensorError(f"{self.room}: bad checksum")
        milli = int(text.rsplit("t=", 1)[1])
        return Reading(self.room, milli / 1000)


class FakeSensor(Sensor):
    """Used by the tests: plays back a list of temperatures."""

    def __init__(self, room, values):
        super().__init__(room)
        self.values = collections.deque(values)

    def read(self):
        return Reading(self.room, self.values.popleft())


class History:
    def __init__(self, path):
        self.db = sqlite3.connect(path)
        self.db.execute(SCHEMA)

    def store(self, reading):
        with self.db:
            self.db.execute(
                "INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?)",
                (reading.room, reading.taken_at, reading.celsius, reading.humidity),
            )

    def average(self, room, hours=24):
        since = time.time() - hours * 3600
        row = self.db.execute(
            "SELECT avg(celsius) FROM reading WHERE room = ? AND taken_at > ?",
            (room, since),
        ).fetchone()
        return row[0]

    def prune(self, days=400):
        limit = time.time() - days * 86400
        with self.db:
            cur = self.db.execute("DELETE FROM reading WHERE taken_at < ?", (limit,))
        log.info("pruned %d readings", cur.rowcount)


class Notifier:
    def __init__(self, host, sender, recipients, pause=3600):
        self.host = host
        self.sender = sender
        self.recipients = recipients
        self.pause = pause
        self.last = {}

    def warn(self, reading):
        if time.time() - self.last.get(reading.room, 0) < self.pause:
            log.debug("already warned about %s", reading.room)
            return False
        self._send(f"{reading.room} is cold: {reading.celsius:.1f} C")
        self.last[reading.room] = time.time()
        return True

    def _send(self, subject):
        mail = EmailMessage()
        mail["Subject"] = subject
        mail["From"] = self.sender
        mail["To"] = ", ".join(self.recipients)
        with smtplib.SMTP(self.host) as smtp:
            smtp.send_message(mail)


KINDS = {"http": HttpSensor, "onewire": OneWireSensor, "fake": FakeSensor}


def load_config(path):
    with open(path, encoding="utf-8") as handle:
        return yaml.safe_load(handle)


def build_sensors(config):
    sensors = []
    for entry in config["sensors"]:
        entry = dict(entry)
        kind = entry.pop("kind")
        sensors.append(KINDS[kind](**entry))
    return sensors


def check_age(reading, limit=STALE_AFTER):
    if time.time() - reading.taken_at > limit:
        raise StaleReading(f"{reading.room}: value is too old")


def poll(sensors, history, notifier):
    """Read every sensor once; returns the number of failures."""
    failures = 0
    for sensor in sensors:
        try:
            reading = sensor.read()
            check_age(reading)
        except SensorError as exc:
            log.warning("%s", exc)
            failures += 1
            continue
        history.store(reading)
        if reading.is_cold():
            notifier.warn(reading)
    return failures


def parse_args(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--interval", type=int, default=120)
    parser.add_argument("-v", "--verbose", action="store_true")
    return parser.parse_args(argv)


def main(argv=None):
    args = parse_args(argv)
    logging.basicConfig(level=logging.DEBUG if args.verbose else logging.INFO)
    config = load_config(args.config)
    sensors = build_sensors(config)
    history = History(config["database"])
    notifier = Notifier(**config["mail"])
    while True:
        failures = poll(sensors, history, notifier)
        if args.once:
            return 1 if failures else 0
        history.prune()
        time.sleep(args.interval)


if __name__ == "__main__":
    sys.exit(main())
