"""A process of a cluster on this machine: its scheduler, or one of its workers. Started by `nodes`.

The first line on stdin says what to be (JSON), the first on stdout where it listens. It ends with its parent.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from typing import Any

from rlm_ls.visible import guard_stderr


def _end_with_parent() -> None:
    while sys.stdin.buffer.read(1 << 16):
        pass
    os._exit(0)


async def _serve(told: dict[str, Any], out: Any) -> None:
    import dask
    import distributed

    library: Any = distributed
    dask.config.set({"temporary-directory": told["folder"], "distributed.worker.memory.terminate": False})
    security = library.Security(require_encryption=True, **told["tls"])
    if told["scheduler"]:
        async with library.Worker(
            told["scheduler"],
            nthreads=1,
            host="tls://127.0.0.1",
            security=security,
            dashboard=False,
            local_directory=told["folder"],
            memory_limit=0,
        ) as worker:
            print(worker.address, file=out, flush=True)
            await worker.finished()
    else:
        async with library.Scheduler(
            host="127.0.0.1", port=0, protocol="tls", security=security, dashboard=False
        ) as scheduler:
            print(scheduler.address, file=out, flush=True)
            await scheduler.finished()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    guard_stderr()
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    told = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    asyncio.run(_serve(told, out))


if __name__ == "__main__":
    main()
