"""One attachment to a cluster's scheduler. Once lost it stays lost; whoever needs it makes another."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from uuid import uuid4

from rlm_ls import __version__
from rlm_ls.context.cluster import agent
from rlm_ls.context.cluster.address import Address
from rlm_ls.context.cluster.nodes import LocalNodes
from rlm_ls.context.cluster.roster import Node, host_of, is_of, mismatch, node_gone, nodes_of
from rlm_ls.errors import ClusterFailed, ClusterRefused, RlmError, SearchFailed

ATTACH_SECONDS = 4.0

AHEAD = 2
"""Searches sent out for each that the nodes can do at once: the next one is there when one is done."""

LOUD = ("distributed", "tornado")

BEAT = 1.0
"""Seconds between two words to the nodes, while something is searched."""

AWAY = 4.0
"""Seconds for which the nodes of a host may be away before they count as gone: one that died is started anew."""

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


@dataclass(slots=True)
class Connection:
    """`run` has a node search, `stop` ends searches; `lost` is set once the scheduler has gone."""

    client: Any
    address: Address
    nodes: LocalNodes | None
    about: dict[str, Node]
    slots: asyncio.Semaphore
    name: str = field(default_factory=lambda: uuid4().hex)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    _jobs: set[str] = field(default_factory=set)
    _stopping: list[str] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _beating: asyncio.Task[None] | None = None
    _bound: dict[str, asyncio.Event] = field(default_factory=dict)
    """Of hosts whose nodes alone can do what was asked: set once none of them is there."""
    _absent: dict[str, float] = field(default_factory=dict)
    """Those of them that are not there, and since when."""

    @property
    def size(self) -> int:
        """Searches that the nodes do at once."""
        return sum(one.threads for one in self.about.values())

    def threads(self, host: str) -> int:
        """Searches that the nodes of a host do at once; at least one."""
        return max(1, sum(one.threads for place, one in self.about.items() if is_of(place, one, host)))

    async def hosts(self, name: str) -> tuple[str, ...]:
        """See Pool. A pattern's are addresses; a name stands for all nodes that give it as theirs."""
        if not (found := self._hosts(name)):
            self.about = await nodes_of(self.client, self.address)  # it may have come since
            found = self._hosts(name)
        if not found:
            raise node_gone(name, self.about)
        return found

    def _hosts(self, name: str) -> tuple[str, ...]:
        if any(is_of(place, one, name) for place, one in self.about.items()):
            return (name,)
        found = {
            host_of(place)
            for place, one in self.about.items()
            if any(fnmatchcase(known.lower(), name.lower()) for known in (host_of(place), one.host))
        }
        return tuple(sorted(found))

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
                about = await nodes_of(client, address)
        except BaseException as error:
            await _closed(client)
            if isinstance(error, RlmError) or not isinstance(error, Exception):
                raise
            raise ClusterFailed(
                f"The cluster at {address} cannot be reached ({type(error).__name__}).",
                "Is its scheduler running, and do the certificates fit?",
            ) from None
        connection = cls(client, address, None, about, asyncio.Semaphore(1))
        connection.slots = asyncio.Semaphore(AHEAD * connection.size)
        return connection

    async def run(
        self, job: str, request: bytes, seconds: float, program: bool = False, host: str = ""
    ) -> agent.Outcome:
        """What a node says of a request to its search processes, or to those for programs; one of `host`, if named.

        Raises ClusterFailed once the scheduler is lost, NodeGone once no node of the host is there, SearchFailed,
        ClusterMismatch.
        """
        if self.lost.is_set() or self.client.status != "running":
            self.lost.set()
            raise _lost()
        job = f"{self.name}-{job}"
        bound: dict[str, Any] = {}
        gone = self._bound.setdefault(host, asyncio.Event()) if host else asyncio.Event()
        if host:
            await self._check_host(host)
            bound = {"workers": sorted(self._addresses(host)), "allow_other_workers": False}
        self._jobs.add(job)
        if self._beating is None or self._beating.done():
            self._beating = asyncio.create_task(self._beat())
        future = self.client.submit(
            agent.run, __version__, self.name, job, request, seconds, program, key=f"rlm-{job}", pure=False, **bound
        )
        waiting = asyncio.create_task(_awaited(future))
        losing = [asyncio.create_task(event.wait()) for event in (self.lost, gone)]
        done = False
        try:
            await asyncio.wait([waiting, *losing], return_when=asyncio.FIRST_COMPLETED)
            done = True
            if not waiting.done():
                raise _lost() if self.lost.is_set() else node_gone(host, self.about)
            return self._outcome(waiting)
        finally:
            self._jobs.discard(job)
            for task in (waiting, *losing):
                task.cancel()
            await asyncio.gather(waiting, *losing, return_exceptions=True)
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
                raise mismatch("a node", bytes(body).decode("ascii", "replace")[:40])
            return str(status), bytes(body)
        kind = type(error).__name__
        if "Cancelled" in kind:  # the library takes back what it was given when its connection breaks
            self.lost.set()
            raise _lost()
        if isinstance(error, (ImportError, AttributeError)):
            raise mismatch("a node", "none that fits")
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
                    if self._bound:
                        await self._look_for_hosts()
            except Exception:
                self.lost.set()
                return
            await asyncio.sleep(BEAT)

    def _addresses(self, host: str) -> set[str]:
        """Of the host by its name; of one that is not known its own: nodes come and go."""
        known = {host_of(place) for place, one in self.about.items() if is_of(place, one, host)}
        return known or {host.strip("[]")}

    async def _look_for_hosts(self) -> None:
        """Which of the bound hosts are there. Who waits for one that has been away for long is told."""
        places = {str(place) for place in await self.client.scheduler.ncores()}
        if places - self.about.keys():
            with contextlib.suppress(RlmError):  # what does not fit is said by whom it is asked
                self.about = await nodes_of(self.client, self.address)
        there = {host_of(place) for place in places}
        now = time.monotonic()
        absent = [host for host in self._bound if not self._addresses(host) & there]
        self._absent = {host: self._absent.get(host, now) for host in absent}
        for host in absent:
            if now - self._absent[host] > AWAY:
                self._bound.pop(host).set()

    async def _check_host(self, host: str) -> None:
        """Raises NodeGone for one that was away for long and still is."""
        if time.monotonic() - self._absent.get(host, math.inf) <= AWAY:
            return
        with contextlib.suppress(Exception):  # a scheduler that is lost is found to be so in a moment
            async with asyncio.timeout(SILENCE):
                await self._look_for_hosts()
        if host in self._absent:
            raise node_gone(host, self.about)

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


def _lost() -> ClusterFailed:
    return ClusterFailed(
        "The cluster's scheduler was lost.", "Once it is there again, rlm-ls resume goes on from here."
    )


def _texts(security: Any) -> dict[str, str]:
    """A Security's certificates, for processes of ours."""
    names = [f"tls_{role}_{part}" for role in ("client", "scheduler", "worker") for part in ("key", "cert")]
    return {name: getattr(security, name) for name in ("tls_ca_file", *names)}
