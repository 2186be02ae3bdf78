#!/usr/bin/env python3
"""snaprotate - take, list and thin out LVM/ZFS snapshots on a schedule.

Typical use from cron:

    17 * * * *  root  /usr/local/sbin/snaprotate run --pool tank/home

The retention policy is the usual grandfather-father-son scheme.  Snapshots
carry their creation time in the name, so no state file is needed.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Iterable, Iterator, Optional

import requests

__version__ = "2.3.1"

LOG = logging.getLogger("snaprotate")

PREFIX = "snaprot"
STAMP = "%Y%m%dT%H%M%SZ"
NAME_RE = re.compile(r"^(?P<pool>[\w/.-]+)@snaprot-(?P<stamp>\d{8}T\d{6}Z)$")

LOCK_PATH = Path("/run/snaprotate.lock")
CONFIG_PATH = Path("/etc/snaprotate.json")
COMMAND_TIMEOUT = 90          # seconds, for any zfs command
WEBHOOK_TIMEOUT = 8           # seconds
MAX_DELETE_PER_RUN = 40       # refuse to go wild after a clock jump


class SnapError(Exception):
    """Anything that should end the run with a message and no traceback."""


class LockHeld(SnapError):
    """Another run is still going."""


class CommandFailed(SnapError):
    def __init__(self, argv: list[str], code: int, stderr: str) -> None:
        self.argv = argv
        self.code = code
        self.stderr = stderr.strip()
        super().__init__(f"{argv[0]} exited with {code}: {self.stderr}")


@dataclass(frozen=True, order=True)
class Snapshot:
    when: datetime
    pool: str = field(compare=False)

    @property
    def name(self) -> str:
        return f"{self.pool}@{PREFIX}-{self.when.strftime(STAMP)}"

    @property
    def age(self) -> timedelta:
        return datetime.now(timezone.utc) - self.when

    @classmethod
    def parse(cls, text: str) -> Optional["Snapshot"]:
        match = NAME_RE.match(text.strip())
        if match is None:
            return None
        when = datetime.strptime(match["stamp"], STAMP)
        return cls(when.replace(tzinfo=timezone.utc), match["pool"])


@dataclass
class Policy:
    hourly: int = 24
    daily: int = 14
    weekly: int = 8
    monthly: int = 12

    def keep(self, snapshots: Iterable[Snapshot]) -> set[Snapshot]:
        """Return the snapshots that some rule still wants."""
        newest_first = sorted(snapshots, reverse=True)
        kept: set[Snapshot] = set()
        kept |= self._pick(newest_first, self.hourly, "%Y%m%d%H")
        kept |= self._pick(newest_first, self.daily, "%Y%m%d")
        # TODO: ISO weeks differ from %W in the first days of January
        kept |= self._pick(newest_first, self.weekly, "%Y%W")
        kept |= self._pick(newest_first, self.monthly, "%Y%m")
        return kept

    @staticmethod
    def _pick(snaps: list[Snapshot], count: int, fmt: str) -> set[Snapshot]:
        seen: dict[str, Snapshot] = {}
        for snap in snaps:
            bucket = snap.when.strftime(fmt)
            if bucket not in seen:
                if len(seen) >= count:
                    break
                seen[bucket] = snap
        return set(seen.values())


class Lock:
    """A plain O_EXCL lock file holding our pid."""

    def __init__(self, path: Path = LOCK_PATH) -> None:
        self.path = path

    def __enter__(self) -> "Lock":
        try:
            fd = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            # FIXME: a stale lock after a power cut needs a human to remove it
            raise LockHeld(f"{self.path} exists, is another run active?")
        with os.fdopen(fd, "w") as handle:
            handle.write(str(os.getpid()))
        return self

    def __exit__(self, *exc_info) -> None:
        try:
            self.path.unlink()
        except FileNotFoundError:
            LOG.warning("lock file vanished while we were running")


def run_command(argv: list[str], dry_run: bool = False) -> str:
    LOG.debug("running %s", " ".join(argv))
    if dry_run:
        return ""
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT,
        )
    except subprocess.TimeoutExpired as err:
        LOG.error("%s hung for more than %ds", argv[0], COMMAND_TIMEOUT)
        raise CommandFailed(argv, -1, "timed out") from err
    if done.returncode != 0:
        raise CommandFailed(argv, done.returncode, done.stderr)
    return done.stdout


def list_snapshots(pool: str) -> Iterator[Snapshot]:
    output = run_command(["zfs", "list", "-H", "-t", "snapshot", "-o", "name", pool])
    for line in output.splitlines():
        snap = Snapshot.parse(line)
        if snap is not None and snap.pool == pool:
            yield snap


def take_snapshot(pool: str, dry_run: bool) -> Snapshot:
    now = datetime.now(timezone.utc).replace(microsecond=0)
    snap = Snapshot(now, pool)
    run_command(["zfs", "snapshot", snap.name], dry_run)
    LOG.info("created %s", snap.name)
    return snap


def prune(pool: str, policy: Policy, dry_run: bool) -> int:
    existing = list(list_snapshots(pool))
    doomed = sorted(set(existing) - policy.keep(existing))
    if len(doomed) > MAX_DELETE_PER_RUN:
        raise SnapError(
            f"{len(doomed)} snapshots to delete in {pool}, "
            f"limit is {MAX_DELETE_PER_RUN}"
        )
    for snap in doomed:
        run_command(["zfs", "destroy", snap.name], dry_run)
        LOG.info("destroyed %s (age %s)", snap.name, snap.age)
    return len(doomed)


def load_config(path: Path) -> dict:
    if not path.exists():
        return {}
    try:
        # TODO: complain about unknown keys
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as err:
        raise SnapError(f"{path}: {err}") from err


def notify(url: str, payload: dict, attempts: int = 3) -> bool:
    """POST a small JSON report; never let a dead webhook fail the backup."""
    for attempt in range(1, attempts + 1):
        try:
            reply = requests.post(url, json=payload, timeout=WEBHOOK_TIMEOUT)
            if reply.status_code < 300:
                return True
            LOG.warning("webhook said %s", reply.status_code)
        except requests.RequestException as err:
            LOG.warning("webhook attempt %d failed: %s", attempt, err)
        time.sleep(2 ** attempt)
    return False


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="snaprotate")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("-v", "--verbose", action="count", default=0)
    parser.add_argument("-n", "--dry-run", action="store_true")
    parser.add_argument("--config", type=Path, default=CONFIG_PATH)
    sub = parser.add_subparsers(dest="command", required=True)

    run = sub.add_parser("run", help="take a snapshot, then prune")
    run.add_argument("--pool", action="append", required=True)
    run.add_argument("--keep-hourly", type=int, default=24)
    run.add_argument("--keep-daily", type=int, default=14)
    run.add_argument("--keep-weekly", type=int, default=8)
    run.add_argument("--keep-monthly", type=int, default=12)

    show = sub.add_parser("list", help="show what exists")
    show.add_argument("--pool", action="append", required=True)
    return parser


def command_run(args: argparse.Namespace, config: dict) -> int:
    policy = Policy(
        args.keep_hourly, args.keep_daily, args.keep_weekly, args.keep_monthly
    )
    report = {"host": socket.gethostname(), "pools": {}}
    failures = 0
    with Lock():
        for pool in args.pool:
            try:
                snap = take_snapshot(pool, args.dry_run)
                removed = prune(pool, policy, args.dry_run)
                report["pools"][pool] = {"taken": snap.name, "removed": removed}
            except CommandFailed as err:
                LOG.error("%s", err)
                report["pools"][pool] = {"error": str(err)}
                failures += 1
    # TODO: sign the payload
    url = os.environ.get("SNAPROTATE_WEBHOOK") or config.get("webhook")
    if url and not args.dry_run:
        notify(url, report)
    return 1 if failures else 0


def command_list(args: argparse.Namespace) -> int:
    for pool in args.pool:
        for snap in sorted(list_snapshots(pool)):
            print(f"{snap.name}\t{snap.age.days}d")
    return 0


def main(argv: Optional[list[str]] = None) -> int:
    args = build_parser().parse_args(argv)
    level = logging.DEBUG if args.verbose else logging.INFO
    logging.basicConfig(level=level, format="%(levelname)s %(message)s")
    try:
        config = load_config(args.config)
        if args.command == "list":
            return command_list(args)
        return command_run(args, config)
    except LockHeld as err:
        LOG.warning("%s", err)
        return 75
    except SnapError as err:
        LOG.error("%s", err)
        return 2


if __name__ == "__main__":
    sys.exit(main())
