"""The child process that takes documents apart. Started as `python -P -m rlm_ls.context.extraction.worker`."""

from __future__ import annotations

from rlm_ls.context.workers.confinement import shut_in
from rlm_ls.context.workers.worker import main

MEMORY = 2 << 30
"""Bytes of address space: a document that grows when it is opened ends this process, not the machine."""

if __name__ == "__main__":
    shut_in(MEMORY)
    main("rlm_ls.context.extraction")
