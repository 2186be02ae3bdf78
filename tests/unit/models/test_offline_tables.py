"""Texts by their shape: tables whose cells stand below each other, records of several lines, cells without a heading,
chats; and what is asked of rows."""

from __future__ import annotations

import pytest
from tests.unit.models.conftest import Replying

from rlm_ls.models.offline.recognition.blocks import blocks
from rlm_ls.models.offline.recognition.recognition import shape_of

NAMES = ["Ada Voss", "Bo Kern", "Cy de Wit", "Dov", "Eli Noor", "Fay Oak"]
TOOK = ["0:58:31", *(f"{n}:5{n}:0{n}" for n in range(1, 6))]
RESULTS = "Ergebnisse / Results\n\n" + "\n".join(
    [
        f"{'No':>4}  {'Name':<14}{'Sex':<4}{'Team':<12}{'Finish':>9}",
        "-" * 46,
        *(
            f"{n + 11:>4}  {name:<14}{'WM'[n % 2]:<4}{('Sea Dogs', '-', 'Reds')[n % 3]:<12}{took:>9}"
            for n, (name, took) in enumerate(zip(NAMES, TOOK, strict=True))
        ),
    ]
)
PODS = "\n".join(
    [
        "$ date; pods",
        f"{'NAME':<12}{'STATE':<20}{'RESTARTS':<14}AGE",
        f"{'api-1':<12}{'Running':<20}{'2 (5m ago)':<14}3d",
        f"{'api-2':<12}{'CrashLoopBackOff':<20}{'11 (9s ago)':<14}3d",
        f"{'mail-1':<12}{'Running':<20}{'0':<14}1d",
        "",
    ]
)
PEOPLE = ("Ada", "Ben", "Cem")
LEASES = "".join(
    f'Tue Mar  {n + 1} 10:0{n}:00 2026\n\tClient-Name = "{PEOPLE[n % 3]}"\n\tState = {("Open", "Closed")[n % 2]}\n'
    f"\tLease-Time = {n * 100 + 60}\n\tOut-Octets = {n * 1000}\n\n"
    for n in range(8)
)
REMARKS = "Press hall 2\n" + "".join(
    f"# At: 2026-03-0{n % 3 + 1}T1{n}:00:00Z\n# Crew@Press: {PEOPLE[n % 3].lower()}[{PEOPLE[n % 3].lower()}] @  "
    f"[10.0.0.{n % 4}]  Id: {70 + n}\n# Roll_time: {n * 2}.5  Sheets_used: {n * 100}\n"
    f"PRINT 'cover'{' ON GLOSS' * (n % 2)};\n" + "-- twice\n" * (n % 3)
    for n in range(8)
)
FLOWS = "flow_id,service,flow_state,secs\n" + "".join(
    f"f{n},{('dns', 'ssh')[n % 2]},{('REJ', 'EST', 'S0', 'FIN')[n % 4]},{n}\n" for n in range(40)
)
TRADES = "".join(
    f'{{"time":"2026-03-01T10:00:{n:02}Z","type":"order.{("placed", "returned")[n % 4 == 3]}","buyer":"b{n % 5}"}}\n'
    for n in range(20)
)
SUGAR = "Meter,Stored Sugar mg/dL,Spot Sugar mg/dL,Note\n" + "".join(
    f"M,{60 + n if n % 2 else ''},{'' if n % 2 else 90 + n},\n" for n in range(30)
)
COPIES = "".join(
    f"== copy 2026-05-0{n + 1} 03:00:00\nFiles: {n + 10}\nDuration: {700 - n} s\n"
    f"Result: {('ok', 'failed (disk full)')[n % 4 == 3]}\n\n"
    for n in range(8)
)
POST = "".join(
    f"Mar  1 01:{n:02}:00 mx relay[9]: {n:06X}: to=<u{n}@{('oak', 'elm', 'ash')[n % 7 % 3]}.test>, "
    f"state={('held', 'sent')[n % 3 > 0]}\n"
    for n in range(30)
)
FRAMES = "".join(
    f"2026-03-14 00:00:{n:02} INFO " + (f"Pump dropped {n} frames (1{n}.5%)" if n % 2 else "Valve open, level=3") + "\n"
    for n in range(20)
)
EXPORTED = "#oven  (exported by Ida, 4 members)\n" + "".join(
    f"\n---- Tuesday, March {n}th ----\n\nIda Brook  8:0{n} AM\nis the oven on?\n\nTom Reed  9:1{n} AM\nit is\n"
    + f":+1: 3\n\nIda Brook  1:3{n} PM\nthanks {n}\n"
    for n in range(6)
)
DIARY = "".join(
    f"BEGIN:VEVENT\nUID:{n}@a\nSUMMARY:{('Choir', 'Rowing')[n % 3 == 0]}\n"
    f"DTSTART:2026030{n + 1}T090000\nLOCATION:Hall {n % 2}\nEND:VEVENT\n"
    for n in range(6)
)
CELLS = "".join(
    f"2026-03-0{n % 7 + 1}T08:0{n % 10}:00|{PEOPLE[n % 3]}|{('SCAN', 'PICK')[n % 2]}|"
    f"bay {n % 4}|{('DONE', 'FAIL')[n % 5 == 0]}|{n * 7}\n"
    for n in range(40)
)
CHAT = "".join(
    f"0{n % 9 + 1}.06.26, 1{n % 10}:0{n % 6} - {PEOPLE[n % 5 % 3]}: {('who took the boat', 'rain again')[n % 2]}\n"
    "and more of it\n"
    for n in range(30)
)
EXAMS = "pupil;subject;exam_date;marks;passed\n" + "".join(
    f"{NAMES[n % 6]};{('Latin', 'Maths')[n % 2]};{n % 28 + 1:02}.0{n % 3 + 1}.2026;{n + 30};"
    f"{('yes', 'no')[n % 4 == 0]}\n"
    for n in range(36)
)
WEATHER = "day\ttmin_c\train_mm\twind_max_kmh\twind_dir\n" + "".join(
    f"2026/0{n // 28 + 3}/{n % 28 + 1:02}\t{n - 5}.5\t{(n % 4) * 1.5}\t{40 - abs(n - 17)}.0\tSW\n" for n in range(56)
)
ACCOUNT = "Date,Text,Amount,Balance\n" + "".join(
    f'{n + 1:02} Mar 2026,{("Rent", "Baker", "Wages")[n % 3]},"{"" if n % 3 == 2 else "-"}£1,{n:03}.50","£{n},100.00"\n'
    for n in range(1, 20)
)
LIFTS = "".join(
    f"2026-04-01 {6 + n // 10:02}:{n % 10 * 5:02}:00 [lift-{'ABC'[n % 3]}] {('INFO', 'WARN', 'ERROR')[n % 4 % 3]} "
    f"{('Door opened', 'Door blocked', 'Overload: ' + str(640 + n) + ' kg')[n % 4 % 3]} on floor {n % 5}\n"
    for n in range(60)
)
RECAP = (
    "run of 3 March\n\n"
    + "".join(f"node{n}   : ok={n + 3}  changed={n % 3}  failed={n // 3}\n" for n in range(4))
    + "\nend of the run\n"
)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("name", "text", "question", "expected"),
    [
        ("race.txt", RESULTS, "who was the fastest woman and in what time?", "Name: Ada Voss"),
        ("race.txt", RESULTS, "how many runners finished under 3 hours", "3 of 6 values of Finish"),
        ("race.txt", RESULTS, "Which team has the most finishers?", "1. Reds: 2\n2. Sea Dogs: 2"),
        ("pods.txt", PODS, "which pod restarted the most?", "- api-2: 11"),
        ("leases.txt", LEASES, "total out octets of Ben", "sum = 12000 (3 values)"),
        ("leases.txt", LEASES, "Who had the longest lease time?", "- Ben: 760"),
        ("leases.txt", LEASES, "how many records of Cem are closed", "1 row with"),
        ("press.log", REMARKS, "which crew had the longest roll time?", "- ben: 14.5\n"),
        ("press.log", REMARKS, "sheets used by ada in total", "sum = 900 (3 values)"),
        ("press.log", REMARKS, "from how many different presses?", "4 different presses: 10.0.0.0, "),
        ("press.log", REMARKS, "longest roll: time taken and crew", "- ben: 14.5\n"),
        ("flows.csv", FLOWS, "how many flows were rejected?", "10 rows with flow_state REJ"),
        (
            "trades.jsonl",
            TRADES,
            "how many different buyers made a return?",
            "5 different buyers with type order.returned",
        ),
        ("sugar.csv", SUGAR, "how many stored readings were below 70?", "5 of 15 values of Stored Sugar mg/dL"),
        ("mx.log", POST, "for which recipient domain were the most mails held?", "1. oak.test: 6\n2. "),
        ("pump.log", FRAMES, "how many frames did the pump drop in total?", "sum = 100 (10 values)"),
        ("pump.log", FRAMES, "how many frames does the pump drop on average?", "mean = 10 (10 values)"),
        ("oven.txt", EXPORTED, "who wrote the most messages?", "1. Ida Brook: 12\n2. Tom Reed: 6"),
        ("oven.txt", EXPORTED, "how many messages are there?", "18 rows"),
        ("copies.txt", COPIES, "how many copies failed?", "2 rows with Result failed"),
        ("copies.txt", COPIES, "when was the first copy that failed", "2026-05-04 03:00:00"),
        ("copies.txt", COPIES, "average duration of the copies", "mean = 696.5 s (8 values)"),
        ("diary.ics", DIARY, "how many events are there?", "6 rows"),
        ("diary.ics", DIARY, "how many rowing events are in hall 1", "1 row with"),
        ("bay.log", CELLS, "how many picks failed?", "4 lines hold"),
        ("chat.txt", CHAT, "who wrote the most messages?", "1. Ada: 12\n2. Ben: 12"),
        ("exams.csv", EXAMS, "what percentage passed?", "75% of the rows: 27 of 36"),
        ("exams.csv", EXAMS, "how many exams were taken in February 2026", "12 rows, in February 2026"),
        ("exams.csv", EXAMS, "who got the most marks in Latin?", "Sum marks by pupil with subject Latin"),
        ("station.tsv", WEATHER, "Which day had the strongest wind?", "time: 2026/03/18"),
        ("station.tsv", WEATHER, "how much rain fell in April", "sum = 63 (28 values)"),
        ("station.tsv", WEATHER, "on how many days was tmin below zero?", "5 of 56 values"),
        ("account.csv", ACCOUNT, "lowest balance on the account", "min = 1100 "),
        ("account.csv", ACCOUNT, "how many incoming payments are there", "6 of 19 values of Amount are > 0"),
        ("lift.log", LIFTS, "how many overloads per lift", "- lift-C: 5"),
        ("lift.log", LIFTS, "how many errors did lift-B have?", "5 lines hold level error and service lift-B"),
        ("lift.log", LIFTS, "which lift was blocked the most", "1. lift-"),
        ("run.txt", RECAP, "which host has the most changes?", "- node2: 2"),
    ],
)
async def test_the_shape_of_an_unknown_text_is_read(
    reply: Replying, name: str, text: str, question: str, expected: str
) -> None:
    assert expected in await reply(text, question, name)


