"""What holds for S3 holds for the other places that texts lie in: Google's and Azure's buckets, machines behind SSH."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from tests.fakes import stores
from tests.fakes.stores import Store
from tests.remote.test_remote import LOG, rlm

from rlm_ls.context.remote import fetch
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.errors import DocumentMissing

TEXTS = {
    "2026-11-01/app.log": LOG.encode(),
    "2026-11-02/app.log.gz": gzip.compress(LOG.encode()),
    "2026-12-01/app.log": b"ERROR later\n",
    "2026-11-01/picture.png": b"\x89PNG\0\0\1" * 90,
}


@pytest.fixture(scope="module", params=[stores.google, stores.azure, stores.ssh], ids=["gs", "az", "sftp"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with request.param(tmp_path_factory.mktemp("store")) as found:
        found.put(TEXTS)
        yield found


@pytest.fixture
def here(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store, read by this process."""
    for name, value in store.env.items():
        monkeypatch.setenv(name, value)
    fetch._buckets.clear()
    yield store
    fetch._buckets.clear()


def listed(name: str) -> list[fetch.Found]:
    return [one for _, found in fetch.listing(Deadline(30), (name,), 99) for one in found]


def test_a_question_about_a_month_names_what_it_could_not_read(store: Store) -> None:
    done = rlm(f"{store.base}/2026-11-*/*", **store.env)
    assert done.returncode == 0, done.stderr
    assert "80 lines" in done.stdout
    assert "picture.png" in done.stdout
    assert f"{store.base}/2026-11-01/app.log" in done.stdout


def test_a_folder_is_all_that_lies_below_it(here: Store) -> None:
    for folder in ("", "/"):
        assert {one.url: one.size for one in listed(f"{here.base}/2026-11-01{folder}")} == {
            f"{here.base}/2026-11-01/{name}": len(TEXTS[f"2026-11-01/{name}"]) for name in ("app.log", "picture.png")
        }


@pytest.mark.parametrize("name", ["nothing.log", "2026-11-*/nothing*", "nowhere/"])
def test_what_is_not_there_is_said(here: Store, name: str) -> None:
    with pytest.raises(DocumentMissing):
        listed(f"{here.base}/{name}")


def test_a_text_that_was_replaced_is_another_version(here: Store) -> None:
    address = f"{here.base}/changing/app.log"
    here.put({"changing/app.log": b"ERROR\n" * 2})
    (before,) = listed(address)
    assert listed(address) == [before]
    here.put({"changing/app.log": b"ERROR\n" * 5})
    (after,) = listed(address)
    assert (before.size, after.size) == (12, 30)
    assert before.version != after.version
    assert before.version
    assert after.version


@pytest.mark.parametrize("serve", [stores.azure, stores.ssh], ids=["az", "sftp"])
def test_whoever_is_not_let_in_is_told_where_credentials_are_looked_for(
    serve: stores.Serving, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with serve(tmp_path_factory.mktemp("store")) as found:
        found.put(TEXTS)
        done = rlm(f"{found.base}/2026-12-01/app.log", **{**found.env, **found.wrong})
        assert "error 4110" in done.stderr
        assert "credentials" in done.stderr
        assert not found.secret or found.secret not in done.stderr
