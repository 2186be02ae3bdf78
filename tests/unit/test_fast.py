"""`./dev test --fast` leaves out what its list names, and nothing that is not there."""

from __future__ import annotations

from tests.fast import LEFT_OUT, TESTS, left_out


def test_what_is_left_out_is_there() -> None:
    assert [name for name in LEFT_OUT if not (TESTS / name).exists()] == []


def test_the_fast_tests_hold_some_of_each_part_of_the_code() -> None:
    kept = {path.parent.name for path in TESTS.glob("unit/**/test_*.py") if not left_out(path)}
    assert {"context", "engine", "executors", "lsp", "models", "store"} <= kept
    assert left_out(TESTS / "lsp" / "test_ask.py")
