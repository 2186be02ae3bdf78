"""The life of the process under an editor: claim stdio, serve, and end at once when the editor is done or gone."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import traceback
from functools import partial
from typing import Any, NoReturn

from rlm_ls.ending import end_process, end_soon, on_signals
from rlm_ls.visible import guard_stderr

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


def serve(client: int = 0) -> NoReturn:
    """Serve one client on stdin and stdout until it is done. `client` is its process id, 0 if not known.

    Does not return: the process ends here with the code that the protocol asks for (0 after `shutdown`, else 1).
    """
    if sys.stdin is not None and sys.stdin.isatty():
        print("rlm-ls: waiting for a language client on stdin; for people: rlm-ls --help", file=sys.stderr)
    incoming, outgoing = claim_stdio()
    quiet_logs()
    loop = asyncio.new_event_loop()
    end_process(loop.run_until_complete(_serve(incoming, outgoing, client)))


def claim_stdio() -> tuple[int, int]:
    """Keep stdin and stdout for the protocol, and return their new descriptors.

    From then on a stray `print`, of ours, of a library or of a child process, goes to stderr and breaks nothing.
    """
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:  # started with a closed descriptor: take its place before another file does
            os.open(os.devnull, os.O_RDWR)
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(incoming, os.O_BINARY)
        msvcrt.setmode(outgoing, os.O_BINARY)
    return incoming, outgoing


def quiet_logs() -> None:
    """Warnings and errors to stderr. pygls logs whole messages at INFO: texts and questions do not belong in a log."""
    guard_stderr()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextlessFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for name in ("pygls", "lsprotocol", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


class TextlessFormatter(logging.Formatter):
    """Tracebacks say where and what kind: what an exception says may quote the text it stumbled over."""

    def formatException(self, ei: Any) -> str:
        error: BaseException | None = ei[1]
        parts: list[str] = []
        while error is not None and len(parts) < 10:
            parts.append("".join(traceback.format_tb(error.__traceback__)) + type(error).__qualname__)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\nraised because of:\n".join(parts)


async def _serve(incoming: int, outgoing: int, client: int) -> int:
    # The thousands of objects made here live as long as the process: looking for garbage among them at the usual rate
    # costs 20 ms of 200 (and never looking costs 10 MB).
    usual = gc.get_threshold()
    gc.set_threshold(20_000)
    from rlm_ls.lsp.server import RlmServer
    from rlm_ls.lsp.transport.framing import Reader, Writer

    loop = asyncio.get_running_loop()
    server = RlmServer()
    gc.freeze()
    gc.set_threshold(*usual)

    def gone() -> None:
        end_soon()
        loop.call_soon_threadsafe(server.end)

    writer = Writer(partial(os.write, outgoing), gone)
    writer.start()
    server.protocol.set_writer(writer)

    def receive(message: object) -> None:
        loop.call_soon_threadsafe(server.protocol.deliver, message)

    reader = Reader(partial(os.read, incoming), receive, gone)
    on_signals(SIGNALS, lambda: loop.call_soon_threadsafe(server.end, 0))
    reader.start()
    if client:
        server.watch_client(client)
    try:
        return await server.ended
    finally:
        await server.close()
        writer.close()
