"""What the offline rules say of tests, by what a runner printed."""

from __future__ import annotations

import pytest
from tests.unit.models.conftest import Replying

PYTEST = """\
collected 4 items
tests/test_a.py::test_one PASSED [ 25%]
tests/test_a.py::test_two[a b] FAILED [ 50%]
tests/test_a.py::test_three SKIPPED (no disk) [ 75%]
tests/test_b.py::test_four PASSED [100%]
1.20s call     tests/test_b.py::test_four
0.30s setup    tests/test_a.py::test_one
FAILED tests/test_a.py::test_two[a b] - assert 1 == 2
==== 1 failed, 2 passed, 1 skipped in 3.10s ====
"""
GO = """\
=== RUN   TestA
--- PASS: TestA (0.10s)
=== RUN   TestB
    b_test.go:12: got 3
--- FAIL: TestB (2.50s)
FAIL
"""
CARGO = """\
2026-02-11T13:08:30.6184564Z running 2 tests
2026-02-11T13:08:30.6184565Z test wal::keeps_order ... ok
2026-02-11T13:08:30.6184566Z test wal::torn_tail ... FAILED
2026-02-11T13:08:30.6184567Z test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured
2026-02-11T13:08:31.6184564Z running 3 tests
2026-02-11T13:08:31.6184567Z test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured
"""
GOOGLE = """\
[ RUN      ] Net.Opens
[       OK ] Net.Opens (12 ms)
[ RUN      ] Net.Closes
[  FAILED  ] Net.Closes (40 ms)
[  FAILED  ] 1 test, listed below:
[  FAILED  ] Net.Closes
"""
SUREFIRE = """\
[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 1, Time elapsed: 0.5 s -- in com.acme.MoneyTest
[ERROR] Tests run: 2, Failures: 1, Errors: 1, Skipped: 0, Time elapsed: 7.25 s <<< FAILURE! -- in com.acme.CartTest
[ERROR] com.acme.CartTest.adds -- Time elapsed: 0.1 s <<< FAILURE!
[ERROR] com.acme.CartTest.sums -- Time elapsed: 0.1 s <<< ERROR!
[ERROR] Tests run: 5, Failures: 1, Errors: 1, Skipped: 1
"""
JEST = """\
  ✓ keeps the order (12 ms)
  ✕ survives a reload (1.5 s)
  ○ skipped parses nothing
Tests:       1 failed, 1 skipped, 1 passed, 3 total
"""
STAMPED = """\
2026-02-11T13:08:30.6184564Z 9.75s call     tests/test_a.py::test_slow
2026-02-11T13:08:30.6184565Z 11.20s call     tests/test_b.py::test_slowest
2026-02-11T13:08:30.6184566Z ==== 12 failed, 30 passed in 21.02s ====
"""
FILES = """\
FAIL src/oven/bake.test.ts (5.8 s)
  ✓ rises (12 ms)
  ✕ browns (1.5 s)
  ✕ cools (2 ms)
FAIL src/shop.test.ts
  ✕ browns (3 ms)
Tests:       3 failed, 1 passed, 4 total
"""
TORN = """\
not ok 1 - opens
ok 2 - closes
# tests 9
# pass 1
# fail 8
"""


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("log", "question", "expected"),
    [
        (PYTEST, "How many tests failed?", "1 tests failed"),
        (PYTEST, "Which tests failed?", "- tests/test_a.py::test_two[a b]\n"),
        (PYTEST, "names of the skipped tests", "- tests/test_a.py::test_three\n"),
        (PYTEST, "slowest test?", "tests/test_b.py::test_four took longest, 1.20 s"),
        (PYTEST, "What percentage of the tests passed?", "50%: 2 of 4 tests passed"),
        (GO, "which test took the longest and how long?", "TestB took longest, 2.50 s"),
        (GO, "how many tests failed in this run?", "1 tests failed"),
        (CARGO, "How many tests were run in total?", "5 tests ran"),
        (CARGO, "List the failed tests.", "- wal::torn_tail\n"),
        (GOOGLE, "How many failing tests are there?", "1 tests failed"),
        (SUREFIRE, "Which test class took the longest, and how long?", "com.acme.CartTest took longest, 7.25 s"),
        (SUREFIRE, "how many tests failed", "2 tests failed"),
        (SUREFIRE, "which tests failed", "- com.acme.CartTest.sums\n"),
        (JEST, "which was the slowest test", "survives a reload took longest, 1.5 s"),
        (STAMPED, "Which test was the slowest?", "tests/test_b.py::test_slowest took longest, 11.20 s"),
        (STAMPED, "how many tests passed and how many failed", "- passed: 30 tests\n- failed: 12 tests"),
        (
            FILES,
            "Which tests failed in src/oven/bake.test.ts?",
            "2 tests failed in src/oven/bake.test.ts:\n- browns\n- cools",
        ),
        (FILES, "which tests failed in shop.test.ts", "1 tests failed in shop.test.ts:\n- browns\n\n"),
        (FILES, "Which test file has the most failures?", "1. src/oven/bake.test.ts: 2\n2. src/shop.test.ts: 1"),
        (PYTEST, "which file had the most failed tests?", "1. tests/test_a.py: 1"),
        (JEST, "slowest single test", "survives a reload took longest, 1.5 s"),
        (JEST, "how many tests were skipped?", "1 tests skipped"),
    ],
)
async def test_tests_are_counted_and_named(reply: Replying, log: str, question: str, expected: str) -> None:
    assert expected in await reply(log, question)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("log", "question"),
    [
        (TORN, "Which tests failed?"),  # of eight that failed one line is there
        (GO, "Which test class took the longest?"),  # there are no classes
        (SUREFIRE * 9, "Which test took the longest?"),  # only classes have times, and what ran is no time
        (JEST, "Which test file has the most failures?"),  # no line names a file
        (PYTEST, "Which tests failed on Windows?"),  # nothing says where
        (PYTEST + CARGO, "How many tests failed?"),  # of two runners
    ],
)
async def test_what_the_lines_do_not_say_of_tests_is_not_answered(reply: Replying, log: str, question: str) -> None:
    assert (await reply(log, question)).startswith("I did not understand")
