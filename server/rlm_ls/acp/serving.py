"""`rlm-ls acp` as a process: one client on stdin and stdout, until it closes them."""

from __future__ import annotations

import asyncio
import os
import sys

from acp import run_agent
from acp.stdio import stdio_streams

from rlm_ls.acp.agent import RlmAgent
from rlm_ls.settings.sections import Settings
from rlm_ls.visible import guard_stderr

MOST_MESSAGE = 32 << 20
"""Bytes of one line of the protocol."""


async def serve(settings: Settings) -> None:
    guard_stderr()
    agent = RlmAgent(settings)
    incoming, outgoing = await _claimed()
    try:
        await run_agent(agent, outgoing, incoming)  # type: ignore[arg-type] # optional methods are left out
    finally:
        await agent.close()


async def _claimed() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The protocol's streams. From then on a stray `print` goes to stderr and breaks nothing."""
    if sys.platform == "win32":
        return await stdio_streams(limit=MOST_MESSAGE)
    loop = asyncio.get_running_loop()
    own_in, own_out = os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb", 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    reader = asyncio.StreamReader(limit=MOST_MESSAGE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), own_in)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, own_out)
    return reader, asyncio.StreamWriter(transport, protocol, None, loop)
