"""What the worker does: compile a module to machine code once, and run it over a text, each time in a fresh Store.

A module exports `memory` and either `run(address, length) -> i64` (the text whole) or `feed(address, length)` and
`finish() -> i64` (the text in pieces of whole lines); the i64 is `address << 32 | length` of its UTF-8 output. It may
import nothing but `rlm.log(address, length)`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import cache
from pathlib import Path
from typing import Any

from wasmtime import (
    Config,
    Engine,
    Func,
    FuncType,
    Instance,
    Memory,
    Module,
    Store,
    Trap,
    TrapCode,
    ValType,
    WasmtimeError,
    wat2wasm,
)

from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import Pieces
from rlm_ls.errors import ProgramCrashed, ProgramLimit
from rlm_ls.executors.compiled.wasm import DAMAGED, MODULE
from rlm_ls.executors.compiled.wasm.combine import combine as combined
from rlm_ls.executors.compiled.wasm.memory import MOST, PAGE, TextMemory
from rlm_ls.executors.compiled.wasm.texts import Shard, load, shard_size, shards, total, unfiltered

STACK = 1 << 20
THREAD_STACK = 8 << 20
"""Bytes of a thread's own stack: the program's calls (STACK) lie in it."""

ADDRESSES = (1 << 32) - PAGE
"""Bytes that any memory may have."""

TABLE = 100_000
"""Entries of a module's tables, eight bytes each."""

MODULES = 16
"""Modules kept loaded in a worker."""

FED = 8 << 20
"""Bytes of text that one call of `feed` is given."""

LOG = 64 << 10
"""Bytes kept of what a call logs."""

I32, I64 = ValType.i32, ValType.i64


@cache
def engine() -> Engine:
    """One for the process. Programs may use what a plain compiler gives, and no more."""
    config = Config()
    config.epoch_interruption = True
    config.max_wasm_stack = STACK
    config.wasm_threads = False
    config.wasm_memory64 = False
    config.wasm_multi_memory = False
    return Engine(config)


def compile(deadline: Deadline, module: bytes, wat: str, path: str) -> str:
    """Machine code of a module (or of `wat`, its text form) at `path`, the module beside it; whole or not at all.

    Returns what is wrong with the module, empty if nothing is.
    """
    try:
        made = Module(engine(), module := bytes(wat2wasm(wat)) if wat else bytes(module))
        if problem := unfit(made):
            return problem
    except WasmtimeError as error:
        return str(error)
    for place, content in ((Path(path).with_suffix(MODULE), module), (Path(path), made.serialize())):
        _write(place, content)
    return ""


def _write(path: Path, content: bytes | bytearray) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def unfit(module: Module) -> str:
    """What a module asks for, or lacks, that keeps it from being run; empty if it is fit."""
    for wanted in module.imports:
        if (wanted.module, wanted.name) != ("rlm", "log") or not _is_function(wanted.type, [I32(), I32()], []):
            return (
                f"The module imports {wanted.module}.{wanted.name}; there is nothing to import but rlm.log (i32 i32)."
            )
    exports = {export.name: export.type for export in module.exports}
    if "memory" not in exports:
        return 'The module exports no memory: (memory (export "memory") 1).'
    for name, given, back in (("run", 2, 1), ("feed", 2, 0), ("finish", 0, 1)):
        if name in exports and not _is_function(exports[name], [I32()] * given, [I64()] * back):
            return f"The export {name} has another type than (param{' i32' * given}) (result{' i64' * back})."
    if "run" not in exports and not {"feed", "finish"} <= exports.keys():
        return "The module exports neither run (param i32 i32) (result i64) nor feed and finish."
    return ""


def _is_function(type: Any, parameters: list[ValType], results: list[ValType]) -> bool:
    return isinstance(type, FuncType) and (type.params, type.results) == (parameters, results)


