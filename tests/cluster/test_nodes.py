"""Files that lie on the nodes themselves: each is listed, read and searched on its own node, where that allows it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.conftest import Cluster
from tests.cluster.test_buckets import WHOLE, done, taken
from tests.cluster.test_commands import ask
from tests.cluster.test_same_answers import _said, _verbs

from rlm_ls.context.cluster.pool import ClusterPool
from rlm_ls.context.ops.files.served import listing
from rlm_ls.context.remote import served
from rlm_ls.context.search.region import resolve
from rlm_ls.context.search.search import Search
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import NodePath
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.errors import (
    DocumentChanged,
    DocumentDenied,
    DocumentEncoding,
    DocumentMissing,
    DocumentUnreadable,
    NodeGone,
    ProgramError,
    RemoteFailed,
    RlmError,
)
from rlm_ls.executors.compiled.wasm.executor import ProgramLimits, WasmRunner

ONE, TWO = "127.0.0.1", "127.0.0.2"


def lines(host: str, count: int) -> bytes:
    return "".join(
        f"2026-11-01T00:{n // 60 % 60:02}:{n % 60:02} {'ERROR' if n % 10 == 3 else 'INFO'} é{n % 7} {host} took={n}\n"
        for n in range(count)
    ).encode()


@pytest.fixture
def disks(tmp_path: Path) -> dict[str, Path]:
    """The disk of each node: a log of 1 MB, and small ones."""
    found = {}
    for host in (ONE, TWO):
        disk = found[host] = tmp_path / f"disk-{host}"
        (disk / "app").mkdir(parents=True)
        (disk / "app" / "large.log").write_bytes(lines(host, 20_000))
        for number in range(5):
            (disk / "app" / f"small-{number}.log").write_bytes(lines(host, 10 * (number + 1)))
    return found


@pytest.fixture
async def nodes(cluster: Cluster, here: SearchPool, disks: dict[str, Path]) -> AsyncIterator[ClusterPool]:
    """A node at each of two addresses, that serves its disk and no other."""
    for host, disk in disks.items():
        cluster.add_worker(host=host, env={served.ROOTS: str(disk)})
    await cluster.ready(2)
    pool = ClusterPool(cluster.address, here, piece_bytes=250_000)
    await pool.ready()
    yield pool
    await pool.close()


async def test_each_node_searches_its_own_files_and_all_verbs_say_what_they_say_here(
    nodes: ClusterPool, here: SearchPool, disks: dict[str, Path], tmp_path: Path
) -> None:
    names = [f"node://{host}{disk}/app" for host, disk in disks.items()]
    far, far_cache = await taken(nodes, tmp_path / "far", *names)
    near, near_cache = await taken(here, tmp_path / "near", *(f"{disk}/app" for disk in disks.values()))
    assert len(far.documents) == len(near.documents) == 12
    assert {one.source.place for one in far.documents} == {ONE, TWO}
    assert far.skipped == ()
    renamed = {there.path: near.documents[number].path for number, there in enumerate(far.documents)}
    for verb, asked in _verbs("took=(\\d+)", "ERROR").items():
        said = await _said(asked, Search(far, nodes)), await _said(asked, Search(near, here))
        assert _renamed(said[0], renamed) == said[1], verb
    rows = (await Search(far, nodes).find("ERROR", far.limit, limit=20_000)).rows
    around = await Search(far, nodes).with_lines_around(rows, 1, 60.0)
    assert around[1] == len(rows) == 4_030
    assert not (tmp_path / "far").exists(), "nothing is copied"
    await done(far, far_cache)
    await done(near, near_cache)


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """With the names that documents have here."""
    if isinstance(value, str):
        for there, name in names.items():
            value = value.replace(there, name)
        return value
    if isinstance(value, (list, tuple, frozenset)):
        items = [_renamed(one, names) for one in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {_renamed(key, names): _renamed(one, names) for key, one in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return type(value)(*(_renamed(getattr(value, name), names) for name in value.__dataclass_fields__))
    return value


async def test_a_star_for_the_host_means_every_node(nodes: ClusterPool, disks: dict[str, Path], tmp_path: Path) -> None:
    above = os.path.commonpath(list(disks.values()))
    context, cache = await taken(nodes, tmp_path, f"node://*{disks[ONE]}/app/*.log")
    assert [one.uri for one in context.documents][:2] == [
        f"node://{ONE}{disks[ONE]}/app/{name}" for name in ("large.log", "small-0.log")
    ]
    assert len(context.documents) == 6
    assert [(one.uri, one.code) for one in context.skipped] == [
        (f"node://{TWO}{disks[ONE]}/app/*.log", DocumentDenied.code)
    ]
    assert await Search(context, nodes).count("ERROR", context.limit) == 2_015
    await done(context, cache)
    with pytest.raises(DocumentDenied, match="no folder that this node lets"):
        await taken(nodes, tmp_path, f"node://*{above}/*/app")


async def test_programs_run_on_the_nodes_by_shards_and_not_as_a_whole(
    nodes: ClusterPool, disks: dict[str, Path], tmp_path: Path
) -> None:
    names = [f"node://{host}{disk}/app/large.log" for host, disk in disks.items()]
    context, cache = await taken(nodes, tmp_path, *names)
    batches = list(await Search(context, nodes).cut_up(context.limit))
    runner = WasmRunner(2)
    try:
        assert await runner.compile(tmp_path / "whole", wat=WHOLE) == ""
        made = await runner.run(tmp_path / "whole", batches, ProgramLimits(), "concat", nodes)
        assert made.value == (lines(ONE, 20_000) + lines(TWO, 20_000)).decode()
        with pytest.raises(ProgramError, match="map_reduce"):
            await runner.run(tmp_path / "whole", batches, ProgramLimits(), None, nodes)
        with pytest.raises(ProgramError, match="on a node"):
            await runner.copy(batches, tmp_path / "copy", 20)
    finally:
        await runner.close()
    await done(context, cache)


async def test_a_node_that_is_gone_is_said_with_what_was_searched(
    nodes: ClusterPool, cluster: Cluster, disks: dict[str, Path], tmp_path: Path
) -> None:
    names = [f"node://{host}{disk}/app/large.log" for host, disk in disks.items()]
    context, cache = await taken(nodes, tmp_path, *names)
    search = Search(context, nodes, deadline_seconds=240.0)
    cluster.workers[1].kill()
    async with asyncio.timeout(200):  # and not until the search is late
        found = await search.find("ERROR", context.limit, limit=5)
    assert found.total == 2_000
    assert f"no node at {TWO} (any more): 50 % of" in found.partial
    assert found.partial.endswith("1 of 2 documents whole")
    assert len(search.gone) == 1, "the answer warns of it"
    with pytest.raises(NodeGone, match=r"The count is not whole: .*no node at 127\.0\.0\.2") as caught:
        await search.count("ERROR", context.limit)
    assert f"{ONE} (" in caught.value.remedy
    assert await search.count("ERROR", resolve(context, context.documents[0].path)) == 2_000
    with pytest.raises(NodeGone):
        await search.lines(1, 1, 2)
    with pytest.raises(NodeGone, match="no node at nowhere"):
        await taken(nodes, tmp_path, f"node://nowhere{disks[ONE]}/app")
    cluster.add_worker(host=TWO, env={served.ROOTS: str(disks[TWO])})
    await cluster.ready(2)
    assert await search.count("ERROR", context.limit) == 4_000
    await done(context, cache)


async def test_a_file_that_is_replaced_is_another_version_and_one_that_grows_is_what_it_was(
    nodes: ClusterPool, disks: dict[str, Path], tmp_path: Path
) -> None:
    path = disks[ONE] / "app" / "large.log"
    context, cache = await taken(nodes, tmp_path, f"node://{ONE}{path}")
    search = Search(context, nodes)
    with path.open("ab") as file:
        file.write(b"ERROR more\n")
    assert await search.count("ERROR", context.limit) == 2_000
    again, again_cache = await taken(nodes, tmp_path, f"node://{ONE}{path}")
    assert await Search(again, nodes).count("ERROR", again.limit) == 2_001
    await done(again, again_cache)
    path.write_bytes(lines(ONE, 30_000).replace(b"INFO", b"WARN"))
    with pytest.raises(DocumentChanged, match="replaced"):
        await search.count("ERROR", context.limit)
    path.unlink()
    path.write_bytes(lines(ONE, 20_000))
    with pytest.raises(DocumentChanged, match="replaced"):
        await search.lines(0, 1, 2)
    await done(context, cache)


async def test_what_a_node_does_not_search_is_skipped_and_said(
    nodes: ClusterPool, disks: dict[str, Path], tmp_path: Path
) -> None:
    folder = disks[ONE] / "app"
    (folder / "wide.log").write_bytes("a\n".encode("utf-16"))
    (folder / "empty.log").touch()
    (folder / "id_rsa").write_text("x\n")
    (folder / "broken.log").write_bytes(lines(ONE, 3_000) + b"\xff\xfe\n")
    (folder / "marked.log").write_bytes(b"\xef\xbb\xbfERROR\n")
    (folder / "current.log").symlink_to(folder / "large.log")
    os.mkfifo(folder / "pipe")
    context, cache = await taken(nodes, tmp_path, f"node://{ONE}{folder}")
    skipped = {os.path.basename(one.path): one.code for one in context.skipped}
    assert skipped == {
        "wide.log": DocumentEncoding.code,
        "empty.log": 4103,
        "id_rsa": DocumentDenied.code,
        "broken.log": DocumentEncoding.code,
        "current.log": DocumentUnreadable.code,
        "pipe": DocumentUnreadable.code,
    }
    marked = next(one for one in context.documents if one.path.endswith("marked.log"))
    assert marked.size == 6
    assert await Search(context, nodes).count("^ERROR", resolve(context, marked.path)) == 1
    await done(context, cache)
    with pytest.raises(DocumentMissing):
        await taken(nodes, tmp_path, f"node://{ONE}{folder}/none.log")
    with pytest.raises(DocumentEncoding, match="plain UTF-8"):
        await taken(nodes, tmp_path, f"node://{ONE}{folder}/wide.log")


def test_without_a_cluster_an_address_of_a_node_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    said = ask(tmp_path, "node://127.0.0.1/var/log/x.log")
    assert said.returncode == 1
    assert f"error {RemoteFailed.code}: " in said.stderr
    assert "--cluster" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_question_at_a_terminal_about_files_of_nodes(tmp_path: Path, disks: dict[str, Path]) -> None:
    here = {served.ROOTS: str(tmp_path)}
    said = ask(tmp_path, f"node://*{disks[ONE]}/app/large.log", "--cluster", "local:2", **here)
    assert said.returncode == 0, said.stderr
    assert "2,000 lines" in said.stdout
    assert said.stderr == ""
    said = ask(tmp_path, "node://*/etc/passwd", "--cluster", "local:2", **here)
    assert said.returncode == 1
    assert f"error {DocumentDenied.code}: " in said.stderr
    assert served.ROOTS in said.stderr


# What a node gives away. These need no cluster: it is what its processes run.


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "served"
    made.mkdir()
    (made / "a.log").write_text("a\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b.log").write_text("b\n")
    monkeypatch.setenv(served.ROOTS, str(made))
    return made


def listed(path: Path | str, most: int = 100) -> list[str]:
    found = listing(Deadline(20), NodePath("here", str(path)), (), most)
    return [os.path.basename(one.path) for one in found if one.refused is None]


@pytest.mark.parametrize("named", [None, "", "relative", ":", "."])
def test_a_node_serves_nothing_unless_its_operator_says_so(
    root: Path, monkeypatch: pytest.MonkeyPatch, named: str | None
) -> None:
    monkeypatch.delenv(served.ROOTS)
    if named is not None:
        monkeypatch.setenv(served.ROOTS, named)
    with pytest.raises(DocumentDenied, match="no folder that this node lets"):
        listed(root / "a.log")


@pytest.mark.parametrize(
    "way",
    [
        "../outside/b.log",
        "../outside",
        "../outside/*",
        "../*/b.log",
        "..",
        "/etc/passwd",
        "/etc/*",
        "/**",
        "../served2/c.log",
        "link/b.log",
        "link/*",
        "link",
        "b.log",
        "\0",
    ],
)
def test_no_address_leads_out_of_what_a_node_serves(root: Path, way: str) -> None:
    (root / "link").symlink_to(root.parent / "outside")
    (root / "b.log").symlink_to(root.parent / "outside" / "b.log")
    (root.parent / "served2").mkdir()
    (root.parent / "served2" / "c.log").write_text("c\n")
    path = way if way.startswith("/") else f"{root}/{way}"
    try:
        found = listing(Deadline(20), NodePath("here", path), (), 100)
    except DocumentDenied:
        found = []
    assert [one.path for one in found if one.refused is None] == []
    with pytest.raises((DocumentDenied, DocumentMissing)):
        os.close(served.open_inside(path))


def test_a_folder_is_walked_without_its_links(root: Path) -> None:
    (root / "below").mkdir()
    (root / "below" / "c.log").write_text("c\n")
    (root / "below" / "up").symlink_to(root)
    (root / "out").symlink_to(root.parent / "outside")
    assert listed(root) == ["a.log", "c.log"]
    assert listed(root / "*") == ["a.log", "c.log"]
    assert listed(root / "*.log") == ["a.log"]
    assert listed(root / "**" / "*.log") == ["a.log", "c.log"]
    assert listed(root / "**" / "below" / "c*") == ["c.log"]
    assert listed(root / "**" / "**" / "c.log") == ["c.log"]
    assert listed(root / "b?low") == ["c.log"]
    assert listed(root / "a.log") == listed(f"{root}//a.log") == listed(f"{root}/below/../a.log") == ["a.log"]
    (root / "link.log").symlink_to(root / "a.log")
    assert listed(root / "link.log") == listed(f"{root}//link.log") == ["link.log"]
    (root / "link.log").unlink()
    with pytest.raises(DocumentUnreadable, match=r"2 files; at most 1 are taken"):
        listed(root, 1)


def test_a_link_that_comes_while_a_file_is_opened_is_not_followed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "below").mkdir()
    (root / "below" / "b.log").write_text("inside\n")
    look = served.inside

    def looked(path: str) -> tuple[str, str]:
        found = look(path)
        shutil.rmtree(root / "below")
        (root / "below").symlink_to(root.parent / "outside")
        return found

    monkeypatch.setattr(served, "inside", looked)
    with pytest.raises(RlmError) as caught:
        os.close(served.open_inside(str(root / "below" / "b.log")))
    assert isinstance(caught.value, (DocumentDenied, DocumentUnreadable))


def test_a_file_that_was_read_is_not_read_under_another_version(root: Path) -> None:
    url = f"node://here{root}/a.log"
    descriptor = served.open_inside(str(root / "a.log"))
    version = served.version_of(descriptor)
    os.close(descriptor)
    with served.served(url, version) as opened:
        assert os.pread(opened, 9, 0) == b"a\n"
    for wrong in ("", "1.2.3", version.replace(version.split(".")[3], "1"), f"{version}.1"):
        with pytest.raises(DocumentChanged), served.served(url, wrong):
            pass
    with pytest.raises(DocumentChanged), served.served(url, version):
        (root / "a.log").write_text("b\n")
