"""A real server process whose descriptors, memory, descendants and answers are looked at from outside."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil
from tests.chaos.tally import Tally
from tests.lsp.editor import Editor, RpcError, document

MARK = "RLM_CHAOS_MARK"
GONE_SECONDS = 5.0
"""How long descendants may take to be gone after the server's end, and descriptors to be closed after a scenario."""

PING_SECONDS = 60.0
"""When a ping is given up."""

SLACK = 6
"""Descriptors that may come and go: a worker being replaced, a connection kept for the next call."""


@dataclass(frozen=True, slots=True)
class Footprint:
    descriptors: int
    children: int
    megabytes: float


class Watched(Editor):
    """An Editor whose server has a state folder of its own and a mark in its environment, by which its kin are known.

    `state` is kept for the next server if given. At the end, descendants that outlive the server are noted in `tally`.
    """

    def __init__(
        self, tally: Tally, *arguments: str, state: Path | None = None, env: dict[str, str] | None = None
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="rlm-ls-chaos-")
        home = Path(self._folder.name)
        self.mark = uuid.uuid4().hex
        self.tally = tally
        own = {
            MARK: self.mark,
            "RLM_STATE_DIR": str(state or home / "state"),
            "XDG_CONFIG_HOME": str(home),
            "RLM_LEVELS": "dsl,llm",
            "SCRIPTED_KEY": "sk-test",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        super().__init__(*arguments, env={**own, **(env or {})})

    async def __aenter__(self) -> Watched:
        await super().__aenter__()
        self._server = psutil.Process(self.process.pid)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            try:
                await super().__aexit__(kind, error, trace)
            except TimeoutError:
                self.tally.frozen.append("the server did not end when stdin was closed")
            except AssertionError:
                self.tally.lost.append(f"stdout was not the protocol's: {self.garbage[:200]!r}")
            await self.gone("the server's end")
            defects = re.findall(
                r"^Traceback .*\n(?:^[ \t].*\n|^\n)*^(\S.*)$", await self._errors_so_far(), re.MULTILINE
            )
            self.tally.lost += [f"a traceback in the server's log: {defect[:200]}" for defect in dict.fromkeys(defects)]
        finally:
            self._folder.cleanup()

    async def _errors_so_far(self) -> str:
        return (await self._errors).decode("utf-8", "replace")

    def _take(self, message: dict[str, Any]) -> None:
        # Answers to what was asked with an odd id on purpose; True is 1 to a dict.
        if "method" in message or type(message.get("id")) is int:
            super()._take(message)

    async def kill(self) -> None:
        """SIGKILL, at once; returns when the process has been reaped."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def gone(self, after: str) -> None:
        """Note descendants that are still there after the server's end."""
        end = time.monotonic() + GONE_SECONDS
        while (left := kin(self.mark)) and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        self.tally.leaked += [f"{after}: an orphan: {described(process)}" for process in left]
        for process in left:
            with suppress(psutil.Error):
                process.kill()

    def footprint(self) -> Footprint:
        return Footprint(
            self._server.num_fds() if os.name == "posix" else self._server.num_handles(),
            len(self._server.children(recursive=True)),
            self._server.memory_info().rss / 1e6,
        )

    async def ping(self, when: str) -> None:
        """A request that has nothing to do, timed."""
        started = time.perf_counter()
        try:
            # Not wait_for: before Python 3.12 it swallows a cancellation that comes together with the result.
            async with asyncio.timeout(PING_SECONDS):
                await self.start("rlm/stop", {"runId": "none"})[1]
        except (TimeoutError, ConnectionError) as error:
            self.tally.frozen.append(f"{when}: no answer to a ping ({type(error).__name__})")
            raise
        self.tally.pinged(time.perf_counter() - started, when)

    @asynccontextmanager
    async def pinging(self, when: str, every: float = 0.05) -> AsyncIterator[None]:
        """Pings all the while."""

        async def on() -> None:
            while True:
                await self.ping(when)
                await asyncio.sleep(every)

        pings = asyncio.create_task(on())
        try:
            yield
        finally:
            pings.cancel()
            with suppress(asyncio.CancelledError, TimeoutError, ConnectionError):
                await pings

    async def settled(self, before: Footprint, when: str, *, megabytes: float) -> None:
        """After a scenario: a ping, descriptors as before, no child at work, memory grown by so much at most."""
        await self.ping(f"after {when}")
        try:
            async with asyncio.timeout(GONE_SECONDS):
                while self.footprint().descriptors > before.descriptors + SLACK or await self._busy():  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pass
        now = self.footprint()
        if now.descriptors > before.descriptors + SLACK:
            self.tally.leaked.append(f"{when}: {now.descriptors} descriptors, {before.descriptors} before")
        if now.children > before.children + 2:
            self.tally.leaked.append(f"{when}: {now.children} children, {before.children} before")
        if await self._busy():
            self.tally.leaked.append(f"{when}: a child still computes")
        grown = now.megabytes - before.megabytes
        self.tally.grown = max(self.tally.grown, grown)
        if grown > megabytes:
            self.tally.leaked.append(f"{when}: memory grew by {grown:.0f} MB")

    async def _busy(self) -> bool:
        """Whether children use more than a fifth of a processor."""
        before = self._spent()
        await asyncio.sleep(0.25)
        return self._spent() - before > 0.05

    def _spent(self) -> float:
        total = 0.0
        for child in self._server.children(recursive=True):
            with suppress(psutil.Error):
                times = child.cpu_times()
                total += times.user + times.system
        return total

    async def asked(
        self, params: dict[str, Any], when: str, *, seconds: float, method: str = "rlm/ask"
    ) -> dict[str, Any] | None:
        """A run that has to end in an Answer or an error with a code within so many seconds; None if it did not."""
        self.tally.runs += 1
        try:
            answer: dict[str, Any] = await asyncio.wait_for(self.start(method, params)[1], seconds)
            return answer
        except RpcError as error:
            if error.code == -32603:
                self.tally.lost.append(f"{when}: a defect of the server's own: {error}")
            return {"status": "error", "reason": str(error), "code": error.code}
        except TimeoutError:
            self.tally.lost.append(f"{when}: no answer within {seconds:g} s")
        except ConnectionError:
            self.tally.lost.append(f"{when}: the server has gone")
        return None


def kin(mark: str) -> list[psutil.Process]:
    """Living processes that carry the mark in their environment: descendants, also those that were given away."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def described(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return f"{process.pid} {' '.join(process.cmdline())[:120]}"
    return str(process.pid)


@asynccontextmanager
async def served(
    tally: Tally, *, options: dict[str, Any] | None = None, folders: list[Path] | None = None, **more: Any
) -> AsyncIterator[Watched]:
    """A server that is initialized."""
    async with Watched(tally, **more) as editor:
        await editor.initialize(options=options, folders=folders)
        yield editor


AT_ONCE = 5
"""Runs side by side, at most."""

WARM_UP = "Is it warm?"
"""A question to which a scripted model had better submit something at once."""


async def warm(editor: Watched, path: Path) -> Footprint:
    """What the process holds after as many questions at once as the scenarios ask: engine, pools, model's library and
    store are as large as they get."""
    params = {"question": WARM_UP, "scope": document(path.as_uri())}
    await asyncio.gather(*(editor.request("rlm/ask", params) for _ in range(AT_ONCE)))
    return editor.footprint()


async def until(condition: Callable[[], Any], seconds: float = 30.0) -> bool:
    """Whether it came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.01)
    return True
