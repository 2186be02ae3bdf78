"""Texts that lie elsewhere, on real servers: HTTP, S3 (SeaweedFS)."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import importlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.fakes.buckets import put, s3_server
from tests.lsp.editor import Editor, document
from tests.patience import PATIENCE
from tests.processes import alive

from rlm_ls.context.remote import fetch
from rlm_ls.context.remote.addresses import EXTRAS, is_pattern, is_remote, without_password
from rlm_ls.context.remote.copies import SIDE_BY_SIDE
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.errors import RemoteFailed

LOG = "".join(f"2024-01-01 00:00:{n % 60:02} {'ERROR' if n % 10 == 3 else 'INFO'} took={n} ms\n" for n in range(400))
QUESTION = "How many lines contain ERROR?"
ROOT = Path(__file__).parents[2]


def rlm(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "rlm_ls", "ask", "--model", "offline", QUESTION, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, check=False, env={**os.environ, **env}, cwd="/"
    )


class Pages(ThreadingHTTPServer):
    """Pages by path, with ETags; and what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.over = threading.Event()
        self.counting = threading.Lock()
        self.under_way = self.most_under_way = 0
        self.after_head: dict[str, tuple[int, bytes]] = {}
        """What a page becomes once its head was asked for so often."""

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Pages

    def log_message(self, *_: Any) -> None: ...

    def do_HEAD(self) -> None:
        often, later = self.server.after_head.get(self.path, (0, b""))
        page = self.server.pages.get(self.path)
        if often and self.server.asked.count(f"HEAD {self.path}") + 1 == often:
            self.server.pages[self.path] = later  # before this is answered: nobody is quicker than that
        self._answer(body=False, page=page)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool, page: bytes | None = None) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        if "endless" in self.path:
            # It tells no length: a text that is longer than it said is refused as soon as a line of it is there.
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while body and not self.server.over.wait(0.05):
                    self.wfile.write(b"drip\n")
            return
        if body and "slow" in self.path:
            with self.server.counting:
                self.server.under_way += 1
                self.server.most_under_way = max(self.server.most_under_way, self.server.under_way)
            time.sleep(0.5)
            with self.server.counting:
                self.server.under_way -= 1
        page = page or self.server.pages.get(self.path.partition("?")[0])
        if page is None:
            status = 403 if "secret" in self.path else 404
            self.send_error(status)
            return
        self.send_response(200)
        self.send_header("ETag", hashlib.sha256(page).hexdigest())
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        if body:
            with suppress(OSError):
                self.wfile.write(page)


@pytest.fixture
def pages() -> Iterator[Pages]:
    with Pages() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


# -- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "remote"),
    [
        ("s3://bucket/x", True),
        ("https://host/x?y=[1]", True),
        ("SFTP://host/x", True),
        ("/tmp/x", False),
        ("C:\\x", False),
        ("c://x", False),
        ("file:///x", False),
        ("untitled:x", False),
        ("rlm:/answer/x", False),
        ("https://", False),
        ("http://[x", False),
        ("s3:///key", False),
        ("", False),
    ],
)
def test_which_names_lie_elsewhere(name: str, remote: bool) -> None:
    assert is_remote(name) == remote


def test_a_password_and_a_signature_are_never_shown() -> None:
    assert without_password("https://me:secret@host:8/x.log?X-Amz-Signature=abc#f") == "https://host:8/x.log"
    assert without_password("sftp://me@host/x") == "sftp://me@host/x"
    assert is_pattern("s3://b/*.log")
    assert not is_pattern("https://h/x?a=*")


# -- https ---------------------------------------------------------------------------------------------------------


def test_a_page_is_read_and_cited_and_the_second_question_asks_only_whether_it_changed(pages: Pages) -> None:
    pages.pages["/app.log"] = LOG.encode()
    done = rlm(f"{pages.base}/app.log")
    assert done.returncode == 0, done.stderr
    assert "40 lines" in done.stdout
    assert f"({pages.base}/app.log#L4)" in done.stdout
    first = pages.asked.copy()
    assert "GET /app.log" in first
    assert "40 lines" in rlm(f"{pages.base}/app.log").stdout
    assert not any(asked.startswith("GET") for asked in pages.asked[len(first) :])
    pages.pages["/app.log"] = b"ERROR once\n"
    assert "1 line" in rlm(f"{pages.base}/app.log").stdout


