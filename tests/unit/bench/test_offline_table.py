"""The table of open questions for the offline rules: its judge is just, and a few questions of each kind stay right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from bench import offline
from bench.quality.offline.judging import examinations, verdict

KEPT = (
    "syslog-2",
    "journal-1",
    "journal-5",
    "access-3",
    "nginx-error-3",
    "worker-1",
    "worker-3",
    "worker-6",
    "shop-1",
    "gc-2",
    "gc-4",
    "operator-1",
    "container-json-3",
    "blobd.json-5",
    "blobd.json-6",
    "ingest-1",
    "ingest-3",
    "postgresql-4",
    "syslog-5",
    "climate-2",
    "climate-6",
    "lager-3",
    "squid-1",
    "hdfs-4",
    "ci-job-1",
    "ci-job-5",
    "fetcher-3",
    "cart-4",
)
"""Questions of every kind in the table: counts, tables, the most, first and last, averages, extremes, percentiles,
between times, and some that nobody can answer."""


@pytest.mark.parametrize(
    ("reply", "rule", "expected"),
    [
        ("1,234 lines with ERROR.", {"number": 1234}, "right"),
        ("12 lines with ERROR.", {"number": 1234}, "wrong"),
        ("mean = 815.93 ms", {"number": 815.932, "tol": 0}, "right"),
        ("3 lines.\n- a.log:7: 16 apples", {"number": 16}, "wrong"),
        ("I did not understand “x”.\n- a.log:7: 16", {"number": 16}, "declined"),
        ("I did not understand “x”.", {"decline": True}, "right"),
        ("7 lines.", {"decline": True}, "wrong"),
        ("Larder defines 2:\n- put\n- take", {"number": 2}, "right"),
        ("It was at 12:30.", {"number": 12}, "wrong"),
        ("Lines, by hours:\n- 03/Feb/2026:07: 19\n- 03/Feb/2026:08: 35", {"table": {"07": 19, "08": 35}}, "right"),
        ("Lines, by hours:\n- 03/Feb/2026:07: 19\n- 03/Feb/2026:08: 35", {"table": {"07": 19}}, "wrong"),
        ("1. b: 3\n2. a: 2", {"ordered": ["b", "a"]}, "right"),
        ("1. b: 3\n2. a: 2", {"ordered": ["a", "b"]}, "wrong"),
        ("It is at 2026-08-19 07:58:13.115Z", {"all_of": ["07:58:13"]}, "right"),
        ("No: there is no line.", {"yes": False}, "right"),
    ],
)
def test_a_reply_is_judged_by_what_it_states(reply: str, rule: Mapping[str, Any], expected: str) -> None:
    assert verdict(reply, [rule]) == expected


DECLINED = {("ci-job-1", "declined")}
"""What no rule knows, and none may make a number of."""


async def test_a_few_questions_of_each_kind_stay_right(tmp_path: Path) -> None:
    rows = await offline.examined(offline.FOLDER, only=KEPT)
    assert [(one.id, found) for one, found, _ in rows if found != "right" and (one.id, found) not in DECLINED] == []
    assert len(rows) == len(KEPT)


def test_every_question_has_its_file_and_a_rule() -> None:
    for one in examinations(offline.FOLDER):
        assert (offline.FOLDER / "texts" / one.file).is_file()
        assert one.accept