STOCK = (
    "Item    Description   Shed     Qty\n"
    + "=" * 36
    + "\n"
    + "".join(
        f"{7000 + n * 13 % 90:<8}{('Valve', 'Pipe', 'Clamp')[n % 3] + f' {n}':<14}"
        f"{('Shed 1', 'Shed 2')[n % 2]:<9}{(n * 7 + 2) % 50:>3}\n"
        for n in range(20)
    )
)
STAYS = "".join(
    f"Tue Mar  {n + 1} 10:00:00 2026\n\tStay-Id = {'abcd'[n // 2]}{n // 2}\n\tKind = {('Begin', 'Stop')[n % 2]}\n"
    f"\tGuest-Name = {PEOPLE[n // 2 % 3]}\n\n"
    for n in range(8)
)
EVENTS = "".join(
    f'{{"at":"2026-03-01T10:00:{n:02}Z","kind":"{("alert", "flow")[n % 2]}",'
    f'"alert":{{"action":"{("blocked", "allowed")[n % 4 // 2]}",'
    f'"severity":{n % 3 + 1}}}}}\n'
    for n in range(24)
)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("name", "text", "question", "expected"),
    [
        ("stock.txt", STOCK, "How many items are in Shed 2?", "10 rows with Shed Shed 2"),
        ("stock.txt", STOCK, "which item has the lowest quantity", "Item: 7002"),
        ("account.csv", ACCOUNT, "how much did I earn in March?", "sum = 6060 (6 values)"),
        ("desk.txt", STAYS, "how many stays did Ada have?", "2 different stays"),
        ("events.json", EVENTS, "how many alerts were blocked?", "6 lines hold"),
    ],
)
async def test_a_number_is_of_what_was_asked(
    reply: Replying, name: str, text: str, question: str, expected: str
) -> None:
    assert expected in await reply(text, question, name)