def run(
    deadline: Deadline,
    path: str,
    batches: Sequence[Pieces],
    *,
    heap: int,
    most_output: int,
    combine: str | None,
    threads: int,
) -> tuple[Any, int, int]:
    """The program's output over the text (with `combine`: what becomes of its shards'), bytes of text, shards.

    `heap` is how much memory the program may have beside the text, in bytes, all of its shards together. Raises
    ProgramCrashed, ProgramLimit, ProgramError, DocumentChanged.
    """
    job = _Job(_module(path), deadline, heap if combine is None else heap // threads, most_output)
    with unfiltered(batches, deadline) as texts:
        size = total(texts)
        with _deadline(deadline, job):
            if combine is None:
                return job.whole(texts, size), size, 1
            outputs = job.each(parts := shards(texts, shard_size(size, threads)), threads)
    return fold(deadline, outputs, combine, most_output), size, len(parts)


def fold(_: Deadline, outputs: Sequence[str], combine: str, most_output: int) -> Any:
    """The shards' outputs combined. Raises ProgramError, ProgramLimit."""
    result = combined(outputs, combine)
    if (length := _length(result)) > most_output:
        raise _too_much(length, most_output)
    return result


def over_shards(
    deadline: Deadline, path: str, pieces: Pieces, shard: int, heap: int, most_output: int
) -> tuple[list[str], int]:
    """The outputs over shards of about `shard` bytes, one after the other, and the bytes of text. Raises as `run`."""
    job = _Job(_module(path), deadline, heap, most_output)
    with unfiltered([pieces], deadline) as texts, _deadline(deadline, job):
        return job.each(shards(texts, shard), 1), total(texts)


class _Job:
    """One request: a module, its limits, and whether it is to stop."""

    def __init__(self, module: Module, deadline: Deadline, heap: int, most_output: int) -> None:
        self.module = module
        self.deadline = deadline
        self.heap = heap
        self.most_output = most_output
        self.stopped = False
        self._over = threading.Lock()
        self._ended = False
        self.streams = "run" not in {export.name for export in module.exports}

    def whole(self, texts: Sequence[Pieces], size: int) -> str:
        """One call over all of the text; a program that streams gets it in pieces."""
        call = _Call(self)
        if self.streams:
            for part in shards(texts, FED):
                call.feed(part)
            return call.finish()
        if size > MOST:
            raise ProgramLimit(
                f"The text has {size / 1e9:.1f} GB; fn analyze takes at most 2 GB at once.",
                "Use map_reduce(NAME, …), or write init, feed and finish.",
            )
        parts = shards(texts, size + 1) or [Shard((), 0)]
        assert len(parts) == 1
        return call.run(parts[0])

    def each(self, parts: Sequence[Shard], threads: int) -> list[str]:
        """The outputs of all shards, in order; of the first error, that."""
        if not parts:
            return []
        with ThreadPoolExecutor(min(threads, len(parts))) as pool:
            running = [pool.submit(self.one, part) for part in parts]
            done, late = wait(running, return_when=FIRST_EXCEPTION)
            if late:
                self.stop()
                for task in late:
                    task.cancel()
        for task in done:
            task.result()  # the error that stopped the others
        return [task.result() for task in running]

    def one(self, part: Shard) -> str:
        call = _Call(self)
        if not self.streams:
            return call.run(part)
        call.feed(part)
        return call.finish()

    def stop(self) -> None:
        """Interrupts all calls. Of no effect once the job has ended: the next one's calls are not its business."""
        with self._over:
            if not self._ended:
                self.stopped = True
                engine().increment_epoch()

    def end(self) -> None:
        with self._over:
            self._ended = True

    def check(self) -> None:
        if self.stopped or self.deadline.late():
            raise _late()


class _Call:
    """One instance of the module in a Store of its own."""

    def __init__(self, job: _Job) -> None:
        job.check()
        self._job = job
        self._logged = b""
        self._store = store = Store(engine())
        self._limit(job.heap)
        store.set_epoch_deadline(1)
        imports = [Func(store, FuncType([I32(), I32()], []), self._log) for _ in job.module.imports]
        with self._explained():
            self._instance = Instance(store, job.module, imports)
        memory = self._instance.exports(store)["memory"]
        assert isinstance(memory, Memory)
        self._memory = memory
        self._text = TextMemory(store, memory)

    def run(self, part: Shard) -> str:
        self._load(part)
        return self._output(self._invoke("run", self._text.start, self._text.size))

    def feed(self, part: Shard) -> None:
        self._load(part)
        self._invoke("feed", self._text.start, self._text.size)

    def finish(self) -> str:
        return self._output(self._invoke("finish"))

    def _load(self, part: Shard) -> None:
        self._limit(ADDRESSES)
        load(part, self._text, self._job.deadline)
        # From here on the program may add `heap` to what there is, and no more.
        self._limit(min(self._memory.data_len(self._store) + self._job.heap, ADDRESSES))

    def _limit(self, memory: int) -> None:
        """All limits at once: one that is not named would be lifted."""
        self._store.set_limits(memory_size=memory, table_elements=TABLE, instances=1, tables=8, memories=1)

    def _invoke(self, name: str, *arguments: int) -> int:
        self._job.check()
        function = self._instance.exports(self._store)[name]
        assert isinstance(function, Func)
        with self._explained():
            value = function(self._store, *(_signed(argument) for argument in arguments))
        return int(value or 0) & (1 << 64) - 1

    def _output(self, packed: int) -> str:
        start, length = packed >> 32, packed & 0xFFFFFFFF
        if length > self._job.most_output:
            raise _too_much(length, self._job.most_output)
        if start + length > self._memory.data_len(self._store):
            raise ProgramCrashed("The program's output lies outside its memory.", "Return address << 32 | length.")
        raw = ctypes.string_at(ctypes.addressof(self._memory.data_ptr(self._store).contents) + start, length)
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise ProgramCrashed(
                f"The program's output is not valid UTF-8 (byte {error.start:,} of {length:,}).",
                "Put text together, not bytes: String, not from_utf8_unchecked.",
            ) from None

    def _log(self, start: int, length: int) -> None:
        start, length = start & 0xFFFFFFFF, min(length & 0xFFFFFFFF, LOG - len(self._logged))
        if length > 0 and start + length <= self._memory.data_len(self._store):
            base = ctypes.addressof(self._memory.data_ptr(self._store).contents)
            self._logged += ctypes.string_at(base + start, length) + b"\n"

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except Trap as trap:
            raise self._explain(trap) from None
        except WasmtimeError as error:
            raise ProgramCrashed(f"The program could not be run: {error}.") from None

    def _explain(self, trap: Trap) -> ProgramCrashed | ProgramLimit:
        code = trap.trap_code
        said = self._logged.decode("utf-8", "replace").strip()
        last = said.rsplit("\n", 1)[-1][:2000]
        if code == TrapCode.INTERRUPT:
            return _late()
        if last.startswith("out of memory"):
            return ProgramLimit(
                f"The program ran {last}; it may have {self._job.heap >> 20:,} MB beside the text.",
                "Keep counts rather than lines, or use map_reduce().",
            )
        if last.endswith(": capacity overflow"):
            return ProgramLimit(
                "The program asked for more than 2 GB of memory at once.", "Keep counts rather than lines."
            )
        if code == TrapCode.STACK_OVERFLOW or (code == TrapCode.MEMORY_OUT_OF_BOUNDS and not said):
            return ProgramCrashed(
                "The program's stack overflowed: it called itself too deeply, or keeps large arrays in variables."
                if code == TrapCode.STACK_OVERFLOW
                else "The program reached outside its memory: too deep a recursion, or a wrong address.",
                "Use a loop and a Vec in place of recursion.",
            )
        if said:
            return ProgramCrashed(f"The program {last}.", "")
        name = code.name.lower().replace("_", " ") if code is not None else str(trap)
        return ProgramCrashed(f"The program was stopped by a trap: {name}.", "")


@contextlib.contextmanager
def _deadline(deadline: Deadline, job: _Job) -> Iterator[None]:
    """Stops the job's calls when the clock says so."""
    timer = threading.Timer(deadline.left(), job.stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        job.end()
        timer.cancel()


def _module(path: str) -> Module:
    """The module at `path`, kept for the next call. Raises ProgramCrashed where it is gone or damaged."""
    if path in _modules:
        _modules.move_to_end(path)
        return _modules[path]
    if not Path(path).exists():
        raise ProgramCrashed("The compiled program is gone.", DAMAGED)
    try:
        module = Module.deserialize_file(engine(), path)
    except WasmtimeError as error:
        raise ProgramCrashed(f"The compiled program is damaged ({error}).", DAMAGED) from None
    with contextlib.suppress(OSError):
        os.utime(path)  # the cache drops what was not used for longest
    _modules[path] = module
    while len(_modules) > MODULES:
        _modules.popitem(last=False)
    return module


_modules: OrderedDict[str, Module] = OrderedDict()


def _late() -> ProgramLimit:
    return ProgramLimit(
        "The program was not done in time.", "Do less per line, narrow the text, or use map_reduce() for all cores."
    )


def _too_much(length: int, most: int) -> ProgramLimit:
    return ProgramLimit(
        f"The program's output has {length:,} bytes; the limit is {most:,}.", "Return what was counted, not the text."
    )


def _length(result: Any) -> int:
    """About how many bytes a combined result has."""
    if isinstance(result, str):
        return len(result.encode())
    if isinstance(result, (list, dict)):
        return sum(len(str(item)) + 8 for item in result)
    return 0


def _signed(value: int) -> int:
    return value - (1 << 32) if value >= 1 << 31 else value
