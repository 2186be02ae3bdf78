#!/usr/bin/env python3
"""Control loop of the municipal greenhouse: reads sensors, opens vents, waters."""
import argparse
import json
import logging
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as mqtt

log = logging.getLogger("greenhouse")

DB_PATH = Path("/srv/greenhouse/readings.sqlite")
POLL_SECONDS = 20
VENT_STEP = 7          # per cent of travel for each step
MAX_WATER_LITRES = 14.5
FROST_LIMIT = 4.0


class SensorError(RuntimeError):
    """A sensor did not answer in time."""


class VentStuck(SensorError):
    """The vent motor reports no travel."""


@dataclass
class Zone:
    name: str
    target_c: float
    target_humidity: int
    vent: int = 0
    history: list = field(default_factory=list)

    def drift(self, measured):
        return measured - self.target_c


ZONES = [
    Zone("tomato", 24.5, 61),
    Zone("fern", 19.0, 82),
    Zone("cactus", 27.0, 22),
    Zone("orchid", 22.5, 74),
    Zone("seedling", 21.0, 70),
]


def open_db(path=DB_PATH):
    con = sqlite3.connect(path, timeout=8)
    con.execute("create table if not exists reading (zone text, at real, c real, rh int)")
    return con


def store(con, zone, celsius, humidity):
    con.execute("insert into reading values (?,?,?,?)", (zone.name, time.time(), celsius, humidity))
    con.commit()


def read_sensor(bus, zone, retries=3):
    for attempt in range(retries):
        raw = bus.ask(zone.name)
        if raw is not None:
            return json.loads(raw)
        log.warning("sensor %s silent, attempt %d", zone.name, attempt + 1)
    raise SensorError(zone.name)


def move_vent(bus, zone, steps):
    wanted = max(0, min(100, zone.vent + steps * VENT_STEP))
    if not bus.tell(zone.name, {"vent": wanted}):
        raise VentStuck(zone.name)
    zone.vent = wanted
    return wanted


def litres_needed(zone, humidity):
    lack = zone.target_humidity - humidity
    if lack <= 0:
        return 0.0
    return min(MAX_WATER_LITRES, lack * 0.4)


def frost_alarm(bus, zone, celsius):
    if celsius >= FROST_LIMIT:
        return False
    log.critical("FROST in %s: %.1f", zone.name, celsius)
    bus.tell("siren", {"on": True, "zone": zone.name})
    return True


def step(bus, con, zone):
    seen = read_sensor(bus, zone)
    store(con, zone, seen["c"], seen["rh"])
    if frost_alarm(bus, zone, seen["c"]):
        move_vent(bus, zone, -20)
        return
    drift = zone.drift(seen["c"])
    if abs(drift) > 1.5:
        move_vent(bus, zone, 1 if drift > 0 else -1)
    water = litres_needed(zone, seen["rh"])
    if water:
        bus.tell(zone.name, {"water": water})
    zone.history.append((seen["c"], water))


def summary(zones):
    # XXX: history grows without end, Bo wants a ring buffer here
    return {z.name: sum(w for _, w in z.history) for z in zones}


class Bus:
    def __init__(self, host, port=1883):
        self.client = mqtt.Client(client_id="greenhouse")
        self.client.connect(host, port, keepalive=90)
        self.inbox = {}
        self.client.on_message = self._got
        self.client.loop_start()

    def _got(self, client, userdata, msg):
        self.inbox[msg.topic.rsplit("/", 1)[-1]] = msg.payload

    def ask(self, name, wait=2.5):
        self.inbox.pop(name, None)
        self.client.publish(f"gh/ask/{name}", b"?")
        end = time.monotonic() + wait
        while time.monotonic() < end:
            if name in self.inbox:
                return self.inbox[name]
            time.sleep(0.05)
        return None

    def tell(self, name, order):
        return self.client.publish(f"gh/tell/{name}", json.dumps(order)).rc == 0


def main(argv=None):
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--broker", default="mqtt.stadtgarten.example")
    ap.add_argument("--once", action="store_true", help="one round, then leave")
    ap.add_argument("--log-level", default="WARNING")
    args = ap.parse_args(argv)
    logging.basicConfig(level=args.log_level)
    bus = Bus(args.broker)
    con = open_db()
    while True:
        for zone in ZONES:
            try:
                step(bus, con, zone)
            except VentStuck as e:
                log.error("vent stuck: %s", e)
            except SensorError as e:
                log.error("no reading: %s", e)
        if args.once:
            break
        time.sleep(POLL_SECONDS)
    print(json.dumps(summary(ZONES)))


if __name__ == "__main__":
    main()
