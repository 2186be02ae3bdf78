"""Which hosts are this machine: asked in one place for clusters, sockets and models' endpoints."""

from __future__ import annotations

from pathlib import Path

import pytest

import rlm_ls
from rlm_ls.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_these_are_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "10.0.0.1", "127.0.0.1.evil.example", "localhost.evil.example", "[::1]", "1", "a b"]
)
def test_these_are_not(host: str) -> None:
    assert not is_loopback(host)


def test_it_is_judged_in_one_place() -> None:
    package = Path(rlm_ls.__file__).parent
    judging = [path for path in package.rglob("*.py") if ").is_loopback" in path.read_text(encoding="utf-8")]
    assert judging == [package / "loopback.py"]
