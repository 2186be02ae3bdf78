"""What happens on the day of the demo's log: an incident with a cause, and things that only look like one.

The cause: at 03:07:04 a configuration reload on the host pay-03 alone lowers the payment database's connection pool
from 40 to 4. Connections drain by age, so that nothing shows for four minutes; then requests wait for connections and
time out, the order service retries on the same host, and the gateway gives up. At 04:26:31 the change is undone.
"""

from __future__ import annotations

DAY = "2026-03-14"
RELOAD = 3 * 60 + 7
HEAD = 3 * 60 + 11
"""First minute in which customers feel it."""
TAIL = 4 * 60 + 27
"""First minute in which they no longer do."""
HOST = "pay-03"

Entry = tuple[int, str]
"""Milliseconds within the minute, and one or more whole lines."""


def stamp(minute: int, moment: int) -> str:
    """The time of day of `moment` milliseconds into `minute`, as it stands at the head of a line."""
    hour, rest = divmod(minute, 60)
    second, milli = divmod(moment, 1000)
    return f"{DAY}T{hour:02}:{rest:02}:{second:02}.{milli:03}Z"


def scripted() -> dict[int, list[Entry]]:
    """The lines that are there whatever the seed, by minute."""
    told: dict[int, list[Entry]] = {}
    for clock, level, service, host, text in _SCRIPT:
        hour, minute, second, milli = int(clock[:2]), int(clock[3:5]), int(clock[6:8]), int(clock[9:])
        at, moment = hour * 60 + minute, second * 1000 + milli
        line = f"{stamp(at, moment)} {level:<5} {service} {host} {text}\n"
        told.setdefault(at, []).append((moment, line))
    return told


_SCRIPT = (
    # An ordinary night: each of these has nothing to do with the incident.
    ("00:00:00.000", "INFO", "gateway", "gw-01", "log opened, timezone UTC, build 2026.3.11"),
    ("00:30:00.114", "INFO", "auth", "auth-01", "signing key rotated kid=2026-03-14a previous=2026-03-13a"),
    ("01:15:09.220", "WARN", "search", "srch-01", "certificate for search.internal expires in 6 days"),
    ("02:41:12.008", "WARN", "inventory", "inv-02", "connection reset by warehouse feed, reconnecting in 5 s"),
    ("02:41:17.341", "INFO", "inventory", "inv-02", "warehouse feed connected again after 5 s, 0 messages lost"),
    ("03:00:00.051", "INFO", "payments", "pay-01", "settlement batch started batch=20260314 items=18422"),
    ("03:02:44.870", "INFO", "notifications", "ntf-01", "deployed version 2.14.0 previous=2.13.4 by=deploy-bot"),
    ("03:05:30.602", "INFO", "search", "srch-02", "index rebuild started shards=12 reason=schedule"),
    ("03:06:11.457", "INFO", "gateway", "gw-02", "config reload revision=5d02be changed: ratelimit.rps 1000 -> 1200"),
    # The cause, and how it works itself through.
    (
        "03:07:04.318",
        "INFO",
        "payments",
        "pay-03",
        "config reload revision=8c41f7 changed: db.pool.size 40 -> 4, log.sampling 0.10 -> 0.20 by=deploy-bot",
    ),
    ("03:07:04.322", "INFO", "payments", "pay-03", "config applied without restart; open connections drain by age"),
    ("03:08:05.017", "INFO", "payments", "pay-03", "db pool closed 11 connections past max_age, open=29 size=4"),
    ("03:09:05.021", "INFO", "payments", "pay-03", "db pool closed 14 connections past max_age, open=15 size=4"),
    ("03:10:05.019", "INFO", "payments", "pay-03", "db pool closed 9 connections past max_age, open=6 size=4"),
    ("03:11:05.024", "INFO", "payments", "pay-03", "db pool closed 2 connections past max_age, open=4 size=4"),
    ("03:11:21.733", "WARN", "payments", "pay-03", "db pool exhausted in_use=4/4 waiting=9"),
    ("03:14:02.390", "WARN", "gateway", "gw-01", "error budget of route /v1/orders burns 14x faster than allowed"),
    ("03:19:40.000", "WARN", "payments", "pay-01", "settlement batch=20260314 slow: 6120/18422 after 19 min"),
    ("03:22:58.116", "WARN", "search", "srch-02", "index rebuild throttled cpu=97% shards_done=7/12"),
    # People look in the wrong places first.
    ("03:31:27.905", "INFO", "gateway", "gw-01", 'page sent to on-call name="Zoë Müller" alert=orders-5xx'),
    ("03:38:15.442", "INFO", "search", "srch-02", 'index rebuild cancelled by=oncall name="Zoë Müller"'),
    ("03:47:03.650", "INFO", "notifications", "ntf-01", "rolled back to version 2.13.4 from=2.14.0 by=oncall"),
    ("03:58:10.201", "INFO", "orders", "ord-02", "shutting down signal=SIGTERM by=oncall"),
    ("03:58:31.877", "INFO", "orders", "ord-02", "started version=4.7.1 config revision=77aa10"),
    ("04:12:49.530", "WARN", "gateway", "gw-02", "error budget of route /v1/orders spent for this month"),
    ("04:21:36.018", "INFO", "payments", "pay-03", 'thread dump requested by=oncall name="李小龍"'),
    (
        "04:26:31.744",
        "INFO",
        "payments",
        "pay-03",
        "config reload revision=8c41f9 changed: db.pool.size 4 -> 40 by=oncall reason=revert-8c41f7",
    ),
    ("04:26:33.090", "INFO", "payments", "pay-03", "db pool opened 36 connections, open=40 size=40"),
    ("04:29:00.000", "INFO", "gateway", "gw-01", "alert orders-5xx resolved after 58 min"),
    ("04:33:18.212", "INFO", "payments", "pay-01", "settlement batch=20260314 finished items=18422 failed=37"),
    # The rest of the day.
    ("09:00:00.404", "WARN", "search", "srch-01", "certificate for search.internal expires in 6 days"),
    ("11:26:07.313", "WARN", "inventory", "inv-02", "disk /var/lib/stock 91% full"),
    ("14:10:55.028", "INFO", "orders", "ord-01", "config reload revision=77aa11 changed: cart.ttl 30m -> 45m"),
    ("19:42:30.667", "WARN", "auth", "auth-02", "clock drift 212 ms against ntp, stepping"),
    ("23:59:59.998", "INFO", "gateway", "gw-01", "log closed"),
)