def test_compressed_pages_are_read_as_the_texts_they_hold(pages: Pages) -> None:
    pages.pages["/app.log.gz"] = gzip.compress(LOG.encode())
    assert "40 lines" in rlm(f"{pages.base}/app.log.gz").stdout


def test_a_signature_stays_out_of_answer_and_history(pages: Pages, state_dir: Path) -> None:
    pages.pages["/app.log"] = LOG.encode()
    done = rlm(f"{pages.base}/app.log?X-Signature=abcdef123456")
    assert "40 lines" in done.stdout
    assert "abcdef123456" not in done.stdout + done.stderr
    kept = b"".join(path.read_bytes() for path in state_dir.rglob("*") if path.is_file())
    assert b"abcdef123456" not in kept


def test_two_addresses_that_differ_by_what_is_not_shown_are_two_texts(pages: Pages) -> None:
    pages.pages["/app.log"] = LOG.encode()
    done = rlm(f"{pages.base}/app.log?a=1", f"{pages.base}/app.log?a=2")
    assert "80 lines" in done.stdout


@pytest.mark.parametrize("often", [1, 2])
@pytest.mark.parametrize("later", [b"ERROR other\n" * 3, LOG.encode() * 3], ids=["shorter", "longer"])
def test_a_text_that_is_replaced_while_it_is_read_is_an_error_and_no_mixture(
    pages: Pages, often: int, later: bytes
) -> None:
    """Whenever that is, and with few requests."""
    pages.pages["/app.log"] = LOG.encode()
    pages.after_head["/app.log"] = often, later
    done = rlm(f"{pages.base}/app.log")
    assert done.returncode == 1
    assert "error 4105" in done.stderr
    assert len(pages.asked) < 10


@pytest.mark.parametrize(
    ("path", "code", "says"),
    [("/nothing.log", 4101, "does not exist"), ("/secret.log", 4110, "credentials"), ("/.env", 4108, "secret")],
)
def test_what_is_not_there_or_not_for_us_is_said(pages: Pages, path: str, code: int, says: str) -> None:
    pages.pages["/.env"] = b"TOKEN=1\n"
    done = rlm(f"{pages.base}{path}")
    assert done.returncode == 1
    assert f"error {code}" in done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_no_network_is_said() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        done = rlm(f"http://127.0.0.1:{nobody.getsockname()[1]}/x.log")
    assert done.returncode == 1
    assert "error 4110" in done.stderr
    assert "cannot be reached" in done.stderr


def test_copies_have_a_limit(pages: Pages) -> None:
    pages.pages["/big.log"] = b"x" * 80 + b"\n" * 2_000_000
    done = rlm(f"{pages.base}/big.log", RLM_CONTEXT_REMOTE_MB="1")
    assert done.returncode == 1
    assert "remoteMb" in done.stderr


@pytest.mark.parametrize(
    ("address", "library", "extra"),
    [
        ("gs://bucket/x.log", "gcsfs", "gcs"),
        ("az://bucket/x.log", "adlfs", "azure"),
        ("s3://bucket/x.log", "s3fs", "s3"),
        ("sftp://host/x.log", "paramiko", "ssh"),
    ],
)
def test_a_missing_library_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch, address: str, library: str, extra: str
) -> None:
    fetch._buckets.clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == library or name.endswith("sftp")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    classes = importlib.import_module("fsspec.registry").__dict__["_registry"]  # fsspec itself hides it behind a proxy
    for scheme in EXTRAS:
        monkeypatch.delitem(classes, scheme, raising=False)
    with pytest.raises(RemoteFailed, match="is not installed") as failed:
        fetch.listing(Deadline(20), (address,), 9)
    assert f"rlm-ls[{extra}]" in str(failed.value.remedy)


