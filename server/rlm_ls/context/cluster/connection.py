"""One attachment to a cluster's scheduler. Once lost it stays lost; whoever needs it makes another."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from rlm_ls import __version__
from rlm_ls.context.cluster import agent
from rlm_ls.context.cluster.address import Address, is_protected
from rlm_ls.context.cluster.nodes import LocalNodes
from rlm_ls.errors import ClusterFailed, ClusterMismatch, ClusterRefused, RlmError, SearchFailed

ATTACH_SECONDS = 4.0

MOST_THREADS = 4096

AHEAD = 2
"""Searches sent out for each that the nodes can do at once: the next one is there when one is done."""

LOUD = ("distributed", "tornado")

BEAT = 1.0
"""Seconds between two words to the nodes, while something is searched."""

SILENCE = 2.5
"""Seconds for which a scheduler may say nothing before it counts as lost."""

CERTIFICATES = (
    "Name them in DASK_DISTRIBUTED__COMM__TLS__CA_FILE, …__TLS__CLIENT__CERT and …__TLS__CLIENT__KEY, "
    "or in ~/.config/dask (distributed.comm.tls)."
)


def _distributed() -> Any:
    """The library. It takes half a second to import: to be called in a thread."""
    try:
        import distributed
    except ImportError:
        raise ClusterFailed("What attaches to clusters is not installed.", "pip install 'rlm-ls[cluster]'.") from None
    for name in [one for one in logging.root.manager.loggerDict if one.partition(".")[0] in LOUD]:
        logging.getLogger(name).handlers[:] = [logging.NullHandler()]  # what it would print on stderr, we say ourselves
    return distributed


def _certificates(library: Any) -> Any:
    """The user's own, from where Dask looks for them. Raises ClusterRefused where one is missing."""
    security = library.Security(require_encryption=True)
    if not (security.tls_ca_file and security.tls_client_cert and security.tls_client_key):
        raise ClusterRefused("There are no certificates for a cluster behind TLS.", CERTIFICATES)
    return security


@dataclass(frozen=True, slots=True)
class Node:
    """What a node says of itself. `threads`: searches that it does at once; `reads`: schemes of buckets."""

    version: str
    python: str = ""
    host: str = ""
    threads: int = 1
    cores: int = 1
    reads: tuple[str, ...] = ()


