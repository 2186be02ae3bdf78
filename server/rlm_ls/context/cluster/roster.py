"""Which nodes a cluster has, and what each says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rlm_ls import __version__
from rlm_ls.context.cluster import agent
from rlm_ls.context.cluster.address import Address, is_protected
from rlm_ls.errors import ClusterFailed, ClusterMismatch, ClusterRefused, NodeGone

MOST_THREADS = 4096


@dataclass(frozen=True, slots=True)
class Node:
    """What a node says of itself. `threads`: searches that it does at once; `reads`: schemes of buckets; `serves`:
    folders of its own disks that questions may read."""

    version: str
    python: str = ""
    host: str = ""
    threads: int = 1
    cores: int = 1
    reads: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()


async def nodes_of(client: Any, address: Address) -> dict[str, Node]:
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
        raise mismatch(f"The node {place}{more}", version)
    return found


def _about(told: Any) -> Node:
    """What a node says of itself, as far as it is what it should be."""
    if isinstance(told, BaseException):
        return Node("none that fits")
    try:
        version, python, host = (str(told[name])[:80] for name in ("version", "python", "host"))
        threads, cores = (min(max(int(told[name]), 1), MOST_THREADS) for name in ("threads", "cores"))
        reads, serves = (tuple(str(one)[:200] for one in told[name][:10]) for name in ("reads", "serves"))
        return Node(version, python, host, threads, cores, reads, serves)
    except (KeyError, TypeError, ValueError):
        return Node("none that fits")


def host_of(place: str) -> str:
    """The host of a node's address, without the brackets of IPv6."""
    try:
        return urlsplit(place).hostname or ""
    except ValueError:
        return ""


def is_of(place: str, node: Node, host: str) -> bool:
    name = host.lower().strip("[]")
    return name in (host_of(place), node.host.lower())


def node_gone(host: str, about: Mapping[str, Node]) -> NodeGone:
    known = sorted({f"{host_of(place)} ({one.host})" for place, one in about.items()})
    shown = ", ".join(known[:5]) + (f" and {len(known) - 5} more" if len(known) > 5 else "")
    return NodeGone(
        f"The cluster has no node at {host[:200]} (any more).",
        f"Start its worker again, or name others: it had {shown}; node://*/… means all that are there.",
    )


def mismatch(who: str, version: str) -> ClusterMismatch:
    return ClusterMismatch(
        f"{who[0].upper()}{who[1:]} of the cluster has rlm-ls {version}; this is {__version__}.",
        f"Install the same on every node: pip install rlm-ls=={__version__}.",
    )
