"""A cluster of processes on this machine, for trying; each speaks TLS with a certificate that only they have."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from typing import Any

from rlm_ls.context.snapshot.pack import PREFIX
from rlm_ls.errors import ClusterFailed
from rlm_ls.isolation import PLACE, python

START_SECONDS = 60.0


@dataclass(slots=True)
class LocalNodes:
    """A scheduler and its workers. Close it, or they stay until this process ends."""

    url: str
    processes: list[asyncio.subprocess.Process]
    folder: str

    @classmethod
    async def start(cls, number: int, tls: dict[str, str]) -> LocalNodes:
        """`tls`: the fields of Dask's Security. Raises ClusterFailed."""
        folder = await asyncio.to_thread(tempfile.mkdtemp, prefix=f"{PREFIX}{os.getpid()}-")
        nodes = cls("", [], folder)
        told = {"folder": folder, "tls": tls}
        try:
            async with asyncio.timeout(START_SECONDS):
                nodes.url = await nodes._one({**told, "scheduler": ""})
                starting = [nodes._one({**told, "scheduler": nodes.url}) for _ in range(number)]
                await asyncio.gather(*starting)
        except (TimeoutError, OSError, ClusterFailed) as error:
            await nodes.close()
            raise ClusterFailed("A cluster on this machine could not be started.", "Is there memory left?") from error
        except BaseException:
            await nodes.close()
            raise
        return nodes

    async def _one(self, told: dict[str, Any]) -> str:
        process = await asyncio.create_subprocess_exec(
            *python("-m", "rlm_ls.context.cluster.node"),
            cwd=PLACE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Away from the terminal: Ctrl-C is told to those who have something to end, not to every process.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self.processes.append(process)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(told).encode() + b"\n")
        await process.stdin.drain()
        url = (await process.stdout.readline()).decode().strip()
        if not url:
            raise ClusterFailed("A process of the cluster ended as it began.")
        return url

    async def close(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            if process.stdin is not None:
                process.stdin.close()
        for process in self.processes:
            if process.stdout is not None:
                await process.stdout.read()  # `wait` returns only when the pipe has come to its end
            await process.wait()
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)
