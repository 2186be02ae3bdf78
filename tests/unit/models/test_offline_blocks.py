"""Tables that stand in a text of something else are read by their own headings, and numbers with a decimal comma."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.models.conftest import Replying

from rlm_ls.models.offline.recognition.blocks import RULE, blocks

PRINTED = "Linux 6.1 (host)\n\n" + "\n".join(
    "\n".join(
        [
            "12:00:01 AM     CPU     %user     %idle",
            *(f"{n:02}:10:01 AM     all     {n + part / 10:5.2f}     {90 - n:5.2f}" for n in range(1, 9)),
            "Average:        all     99.00      1.00",
            "",
            "12:00:01 AM   queue   load-1",
            *(f"{n:02}:10:01 AM       {n}     {n * 2 + part:.2f}" for n in range(1, 9)),
            "",
        ]
    )
    for part in (0, 1)
)
DOCUMENT = (
    "# Runbook\n\nWhat to do at night, and whom to call.\n\n## Services\n\n| Service | Port | Owner |\n|---|---:|---|\n"
    "| gate | 8883 | Ida |\n| store | 9042 | Ben |\n| queue | 7410 | Ida |\n\nThe owner of a service is asked first.\n"
)
EUROPEAN = "Bank eG;;;\nZeitraum:;2025;;\n\nTag;Kunde;Betrag;Saldo\n" + "".join(
    f"0{n}.07.2025;Kunde {n % 3};-1.00{n},50;{9 - n}.278,45\n" for n in range(1, 9)
)
SNAPSHOTS = "\n".join(
    "\n".join(
        [
            f"### 2026-03-14 0{n}:15:00 ###",
            "CELL ID   NAME         LOAD %   HEAP USED / MAX     QUEUE",
            *(
                f"c{n * 3 + k:<9}{name:<13}{f'{n + k / 2:.1f}%':<9}"
                f"{f'{used}{unit} / 2GiB':<{20 if n < 4 else 17}}{n + k}"
                for k, name in enumerate(("mill-web-1", "mill-db-1", "mill-mail-1"))
                for used, unit in [(f"1.{n}", "GiB") if k == 1 else (f"{900 + n}.5", "MiB")]
            ),
            "",
        ]
    )
    for n in range(6)
)
"""A table that is printed again and again, whose cells come so near each other that some rows alone have other ones."""
STATISTICS = "\n".join(
    "\n".join(
        [
            "kthr ---memory--- --cpu--",
            " r  b   swpd   free us sy wa",
            *(
                f" {n % 6}  0  20480 {81000 + n:6} {n % 3 * 50:2} {n % 7:2} {k:2}"
                for k, n in enumerate(range(at, at + 9))
            ),
        ]
    )
    for at in (0, 9, 18)
)
ONCE = "".join(f'{{"time":"2026-03-01T10:00:0{n}Z","client_addr":"10.0.0.1:5000{n}","status":200}}\n' for n in range(9))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("name", "text", "question", "expected"),
    [
        ("sar.txt", PRINTED, "What is the maximum load-1?", "max = 17 "),
        ("sar.txt", PRINTED, "average %idle", "mean = 85.5 (16 values)"),
        ("runbook.md", DOCUMENT, "How many services per owner?", "- Ida: 2"),
        ("bank.csv", EUROPEAN, "smallest Betrag", "min = -1008.5 "),
        ("bank.csv", EUROPEAN, "maximum Saldo", "max = 8278.45 "),
        ("cells.txt", SNAPSHOTS, "peak heap of the db cell", "max = 1.5 GiB ("),
        ("cells.txt", SNAPSHOTS, "average load usage of mill-web-1", "mean = 2.5 (6 values)"),
        ("cells.txt", SNAPSHOTS, "highest heap percent?", "I did not understand"),
        ("host.txt", STATISTICS, "average io wait", "mean = 4 (27 values)"),
        ("host.txt", STATISTICS, "in how many samples was the run queue above 4", "4 of 27 values"),
        ("cells.txt", SNAPSHOTS, "which cell has the highest load?", "mill-mail-1"),
        ("host.txt", STATISTICS, "was there any swapping?", "I did not understand"),
        ("proxy.jsonl", ONCE, "top 3 clients by number of requests", "I did not understand"),
    ],
)
async def test_a_table_in_a_text_is_read_by_its_heading_and_a_guess_is_none(
    reply: Replying, name: str, text: str, question: str, expected: str
) -> None:
    assert expected in await reply(text, question, name)


@given(line=st.text("-=|+: \tx", max_size=12))
def test_a_rule_is_a_line_of_such_signs_with_three_dashes_in_a_row(line: str) -> None:
    only = not set(line) - set("-=|+: \t")
    assert bool(RULE.match(line)) == (only and re.search("[-=]{3}", line) is not None)


def test_lines_of_dashes_that_are_no_rule_do_not_take_the_cube_of_their_length() -> None:
    assert blocks(["-" * 599 + "x"] * 1200) == []


def test_a_table_that_is_printed_again_is_known_with_all_its_parts_or_not_at_all() -> None:
    (one,) = blocks(SNAPSHOTS.splitlines())
    assert len(one.parts) == 6
    assert blocks(SNAPSHOTS.replace("mill-db-1    3.5%", "mill db one 3.5%").splitlines()) == []