@dataclass(slots=True)
class Connection:
    """`run` has a node search, `stop` ends searches; `lost` is set once the scheduler has gone."""

    client: Any
    nodes: LocalNodes | None
    about: dict[str, Node]
    slots: asyncio.Semaphore
    name: str = field(default_factory=lambda: uuid4().hex)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    _jobs: set[str] = field(default_factory=set)
    _stopping: list[str] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _beating: asyncio.Task[None] | None = None

    @property
    def size(self) -> int:
        """Searches that the nodes do at once."""
        return sum(one.threads for one in self.about.values())

    @classmethod
    async def open(cls, address: Address) -> Connection:
        """Raises ClusterFailed, ClusterRefused, ClusterMismatch."""
        library = await asyncio.to_thread(_distributed)
        async with contextlib.AsyncExitStack() as stack:
            nodes, security, url = None, None, address.url
            if address.local:
                security = await asyncio.to_thread(library.Security.temporary)
                nodes = await LocalNodes.start(address.local, _texts(security))
                stack.push_async_callback(nodes.close)
                url = nodes.url
            elif address.tls:
                security = await asyncio.to_thread(_certificates, library)
            client = library.Client(
                url, asynchronous=True, security=security, set_as_default=False, timeout=ATTACH_SECONDS
            )
            connection = await cls.attached(client, address)
            connection.nodes = nodes
            stack.pop_all()
            return connection
        raise AssertionError("unreachable")

    @classmethod
    async def attached(cls, client: Any, address: Address) -> Connection:
        """By a client that has yet to connect; it is closed where that fails. Raises as `open` does."""
        try:
            async with asyncio.timeout(ATTACH_SECONDS):
                await client
                about = await _nodes(client, address)
        except BaseException as error:
            await _closed(client)
            if isinstance(error, RlmError) or not isinstance(error, Exception):
                raise
            raise ClusterFailed(
                f"The cluster at {address} cannot be reached ({type(error).__name__}).",
                "Is its scheduler running, and do the certificates fit?",
            ) from None
        connection = cls(client, None, about, asyncio.Semaphore(1))
        connection.slots = asyncio.Semaphore(AHEAD * connection.size)
        return connection

    async def run(self, job: str, request: bytes, seconds: float, program: bool = False) -> agent.Outcome:
        """What a node says of a request to its search processes, or to those for programs.

        Raises ClusterFailed once the scheduler is lost, SearchFailed, ClusterMismatch.
        """
        if self.lost.is_set() or self.client.status != "running":
            self.lost.set()
            raise _lost()
        job = f"{self.name}-{job}"
        self._jobs.add(job)
        if self._beating is None or self._beating.done():
            self._beating = asyncio.create_task(self._beat())
        future = self.client.submit(
            agent.run, __version__, self.name, job, request, seconds, program, key=f"rlm-{job}", pure=False
        )
        waiting = asyncio.create_task(_awaited(future))
        losing = asyncio.create_task(self.lost.wait())
        done = False
        try:
            await asyncio.wait([waiting, losing], return_when=asyncio.FIRST_COMPLETED)
            done = True
            if not waiting.done():
                raise _lost()
            return self._outcome(waiting)
        finally:
            self._jobs.discard(job)
            losing.cancel()
            waiting.cancel()
            await asyncio.gather(losing, waiting, return_exceptions=True)
            if not self.lost.is_set():
                with contextlib.suppress(Exception):
                    future.release()
                if not done:
                    self._stop(job)

    async def speeds(self, seconds: float) -> dict[str, float | str]:
        """By node: MB a second that one of its processes searches, or what went wrong."""
        async with asyncio.timeout(seconds):
            told = await self.client.run(agent.speed, on_error="return")
        return {
            place: f"{type(one).__name__}: {one}" if isinstance(one, BaseException) else float(one)
            for place, one in told.items()
        }

    def _outcome(self, waiting: asyncio.Task[Any]) -> agent.Outcome:
        error = waiting.exception()
        if error is None:
            status, body = waiting.result()
            if status == "version":
                raise _mismatch("a node", bytes(body).decode("ascii", "replace")[:40])
            return str(status), bytes(body)
        kind = type(error).__name__
        if "Cancelled" in kind:  # the library takes back what it was given when its connection breaks
            self.lost.set()
            raise _lost()
        if isinstance(error, (ImportError, AttributeError)):
            raise _mismatch("a node", "none that fits")
        raise SearchFailed(f"A node of the cluster failed ({kind}).", "Try again; rlm-ls doctor --cluster tells more.")

    def _stop(self, job: str) -> None:
        """Tells the nodes, together with what else is stopped at this moment."""
        self._stopping.append(job)
        if len(self._stopping) == 1:
            self._own(self._stopped())

    async def _stopped(self) -> None:
        await asyncio.sleep(0)
        jobs, self._stopping = self._stopping, []
        with contextlib.suppress(Exception):
            async with asyncio.timeout(SILENCE):
                await self.client.run(agent.stop, jobs, on_error="ignore")

    def _own(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _beat(self) -> None:
        """Tells the nodes that somebody waits, and finds out whether the scheduler is there."""
        word: asyncio.Task[None] | None = None
        while self._jobs and not self.lost.is_set():
            if word is not None:
                word.cancel()  # a node that hangs must not keep the others from hearing
            word = self._own(self._word())
            try:
                async with asyncio.timeout(SILENCE):
                    await self.client.scheduler.identity(n_workers=0)
            except Exception:
                self.lost.set()
                return
            await asyncio.sleep(BEAT)

    async def _word(self) -> None:
        with contextlib.suppress(Exception):
            await self.client.run(agent.hear, self.name, on_error="ignore")

    async def close(self) -> None:
        running = [*self._tasks, *([self._beating] if self._beating else [])]
        if self._stopping or self._tasks:
            await asyncio.wait(self._tasks or [asyncio.create_task(asyncio.sleep(0))], timeout=0.05)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await _closed(self.client)
        if self.nodes is not None:
            await self.nodes.close()


async def _awaited(future: Any) -> Any:
    return await future


async def _closed(client: Any) -> None:
    with contextlib.suppress(Exception):
        async with asyncio.timeout(0.5):
            await client.close(timeout=0.3)


def _about(told: Any) -> Node:
    """What a node says of itself, as far as it is what it should be."""
    if isinstance(told, BaseException):
        return Node("none that fits")
    try:
        version, python, host = (str(told[name])[:80] for name in ("version", "python", "host"))
        threads, cores = (min(max(int(told[name]), 1), MOST_THREADS) for name in ("threads", "cores"))
        return Node(version, python, host, threads, cores, tuple(str(one)[:10] for one in told["reads"][:10]))
    except (KeyError, TypeError, ValueError):
        return Node("none that fits")


async def _nodes(client: Any, address: Address) -> dict[str, Node]:
    """What each node says of itself, by its address."""
    known = (await client.scheduler.identity(n_workers=-1))["workers"]
    if not known:
        raise ClusterFailed(f"The cluster at {address} has no workers.", "Start some: dask worker …")
    for place in known:
        if not is_protected(str(place)):
            raise ClusterRefused(
                "A node of the cluster speaks without encryption to other machines.", "Set it up with TLS certificates."
            )
    said = await client.run(agent.about, on_error="return")
    found = {str(place): _about(told) for place, told in said.items()}
    other = {place: one.version for place, one in found.items() if one.version != __version__}
    if other:
        place, version = next(iter(other.items()))
        more = f" (and {len(other) - 1} more)" if len(other) > 1 else ""
        raise _mismatch(f"The node {place}{more}", version)
    return found


def _mismatch(who: str, version: str) -> ClusterMismatch:
    return ClusterMismatch(
        f"{who[0].upper()}{who[1:]} of the cluster has rlm-ls {version}; this is {__version__}.",
        f"Install the same on every node: pip install rlm-ls=={__version__}.",
    )


def _lost() -> ClusterFailed:
    return ClusterFailed(
        "The cluster's scheduler was lost.", "Once it is there again, rlm-ls resume goes on from here."
    )


def _texts(security: Any) -> dict[str, str]:
    """A Security's certificates, for processes of ours."""
    names = [f"tls_{role}_{part}" for role in ("client", "scheduler", "worker") for part in ("key", "cert")]
    return {name: getattr(security, name) for name in ("tls_ca_file", *names)}
