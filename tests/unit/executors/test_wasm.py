"""Programs in WebAssembly: what they are given, what comes back, and what becomes of those that go wrong."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import psutil
import pytest
from tests.compilers import LENGTH, WHOLE, Bench, benched
from tests.processes import works

from rlm_ls.context.document import Source
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File, Piece
from rlm_ls.errors import CompileFailed, DocumentChanged, ProgramCrashed, ProgramError, ProgramLimit
from rlm_ls.executors.compiled.program_cache import key_of
from rlm_ls.executors.compiled.wasm import machine, memory
from rlm_ls.executors.compiled.wasm.executor import ProgramLimits

Over = Callable[..., AbstractAsyncContextManager[Bench]]

LINE = "2024-01-01 00:00:00 INFO worker=3 took=12 ms, and more of it, so that a line has a hundred bytes or so\n"


@pytest.fixture
def over(compilers: Path, tmp_path: Path) -> Over:
    """`over("text", …)` are programs over documents 1.txt, 2.txt, …"""

    def files(*texts: str, **options: object) -> AbstractAsyncContextManager[Bench]:
        paths = []
        for number, text in enumerate(texts, 1):
            paths.append(tmp_path / f"{number}.txt")
            paths[-1].write_bytes(text.encode())
        return benched(compilers, paths, **options)  # type: ignore[arg-type]

    return files


@pytest.fixture
async def three(over: Over) -> AsyncIterator[Bench]:
    async with over("one\ntwo", "three\r\nvier\r\n", "fünf\n") as bench:
        yield bench


async def test_parts_come_in_order_with_a_line_end_where_one_is_missing(three: Bench) -> None:
    await three.define("whole", WHOLE, "wat")
    assert await three.run("whole") == "one\ntwo\nthree\r\nvier\r\nfünf\n"
    assert await three.run("whole", "2.txt") == "three\r\nvier\r\n"
    assert await three.run("whole", ["3.txt", "1.txt"]) == "one\ntwo\nfünf\n"


async def test_filtered_lines_come_as_they_stand_in_the_text(three: Bench) -> None:
    await three.define("whole", WHOLE, "wat")
    parts = await three.host.select(None)
    kept = tuple(type(part)(part.doc, part.start, part.end, (("r|o", True), ("two", False))) for part in parts)
    assert await three.run("whole", list(kept)) == "one\nthree\r\nvier\r\n"


async def test_an_empty_selection_is_an_empty_text(three: Bench) -> None:
    await three.define("length", LENGTH, "wat")
    (part, *_) = await three.host.select("1.txt")
    nothing = type(part)(part.doc, part.start, part.end, (("absent", True),))
    assert await three.run("length", [nothing]) == "0"
    assert await three.map_reduce("length", "sum", [nothing]) in (0, None)


def in_this_process(path: Path, source: str, start: int, end: int, combine: str | None = None) -> object:
    """What a worker would answer for bytes `start` to `end` of a file."""
    module = path.with_name(f"{key_of([source])}.cwasm")
    assert machine.compile(Deadline(20), b"", source, str(module)) == ""
    size = path.stat().st_size
    batch = [Piece(0, File(path.name, Source(str(path), 0, size)), start, end, start, end, (0, 0))]
    limits = {"heap": 64 << 20, "most_output": 16 << 20, "threads": 2}
    return machine.run(Deadline(20), str(module), [batch], combine=combine, **limits)[0]


@pytest.mark.parametrize("mapped", [True, False])
def test_a_text_is_the_same_mapped_and_read(tmp_path: Path, mapped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"{n} {LINE}" for n in range(40_000))
    path = tmp_path / "log"
    path.write_text(text)
    if not mapped:
        monkeypatch.setattr(memory, "can_map", lambda: False)
    elif not memory.can_map():
        assert sys.platform != "linux"
    lines = text.splitlines(keepends=True)
    start, end = sum(map(len, lines[:17])), sum(map(len, lines[:39_000]))
    assert in_this_process(path, WHOLE, 0, len(text)) == text
    assert in_this_process(path, WHOLE, start, end) == text[start:end]
    assert in_this_process(path, WHOLE, start, end, "concat") == text[start:end]


def test_mapping_is_tried_before_it_is_used() -> None:
    assert isinstance(memory.can_map(), bool)


async def test_what_lies_beside_the_text_in_its_file_is_not_shown(over: Over) -> None:
    """A module that reads beyond its text finds zeros, not the rest of the page."""
    before = """(module (memory (export "memory") 1)
      (func (export "run") (param $at i32) (param $size i32) (result i64)
        (i64.or (i64.shl (i64.extend_i32_u (i32.sub (local.get $at) (i32.const 100))) (i64.const 32))
                (i64.const 100))))"""
    after = """(module (memory (export "memory") 1)
      (func (export "run") (param $at i32) (param $size i32) (result i64)
        (i64.or (i64.shl (i64.extend_i32_u (i32.add (local.get $at) (local.get $size))) (i64.const 32))
                (i64.const 100))))"""
    text = "secret! " * 1_000 + "\n" + LINE * 15_000 + "secret! " * 1_000 + "\n"
    async with over(text) as bench:
        await bench.define("before", before, "wat")
        await bench.define("after", after, "wat")
        (part,) = await bench.host.select(None)
        inner = [type(part)(0, 8_001, 8_001 + len(LINE) * 15_000)]
        assert await bench.run("before", inner) == "\0" * 100
        assert await bench.run("after", inner) == "\0" * 100


RUST_COUNT = """
use std::collections::BTreeMap;
fn analyze(input: &str) -> String {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for word in input.split_whitespace() { *found.entry(word).or_default() += 1; }
    found.iter().map(|(word, n)| format!("{word} {n}\\n")).collect()
}"""

RUST_STREAM = """
struct Seen { lines: u64, bytes: usize, pieces: u32 }
fn init() -> Seen { Seen { lines: 0, bytes: 0, pieces: 0 } }
fn feed(seen: &mut Seen, text: &str) {
    assert!(text.ends_with('\\n'));
    seen.lines += text.lines().count() as u64;
    seen.bytes += text.len();
    seen.pieces += 1;
}
fn finish(seen: Seen) -> String { format!("{} {} {}", seen.lines, seen.bytes, seen.pieces) }"""


async def test_a_rust_program_gives_its_string(over: Over) -> None:
    async with over("b a b\na é\n") as bench:
        assert await bench.of(RUST_COUNT) == "a 2\nb 2\né 1\n"


async def test_numbers_may_be_returned_and_inner_attributes_stand(over: Over) -> None:
    async with over("b a b\n") as bench:
        assert await bench.of("#![allow(dead_code)]\nfn analyze(text: &str) -> usize { text.len() }") == "6"


async def test_a_streaming_program_is_fed_pieces_of_whole_lines(over: Over) -> None:
    text = LINE * 100_000
    async with over(text) as bench:
        lines, size, pieces = (await bench.of(RUST_STREAM)).split()
        assert (int(lines), int(size)) == (100_000, len(text))
        assert int(pieces) > 1


async def test_a_c_program_gives_its_string(over: Over) -> None:
    source = """char *analyze(const char *text, size_t size) {
  long lines = 0;
  for (size_t i = 0; i < size; i++) lines += text[i] == '\\n';
  char *said = malloc(100);
  snprintf(said, 100, "%ld lines, %.1f%% of %zu", lines, 100.0 * lines / size, size);
  return said;
}"""
    async with over("a\nb\nc\nddd\n") as bench:
        assert await bench.of(source, "c") == "4 lines, 40.0% of 10"


async def test_map_reduce_sees_every_line_once_in_whatever_shards(over: Over) -> None:
    numbers = range(60_000)
    text = "".join(f"n={n} {LINE}" for n in numbers)
    source = """fn analyze(input: &str) -> u64 {
        input.lines().map(|line| line[2..].split(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    }"""
    async with over(text, "n=1000000 last") as bench:
        await bench.define("total", source)
        assert await bench.map_reduce("total", "sum") == sum(numbers) + 1_000_000
        assert bench.events("programRan")[-1]["shards"] > 1
        assert int(await bench.run("total")) == sum(numbers) + 1_000_000
        assert bench.events("programRan")[-1]["bytes"] == len(text) + len("n=1000000 last")


async def test_map_reduce_concatenates_in_the_order_of_the_text(over: Over) -> None:
    text = "".join(f"{n} {LINE}" for n in range(60_000))
    source = "fn analyze(t: &str) -> String { t.lines().next().unwrap().split(' ').next().unwrap().to_string() }"
    async with over(text) as bench:
        await bench.define("first", source)
        firsts = [int(line) for line in (await bench.map_reduce("first")).split()]
        assert firsts == sorted(firsts)
        assert firsts[0] == 0
        assert len(firsts) > 1
        assert await bench.map_reduce("first", "count") == len(firsts)
        assert await bench.map_reduce("first", "max") == firsts[-1]
        assert await bench.map_reduce("first", "min") == 0
        assert await bench.map_reduce("first", "unique") == [str(n) for n in firsts]


async def test_numbers_by_key_are_combined_by_key(over: Over) -> None:
    async with over("b a b\n", "a c\n") as bench:
        await bench.define("words", RUST_COUNT)
        assert await bench.map_reduce("words", "sum") == {"a": 2, "b": 2, "c": 1}
        with pytest.raises(ProgramError, match="no combine='median'"):
            await bench.map_reduce("words", "median")


async def test_an_output_that_is_no_number_cannot_be_summed(over: Over) -> None:
    async with over("no number here\n") as bench:
        await bench.define("whole", WHOLE, "wat")
        with pytest.raises(ProgramError, match="no number here"):
            await bench.map_reduce("whole", "sum")


async def test_a_panic_names_its_line_and_words(over: Over) -> None:
    async with over("a b\n") as bench:
        await bench.define(
            "bad", "fn analyze(t: &str) -> String {\n  let n: u32 = t.parse().unwrap();\n  n.to_string()\n}"
        )
        with pytest.raises(ProgramCrashed, match=r"panicked on line 2: .*ParseIntError"):
            await bench.run("bad")
        with pytest.raises(ProgramCrashed, match="line 2"):
            await bench.map_reduce("bad", "sum")


async def test_a_span_that_cuts_a_character_is_said_to(over: Over) -> None:
    async with over("é é é\n") as bench:
        await bench.define("words", RUST_COUNT)
        (part,) = await bench.host.select(None)
        with pytest.raises(ProgramCrashed, match="not valid UTF-8 at byte 3"):
            await bench.run("words", [type(part)(0, 0, 4)])


async def test_output_that_is_no_text_is_refused(over: Over) -> None:
    broken = """(module (memory (export "memory") 1) (data (i32.const 8) "ab\\ff")
      (func (export "run") (param i32 i32) (result i64) (i64.const 0x800000003)))"""
    outside = """(module (memory (export "memory") 1)
      (func (export "run") (param i32 i32) (result i64) (i64.const 0xfffffff000000003)))"""
    async with over("x\n") as bench:
        with pytest.raises(ProgramCrashed, match=r"not valid UTF-8 .byte 2"):
            await bench.of(broken, "wat")
        with pytest.raises(ProgramCrashed, match="outside its memory"):
            await bench.of(outside, "wat")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ('(module (import "env" "system" (func (param i32))))', "imports env.system"),
        (
            '(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))))',
            "fd_write",
        ),
        ('(module (import "rlm" "log" (func (param i64))))', "imports rlm.log"),
        ("(module)", "exports no memory"),
        ('(module (memory (export "memory") 1))', "exports neither"),
        (
            '(module (memory (export "memory") 1) (func (export "run") (param i32) (result i64) (i64.const 0)))',
            "another type",
        ),
        ('(module (memory (export "memory") i64 1))', "memory64"),
        ("(module (memory", "expected"),
    ],
)
async def test_a_module_that_does_not_fit_is_refused_before_it_runs(over: Over, source: str, problem: str) -> None:
    async with over("x\n") as bench:
        with pytest.raises(CompileFailed) as caught:
            await bench.define("bad", source, "wat")
        assert problem in str(caught.value)


async def test_a_late_program_is_stopped_and_the_next_runs(over: Over) -> None:
    endless = """(module (memory (export "memory") 1)
      (func (export "run") (param i32 i32) (result i64) (loop $on (br $on)) (i64.const 0)))"""
    async with over("x\n", limits=ProgramLimits(seconds=0.5)) as bench:
        await bench.define("endless", endless, "wat")
        await bench.define("length", LENGTH, "wat")
        await bench.run("length")
        workers = {child.pid for child in psutil.Process().children(recursive=True)}
        with pytest.raises(ProgramLimit, match="not done in time"):
            await bench.run("endless")
        with pytest.raises(ProgramLimit, match="not done in time"):
            await bench.map_reduce("endless", "sum")
        assert await bench.run("length") == "2"
        assert workers == {child.pid for child in psutil.Process().children(recursive=True)}


async def test_a_cancelled_call_leaves_no_process_at_work(over: Over) -> None:
    endless = """(module (memory (export "memory") 1)
      (func (export "run") (param i32 i32) (result i64) (loop $on (br $on)) (i64.const 0)))"""
    async with over("x\n") as bench:
        await bench.define("endless", endless, "wat")
        task = asyncio.create_task(bench.run("endless"))
        async with asyncio.timeout(60):
            while not (workers := _at_work()):  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        psutil.wait_procs(workers, timeout=60)
        assert not [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE]


def _at_work() -> list[psutil.Process]:
    children = [child for child in psutil.Process().children() if works(child)]
    return [child for child in children if "rlm_ls.executors.compiled.wasm.worker" in child.cmdline()]


async def test_a_file_that_is_cut_short_meanwhile_is_an_error_not_a_crash(over: Over, tmp_path: Path) -> None:
    """Reading a mapped page that is no longer there ends the worker; the server says what happened."""
    slow = """fn analyze(input: &str) -> String {
        let mut sum = 0u64;
        for _ in 0..200 { for byte in input.bytes() { sum = sum.wrapping_mul(31).wrapping_add(byte as u64); } }
        sum.to_string()
    }"""
    async with over(LINE * 100_000) as bench:
        await bench.define("slow", slow)
        task = asyncio.create_task(bench.run("slow"))
        await asyncio.sleep(0.3)
        os.truncate(tmp_path / "1.txt", 10)
        with pytest.raises(DocumentChanged, match=r"1\.txt was truncated"):
            await task
        await bench.define("length", LENGTH, "wat")


def test_more_than_one_call_takes_is_for_shards_and_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MOST", 2 << 20)
    path = tmp_path / "log"
    path.write_text(LINE * 100_000)
    size = path.stat().st_size
    with pytest.raises(ProgramLimit, match="at most 2 GB") as caught:
        in_this_process(path, LENGTH, 0, size)
    assert "map_reduce" in caught.value.remedy
    assert in_this_process(path, LENGTH, 0, size, "sum") == size
    assert in_this_process(path, STREAMED_LENGTH, 0, size) == str(size)
    assert in_this_process(path, STREAMED_LENGTH, 0, size, "sum") == size


STREAMED_LENGTH = LENGTH.replace(
    '(func (export "run") (param $at i32) (param $size i32) (result i64)\n    (local $to i32)',
    """(global $seen (mut i32) (i32.const 0))
  (func (export "feed") (param $at i32) (param $size i32)
    (global.set $seen (i32.add (global.get $seen) (local.get $size))))
  (func (export "finish") (result i64)
    (local $to i32) (local $size i32)
    (local.set $size (global.get $seen))""",
)
"""The same, fed."""
