"""What the offline rules once took for something else: numbers without their nouns, identifiers for amounts, handles
for addresses, a sentence of somebody else for an answer to who."""

from __future__ import annotations

import textwrap

import pytest
from tests.unit.models.conftest import Replying

ROWS = range(60)
APPLIANCE = "".join(
    f"Mar 14 0{n // 6}:{n % 6}0:00 fw1 %ASA-{(6, 4, 3)[n % 3]}-{302013 + n % 3}: Built connection {n} for zone inside "
    "7 packets\n"
    for n in ROWS
)
FILTER = "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 action={('accept', 'drop')[n % 4 == 0]} src=10.0.1.{n % 5} "
    f"port={(443, 80, 22)[n % 3]} rule={17 + n % 2} ttl=443\n"
    for n in ROWS
)
UPLOADS = "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 INFO uploader: attempt {n % 4} of file part-{n}: sent {n + 2} chunks in slot "
    f"{n % 3}\n"
    for n in ROWS
)
JOBS = "job_id,worker_port,exit_code,wall_seconds,owner\n" + "".join(
    f"{9000 + n * 7 % 60},{8000 + n % 3},{n % 2},{(n * 13) % 47 + 1},{('ann', 'bo')[n % 2]}\n" for n in range(47)
)
RESOLVER = "".join(
    f"14-Mar-2026 0{n // 6}:{n % 6}0:00.12{n % 10} client @0x7f3c{n:04x} 10.2.0.{n % 4}#5{n:03} (www.a.test): query: "
    "www.a.test IN A\n"
    for n in ROWS
)
MILL = textwrap.fill(
    "The old mill stood by the river, and Martha Finch kept its books. In the spring the miller bought a grey horse "
    "from a farmer of the next valley. The horse was called Bramble, and it pulled the cart to market. On the way "
    "Tobias Reed met the surveyor, who looked at the dam. Nobody knew who had opened the sluice that night. Captain "
    "Orley rowed across the river in March with the lantern, and he lost the key.",
    90,
)
NOTES = "The boiler was shut down by Ines.\nThe pump was shut down by Ines.\nOn Monday the furnace was swept.\n"
CHECKS = "".join(f"PASS part{n}.test\n" for n in ROWS) + "FAIL rates.test\n  x adds\n  x rounds\n"
VAULT = "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 [{('ann', 'bo')[n % 2]}] {('GRANTED', 'DENIED')[n % 5 == 4]} DOWNLOAD: "
    f"/plans/p{n % 7}.dwg\n"
    for n in ROWS
)
"""Of a file that was asked for it says whether it was given; its last lines say that it was not."""
BOOT = (
    "".join(f"2026-03-14 08:02:{n % 60:02} INFO boot: step {n} done\n" for n in ROWS)
    + "2026-03-14 08:03:10 INFO boot: relay opened port 7443 (tls)\n"
    + "2026-03-14 08:03:19 INFO boot: gateway was started in 8.4 seconds (process running for 9.2)\n"
)
"""The line that speaks of a gateway running shows neither port nor path."""
MOVES = "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 [{('ann', 'bo')[n % 2]}] {('OK', 'FAIL')[n % 5 == 4]} MOVE: box {n % 7}\n"
    for n in ROWS
)
CARS = "GET car.audi.lap (5.8 s)\n" + "".join(f"  o round {n} (1{n} ms)\n" for n in ROWS) + "GET car.bmw.lap (8.4 s)\n"
WATCHED = "".join(
    f"Mar 14 0{n // 6}:{n % 6}0:00 box1 {('sshd', 'systemd')[n % 2]}[{n + 9}]: "
    + (f"mill-{n % 3}.service: Failed with result 'exit-code'." if n % 2 else "Connection closed")
    + "\n"
    for n in ROWS
)
EATEN = "".join(
    f"Mar 14 0{n // 6}:{n % 6}0:00 box1 systemd[1]: bake.service: Consumed {n}.5s CPU time.\n" for n in ROWS
)
POINTS = "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 INFO "
    + (f"flushed: longest=0.0{n} s, average=0.01 s" if n % 3 == 0 else f"bake took {n}.25 ms")
    + "\n"
    for n in ROWS
)
PROXY = "".join(
    f'2026-03-14 0{n // 6}:{n % 6}0:00 WARN timed out, server: shop.test, relay: "http://10.0.3.{n % 3}:80/p/{n}"\n'
    for n in ROWS
)
CRASHES = "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 ERROR "
    + ("--- start of a crash", "shop died: BrokenPipeError", "shop crash")[n % 3]
    + "\n"
    for n in ROWS
)
STOCK = "part,state\n" + "".join(
    f"{('bolt', 'nut')[n % 4 == 3]},{('returned', 'sold')[n % 4 < 3]}\n" for n in range(40)
)
KEEPER = "".join(
    f"2026-03-14T0{n // 6}:{n % 6}0:00Z ERROR [keeper] com.mill.Keeper - evicted oven {'abc'[n % 3]} of the hall\n"
    for n in ROWS
)
COUNCIL = (
    "The council met in the hall, and Ida took the chair.\nThe request for a new bell was not approved at all.\n"
    "The path along the river was approved, and the mayor thanked the surveyor for the plan.\n"
)
TIMER = "".join(
    f"Mar 14 0{n // 6}:{n % 6}0:00 box1 TIMER[{n + 9}]: (root) DO ({('run-parts hourly', 'mill.sh')[n % 3 > 0]})\n"
    for n in ROWS
)
LOADS = "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 INFO "
    + (f"job {n} loaded {n * 10} rows" if n % 2 else f"Ready in {n}.5 seconds")
    + "\n"
    for n in ROWS
)
TRACES = "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 "
    + (f"INFO Created order {n}\n" if n % 2 else "ERROR lost\n  at Order.created(Order:8)\n")
    for n in ROWS
)
BUZZ = "--------- beginning of crash\n" + "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 {('E app: FATAL EXCEPTION: main', 'I app: ok')[n % 10 > 0]}\n" for n in ROWS
)
GATE = "".join(
    f'2026-03-14 0{n // 6}:{n % 6}0:00 [{("ann", "bo", "cy")[n % 3]}] OK LOGIN: Station "10.0.0.{n % 4}"\n'
    for n in ROWS
)
LEDGER = "; kept by Ida\naccount costs:bread\naccount income:salary\n\n" + "".join(
    f"2026-03-{n + 1:02} * {('mill', 'baker')[n % 2]}\n    {('income:salary', 'costs:bread')[n % 2]}      {n}.50 EUR\n"
    "    assets:bank\n\n"
    for n in range(20)
)
NESTED = "".join(
    f'{{"time":"2026-03-01T10:00:{n:02}Z","bill":{{"buyer":"b{n % 3}","paid":{("true", "false")[n % 2]},'
    f'"bank":{{"type":"decline"}}}},"type":"bill.{("paid", "failed")[n % 2]}"}}\n'
    for n in ROWS
)
COPIED = "".join(
    f"2026-03-14 0{n // 6}:{n % 6}0:00 [{n}] "
    + ("copy error: some parts were not moved" if n % 20 == 3 else "+ /a/b")
    + "\n"
    for n in ROWS
)
RAIN = "day,station,rain_mm\n" + "".join(f"2026-03-{n // 2 + 1:02},{'ab'[n % 2]},{n % 3}.0\n" for n in range(40))
NODES = "".join(
    f'{{"time":"2026-03-01T10:00:{n:02}Z","msg":"killed cell-{n % 3}","source":{{"host":"node-{n % 2}"}}}}\n'
    for n in ROWS
)
NAMES = {
    RAIN: "rain.csv",
    LEDGER: "home.journal",
    COUNCIL: "council.txt",
    STOCK: "stock.csv",
    JOBS: "jobs.csv",
    MILL: "mill.txt",
    NOTES: "notes.txt",
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("text", "question"),
    [
        (APPLIANCE, "How many lines mention zone 3?"),
        (UPLOADS, "How many lines of chunk 2?"),
        (FILTER, "What is the average port?"),
        (FILTER, "Which src has the highest port?"),
        (FILTER, "How many bytes were accepted for 10.0.1.2 on port 443?"),
        (JOBS, "What is the average job id?"),
        (JOBS, "What is the total exit code?"),
        (JOBS, "average exit code per owner"),
        (JOBS, "What is the sum of worker port?"),
        (MILL, "Who bought the grey horse?"),
        (MILL, "Who did Captain Orley row across the river with?"),
        (NOTES, "When was the boiler shut down?"),
        (CHECKS, "Which tests failed in rates.test?"),
        (POINTS, "which message took the longest and how many ms?"),
        (EATEN, "how long did the longest bake take?"),
        (KEEPER, "which thread evicted the most ovens?"),
        (COUNCIL, "was the new bell approved?"),
        (COPIED, "how many parts were moved?"),
        (RAIN, "on how many days did it rain?"),
        (NODES, "which pod was killed most often?"),
        (LEDGER, "total salary"),
        (LEDGER, "how many times did we buy bread?"),
        (NESTED, "which buyer paid the most?"),
        (LOADS, "what was the slowest query?"),
        (LOADS, "average number of rows per job"),
        (PROXY, "how many timeouts were there for each relay server?"),
        (CRASHES, "which exception was the first in a crash?"),
        (JOBS, "What was the owner doing in the longest job?"),
        (CARS, "What was the slowest lap?"),
        (CARS, "longest single car?"),
        (VAULT, "Last download of bo?"),
        (MOVES, "how many moves were there by ann?"),
        (BOOT, "what port is the gateway running on"),
        (BOOT, "Which path was the gateway started in?"),
        (BOOT, "what version of the gateway is running"),
    ],
)
async def test_what_is_not_understood_whole_is_declined(reply: Replying, text: str, question: str) -> None:
    answer = await reply(text, question, NAMES.get(text, "x.log"))
    assert answer.startswith(("I did not understand", "Found nothing", "Nothing ")), answer


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        (APPLIANCE, "How many messages of severity 3 are there?", "20 lines"),
        (APPLIANCE, "How many messages of severity 7?", "0 lines"),
        (FILTER, "How many lines are on port 443?", "20 lines"),
        (FILTER, "How many packets hit rule 17?", "30 lines"),
        (UPLOADS, "How many lines are of attempt 2?", "15 lines"),
        (UPLOADS, "How many lines in slot 2?", "20 lines"),
        (UPLOADS, "How many lines hold 17?", "2 lines hold 17"),
        (JOBS, "How many jobs with exit code 1?", "23 rows"),
        (JOBS, "What is the job id of the job that ran longest?", "\njob_id: 9006"),
        (JOBS, "What is the worker port of the slowest job?", "\nworker_port: 8000"),
        (RESOLVER, "How many different clients are there?", "4 different clients: 10.2.0.0, 10.2.0.1, "),
        (RESOLVER, "queries per client", "- 10.2.0.0: 15\n- 10.2.0.1: 15"),
        (GATE, "how many different users logged in?", "3 different users"),
        (NESTED, "how many events per type?", "- bill.failed: 30\n- bill.paid: 30"),
        (TIMER, "how many timer jobs ran?", "60 lines"),
        (TRACES, "how many orders were created?", "30 lines"),
        (BUZZ, "how often did it crash?", "6 lines"),
        (COUNCIL, "was the path along the river approved?", "Yes: 1 line"),
        (WATCHED, "which service failed most often?", "1. mill-"),
        (POINTS, "what took the longest and how many ms?", "max = 59.25 ms"),
        (STOCK, "which part shows up in the most returned rows?", "1. nut: 10"),
        (VAULT, "When did bo last download a plan?", "2026-03-14 09:30:00"),
        (VAULT, "How many plans did ann download?", "24 lines"),
        (MOVES, "When did ann last move a box that failed?", "2026-03-14 09:00:00"),
        (BOOT, "what port was opened by the relay?", "relay opened port 7443"),
        (MILL, "Who kept the books of the mill?", "Martha Finch kept its books"),
        (MILL, "Who lost the key?", "Captain Orley rowed"),
        (MILL, "What was the name of the miller's horse?", "The horse was called Bramble"),
    ],
)
async def test_what_is_asked_is_what_is_answered(reply: Replying, text: str, question: str, expected: str) -> None:
    assert expected in await reply(text, question, NAMES.get(text, "x.log"))
