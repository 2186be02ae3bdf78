"""Through a real server on 200 MB: first progress, cancelling (goals: 100 ms each), and answering while it is busy."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.tables import spread, table
from bench.texts import large_log
from bench.turns import recording, reply
from bench.wire import INITIALIZE, Wire

COMMAND = [sys.executable, "-P", "-m", "rlm_ls", "--stdio"]
MODEL_SERVER = Path(__file__).parent.parent / "tests/fakes/model_server.py"
SETTLE_SECONDS = 1.0
WATCH_SECONDS = 0.5
"""How long after the cancel the children are looked at."""

SLOW_REGEX = "print(count(r'(?:[a-z]+.{0,100}){1,9}[0-9]{9}'))"
ENDLESS = "n = 0\nwhile True:\n    n += 1"
CANCELLED = -32800
LIVE = "openai/scripted"


@dataclass(frozen=True, slots=True)
class Stopping:
    """The run is cancelled `seconds` after the event `until`. `script` is what it runs, none for a live model call.

    `busy`: a child process computes meanwhile.
    """

    name: str
    until: str
    seconds: float
    script: str | None
    busy: bool


STOPPED = (
    Stopping("the snapshot", "runStarted", 0.15, ENDLESS, True),
    Stopping("a model call", "modelCalled", 0.3, None, False),
    Stopping("a verb", "programStarted", 0.3, SLOW_REGEX, True),
    Stopping("a script's endless loop", "programStarted", 0.3, ENDLESS, True),
)

BEGINNING = {"answering its first question": "submit('x')", "asking a live model first": None}
"""In a server that was just started: the engine is imported, then LiteLLM."""

BUSY_WITH = {
    "taking the snapshot": "submit('x')",
    "counting": "\n".join(f"count('{word}.*x')" for word in ("ERROR", "WARN", "INFO", "GET", "POST")),
    "handing over 1.6 million values": "print(len(extract(r'took=(\\d+)ms')))",
    "handing over 50,000 hits": "print(len(find('a', limit=50_000)))",
    "handing over 50,000 hits with groups": "print(len(regex(r'(\\S+) (\\S+) (\\S+)', limit=50_000)))",
    "searching within 50,000 hits": "print(count('ERROR', within=find('a', limit=50_000)))",
    "reading 12 MB": "print(len(text(lines(1, 100_000))))",
    "ranking 0.8 million values": "print(len(top(r'req=(\\w+)', 10**6)))",
    "printing 100 MB": "for n in range(10**5):\n    print('x' * 1000)",
    "raising an error of 10 MB": "raise ValueError('x ' * 5_000_000)",
    "looking for a quotation of 190 KB": "submit('“' + 'aaa bbb ' * 24_000 + '”')",
    "submitting 28,000 values": "submit('x', data=[[n] for n in range(14_000)])",
    "parsing a script of brackets": "x = " + "[" * 90_000,
}


@dataclass
class Stopped:
    """In ms from the cancel."""

    answered: list[float] = field(default_factory=list)
    quiet: list[float] = field(default_factory=list)
    closed: list[float] = field(default_factory=list)


def measure(repeats: int) -> str:
    path = large_log()
    path.read_bytes()  # the disk's cache
    first: dict[str, list[float]] = {}
    stopped: dict[tuple[str, str], Stopped] = {}
    trips: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="rlm-ls-bench-") as folder, endless_model(Path(folder)) as origin:
        for _ in range(repeats):
            with server(origin) as wire:
                asker = Asker(wire, Path(folder), path, origin)
                for name, script in BEGINNING.items():
                    trips.setdefault(name, []).append(asker.longest_trip(script))
            with server(origin) as wire:
                asker = Asker(wire, Path(folder), path, origin)
                _first_progress(asker, first)
                for case in STOPPED:
                    for how in ("$/cancelRequest", "progress"):
                        asker.stop(case, how, stopped.setdefault((case.name, how), Stopped()))
                for name, script in BUSY_WITH.items():
                    trips.setdefault(name, []).append(asker.longest_trip(script))
    return "\n\n".join([_progress_table(first), _stopped_table(stopped), _trips_table(trips)])


@contextlib.contextmanager
def endless_model(folder: Path) -> Iterator[str]:
    """A model server whose replies go on for minutes; its origin."""
    replies = folder / "replies.json"
    replies.write_text(json.dumps([{"text": "word " * 10_000, "delay": 0.05}] * 1000), "utf-8")
    command = [sys.executable, str(MODEL_SERVER), "--replies", str(replies)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip().removesuffix("/v1")
        finally:
            process.kill()


@contextlib.contextmanager
def server(origin: str) -> Iterator[Wire]:
    models = {"root": LIVE, "apiBase": f"{origin}/v1", "apiKeyEnv": "SCRIPTED_KEY"}
    options = {"models": models, "events": True, "verbSeconds": 600, "scriptSeconds": 600}
    with Wire(COMMAND, SCRIPTED_KEY="none", LITELLM_LOCAL_MODEL_COST_MAP="True") as wire:
        wire.request("initialize", {**INITIALIZE, "initializationOptions": options})
        wire.notify("initialized", {})
        time.sleep(SETTLE_SECONDS)
        yield wire


class Asker:
    def __init__(self, wire: Wire, folder: Path, path: Path, origin: str) -> None:
        self.wire = wire
        self._folder = folder
        self._path = path
        self._origin = origin
        self._asked = 0

    def ask(self, model: str) -> tuple[int, str]:
        """Start a question: the request's id and its progress token."""
        self._asked += 1
        token = f"progress-{self._asked}"
        scope = {"kind": "document", "textDocument": {"uri": self._path.as_uri()}}
        params = {"question": "What failed?", "scope": scope, "model": model, "workDoneToken": token}
        return self.wire.start("rlm/ask", params), token

    def recorded(self, script: str) -> str:
        """A model that replies with this script; should it fail, with one that submits."""
        return recording(self._folder / "script.jsonl", [reply(script), reply("submit('x')")])

    def wait(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while not condition(message := self.wire.receive()):
            pass
        return message

    def answer(self, number: int, *, cancelled: bool = False) -> None:
        message = self.wait(lambda message: message.get("id") == number and "method" not in message)
        _check(message, cancelled)

    def watched(self, case: Stopping) -> Watch:
        """Waits until what is to be stopped computes: on a busy machine it may take its time to begin."""
        for _ in range(300):
            watch = Watch(self.wire.process.pid)
            time.sleep(0.03)
            if not case.busy or watch.busy():
                return watch
        raise RuntimeError(f"{case.name}: no child process computes; there is nothing to cancel")

    def stop(self, case: Stopping, how: str, times: Stopped) -> None:
        """Ask, cancel in the middle, and note when the answer came, the children were quiet, the connection closed."""
        number, token = self.ask(LIVE if case.script is None else self.recorded(case.script))
        self.wait(lambda message: message.get("method") == "rlm/event" and message["params"]["type"] == case.until)
        if case.script is None:
            while not self._connections():
                time.sleep(0.01)
        time.sleep(case.seconds)
        watch = self.watched(case)
        connected = None if case.script is not None else self._connections
        watch.begin(connected)
        cancelled = time.perf_counter()
        if how == "progress":
            self.wire.notify("window/workDoneProgress/cancel", {"token": token})
        else:
            self.wire.notify("$/cancelRequest", {"id": number})
        self.answer(number, cancelled=True)
        times.answered.append((time.perf_counter() - cancelled) * 1000)
        watch.join()
        # What was last seen before the cancel was read is of no interest.
        times.quiet.append(max(0.0, watch.last_busy - cancelled) * 1000)
        if case.script is None:
            times.closed.append(max(0.0, watch.last_connected - cancelled) * 1000)

    def longest_trip(self, script: str | None) -> float:
        """The longest, in ms, that an empty request was not answered while a run with this script went on.

        Without a script: until a live model is asked.
        """
        number, _ = self.ask(LIVE if script is None else self.recorded(script))
        longest = 0.0
        ended = False

        def note(message: dict[str, Any]) -> None:
            nonlocal ended
            if message.get("id") == number and "method" not in message:
                _check(message, cancelled=False)
                ended = True
            elif script is None and message.get("method") == "rlm/event":
                ended = ended or message["params"]["type"] == "textStreamed"

        while not ended:
            started = time.perf_counter()
            self.wire.request("rlm/stop", {"runId": "none"}, on_notification=note)
            longest = max(longest, time.perf_counter() - started)
            time.sleep(0.005)
        if script is None:
            self.wire.notify("$/cancelRequest", {"id": number})
            self.answer(number, cancelled=True)
        return longest * 1000

    def _connections(self) -> int:
        """Replies that the model server is in the middle of."""
        with urllib.request.urlopen(f"{self._origin}/state", timeout=10) as state:
            return int(json.load(state)["openConnections"])


def _check(answer: dict[str, Any], cancelled: bool) -> None:
    """Raises RuntimeError for an answer that makes the measurement worthless."""
    status = answer.get("result", {}).get("status", "")
    if cancelled and (answer.get("error", {}).get("code") == CANCELLED or status == "cancelled"):
        return
    if cancelled or status != "answered":
        raise RuntimeError(f"unexpected answer: {json.dumps(answer)[:600]}")


class Watch(threading.Thread):
    """Looks at the server's children every few ms: `last_busy` is when one was last seen to have computed."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._server = psutil.Process(process)
        self._children = self._server.children(recursive=True)
        self._spent = self._seconds()
        self._connections: Callable[[], int] | None = None
        self.last_busy = 0.0
        self.last_connected = 0.0

    def begin(self, connections: Callable[[], int] | None = None) -> None:
        self._connections = connections
        self.start()

    def busy(self) -> bool:
        """Whether a child has used the processor since it was last looked at; the system counts in steps of 10 ms."""
        before, self._spent = self._spent, self._seconds()
        return any(now > then for now, then in zip(self._spent, before, strict=True))

    def run(self) -> None:
        started = time.perf_counter()
        while time.perf_counter() < started + WATCH_SECONDS:
            if self.busy():
                self.last_busy = time.perf_counter()
            if self._connections is not None and self._connections():
                self.last_connected = time.perf_counter()
            time.sleep(0.002)
        # And those that were started meanwhile.
        self._children = self._server.children(recursive=True)
        self._spent = self._seconds()
        time.sleep(0.05)
        if self.busy():
            self.last_busy = time.perf_counter()

    def _seconds(self) -> list[float]:
        """What each child has used so far; 0 once it is gone."""
        return [_seconds_of(child) for child in self._children]


def _seconds_of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


def _first_progress(asker: Asker, times: dict[str, list[float]]) -> None:
    """First and second question, and a request that has nothing to do as the anchor."""
    for name in ("first question", "second question"):
        started = time.perf_counter()
        number, token = asker.ask(asker.recorded("submit('x')"))
        asker.wait(lambda m, t=token: m.get("method") == "$/progress" and m["params"]["token"] == t)  # type: ignore[misc]
        times.setdefault(name, []).append((time.perf_counter() - started) * 1000)
        asker.answer(number)
    started = time.perf_counter()
    asker.wire.request("rlm/stop", {"runId": "none"})
    times.setdefault("empty request", []).append((time.perf_counter() - started) * 1000)


def _progress_table(times: dict[str, list[float]]) -> str:
    rows = [[name, spread(values, 1)] for name, values in times.items()]
    return table(["rlm/ask to the first $/progress", "ms"], rows)


def _stopped_table(stopped: dict[tuple[str, str], Stopped]) -> str:
    rows = [
        [name, how, *(spread(values, 0) if values else "" for values in (times.answered, times.quiet, times.closed))]
        for (name, how), times in stopped.items()
    ]
    return table(["cancel during", "by", "ms to the answer", "ms to idle children", "ms to closed connection"], rows)


def _trips_table(trips: dict[str, list[float]]) -> str:
    return table(
        ["longest an empty request waited while a run was", "ms"],
        [[name, spread(values, 0)] for name, values in trips.items()],
    )
