"""Clusters for tests: real ones of Dask, with certificates made here."""

from __future__ import annotations

import datetime
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.conftest import IN_CI
from tests.patience import PATIENCE

from rlm_ls.context.cluster.pool import ClusterPool
from rlm_ls.context.workers.pool import SearchPool

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def _dask() -> None:
    if find_spec("distributed") is None:
        message = f"no Dask: pip install --require-hashes -r {ROOT / '.ci' / 'cluster.txt'}"
        pytest.fail(message) if IN_CI else pytest.skip(message)


@dataclass(frozen=True)
class Certificates:
    """Files: an authority, and a certificate of it for everybody of the cluster."""

    ca: Path
    cert: Path
    key: Path

    @property
    def environment(self) -> dict[str, str]:
        """How a user names them."""
        tls = "DASK_DISTRIBUTED__COMM__TLS__"
        both = {f"{tls}{who}__{what}": str(getattr(self, what.lower())) for who in ROLES for what in ("KEY", "CERT")}
        return {f"{tls}CA_FILE": str(self.ca), **both}


ROLES = ("CLIENT", "SCHEDULER", "WORKER")


def make_certificates(folder: Path) -> Certificates:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    folder.mkdir(exist_ok=True)
    now = datetime.datetime.now(datetime.UTC)

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def certificate(who: str, key: ec.EllipticCurvePrivateKey, by: str, signer: ec.EllipticCurvePrivateKey) -> bytes:
        made = (
            x509.CertificateBuilder()
            .subject_name(name(who))
            .issuer_name(name(by))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=who == by, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
            )
            .sign(signer, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)

    authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    found = Certificates(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    found.ca.write_bytes(certificate("authority", authority, "authority", authority))
    found.cert.write_bytes(certificate("node", own, "authority", authority))
    found.key.write_bytes(
        own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return found


@dataclass
class Cluster:
    """A scheduler and workers as an administrator starts them."""

    folder: Path
    env: dict[str, str]
    scheme: str = "tcp"
    port: int = 0
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def begin(self) -> None:
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
        listen = ["--host", f"{self.scheme}://127.0.0.1", "--port", str(self.port), "--no-dashboard"]
        self.scheduler = self._start("dask_scheduler", *listen)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise AssertionError("the scheduler did not start")

    def add_worker(
        self, *options: str, code: str = "", host: str = "127.0.0.1", env: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        listen = ["--host", f"{self.scheme}://{host}", "--no-dashboard", "--nthreads", "1", "--no-nanny", *options]
        worker = self._start("dask_worker", self.address, *listen, code=code, env=env)
        self.workers.append(worker)
        return worker

    async def ready(self, number: int) -> None:
        """Until so many workers are attached."""
        from distributed import Client, Security

        security: Any = None
        if self.scheme == "tls":
            security = Security(
                tls_ca_file=self.env["DASK_DISTRIBUTED__COMM__TLS__CA_FILE"],
                tls_client_key=self.env["DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"],
                tls_client_cert=self.env["DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT"],
                require_encryption=True,
            )
        async with Client(self.address, asynchronous=True, security=security, set_as_default=False) as client:
            await client.wait_for_workers(number, timeout=PATIENCE)

    def _start(
        self, module: str, *arguments: str, code: str = "", env: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        run = f"import sys; sys.argv = [{module!r}, *sys.argv[1:]]; {code or 'pass'}\n"
        run += f"from distributed.cli.{module} import main; main()"
        return subprocess.Popen(
            [sys.executable, "-P", "-c", run, *arguments, "--local-directory", str(self.folder)]
            if module == "dask_worker"
            else [sys.executable, "-P", "-c", run, *arguments],
            cwd=self.folder,
            env={**os.environ, **self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def searching(self) -> list[psutil.Process]:
        """The nodes' search processes that are busy: that took processor time within a moment."""
        found = []
        for worker in self.workers:
            with suppress(psutil.NoSuchProcess):
                found += psutil.Process(worker.pid).children(recursive=True)
        before = {}
        for one in found:
            with suppress(psutil.NoSuchProcess):
                before[one] = one.cpu_times().user
        time.sleep(0.1)
        busy = []
        for one, then in before.items():
            with suppress(psutil.NoSuchProcess):
                if one.cpu_times().user > then:
                    busy.append(one)
        return busy

    def end(self) -> None:
        for process in (*self.workers, *([self.scheduler] if self.scheduler else [])):
            with suppress(psutil.NoSuchProcess):
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler on this machine, without workers."""
    made = Cluster(tmp_path, {})
    try:
        made.begin()
        yield made
    finally:
        made.end()


@pytest.fixture
async def here() -> AsyncIterator[SearchPool]:
    async with SearchPool(2) as pool:
        yield pool


@pytest.fixture
async def local(here: SearchPool) -> AsyncIterator[ClusterPool]:
    """Two nodes started by the pool itself, and pieces of a few lines."""
    pool = ClusterPool("local:2", here, piece_bytes=100_000)
    try:
        await pool.ready()
        yield pool
    finally:
        await pool.close()