async def test_a_page_without_end_is_stopped_at_once_with_its_process(pages: Pages) -> None:
    pages.pages["/endless.log"] = b""
    command = [sys.executable, "-P", "-m", "rlm_ls", "ask", "--model", "offline", QUESTION, f"{pages.base}/endless.log"]
    asking = await asyncio.create_subprocess_exec(*command, cwd="/", stderr=asyncio.subprocess.DEVNULL)
    async with asyncio.timeout(PATIENCE):
        while "GET /endless.log" not in pages.asked:  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(0.05)
        children = psutil.Process(asking.pid).children(recursive=True)
        assert children
        asking.send_signal(signal.SIGINT)
        assert await asking.wait() == 130
        while any(alive(child) for child in children):  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(0.05)


async def test_an_editor_asks_about_an_address(pages: Pages, tmp_path: Path) -> None:
    pages.pages["/app.log"] = LOG.encode()
    async with Editor(env={"RLM_STATE_DIR": str(tmp_path / "state")}) as editor:
        await editor.initialize()
        uri = f"{pages.base}/app.log"
        for scope in (document(uri), {"kind": "files", "uris": [uri]}):
            answer = await editor.request("rlm/ask", {"question": QUESTION, "scope": scope})
            assert "40 lines" in answer["answer"]
            assert answer["citations"][0]["location"]["uri"] == uri
        assert await editor.shutdown() == 0


async def test_a_workspace_is_read_with_the_texts_elsewhere_that_the_users_settings_name(
    pages: Pages, tmp_path: Path
) -> None:
    pages.pages["/app.log"] = LOG.encode()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "own.log").write_text("ERROR of its own\n")
    remote = [f"{pages.base}/app.log", f"{pages.base}/gone.log", "ftp://host/x", "https://127.0.0.1:1/x.log"]
    about = {"question": QUESTION, "scope": {"kind": "workspace"}}
    async with Editor(env={"RLM_STATE_DIR": str(tmp_path / "state")}) as editor:
        await editor.initialize(folders=[tmp_path / "folder"], options={"context": {"remote": remote}})
        for _ in range(2):
            answer = await editor.request("rlm/ask", about)
            assert "41 lines" in answer["answer"]
            left_out = {one["uri"]: one["reason"] for one in answer["coverage"]["skipped"]}
            assert left_out.keys() == set(remote[1:])
            assert "does not exist" in left_out[remote[1]]
            assert "Nothing reads ftp:" in left_out[remote[2]]
            assert "cannot be reached" in left_out[remote[3]]
        alone = {**about, "scope": document((tmp_path / "folder" / "own.log").as_uri())}
        assert "1 line" in (await editor.request("rlm/ask", alone))["answer"]
        assert await editor.shutdown() == 0


async def test_texts_elsewhere_are_a_workspace_where_no_folder_is_open(pages: Pages, tmp_path: Path) -> None:
    pages.pages["/app.log"] = LOG.encode()
    async with Editor(env={"RLM_STATE_DIR": str(tmp_path / "state")}) as editor:
        await editor.initialize(options={"context": {"remote": f"{pages.base}/app.log"}})
        answer = await editor.request("rlm/ask", {"question": QUESTION, "scope": {"kind": "workspace"}})
        assert "40 lines" in answer["answer"]
        assert await editor.shutdown() == 0


async def test_a_place_in_a_text_elsewhere_opens_as_a_document_of_the_server(pages: Pages, tmp_path: Path) -> None:
    """Not every editor can show an address; also after a restart, and with the text as it is now."""
    pages.pages["/app.log"] = LOG.encode()
    env = {"RLM_STATE_DIR": str(tmp_path / "state")}
    async with Editor(env=env) as editor:
        await editor.initialize(capabilities={"workspace": {"textDocumentContent": {}}})
        answer = await editor.request("rlm/ask", {"question": QUESTION, "scope": document(f"{pages.base}/app.log")})
        place = answer["citations"][0]["excerpt"]
        assert place.startswith("rlm:/excerpt/")
        assert await editor.shutdown() == 0
    async with Editor(env=env) as editor:
        await editor.initialize(capabilities={"workspace": {"textDocumentContent": {}}})
        found = await editor.request("rlm/excerpt", {"uri": place})
        assert found["line"] == 4
        shown = await editor.request("workspace/textDocumentContent", {"uri": place})
        assert LOG.splitlines()[3] in shown["text"]
        assert await editor.shutdown() == 0


