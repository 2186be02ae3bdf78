"""Machines behind SSH are those that the user's `~/.ssh` knows, reached as it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes import stores
from tests.fakes.stores import Store

from rlm_ls.context.remote import fetch
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.errors import RemoteFailed


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with stores.ssh(tmp_path_factory.mktemp("ssh")) as found:
        found.put({"app.log": b"ERROR\n"})
        yield found


@pytest.fixture
def known(machine: Store, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of keys."""
    for name, value in machine.env.items():
        monkeypatch.setenv(name, value)
    return Path(machine.env["HOME"]) / ".ssh"


def sizes(address: str) -> list[int | None]:
    return [one.size for _, found in fetch.listing(Deadline(30), (address,), 9) for one in found]


def test_a_machine_is_named_as_in_the_users_configuration(known: Path) -> None:
    assert sizes("sftp://logs-host/logs/app.log") == [6]


def test_what_the_address_says_comes_before_the_configuration(known: Path) -> None:
    with pytest.raises(RemoteFailed, match="may not be read with the credentials"):
        sizes("sftp://nobody:wrong@logs-host/logs/app.log".replace("logs-host", "127.0.0.1:" + port(known)))
    with pytest.raises(RemoteFailed, match="cannot be reached"):
        sizes("sftp://logs-host:1/logs/app.log")


def test_a_machine_on_the_way_is_gone_through(known: Path) -> None:
    assert sizes("sftp://behind/logs/app.log") == [6]


def test_a_way_in_a_circle_ends(known: Path) -> None:
    with pytest.raises(RemoteFailed, match="too many machines"):
        sizes("sftp://circle/logs/app.log")


def test_no_program_of_the_configuration_is_run(known: Path) -> None:
    with pytest.raises(RemoteFailed, match="ProxyCommand"):
        sizes("sftp://program/logs/app.log")
    with pytest.raises(RemoteFailed):
        sizes("sftp://program-too/logs/app.log")
    assert sizes("sftp://logs-host/logs/app.log") == [6]
    assert not (known.parent.parent / "ran").exists()


def test_a_machine_that_is_not_known_is_not_read(known: Path) -> None:
    text = (known / "known_hosts").read_text()
    (known / "known_hosts").write_text("")
    try:
        with pytest.raises(RemoteFailed, match="not among the machines you know") as failed:
            sizes("sftp://logs-host/logs/app.log")
    finally:
        (known / "known_hosts").write_text(text)
    assert "ssh logs-host" in str(failed.value.remedy)


def test_a_machine_with_another_key_than_the_known_one_is_not_read(known: Path) -> None:
    text = (known / "known_hosts").read_text()
    words = text.split()
    stranger = (known.parent.parent / "stranger" / ".ssh" / "id_logs.pub").read_text().split()[1]
    (known / "known_hosts").write_text(f"{words[0]} {words[1]} {stranger}\n")
    try:
        with pytest.raises(RemoteFailed, match="another key"):
            sizes("sftp://logs-host/logs/app.log")
    finally:
        (known / "known_hosts").write_text(text)


def port(known: Path) -> str:
    return (known / "known_hosts").read_text().partition("]:")[2].split()[0]
