"""Real servers of what `gs://`, `az://` and `sftp://` read, for the tests of texts that lie elsewhere."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from tests import npm
from tests.conftest import IN_CI
from tests.fakes.buckets import free_ports, wait_for
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
CLOUDS = f"pip install --require-hashes -r {ROOT / '.ci' / 'clouds.txt'}"
SSHD = Path(__file__).with_name("ssh_server.py")

AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The one of every emulator, from its documentation."""


@dataclass(frozen=True, slots=True)
class Store:
    """`base`: the address of its folder `logs`. `env` reaches it; with `wrong` nobody is let in, and `secret` is what
    must not be shown then. `put` is the code that stores `texts`, by path in `logs`."""

    base: str
    env: Mapping[str, str]
    wrong: Mapping[str, str]
    secret: str
    code: str

    def put(self, texts: dict[str, bytes]) -> None:
        code = f"import os, pickle, sys\ntexts = pickle.load(sys.stdin.buffer)\n{self.code}"
        command = [sys.executable, "-P", "-c", code]
        subprocess.run(command, input=pickle.dumps(texts), env={**os.environ, **self.env}, check=True, timeout=PATIENCE)


Serving = Callable[[Path], AbstractContextManager[Store]]


@contextmanager
def google(folder: Path) -> Iterator[Store]:
    program = Path(sys.executable).with_name("gcp-storage-emulator")
    if not program.exists():
        _missing(CLOUDS)
    (port,) = free_ports(1)
    command = [str(program), "start", "--host=127.0.0.1", f"--port={port}", "--in-memory", "--default-bucket=logs"]
    env = {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}"}
    code = (
        "from gcsfs.core import GCSFileSystem\n"
        "files = GCSFileSystem(token='anon', endpoint_url=os.environ['STORAGE_EMULATOR_HOST'])\n"
        "[files.pipe_file(f'logs/{name}', text) for name, text in texts.items()]\n"
    )
    with _served(command, port, folder):
        yield Store("gs://logs", env, {}, "", code)


@contextmanager
def azure(folder: Path) -> Iterator[Store]:
    (port,) = free_ports(1)
    command = npm.command("azurite", "dist/src/blob/main.js")
    command += ["--blobPort", str(port), "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]
    account = "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1"
    place = f"BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1"
    env = {"AZURE_STORAGE_CONNECTION_STRING": f"{account};AccountKey={AZURE_KEY};{place}"}
    wrong = AZURE_KEY[::-1].lstrip("=") + "=="
    code = (
        "from azure.storage.blob import BlobServiceClient\n"
        "client = BlobServiceClient.from_connection_string(os.environ['AZURE_STORAGE_CONNECTION_STRING'])\n"
        "bucket = client.get_container_client('logs')\n"
        "bucket.exists() or bucket.create_container()\n"
        "[bucket.upload_blob(name, text, overwrite=True) for name, text in texts.items()]\n"
    )
    with _served(command, port, folder):
        refused = {"AZURE_STORAGE_CONNECTION_STRING": f"{account};AccountKey={wrong};{place}"}
        yield Store("az://logs", env, refused, wrong, code)


@contextmanager
def ssh(folder: Path) -> Iterator[Store]:
    """A machine that is known by its key and lets one key in; it is named `logs-host` in the user's configuration."""
    (port,) = free_ports(1)
    home, stranger = folder / "home", folder / "stranger"
    with _served([sys.executable, "-P", str(SSHD), str(folder), str(port)], port, folder):
        code = (
            "import pathlib\n"
            f"root = pathlib.Path({str(folder / 'served')!r})\n"
            "for name, text in texts.items():\n"
            "    (root / 'logs' / name).parent.mkdir(parents=True, exist_ok=True)\n"
            "    (root / 'logs' / name).write_bytes(text)\n"
        )
        none = {"SSH_AUTH_SOCK": ""}
        yield Store("sftp://logs-host/logs", {"HOME": str(home), **none}, {"HOME": str(stranger), **none}, "", code)


def _missing(remedy: str) -> None:
    pytest.fail(remedy) if IN_CI else pytest.skip(remedy)


@contextmanager
def _served(command: list[str], port: int, folder: Path) -> Iterator[None]:
    said = folder / "said"
    with said.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, cwd=folder)
    try:
        wait_for(port, server, said)
        yield
    finally:
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(server.pid).children(recursive=True):
                child.kill()
        server.kill()
        server.wait()