LEGEND = (
    "Code\tMeaning\n10\tA seat was booked by a guest.\n11\tA seat was paid by a guest.\n\n"
    "Code,Day,What,Guest,Till,Desk\n"
    + "".join(f"{10 + n % 2},0{n % 9 + 1}.04.2026,{('Book', 'Pay')[n % 2]},g{n % 7},{n % 3},\n" for n in range(60))
)
SPOKEN = "the dog is barking\nat the door\n" + "".join(
    f"well {n} times it was so\nand then it stopped again\n" for n in range(20)
)
SALES = "order_id,rep,units,total\n" + "".join(
    f"{n},{('Ann', 'Bo')[n % 3 == 0]},{n % 4 + 1},{n * 3}.00\n" for n in range(30)
)
TASKS = (
    "USER      PID  %CPU COMMAND\nroot        1   0.0 init\nroot      412   0.1 logger task\nmia     30001   9.5 run "
    "task --all\n"
)
TIMES = (
    "".join(f"2026-03-01T10:0{n % 6}:0{n % 10}Z INFO app.rides: Ride r{n} done in {n + 100} ms\n" for n in range(50))
    + "2026-03-01T11:00:00Z INFO app.rides: Started RidesApp in 9.5 seconds\n"
)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("name", "text", "question"),
    [
        ("seats.log", LEGEND, "how many seat payments are there?"),
        ("sales.csv", SALES, "which rep sold the most?"),
        ("app.log", TIMES, "slowest ride"),
        ("chat.txt", CHAT, "who took the boat?"),
        ("copies.txt", COPIES, "which copy copied the most files"),
        ("run.txt", RECAP, "which host could not be reached?"),
        ("station.tsv", WEATHER, "wettest month"),
        ("top.txt", TASKS, "how many tasks are there?"),
    ],
)
async def test_what_may_mean_something_else_is_declined(reply: Replying, name: str, text: str, question: str) -> None:
    answer = await reply(text, question, name)
    assert answer.startswith(("I did not understand", "Found nothing", "Nothing ")), answer


