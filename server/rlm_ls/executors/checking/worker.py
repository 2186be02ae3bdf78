"""The child process that judges. Started as `python -P -m rlm_ls.executors.checking.worker`."""

from __future__ import annotations

import sys
from contextlib import suppress

from rlm_ls.context.workers.worker import main

MEMORY = 2 << 30
"""Bytes of address space: a pattern or a schema that grows ends this process, not the machine."""

FORBIDDEN = ("socket.", "urllib.", "http.", "ftplib.", "subprocess.", "os.exec", "os.posix_spawn", "os.system")


def shut_in() -> None:
    """Nothing that is judged is a reason to speak to anybody: whatever a library might try is refused."""

    def refuse(event: str, _arguments: tuple[object, ...]) -> None:
        if event.startswith(FORBIDDEN):
            raise PermissionError(f"{event} is not for a judge")

    sys.addaudithook(refuse)
    with suppress(ImportError, ValueError, OSError):  # Windows has none
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    shut_in()
    main("rlm_ls.executors.checking")