def test_few_texts_are_copied_side_by_side(pages: Pages) -> None:
    for number in range(12):
        pages.pages[f"/slow/{number}.log"] = LOG.encode()
    done = rlm(*(f"{pages.base}/slow/{number}.log" for number in range(12)))
    assert "480 lines" in done.stdout, done.stderr
    assert 2 <= pages.most_under_way <= SIDE_BY_SIDE


# -- s3 ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment that reaches an S3 server with a bucket `logs`."""
    with s3_server(tmp_path_factory.mktemp("s3")) as env:
        put(env, {"logs/2026-11-01/app.log": LOG.encode(), "logs/2026-11-02/app.log.gz": gzip.compress(LOG.encode())})
        put(env, {"logs/2026-12-01/app.log": b"ERROR later\n", "logs/2026-11-01/picture.png": b"\x89PNG\0\0\1" * 90})
        yield env


def test_a_pattern_of_dates_takes_the_files_of_a_month_and_names_what_it_could_not_read(s3: dict[str, str]) -> None:
    done = rlm("s3://logs/2026-11-*/*", **s3)
    assert done.returncode == 0, done.stderr
    assert "80 lines" in done.stdout
    assert "picture.png" in done.stdout
    assert "s3://logs/2026-11-01/app.log" in done.stdout


def test_more_files_than_one_question_may_be_about_are_an_error_that_names_the_setting(s3: dict[str, str]) -> None:
    for names in (("s3://logs/2026-11-*/*",), ("s3://logs/2026-11-01/app.log", "s3://logs/2026-11-01/")):
        done = rlm(*names, **s3, RLM_CONTEXT_REMOTE_FILES="2")
        assert done.returncode == 1
        assert "error 4106: " in done.stderr
        assert "at most 2 are taken" in done.stderr
        assert "remoteFiles" in done.stderr


def test_a_folder_of_a_bucket_is_all_that_lies_below_it(s3: dict[str, str]) -> None:
    assert "81 lines" in rlm("s3://logs/", **s3).stdout
    assert "1 line" in rlm("s3://logs/2026-12-01/", **s3).stdout


def test_a_missing_bucket_and_wrong_keys_are_said(s3: dict[str, str]) -> None:
    done = rlm("s3://nobodys-bucket/x.log", **s3)
    assert "error 4101" in done.stderr
    done = rlm("s3://logs/2026-11-01/app.log", **{**s3, "AWS_SECRET_ACCESS_KEY": "wrong"})
    assert "error 4110" in done.stderr
    assert "credentials" in done.stderr
    assert "wrong" not in done.stderr
    done = rlm("s3://logs/2026-11-*/nothing*", **s3)
    assert "error 4101" in done.stderr


def test_a_bucket_is_connected_to_once_and_anew_after_a_failure(
    s3: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "credentials"
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3["AWS_ENDPOINT_URL"])
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(keys))
    keys.write_text("[default]\naws_access_key_id = test\naws_secret_access_key = wrong\n")
    address = "s3://logs/2026-12-01/app.log"
    fetch._buckets.clear()
    with pytest.raises(RemoteFailed, match="credentials"):
        fetch.listing(Deadline(20), (address,), 9)
    keys.write_text("[default]\naws_access_key_id = test\naws_secret_access_key = testsecret\n")
    assert [one.size for _, found in fetch.listing(Deadline(20), (address,), 9) for one in found] == [12]
    files, place = fetch.file_system(address)
    assert fetch.file_system("s3://logs/2026-11-01/app.log") == (files, "logs/2026-11-01/app.log")
    assert place == "logs/2026-12-01/app.log"
    files.ls("logs/2026-12-01")
    put(s3, {"logs/2026-12-01/app.log": b"ERROR later\n" * 2})
    assert [one.size for _, found in fetch.listing(Deadline(20), (address,), 9) for one in found] == [24]
    put(s3, {"logs/2026-12-01/app.log": b"ERROR later\n"})
    fetch._buckets.clear()


def test_an_overwritten_object_is_read_anew(s3: dict[str, str]) -> None:
    put(s3, {"logs/changing/app.log": b"ERROR\n" * 2})
    assert "2 lines" in rlm("s3://logs/changing/app.log", **s3).stdout
    put(s3, {"logs/changing/app.log": b"ERROR\n" * 5})
    assert "5 lines" in rlm("s3://logs/changing/app.log", **s3).stdout
