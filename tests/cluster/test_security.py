"""Who is spoken to, what is sent, and what is believed of what comes back."""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.cluster.conftest import Certificates, Cluster, make_certificates
from tests.unit.context.oracle import piece_of

from rlm_ls.context.cluster import replies, roster
from rlm_ls.context.cluster.address import is_protected, parse
from rlm_ls.context.cluster.pool import ClusterPool
from rlm_ls.context.ops.matching.match import count
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.errors import ClusterFailed, ClusterMismatch, ClusterRefused, DocumentChanged, RlmError, SearchFailed

COUNT = {"ignore_case": False, "multiline": False, "lines": False}


def request_for(folder: Path) -> dict[str, object]:
    return {"pieces": [piece_of(folder, "a\na\n")], "pattern": "a", **COUNT}


async def counted(address: str, here: SearchPool, folder: Path) -> Any:
    pool = ClusterPool(address, here, shared=True)
    try:
        return await pool.call("matching.match.count", request_for(folder), 20)
    finally:
        await pool.close()


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path / "ours")


@pytest.fixture
async def guarded(tmp_path: Path, certificates: Certificates) -> AsyncIterator[Cluster]:
    """A cluster behind mutual TLS."""
    made = Cluster(tmp_path, certificates.environment, "tls")
    try:
        made.begin()
        made.add_worker()
        await made.ready(1)
        yield made
    finally:
        made.end()


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Certificates], None]]:
    """Names certificates as a user does."""
    import dask

    def name_them(certificates: Certificates) -> None:
        for name, value in certificates.environment.items():
            monkeypatch.setenv(name, value)
        dask.config.refresh()

    yield name_them
    monkeypatch.undo()
    dask.config.refresh()


async def test_a_cluster_behind_mutual_tls_is_used(
    guarded: Cluster,
    certificates: Certificates,
    here: SearchPool,
    tmp_path: Path,
    trust: Callable[[Certificates], None],
) -> None:
    trust(certificates)
    assert await counted(guarded.address, here, tmp_path) == ({0: 2}, 4)


async def test_a_driver_with_certificates_of_another_authority_is_not_let_in_nor_lets_itself_be_deceived(
    guarded: Cluster, here: SearchPool, tmp_path: Path, trust: Callable[[Certificates], None]
) -> None:
    trust(make_certificates(tmp_path / "theirs"))
    with pytest.raises(ClusterFailed, match="cannot be reached"):
        await counted(guarded.address, here, tmp_path)


async def test_a_driver_without_certificates_is_told_where_to_name_them(
    guarded: Cluster, here: SearchPool, tmp_path: Path
) -> None:
    with pytest.raises(ClusterRefused, match="certificates") as caught:
        await counted(guarded.address, here, tmp_path)
    assert "CA_FILE" in caught.value.remedy


async def test_a_scheduler_that_speaks_in_clear_is_not_taken_for_one_behind_tls(
    cluster: Cluster,
    certificates: Certificates,
    here: SearchPool,
    tmp_path: Path,
    trust: Callable[[Certificates], None],
) -> None:
    trust(certificates)
    cluster.add_worker()
    await cluster.ready(1)
    with pytest.raises(ClusterFailed, match="cannot be reached"):
        await counted(cluster.address.replace("tcp", "tls"), here, tmp_path)


async def test_a_node_of_another_version_is_refused_with_the_remedy(
    cluster: Cluster, here: SearchPool, tmp_path: Path
) -> None:
    cluster.add_worker(code="import rlm_ls; rlm_ls.__version__ = '0.0.9'")
    await cluster.ready(1)
    with pytest.raises(ClusterMismatch, match=r"0\.0\.9") as caught:
        await counted(cluster.address, here, tmp_path)
    assert "pip install" in caught.value.remedy


async def test_a_node_of_another_version_that_comes_later_does_not_search(
    cluster: Cluster, here: SearchPool, tmp_path: Path
) -> None:
    first = cluster.add_worker()
    await cluster.ready(1)
    pool = ClusterPool(cluster.address, here, shared=True)
    try:
        await pool.ready()
        cluster.add_worker(code="import rlm_ls; rlm_ls.__version__ = '0.0.9'")
        await cluster.ready(2)
        first.kill()
        with pytest.raises(ClusterMismatch, match=r"0\.0\.9"):
            await pool.call("matching.match.count", request_for(tmp_path), 20)
    finally:
        await pool.close()


