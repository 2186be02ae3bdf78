"""The process that reads git's files: no network, no programs, bounded memory; it ends with its task."""

from __future__ import annotations

from rlm_ls.context.workers.confinement import shut_in
from rlm_ls.context.workers.worker import main

MEMORY = 1 << 30
"""Bytes of address space: objects of a hostile repository may unpack to anything."""

if __name__ == "__main__":
    import dulwich.object_store  # noqa: F401 - before its imports are refused what they ask of the system

    shut_in(MEMORY)
    main("rlm_ls.context.repository")
