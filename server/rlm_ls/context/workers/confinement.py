"""What a worker that handles hostile input gives up before its first request."""

from __future__ import annotations

import sys
from contextlib import suppress

FORBIDDEN = ("socket.", "urllib.", "http.", "ftplib.", "subprocess.", "os.exec", "os.posix_spawn", "os.system")


def shut_in(memory: int) -> None:
    """Nothing it handles is a reason to speak to anybody: whatever a library might try is refused. `memory`: bytes of
    address space."""

    def refuse(event: str, _arguments: tuple[object, ...]) -> None:
        if event.startswith(FORBIDDEN):
            raise PermissionError(f"{event} is not for this process")

    sys.addaudithook(refuse)
    with suppress(ImportError, ValueError, OSError):  # Windows has none
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