def test_words_below_each_other_by_chance_are_no_table() -> None:
    assert blocks(SPOKEN.splitlines()) == []
    assert not shape_of(SPOKEN.splitlines()).record


def test_lines_that_might_head_a_table_are_looked_at_once() -> None:
    assert blocks(["AB CD EF GH"] * 1200) == []
    assert len(blocks(["Ab 1 Cd 2 Ef" + " x" * 290] * 1200)) <= 1


MINUTES = (
    "Minutes of the choir's meeting\n\nPlace: the old mill\nStart: 19:05\nEnd: 21:10\nChair: Ida Brook\n"
    "Present: Ida Brook, Tom Reed (treasurer),\n  Ann Vale\nExcused: Bo Finch\n\n1. Report\nIda opened the meeting, "
    "and Tom told what was in the box. It was agreed to mend the roof.\n"
)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who chaired the meeting?", "Ida Brook\n\nminutes.txt:6"),
        ("who is the treasurer?", "Tom Reed\n"),
        ("who was excused", "Bo Finch\n"),
        ("when did the meeting end?", "21:10\n"),
        ("who is the treasurer of the bank?", "I did not understand"),
        ("who chaired the concert?", "I did not understand"),
    ],
)
async def test_a_label_is_asked_for_by_its_word(reply: Replying, question: str, expected: str) -> None:
    assert (await reply(MINUTES, question, "minutes.txt")).startswith(expected)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_label_is_asked_for_by_what_people_call_it(reply: Replying) -> None:
    marked = MINUTES.replace("Excused: Bo", "**Apologies:** Bo")
    assert (await reply(marked, "Who was missing?", "minutes.md")).startswith("Bo Finch\n")
    assert (await reply(MINUTES, "Who was missing?", "minutes.md")).startswith("I did not understand")
