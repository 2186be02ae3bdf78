"""The demo's log: the same everywhere, and rich enough to be asked about."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from rlm_ls.cli.demo.generate import FEWEST_LINES, LINES, SEED, demo_log, log_pieces

SMALL = "5d7dedf9bc31e94e213d0613a653751507d6720a0b7db9ebb41f66d645ed7e6e"
FULL = "d74e26d7acdca795788852a6eeb2245438bc82138dd9ce3cf81b44c4860d95d0"


@pytest.fixture(scope="module")
def full() -> bytes:
    return b"".join(log_pieces(LINES, SEED))


def test_the_same_seed_gives_the_same_bytes_on_every_machine(full: bytes) -> None:
    assert hashlib.sha256(b"".join(log_pieces(1000, SEED))).hexdigest() == SMALL
    assert hashlib.sha256(full).hexdigest() == FULL


def test_another_seed_gives_another_log() -> None:
    assert b"".join(log_pieces(1000, 1)) != b"".join(log_pieces(1000, 2))


@pytest.mark.parametrize("lines", [FEWEST_LINES, 201, 1440, 9999])
def test_there_are_exactly_as_many_lines_as_asked_for(lines: int) -> None:
    log = b"".join(log_pieces(lines, SEED))
    assert log.count(b"\n") == lines
    assert log.endswith(b"\n")


def test_too_few_lines_are_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        list(log_pieces(FEWEST_LINES - 1))


def test_the_log_is_in_order_of_time_and_one_day_long(full: bytes) -> None:
    stamps = re.findall(rb"(?m)^2026-03-14T(\S{12})Z", full)
    assert stamps == sorted(stamps)
    assert stamps[0] == b"00:00:00.000"
    assert stamps[-1] == b"23:59:59.998"


def test_timeouts_of_the_pool_happen_on_one_host_and_only_between_the_reload_and_its_reversal(full: bytes) -> None:
    found = re.findall(rb"(?m)^2026-03-14T(\d\d:\d\d):\S+ ERROR payments (\S+) PoolTimeoutError", full)
    assert len(found) > 300
    assert {host for _, host in found} == {b"pay-03"}
    assert min(time for time, _ in found) == b"03:11"
    assert max(time for time, _ in found) <= b"04:27"


def test_the_text_holds_characters_of_two_three_and_four_bytes(full: bytes) -> None:
    text = full.decode()
    assert {len(character.encode()) for character in set(text)} == {1, 2, 3, 4}
    assert "\r" not in text


def test_a_log_that_is_there_is_used_again(tmp_path: Path) -> None:
    first = demo_log(tmp_path, lines=1000)
    made = first.stat().st_mtime_ns
    assert demo_log(tmp_path, lines=1000).stat().st_mtime_ns == made
    assert hashlib.sha256(first.read_bytes()).hexdigest() == SMALL


def test_a_log_that_was_changed_is_written_again(tmp_path: Path) -> None:
    path = demo_log(tmp_path, lines=1000)
    path.write_bytes(path.read_bytes().replace(b"pay-03", b"pay-04"))
    assert hashlib.sha256(demo_log(tmp_path, lines=1000).read_bytes()).hexdigest() == SMALL


def test_an_interrupted_write_leaves_no_half_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(lines: int, seed: int) -> object:
        yield b"half\n"
        raise KeyboardInterrupt

    monkeypatch.setattr("rlm_ls.cli.demo.generate.log_pieces", broken)
    with pytest.raises(KeyboardInterrupt):
        demo_log(tmp_path, lines=1000)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