class Clear:
    """What a client finds of a scheduler on this machine one of whose nodes is elsewhere, in clear."""

    scheduler: Any
    asked: ClassVar[list[str]] = []

    def __init__(self) -> None:
        self.scheduler = self

    async def identity(self, n_workers: int) -> dict[str, Any]:
        return {"workers": {"tcp://127.0.0.1:8790": {}, "tcp://10.0.0.7:8790": {}}}

    async def run(self, *_: Any, **__: Any) -> dict[str, Any]:
        self.asked.append("run")
        return {}


async def test_a_node_that_speaks_to_others_in_clear_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(ClusterRefused, match="without encryption"):
        await roster.nodes_of(Clear(), parse("tcp://127.0.0.1:8786"))
    assert Clear.asked == []


@pytest.mark.parametrize(
    ("url", "protected"),
    [
        ("tls://10.0.0.7:8790", True),
        ("tcp://127.0.0.1:8790", True),
        ("tcp://[::1]:8790", True),
        ("tcp://10.0.0.7:8790", False),
        ("tcp://127.0.0.1.evil.example:8790", False),
        ("inproc://10.0.0.7/1", False),
        ("ws://10.0.0.7:1", False),
        ("tcp://[x", False),
        ("", False),
    ],
)
def test_which_addresses_are_protected(url: str, protected: bool) -> None:
    assert is_protected(url) == protected


async def test_a_node_without_the_package_is_refused_with_the_remedy(
    cluster: Cluster, here: SearchPool, tmp_path: Path
) -> None:
    cluster.add_worker(code="sys.modules['rlm_ls'] = None")
    await cluster.ready(1)
    with pytest.raises(ClusterMismatch, match="none that fits") as caught:
        await counted(cluster.address, here, tmp_path)
    assert "pip install" in caught.value.remedy


async def test_a_cluster_without_workers_is_said(cluster: Cluster, here: SearchPool, tmp_path: Path) -> None:
    with pytest.raises(ClusterFailed, match="no workers"):
        await counted(cluster.address, here, tmp_path)


async def test_what_is_sent_is_a_name_and_arguments_and_no_code() -> None:
    from distributed.protocol.pickle import dumps

    from rlm_ls.context.cluster import agent

    for function in (agent.run, agent.stop, agent.hear, agent.about):
        assert len(dumps(function)) < 100
        assert b"rlm_ls.context.cluster.agent" in dumps(function)


class Evil:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.made = function, arguments

    def __reduce__(self) -> Any:
        return self.made


@pytest.mark.parametrize(
    "reply",
    [
        ("done", Evil(print, "here")),
        ("done", Evil(getattr, "x", "upper")),
        ("done", count),
        ("done", Evil(piece_of, "x", "y")),
        ("done", Evil(SearchPool, 1)),
        ("error", ("__class__", "x")),
        ("error", ("os.system", "x", "y")),
        ("other", 1),
        "done",
        (1, 2, 3),
        Evil(exit, 3),
    ],
)
def test_a_reply_that_is_not_data_is_no_reply(reply: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SearchFailed, match="no reply"):
        replies.read(pickle.dumps(reply))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("raw", [b"", b"\x80", b"cos\nsystem\n(S'true'\ntR.", pickle.dumps(("done", "x" * 99))[:-9]])
def test_bytes_that_are_no_reply_are_none(raw: bytes) -> None:
    with pytest.raises(SearchFailed, match="no reply"):
        replies.read(raw)


@pytest.mark.parametrize(
    ("name", "kind"), [("DocumentChanged", DocumentChanged), ("annotations", RlmError), ("ServerBusy", RlmError)]
)
def test_an_error_is_one_of_ours(name: str, kind: type[Exception]) -> None:
    from rlm_ls.context.workers.pool import result

    with pytest.raises(kind):
        result(replies.read(pickle.dumps(("error", (name, "message", "remedy")))))
