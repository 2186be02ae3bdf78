"""What the offline rules would have to guess, they decline: a column that nothing names, one of several candidates, a
level that a text does not have."""

from __future__ import annotations

import pytest
from tests.unit.models.conftest import Replying

HOURS = range(40)
SENTENCES = "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 "
    + ("ERROR connection failed for payments\n" if n % 2 else "INFO started job of billing\n")
    for n in HOURS
)
BRACKETS = "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 {('FEHLER', 'WARNUNG')[n % 4 == 0]} [Lager {n % 3}] Vorgang beendet\n"
    for n in HOURS
)
PROXIED = "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 accepted 10.0.0.{n % 3}:5{n:03} -> 10.9.9.9:443 via 10.8.8.8\n" for n in HOURS
)
NO_LEVELS = "".join(
    f"Mar 14 0{n // 6}:{n % 6}0:00 host cron[12]: job {n} {('had an error', 'checked the error list')[n % 2]}\n"
    for n in HOURS
)
TWO_KINDS = "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 {('tests: 5 failed, 3 passed', 'the failed tests are listed')[n % 2]}\n"
    for n in HOURS
)
LEVELLED = "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 [INFO] [app] {('failed jobs are kept', 'job 3 failed')[n % 2]}\n" for n in HOURS
)
TWO_TIMES = "".join(f"job {n} from 0{n // 6}:{n % 6}0:00 to 1{n // 6}:{n % 6}5:00 done\n" for n in HOURS)
HALF_DAYS = "".join(f"3/14/2026 {1 + n // 6}:{n % 6}0:00 PM job {n} done\n" for n in HOURS)
SQUID = "".join(
    f"17690616{n + 10}.411 127 10.20.0.{n % 3} TCP_{('DENIED', 'MISS', 'HIT')[n % 3]}/200 {900 - n} GET http://a.t/ "
    "- HIER_NONE/- text/html\n"
    for n in HOURS
)
SIZES = "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 INFO {('stored block', 'dropped block')[n % 2]} of size {100 + n}\n"
    for n in HOURS
)
READINGS = "timestamp,sensor,temperature_c,battery_mv,status\n" + "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0,T-{n % 3},{20 + n / 10},{2900 - n},{('OK', 'FAULT')[n % 10 == 9]}\n" for n in HOURS
)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("text", "question"),
    [
        (SENTENCES, "Which service failed most often?"),
        (SENTENCES, "Which service has the most errors?"),
        (PROXIED, "accepted per client ip"),
        (PROXIED, "How many different IP addresses are there?"),
        (NO_LEVELS, "number of errors cron wrote per hour"),
        (NO_LEVELS, "Which hour has the most errors?"),
        (NO_LEVELS, "What percentage of the lines are errors?"),
        (TWO_KINDS, "how many tests failed?"),
        (TWO_TIMES, "busiest hour?"),
        (HALF_DAYS, "busiest hour?"),
        (LEVELLED, "how many jobs failed?"),
        (LEVELLED, "how many full jobs?"),
        (HALF_DAYS, "jobs done per hour"),
    ],
)
async def test_a_guess_is_no_answer(reply: Replying, text: str, question: str) -> None:
    answer = await reply(text, question)
    assert answer.startswith(("I did not understand", "Found nothing", "Nothing ")), answer


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        (BRACKETS, "Which module reports the most errors?", "1. Lager "),
        (BRACKETS, "how many errors?", "30 lines"),
        (BRACKETS, "warnings per hour", "- 2026-03-14 00: 2\n"),
        (BRACKETS, "How long does this log last?", "6 h 30 min (23,400 s): from"),
        (BRACKETS, "show me the lines that mention `Lager 2`", "13 lines hold it"),
        (SENTENCES, "any payments?", "- x.log:2: 2026-03-14 00:10:00 ERROR connection failed for payments"),
        (READINGS, "average temperature", "mean = 21.95"),
        (READINGS, "min battery voltage?", "min = 2861"),
        (READINGS, "how many rows have status FAULT?", "4 rows with status FAULT"),
        (READINGS, "What was the highest temperature, and when and where?", "2026-03-14 06:30,T-0,23.9"),
        (READINGS, "how many sensors are there per status?", "- OK: 3\n- FAULT: 3"),
        (READINGS, 'average "battery_mv"', "mean = 2880.5"),
        (BRACKETS, "level breakdown", "- FEHLER: 30\n- WARNUNG: 10"),
        (BRACKETS, "in which hour did we have the most errors?", "1. 2026-03-14 0"),
        (SQUID, "how many requests were denied?", "14 requests with cache denied"),
        (SQUID, "Requests per hour (UTC)?", "- 2026-01-22 06: 40"),
        (SQUID, "Which client downloaded the most bytes?", "- 10.20.0.0:"),
        (SIZES, "average size of stored blocks in bytes", "mean = 119 (20 values)"),
        (READINGS, "how many rows per hour?", "- 2026-03-14 00: 6\n"),
    ],
)
async def test_what_is_known_is_answered(reply: Replying, text: str, question: str, expected: str) -> None:
    name = "readings.csv" if text == READINGS else "x.log"
    assert expected in await reply(text, question, name)
