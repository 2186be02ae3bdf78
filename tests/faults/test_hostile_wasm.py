"""Programs that a model, or a text that speaks to it, might write to get out: none does, and the server goes on.

Each is compiled by the real compiler in its sandbox and run by a real worker. After each the run's other programs and
its variables are as they were.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.compilers import LENGTH, Bench, benched
from tests.scripted import asking, script

from rlm_ls.errors import CompileFailed, ProgramCrashed, ProgramLimit, RlmError
from rlm_ls.executors.compiled.wasm.executor import ProgramLimits


@pytest.fixture
async def bench(compilers: Path, tmp_path: Path) -> AsyncIterator[Bench]:
    path = tmp_path / "app.log"
    path.write_text("INFO one\nERROR two\n" * 50)
    limits = ProgramLimits(seconds=3.0, heap=256 << 20, output=1 << 20)
    async with benched(compilers, [path], limits=limits) as bench:
        await bench.define("length", LENGTH, "wat")
        yield bench
        assert await bench.run("length") == str(path.stat().st_size)


def analyze(body: str) -> str:
    return f"fn analyze(input: &str) -> String {{\n{body}\n}}"


async def test_at_run_time_there_are_no_files_sockets_processes_or_environment(bench: Bench) -> None:
    source = analyze("""
        let mut got: Vec<String> = Vec::new();
        for path in ["/etc/passwd", "/proc/self/environ", "/proc/1/cmdline", "app.log"] {
            got.push(format!("read {path} {}", std::fs::read(path).is_ok()));
        }
        got.push(format!("write {}", std::fs::write("/tmp/rlm-hostile", "x").is_ok()));
        got.push(format!("listen {}", std::net::TcpListener::bind("127.0.0.1:0").is_ok()));
        got.push(format!("connect {}", std::net::TcpStream::connect("127.0.0.1:80").is_ok()));
        got.push(format!("fork {}", std::process::Command::new("/bin/true").status().is_ok()));
        got.push(format!("thread {}", std::thread::Builder::new().spawn(|| 1).is_ok()));
        got.push(format!("environment {}", std::env::var("HOME").is_ok()));
        got.join("\\n")""")
    lines = (await bench.of(source)).splitlines()
    assert len(lines) == 10
    assert [line for line in lines if not line.endswith("false")] == []
    assert not Path("/tmp/rlm-hostile").exists()


@pytest.mark.parametrize(
    "source",
    [
        analyze('include_str!("/etc/passwd").to_string()'),
        analyze('String::from_utf8_lossy(include_bytes!("/proc/self/environ")).to_string()'),
        analyze('env!("HOME").to_string()'),
        '#[path = "/etc/passwd"] mod other;\n' + analyze("String::new()"),
        'include!("/etc/passwd");\n' + analyze("String::new()"),
        analyze('include_str!("../../../../../../../../etc/hostname").to_string()'),
    ],
    ids=["include_str", "include_bytes", "env", "path", "include", "upwards"],
)
async def test_at_compile_time_there_is_nothing_to_include(bench: Bench, source: str) -> None:
    with pytest.raises(CompileFailed) as caught:
        await bench.define("spy", source)
    assert "root:" not in str(caught.value)


async def test_an_unknown_variable_of_the_environment_is_none(bench: Bench) -> None:
    assert await bench.of(analyze('format!("{:?} {:?}", option_env!("HOME"), option_env!("PATH"))')) in (
        "None None",
        'None Some("/usr/bin:/bin")',
    )


@pytest.mark.parametrize(
    "source",
    [
        analyze("unsafe { std::hint::unreachable_unchecked() }"),
        analyze("unsafe { String::from_utf8_unchecked(vec![255, 254]) }"),
        '#[link_section = ".init_array"]\nstatic HOOK: fn() = hook;\nfn hook() {}\n' + analyze("String::new()"),
        '#[no_mangle]\npub extern "C" fn run() {}\n' + analyze("String::new()"),
        'extern "C" { fn prlimit(pid: i32, what: i32, new: *const u64, old: *mut u64) -> i32; }\n'
        + analyze("unsafe { prlimit(0, 7, &[0, 0] as *const u64, std::ptr::null_mut()) }; String::new()"),
        "#![allow(unsafe_code)]\n" + analyze("unsafe { std::hint::unreachable_unchecked() }"),
        "} pub mod escaped { " + analyze("unsafe { std::hint::unreachable_unchecked() }"),
        "#![feature(proc_macro_internals)]\nextern crate proc_macro;\n#[proc_macro]\n"
        "pub fn make(_: proc_macro::TokenStream) -> proc_macro::TokenStream { todo!() }\n" + analyze("String::new()"),
        'std::arch::global_asm!("");\n' + analyze("String::new()"),
    ],
    ids=["unsafe", "not_utf8", "link_section", "no_mangle", "prlimit", "allow", "brace", "proc_macro", "asm"],
)
async def test_unsafe_code_and_macros_of_its_own_do_not_compile(bench: Bench, source: str) -> None:
    with pytest.raises(CompileFailed):
        await bench.define("hostile", source)


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        (analyze("vec![1u8; 3 << 30].iter().map(|b| *b as u64).sum::<u64>().to_string()"), ProgramLimit, "memory"),
        (analyze("let mut v = Vec::new(); loop { v.push(vec![v.len() as u8; 1 << 20]); }"), ProgramLimit, "256 MB"),
        (analyze("let mut n = 1u64; while n != 7 { n = n * 9 % 11 + 20; }; n.to_string()"), ProgramLimit, "time"),
        (
            "fn deep(n: u64) -> u64 { if n % 1_000_003 == 1_000_002 { n } else { deep(n + 1) + deep(n + 2) } }\n"
            + analyze("deep(0).to_string()"),
            ProgramCrashed,
            "loop and a Vec",
        ),
        (analyze('"x".repeat(100 << 20)'), ProgramLimit, "limit is 1,048,576"),
        (analyze('panic!("on purpose {}", 40 + 2)'), ProgramCrashed, "panicked on line 2: on purpose 42"),
        (analyze("std::process::exit(0)"), ProgramCrashed, "stopped by a trap"),
        (analyze("std::process::abort()"), ProgramCrashed, "stopped by a trap"),
        (analyze("std::thread::spawn(|| 1).join().unwrap().to_string()"), ProgramCrashed, "panicked"),
    ],
    ids=["8_GB", "hoarding", "endless", "recursion", "output", "panic", "exit", "abort", "threads"],
)  # fmt: skip
async def test_it_is_stopped_with_a_clear_error(bench: Bench, source: str, error: type[RlmError], words: str) -> None:
    with pytest.raises(error) as caught:
        await bench.of(source)
    assert words in str(caught.value)


async def test_a_gigabyte_that_a_module_claims_to_return_is_not_read(bench: Bench) -> None:
    source = """(module (memory (export "memory") 1)
      (func (export "run") (param i32 i32) (result i64) (i64.const 0x40000000)))"""
    with pytest.raises(ProgramLimit, match="1,073,741,824 bytes"):
        await bench.of(source, "wat")


async def test_a_module_that_begins_with_too_much_memory_is_not_begun(bench: Bench) -> None:
    greedy = """(module (memory (export "memory") 65000)
      (func (export "run") (param i32 i32) (result i64) (i64.const 0)))"""
    with pytest.raises(ProgramCrashed, match="exceeds memory limits"):
        await bench.of(greedy, "wat")


async def test_a_source_of_ten_megabytes_is_refused_unread(bench: Bench) -> None:
    with pytest.raises(CompileFailed, match="the limit is"):
        await bench.define("huge", analyze("//" + "x" * 10_000_000))


async def test_a_module_that_grows_its_tables_or_logs_without_end_is_held(bench: Bench) -> None:
    tables = """(module (memory (export "memory") 1) (table $t 1 funcref)
      (func (export "run") (param i32 i32) (result i64)
        (if (i32.ne (table.grow $t (ref.null func) (i32.const 100000000)) (i32.const -1)) (then unreachable))
        (i64.const 0)))"""
    logs = """(module (import "rlm" "log" (func $log (param i32 i32))) (memory (export "memory") 1)
      (func (export "run") (param i32 i32) (result i64)
        (loop $on (call $log (i32.const 0) (i32.const 65000)) (br $on)) (i64.const 0)))"""
    assert await bench.of(tables, "wat") == ""
    with pytest.raises(ProgramLimit, match="in time"):
        await bench.of(logs, "wat")


async def test_a_run_goes_on_with_its_variables_after_each(compilers: Path) -> None:
    """Through the whole engine: a script's variables, other programs and the budget are as before."""
    hostile = "Plan.\n```rust bomb\n" + analyze("let v = vec![7u8; 3 << 30]; v.len().to_string()") + "\n```\n"
    replies = [
        script("kept = count('ERROR')"),
        hostile + "```python\nbomb()\n```",
        'Plan.\n```rust spy\nfn analyze(t: &str) -> String { include_str!("/etc/passwd").into() }\n```',
        script("print(kept)\nspy()"),
        script("submit(str(kept))"),
    ]
    async with asking(compilers, levels=("dsl", "wasm")) as ask:
        told = await ask(*replies)
    assert "memory" in told.observations[1]
    assert "was not compiled" in told.observations[2]
    assert "root:" not in "".join(told.observations)
    assert told.observations[3].startswith("60\n")
    assert "'spy' is not defined" in told.observations[3]
    assert told.answer.answer == "60"
