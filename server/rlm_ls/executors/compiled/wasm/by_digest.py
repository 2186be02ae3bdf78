"""What a node does with a module: knows it by its digest, compiles it once, runs it over shards."""

from __future__ import annotations

from hashlib import sha256
from importlib.metadata import version

from filelock import FileLock
from platformdirs import user_cache_path

from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import Pieces
from rlm_ls.errors import ProgramCrashed
from rlm_ls.executors.compiled.program_cache import ProgramCache
from rlm_ls.executors.compiled.wasm.machine import compile, over_shards


def outputs(
    deadline: Deadline, digest: str, module: bytes, pieces: Pieces, *, shard: int, heap: int, most_output: int
) -> tuple[list[str], int] | None:
    """The outputs of the module whose SHA-256 is `digest` over `pieces` in shards of `shard` bytes; and the bytes.

    None where it is not known here, and has to be sent as `module`. Raises ProgramCrashed, ProgramLimit,
    DocumentChanged, LevelUnavailable.
    """
    cache = ProgramCache(user_cache_path("rlm-ls", appauthor=False) / "modules")
    cache.open()
    path = cache.path(f"{digest}-{version('wasmtime')}", "cwasm")
    if not cache.holds(path):
        if not module:
            return None
        if sha256(module).hexdigest() != digest:
            raise ProgramCrashed("The module that was sent is not the one that was named.")
        with FileLock(path.with_suffix(".lock")):
            problem = "" if cache.holds(path) else compile(deadline, module, "", str(path))
        if problem:
            raise ProgramCrashed(problem)
        cache.trim()
    return over_shards(deadline, str(path), pieces, shard, heap, most_output)
