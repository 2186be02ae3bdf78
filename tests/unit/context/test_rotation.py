"""The order of rotated files in time, by their names."""

from __future__ import annotations

import random

import pytest

from rlm_ls.context.rotation import in_time, logs, places

OLDEST_FIRST = [
    ["app.log.10", "app.log.2.gz", "app.log.1", "app.log"],
    ["syslog.3.gz", "syslog.2.gz", "syslog.1", "syslog"],
    ["kern.log.2", "kern.log.1"],
    ["messages-20261101", "messages-20261108.gz", "messages"],
    ["app-2026-11-26.log.gz", "app-2026-11-27.log", "app.log"],
    ["app.log.2026-11-26", "app.log.2026-11-27.gz", "app.log"],
    ["app.2026-11-27.0.log", "app.2026-11-27.2.log", "app.2026-11-27.10.log", "app.log"],
    ["app.2026-11-27.2.log", "app.2026-11-27.10.log"],
    ["app-2026-11-27.log", "app-2026-11-27.log.1", "app-2026-11-27.log.2"],
    ["0.log.20261127-090000.gz", "0.log.20261127-130000", "0.log"],
    ["app.log.2026-11-27_09-00-00", "app.log.2026-11-27_10-00-00", "app.log"],
    ["app-2026-11-27T13-00-00.000.log", "app-2026-11-28T01-00-00.000.log.gz", "app.log"],
    ["access.log-1732665600", "access.log-1732752000", "access.log"],
    ["app.2.log", "app.1.log", "app.log"],
    ["app.log.2026-11-01", "app.log.2", "app.log.1", "app.log"],
    ["Xorg.0.log.old", "Xorg.0.log"],
    ["app.old.log", "app.log"],
    ["app.log.2", "app.log-old", "app.log"],
    ["Player-prev.log", "Player.log"],
    ["app.log.2025-12.gz", "app.log.2026-01", "app.log.2026-02", "app.log"],
    ["app.log.2026-09", "app.log.2026-10", "app.log.2026-53"],
]


@pytest.mark.parametrize("names", OLDEST_FIRST, ids=lambda names: names[0])
def test_the_pieces_of_a_log_go_from_the_oldest_to_the_newest(names: list[str]) -> None:
    for seed in range(5):
        mixed = [f"/var/log/{name}" for name in random.Random(seed).sample(names, len(names))]
        assert [mixed[number] for number in in_time(mixed)] == [f"/var/log/{name}" for name in names]
    assert len(logs([f"/var/log/{name}" for name in names])) == 1


@pytest.mark.parametrize(
    "names",
    [
        ["printf.1", "printf.3"],
        ["chapter.2.txt", "chapter.1.txt"],
        ["catalog.2", "catalog.1"],
        ["binlog.000002", "binlog.000001"],
        ["app.log.1"],
        ["Xorg.1.log", "Xorg.0.log"],
        ["app.log", "web.log.1"],
        ["notes.txt", "threshold.log", "app-older.log", "app.log"],
        ["v2026-01.txt", "v2026-02.txt"],
        ["v1.2.log", "v1.3.log.txt"],
        ["2026-11-27.log", "2026-11-26.log"],
    ],
    ids=lambda names: names[0],
)
def test_what_is_no_rotated_log_stays_in_its_order(names: list[str]) -> None:
    assert places(names) == {}
    assert in_time(names) == list(range(len(names)))


def test_logs_of_two_folders_are_not_mixed_and_others_keep_their_places() -> None:
    paths = ["/b/app.log", "/x.txt", "/a/app.log", "/a/app.log.1", "/b/app.log.1"]
    assert in_time(paths) == [4, 1, 3, 2, 0]


def test_only_logs_whose_pieces_stand_in_order_are_told() -> None:
    assert logs(["a/app.log.1", "b/x.txt", "a/app.log"]) == ["a/app.log"]
    assert logs(["a/app.log", "a/app.log.1"]) == []
