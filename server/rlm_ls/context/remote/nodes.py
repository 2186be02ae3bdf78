"""Files that lie on a cluster's nodes (`node://host/path`): each is found, and later read, by the nodes of its host."""

from __future__ import annotations

import asyncio

from rlm_ls.context.document import NODE
from rlm_ls.context.ops.files.served import ServedTexts
from rlm_ls.context.remote.addresses import is_node
from rlm_ls.context.remote.fetch import too_many
from rlm_ls.context.remote.listed import Listed, failed, on_node
from rlm_ls.context.scope import Scope
from rlm_ls.context.workers.piece import NodePath
from rlm_ls.context.workers.protocol import Pool
from rlm_ls.errors import BadRequest, DocumentMissing, RlmError

LISTING_SECONDS = 120.0


async def on_nodes(scope: Scope, pool: Pool, deny: tuple[str, ...], most: int) -> dict[str, list[Listed]]:
    """By each name of the scope that means files of nodes, what lies there, `most` files in all; `deny`: names of
    secrets beside the usual ones.

    What some of the nodes cannot list, or not read, is listed with its reason. Raises RemoteFailed without a cluster,
    NodeGone, DocumentDenied, DocumentMissing, DocumentUnreadable.
    """
    found: dict[str, list[Listed]] = {}
    for name in (name for name in dict.fromkeys((*scope.files, *scope.roots)) if is_node(name)):
        found[name] = await _found(name, pool, deny, most)
        if (count := sum(len(one) for some in found.values() for one in some)) > most:
            raise too_many(name, count, most)
    return found


async def _found(name: str, pool: Pool, deny: tuple[str, ...], most: int) -> list[Listed]:
    host, _, path = name[len(NODE) :].partition("/")
    if not host or not path.strip("/"):
        raise BadRequest(f"{name[:200]} names no file.", "Write node://HOST/path, or node://*/path for every node.")
    hosts = await pool.hosts(host)
    listings = await asyncio.gather(*(_listed(pool, NodePath(one, f"/{path}"), deny, most, name) for one in hosts))
    errors = [told for told in listings if isinstance(told, RlmError)]
    if len(errors) == len(hosts):
        raise errors[0]
    found = [told for told in listings if not isinstance(told, RlmError)]
    if not any(map(len, found)):
        raise DocumentMissing(f"Nothing is there: {name[:200]}.", "Check the path and the pattern.")
    return found + [
        failed(f"{NODE}{one}/{path}", told)
        for one, told in zip(hosts, listings, strict=True)
        if isinstance(told, RlmError)
    ]


async def _listed(pool: Pool, folder: NodePath, deny: tuple[str, ...], most: int, name: str) -> Listed | RlmError:
    payload = {"folder": folder, "deny": deny, "most": most}
    try:
        served: ServedTexts = await pool.call("files.served.listing", payload, LISTING_SECONDS)
        return await asyncio.to_thread(on_node, folder.host, served, name)
    except RlmError as error:
        if error.ends_run:
            raise
        return error
