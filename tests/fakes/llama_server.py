"""llama.cpp's own server, from the wheel `xllamacpp`: `python llama_server.py MODEL.gguf [--window N] [--slots N]`
prints its address on one line and serves until its standard input ends."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

LOADED_WITHIN = 120.0


@asynccontextmanager
async def llama_server(gguf: Path, *, window: int = 2048, slots: int = 2, threads: int = 2) -> AsyncIterator[str]:
    """Its address, as `models.apiBase` takes it, while it serves. Raises RuntimeError if it does not start."""
    sizes = ("--window", str(window), "--slots", str(slots), "--threads", str(threads))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", __file__, str(gguf), *sizes, stdin=-1, stdout=-1, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(LOADED_WITHIN):
            address = (await process.stdout.readline()).decode().strip()
        if not address.startswith("http"):
            raise RuntimeError(f"llama.cpp's server did not start: {address or 'it said nothing'}")
        yield f"{address}/v1"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def serve() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("gguf")
    parser.add_argument("--window", type=int, default=2048)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    said = os.dup(1)
    os.dup2(2, 1)  # what the library prints is none of the reader's business
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = asked.gguf
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = asked.window * asked.slots
    params.n_parallel = asked.slots
    params.cpuparams.n_threads = asked.threads
    params.cpuparams_batch.n_threads = asked.threads
    params.endpoint_slots = True
    params.endpoint_props = True
    params.warmup = False
    server = xllamacpp.Server(params)
    os.write(said, f"{server.listening_address}\n".encode())
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    serve()
