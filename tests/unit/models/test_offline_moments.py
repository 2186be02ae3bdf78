"""What the offline rules say of times between lines, of durations without a name, and of lines of a second format."""

from __future__ import annotations

import pytest
from tests.unit.models.conftest import Replying

ORDERED = "".join(
    f"2026-03-14 0{n // 60}:{n % 60:02}:00.025 {('INFO', 'ERROR')[n % 10 == 0]} pay: charged order {n} in {n}ms\n"
    for n in [*range(20), *range(50, 100)]
)
SHUFFLED = "\n".join(sorted(ORDERED.splitlines(), key=lambda line: line[::-1])) + "\n"
TWO_FORMATS = "".join(
    f"2026-03-14 00:{n:02}:00,000 [main] WARN  shop.Auth - login failed for user u{n % 3} from 10.0.0.1\n"
    if n % 4
    else f"14-Mar-2026 00:{n:02}:00.000 INFO [main] org.Startup.load Loaded part {n}\n"
    for n in range(60)
)
TWO_KINDS = TWO_FORMATS.replace("Loaded part 8", "login failed for user u9 from 10.0.0.1")
WEB = "".join(
    f'10.0.0.{n % 3} - - [14/Mar/2026:00:{n:02}:00 +0000] "GET /items HTTP/1.1" {(200, 502)[n % 6 == 0]} 12 "-" "c"\n'
    for n in range(60)
)
LATE = "".join(f"2026-03-14 00:00:0{n % 2}.0{27 - 24 * (n % 2):02} INFO pay: order {n}\n" for n in range(2))
SUDO = "".join(
    f"Mar  1 01:0{n}:00 web01 sudo: {('bob', 'eve')[n % 3 == 2]} : TTY=pts/0 ; USER=root ; "
    f"COMMAND=/bin/{('apt update', 'reboot', 'ls -l /tmp')[n % 3]}\n"
    for n in range(9)
)
SYSLOG = "".join(
    f"{day} 01:00:00 web01 sshd[812]: Accepted password for bob\n" for day in ("Feb 26", "Feb 27", "Mar  1") * 1
)
BUILD = (
    "2026-03-14 23:50:00 start of stage bake\n2026-03-14 23:55:10 mixing\n2026-03-15 00:04:30 finished stage bake\n"
    "2026-03-15 00:05:00 start of stage cool\n2026-03-15 00:06:00 start of stage cool\n"
    "2026-03-15 00:09:00 finished stage cool\n\n"
)
OUTAGE = (
    "Mar 14 08:00:07 lb keep: Node mill-2 is DOWN, refused\nMar 14 08:00:59 lb keep: Node mill-1 is DOWN, refused\n"
    "Mar 14 08:03:17 lb keep: Node mill-2 is UP, passed\n"
)
BOOT = "10:00:00 Starting the oven\n10:00:09 Started the oven in 8.75 seconds\n10:02:00 Baked 3 loaves in 70 s\n"
EVENING = "The chair opened the rehearsal at 19:05.\nWe sang two songs.\nShe closed the rehearsal at 21:10.\n"
UPLOADED = "".join(
    f"2026-03-14 01:0{n}:00 [{('ann', 'bo')[n % 2]}] stored /img/p{n}.jpg, {n * 1000} bytes, {n}.5 KB/s\n"
    for n in range(9)
)
LOGCAT = "".join(
    f"06-18 08:00:{n + (22 if n > 9 else 0):02}.{'500' if n > 9 else '000'}  1432  1436 D Battery: level {n}\n"
    for n in range(20)
)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("log", "question", "expected"),
    [
        (ORDERED, "What is the longest gap between two lines?", "1860 s (31 min), from 2026-03-14 00:19:00.025 to"),
        (ORDERED, "How long was the longest stretch without any log line?", "1860 s (31 min)"),
        (ORDERED, "What was the longest pause between two errors?", "2400 s (40 min), from 2026-03-14 00:10:00.025 to"),
        (ORDERED, "What is the longest gap between two refunds?", "I did not understand"),
        (SYSLOG, "What is the longest gap between two lines?", "259200 s (4320 min), from Feb 27 01:00:00 to Mar  1"),
        (LOGCAT, "how long was the longest pause between two log lines?", "23.5 s, from 06-18 08:00:09.000 to"),
        (WEB, "What is the longest gap between two requests?", "60 s (1 min), from 14/Mar/2026:00:"),
        (LATE, "What is the longest gap between two lines?", "0.976 s, from 2026-03-14 00:00:00.027 to"),
        (SUDO, "Which commands did bob run with sudo?", "/bin/apt update, /bin/reboot"),
        (SUDO, "Who ran sudo and how often each?", "1. bob: 6\n2. eve: 3"),
        (SUDO, "Who ran the most commands with sudo?", "1. bob: 6\n2. eve: 3"),
        (SHUFFLED, "What is the longest gap between two lines?", "I did not understand the order"),
        (ORDERED, "What is the average time of the lines with ERROR?", "mean = 51.4286 ms (7 values)"),
        (TWO_FORMATS, "Failed logins per user", "- u1: 15\n"),
        (TWO_FORMATS, "Failed logins per user", "45 of 60 lines fit; none of the others holds what was asked for"),
        (TWO_KINDS, "Failed logins per user", "I did not understand the lines well enough for a number"),
        (WEB, "How many 502 did the load balancer return?", "10 requests with status 502."),
        (WEB, "How many 502 did the billing queue return?", "I did not understand"),
        (WEB, "What is the median size?", "p50 = 12"),
        (BUILD, "How long did the bake stage take?", "14 min 30 s (870 s)"),
        (BUILD, "How long did the cool stage take?", "I did not understand"),
        (OUTAGE, "How long was mill-2 down?", "3 min 10 s (190 s)"),
        (OUTAGE, "How long was mill-1 down?", "I did not understand"),
        (BOOT, "how many seconds did the oven need to start?", "8.75 seconds, as this line says"),
        (EVENING, "how long did the rehearsal last?", "2 h 5 min (7500 s)"),
        (EVENING, "how long did the average rehearsal last?", "I did not understand"),
        (UPLOADED, "How much data did bo store in total?", "sum = 16000 (4 values)"),
    ],
)
async def test_questions_about_a_log(reply: Replying, log: str, question: str, expected: str) -> None:
    assert expected in await reply(log, question)
