"""Native programs that try to get out or never end: real compilers, the real sandbox. The server lives on."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.conftest import needed
from tests.lsp.editor import eventually

from rlm_ls.errors import ProgramCrashed, ProgramLimit, RlmError
from rlm_ls.executors.compiled.native import run_native
from rlm_ls.executors.compiled.preludes.native_prelude import native_prelude
from rlm_ls.executors.compiled.toolchains.installed import Toolchains
from rlm_ls.executors.compiled.toolchains.toolchain import Language

Run = Callable[..., Awaitable[bytes]]

TEXT = "one line\nzwei Größen\n"

C_HEAD = """
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
static char said[400];
char *analyze(const char *text, size_t size) {
  long r = 0;
  errno = 0;
"""
C_TAIL = '\n  sprintf(said, "%ld %s", r, strerror(errno));\n  return said;\n}\n'


def rust(body: str) -> str:
    return f"pub fn analyze(text: &str) -> String {{\n{body}\n}}"


def c(body: str) -> str:
    return f"{C_HEAD}{body}{C_TAIL}"


@pytest.fixture
def text(tmp_path: Path) -> Iterator[int]:
    path = tmp_path / "text"
    path.write_text(TEXT)
    descriptor = os.open(path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def run(toolchains: Toolchains, text: int, tmp_path: Path) -> Run:
    async def compile_and_run(source: str, language: Language = "rust", **limits: float) -> bytes:
        await needed(toolchains, language, "native")
        binary = tmp_path / "program"
        binary.write_bytes(await toolchains.compile(source, language, "native", prelude=native_prelude(language)))
        return await run_native(binary, text, jail=toolchains.jail, **{"seconds": 10.0, **limits})  # type: ignore[arg-type]

    return compile_and_run


async def stopped(run: Run, source: str, language: Language = "rust", **limits: float) -> RlmError:
    with pytest.raises((ProgramCrashed, ProgramLimit)) as caught:
        await run(source, language, **limits)
    assert len(str(caught.value)) < 1500
    return caught.value


async def test_an_honest_program_sees_its_text_and_nothing_of_the_environment(run: Run) -> None:
    source = rust(
        'println!("not part of the result");\n'
        'format!("{} {} {:?}", text.lines().count(), text.chars().count(), std::env::vars().collect::<Vec<_>>())'
    )
    assert (await run(source)).decode() == f"2 {len(TEXT)} []"


async def test_an_honest_c_program_works(run: Run) -> None:
    assert (await run(c("r = size;"), "c")).startswith(str(len(TEXT.encode())).encode())


@pytest.mark.parametrize(
    "act",
    [
        'std::fs::read_to_string("/etc/passwd").unwrap()',
        'std::fs::read_to_string("/proc/self/environ").unwrap()',
        'std::fs::read_to_string("/proc/self/maps").unwrap()',
        'std::fs::read_dir("/").unwrap().count().to_string()',
        'std::fs::metadata("/etc/passwd").unwrap().len().to_string()',
        'std::fs::write("/tmp/rlm-ls-was-here", "x").unwrap(); String::new()',
        'std::net::TcpStream::connect("127.0.0.1:9").unwrap(); String::new()',
        'std::net::UdpSocket::bind("127.0.0.1:0").unwrap(); String::new()',
        'std::os::unix::net::UnixListener::bind("/tmp/rlm-ls-socket").unwrap(); String::new()',
        'std::process::Command::new("/bin/true").status().unwrap(); String::new()',
        "std::thread::spawn(|| 1).join().unwrap().to_string()",
    ],
)
async def test_what_is_outside_is_refused_and_the_program_told(run: Run, act: str) -> None:
    error = await stopped(run, rust(act))
    assert "Operation not permitted" in str(error)
    assert "no files, network, threads" in error.remedy
    assert not os.path.exists("/tmp/rlm-ls-was-here")


async def test_another_process_is_not_read(run: Run) -> None:
    error = await stopped(run, rust(f'std::fs::read_to_string("/proc/{os.getpid()}/cmdline").unwrap()'))
    assert "Operation not permitted" in str(error)


@pytest.mark.parametrize(
    "act",
    [
        "r = fork();",
        "r = syscall(SYS_clone3, 0, 0);",
        "struct rlimit l = {1, 1}; r = syscall(SYS_prlimit64, getppid(), RLIMIT_NOFILE, &l, 0);",
        "struct rlimit l = {1, 1}; r = syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &l, 0);",
        "r = kill(getppid(), SIGKILL);",
        "r = kill(-1, SIGKILL);",
        "r = syscall(SYS_tgkill, PARENT, PARENT, SIGKILL);",
        "r = syscall(SYS_ptrace, 16, PARENT, 0, 0);",
        "r = syscall(SYS_process_vm_readv, PARENT, 0, 0, 0, 0, 0);",
        "r = syscall(SYS_pidfd_open, PARENT, 0);",
        'char *a[] = {"sh", 0}; r = execve("/bin/sh", a, a);',
        'r = open("/etc/passwd", O_RDONLY);',
        'r = access("/etc/passwd", R_OK);',
        "r = socket(AF_UNIX, SOCK_STREAM, 0);",
        "r = syscall(SYS_io_uring_setup, 8, said);",
        "r = (long)mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);",
        "r = setuid(0);",
        'r = syscall(SYS_memfd_create, "x", 0);',
        "r = dup(1);",
        "r = ftruncate(0, 0) ;",
    ],
)
async def test_system_calls_that_reach_out_fail(run: Run, act: str) -> None:
    before = [resource.getrlimit(one) for one in (resource.RLIMIT_NOFILE, resource.RLIMIT_CPU)]
    said = await run(c(act.replace("PARENT", str(os.getpid()))), "c")
    assert said == b"-1 Operation not permitted"
    assert [resource.getrlimit(one) for one in (resource.RLIMIT_NOFILE, resource.RLIMIT_CPU)] == before


async def test_no_descriptor_of_ours_is_handed_down(run: Run) -> None:
    mine = socket.socket()
    os.set_inheritable(mine.fileno(), True)
    try:
        act = (
            "for (int i = 0; i < 200; i++) { char b; if (i != 1 && i != 2 && pread(i, &b, 1, 0) >= 0) r++; errno = 0; }"
        )
        assert (await run(c(act), "c")).startswith(b"0 ")
        # write() tells open descriptors from closed ones where reading at a place does not
        act = "for (int i = 3; i < 200; i++) if (write(i, 0, 0) == 0 || errno != EBADF) r++; errno = 0;"
        assert (await run(c(act), "c")).startswith(b"0 ")
    finally:
        mine.close()


async def test_a_constructor_runs_in_the_sandbox_too(run: Run) -> None:
    early = "int access(const char *, int); static int x;\n"
    early += '__attribute__((constructor)) static void f(void) { x = access("/etc/passwd", 0); }\n'
    assert (await run(early + c("r = x;"), "c")).startswith(b"-1")


async def test_eight_gigabytes_are_refused(run: Run) -> None:
    error = await stopped(
        run, rust("let mut v = vec![1u8; 8 << 30];\nstd::hint::black_box(&mut v);\nv.len().to_string()")
    )
    assert isinstance(error, ProgramLimit)
    assert "memory" in str(error)


async def test_memory_that_grows_is_stopped_at_its_limit(run: Run) -> None:
    source = rust(
        "let mut v = Vec::new();\n"
        "loop { v.push(vec![text.len(); 1 << 17]); if v.len() > 1 << 30 { break } }\n"
        "v.len().to_string()"
    )
    error = await stopped(run, source, memory=100 << 20)
    assert isinstance(error, ProgramLimit)
    assert "104,857,600" in str(error)


@pytest.mark.parametrize(
    "act",
    [
        "let mut n = 0u64; while std::hint::black_box(n) < u64::MAX { n += 1 } n.to_string()",
        "std::thread::sleep(std::time::Duration::from_secs(600)); String::new()",
    ],
)
async def test_an_endless_program_is_stopped(run: Run, act: str) -> None:
    error = await stopped(run, rust(act), seconds=0.5)
    assert isinstance(error, ProgramLimit)
    assert "0.5 s" in str(error)


async def test_deep_recursion_ends_the_program_alone(run: Run) -> None:
    act = (
        "fn f(n: u64) -> u64 {\n"
        "    let a = std::hint::black_box([n; 64]);\n"
        "    if n == u64::MAX { 0 } else { f(n + 1) + a[n as usize % 64] }\n"
        "}\nf(0).to_string()"
    )
    error = await stopped(run, rust(act))
    assert "ecurs" in str(error)


async def test_a_gigabyte_of_output_is_stopped(run: Run) -> None:
    act = "static char b[1 << 20]; memset(b, 'x', sizeof b); for (int i = 0; i < 1024; i++) r += write(1, b, sizeof b);"
    error = await stopped(run, c(act), "c")
    assert isinstance(error, ProgramLimit)
    assert "result" in str(error)


async def test_a_result_over_the_limit_is_refused(run: Run) -> None:
    assert isinstance(await stopped(run, rust('"x".repeat(1001)'), output=1000), ProgramLimit)
    assert len(await run(rust('"x".repeat(1000)'), output=1000)) == 1000


async def test_a_panic_names_its_line(run: Run) -> None:
    error = await stopped(run, rust("let v: Vec<u8> = Vec::new();\nv[text.len()].to_string()"))
    assert isinstance(error, ProgramCrashed)
    assert "line 3: index out of bounds" in str(error)


async def test_ends_without_a_result_are_crashes(run: Run) -> None:
    for act in ("std::process::exit(0)", "std::process::abort()", "std::process::exit(7)"):
        assert isinstance(await stopped(run, rust(act)), ProgramCrashed)


async def test_a_result_that_is_not_text_is_refused(run: Run) -> None:
    error = await stopped(run, c('return "ab\\xff\\xfe";'), "c")
    assert "UTF-8 text (byte 2 of 4)" in str(error)


async def test_a_forged_end_of_the_result_is_a_crash(run: Run) -> None:
    act = 'write(1, "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f", 8); _exit(0);'
    assert isinstance(await stopped(run, c(act), "c"), ProgramCrashed)


async def test_another_abi_ends_the_program(run: Run) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("x86_64 has several")
    for act in ("r = syscall(0x40000000 + 39);", '__asm__ volatile("int $0x80" : "=a"(r) : "a"(20));'):
        assert "SIGSYS" in str(await stopped(run, c(act), "c"))


async def test_cancel_kills_the_program(run: Run) -> None:
    running = asyncio.create_task(
        run(rust("std::thread::sleep(std::time::Duration::from_secs(600)); String::new()"), seconds=600.0)
    )
    await eventually(programs)
    found = programs()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not [one for one in found if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


SERVER = """
import asyncio, os, sys
from pathlib import Path
from rlm_ls.executors.jail.jail import Jail
from rlm_ls.executors.compiled.native import run_native
asyncio.run(run_native(Path(sys.argv[1]), os.open(sys.argv[1], os.O_RDONLY), jail=Jail(Path(sys.argv[2])), seconds=600))
"""


async def test_a_server_that_is_killed_takes_its_programs_along(
    toolchains: Toolchains, compilers: Path, tmp_path: Path
) -> None:
    await needed(toolchains, "rust", "native")
    binary = tmp_path / "program"
    source = rust("std::thread::sleep(std::time::Duration::from_secs(600)); String::new()")
    binary.write_bytes(await toolchains.compile(source, "rust", "native", prelude=native_prelude("rust")))
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVER, str(binary), str(compilers))
    await eventually(lambda: programs(server.pid))
    found = programs(server.pid)
    server.kill()
    await server.wait()
    await eventually(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in found))


async def test_the_next_program_runs_as_if_nothing_had_been(run: Run) -> None:
    await stopped(run, rust("std::process::abort()"))
    assert await run(rust("text.len().to_string()")) == str(len(TEXT.encode())).encode()


async def test_a_program_over_a_part_of_a_file_sees_only_that_part(
    toolchains: Toolchains, text: int, tmp_path: Path
) -> None:
    await needed(toolchains, "c", "native")
    early = "char *analyze(const char *, unsigned long);\nlong pread(int, void *, unsigned long, long);\n"
    early += "static char all[100]; __attribute__((constructor)) static void f(void) { pread(0, all, 99, 0); }\n"
    binary = tmp_path / "program"
    source = early + "char *analyze(const char *text, unsigned long size) { return all; }"
    binary.write_bytes(await toolchains.compile(source, "c", "native", prelude=native_prelude("c")))
    assert await run_native(binary, text, jail=toolchains.jail, offset=4, size=4) == b"line"


def programs(server: int | None = None) -> list[psutil.Process]:
    found = []
    for one in psutil.Process(server).children(recursive=True):
        with suppress(psutil.Error):  # it ended meanwhile
            if one.status() != psutil.STATUS_ZOMBIE and one.cmdline()[:1] == ["program"]:
                found.append(one)
    return found
