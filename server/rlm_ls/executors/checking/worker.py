"""The child process that judges. Started as `python -P -m rlm_ls.executors.checking.worker`."""

from __future__ import annotations

from importlib import import_module

from rlm_ls.context.workers import confinement
from rlm_ls.context.workers.worker import main

MEMORY = 2 << 30
"""Bytes of address space: a pattern or a schema that grows ends this process, not the machine."""


def shut_in() -> None:
    """Nothing that is judged is a reason to speak to anybody."""
    confinement.shut_in(MEMORY)


if __name__ == "__main__":
    for name in ("grammar", "quotations", "replies", "scripts"):  # before anybody waits for a judgement
        import_module(f"rlm_ls.executors.checking.{name}")
    shut_in()
    main("rlm_ls.executors.checking")
