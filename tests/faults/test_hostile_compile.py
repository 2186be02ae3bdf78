"""Attacks at compile time: source that a model wrote, against real compilers in the real sandbox."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.conftest import needed
from tests.lsp.editor import eventually

from rlm_ls.errors import CompileFailed
from rlm_ls.executors.compiled.preludes.native_prelude import native_prelude
from rlm_ls.executors.compiled.toolchains import compiling
from rlm_ls.executors.compiled.toolchains.installed import Toolchains
from rlm_ls.executors.compiled.toolchains.toolchain import Language, Target

EMPTY = "pub fn analyze(_: &str) -> String { String::new() }"

SECRET = "the secret of another file"


def returning(expression: str) -> str:
    return f"pub fn analyze(_: &str) -> String {{ {expression} }}"


async def refused(toolchains: Toolchains, source: str, language: Language = "rust") -> CompileFailed:
    target: Target = "native"
    await needed(toolchains, language, target)
    with pytest.raises(CompileFailed) as caught:
        await toolchains.compile(source, language, target, prelude=native_prelude(language))
    return caught.value


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.rs"
    path.write_text(f'pub fn x() -> &\'static str {{ "{SECRET}" }}')
    path.chmod(0o644)
    return path


@pytest.mark.parametrize(
    "include", ['include_str!("{}").into()', 'include_bytes!("{}").len().to_string()', 'include!("{}")']
)
async def test_including_a_file_does_not_compile(toolchains: Toolchains, include: str) -> None:
    error = await refused(toolchains, returning(include.format("/etc/passwd")))
    assert "/etc/passwd" in str(error)
    assert error.line == 1
    assert "only the text" in error.remedy


async def test_a_module_at_a_path_outside_does_not_compile(toolchains: Toolchains, secret: Path) -> None:
    error = await refused(toolchains, f'#[path = "{secret}"] mod x;\n{returning("x::x().into()")}')
    assert "couldn't read" in str(error)
    assert SECRET not in str(error)


async def test_a_path_up_and_out_of_the_folder_does_not_compile(toolchains: Toolchains) -> None:
    error = await refused(toolchains, returning(f'include_str!("{"../" * 12}etc/passwd").into()'))
    assert "couldn't read" in str(error)


async def test_the_environment_does_not_compile(toolchains: Toolchains, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLM_TEST_SECRET", SECRET)
    for name in ("HOME", "RLM_TEST_SECRET"):
        error = await refused(toolchains, returning(f'env!("{name}").into()'))
        assert name in str(error)
        assert SECRET not in str(error)


async def test_an_optional_variable_is_not_there(toolchains: Toolchains, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLM_TEST_SECRET", SECRET)
    await needed(toolchains, "rust", "native")
    source = returning('option_env!("RLM_TEST_SECRET").unwrap_or("nothing").into()')
    made = await toolchains.compile(source, "rust", "native", prelude=native_prelude("rust"))
    assert SECRET.encode() not in made


@pytest.mark.parametrize(
    "attack",
    [
        "#[no_mangle] pub fn malloc() {}",
        '#[link_section = ".init_array"] pub static X: fn() = start;\nfn start() {}',
        '#[export_name = "main"] pub fn x() {}',
        "pub fn x() -> u8 { unsafe { *(1 as *const u8) } }",
        "#![allow(unsafe_code)]\npub fn x() -> u8 { unsafe { *(1 as *const u8) } }",
        'core::arch::global_asm!("nop");',
        "unsafe trait T {}",
    ],
)
async def test_unsafe_code_in_any_form_does_not_compile(toolchains: Toolchains, attack: str) -> None:
    error = await refused(toolchains, f"{attack}\n{EMPTY}")
    assert error.line >= 1


async def test_a_brace_too_many_does_not_leave_the_safe_module(toolchains: Toolchains) -> None:
    error = await refused(toolchains, f"{EMPTY}\n}}\nmod evil {{ pub fn x() {{ unsafe {{}} }} }}\nmod y {{")
    assert error.line == 2


@pytest.mark.parametrize("attack", ["extern crate proc_macro;", "#[proc_macro] pub fn x() {}", "use serde::Serialize;"])
async def test_proc_macros_and_crates_do_not_compile(toolchains: Toolchains, attack: str) -> None:
    error = await refused(toolchains, f"{attack}\npub fn y(_: proc_macro::TokenStream) {{}}\n{EMPTY}")
    assert error.line >= 1


async def test_a_source_of_10_mb_is_refused_before_a_compiler_sees_it(toolchains: Toolchains) -> None:
    error = await refused(toolchains, f"// {'x' * (10 << 20)}\n{EMPTY}")
    assert "bytes" in str(error)


MACRO_BOMB = "macro_rules! b { ($($t:tt)*) => { b!($($t)* $($t)*); } }\nb!(1 2 3 4 5 6 7 8);\n"
TYPE_BOMB = "".join(
    [
        "fn f0<T>(_: T) {}\n",
        *(f"fn f{n}<T: Copy>(t: T) {{ f{n - 1}((t, 1u8)); f{n - 1}((t, 1u16)); }}\n" for n in range(1, 40)),
    ]
)
CONST_BOMB = "const fn f(n: u64) -> u64 { if n < 2 { 1 } else { f(n - 1) + f(n - 2) } }\npub const X: u64 = f(90);\n"
ARRAY_BOMB = "pub static X: [u8; 1 << 40] = [1; 1 << 40];\n"


@pytest.mark.parametrize("bomb", [MACRO_BOMB, CONST_BOMB, ARRAY_BOMB], ids=["macro", "const", "array"])
async def test_bombs_are_stopped(toolchains: Toolchains, bomb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_ls.executors.compiled.toolchains.installed.COMPILE_SECONDS", 5.0)
    error = await refused(toolchains, f"{bomb}{returning('X.to_string()') if 'X' in bomb else EMPTY}")
    assert len(str(error)) < 3000


async def test_types_that_double_are_stopped(toolchains: Toolchains, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_ls.executors.compiled.toolchains.installed.COMPILE_SECONDS", 3.0)
    error = await refused(toolchains, f"{TYPE_BOMB}{returning('f39(1u8); String::new()')}")
    assert "stopped" in str(error) or "memory" in str(error) or "recursion" in str(error)


async def test_memory_of_the_compiler_is_limited(toolchains: Toolchains) -> None:
    error = await refused(toolchains, f"pub static X: [u64; 1 << 30] = [7; 1 << 30];\n{returning('X[1].to_string()')}")
    assert "memory" in str(error)


async def test_c_includes_no_files_from_outside(toolchains: Toolchains, secret: Path) -> None:
    for path in ("/etc/passwd", str(secret)):
        error = await refused(
            toolchains, f'#include "{path}"\nchar *analyze(const char *t, size_t n) {{ return 0; }}', "c"
        )
        assert error.line == 1
        assert SECRET not in str(error)


async def test_assembly_takes_no_files_from_outside(toolchains: Toolchains) -> None:
    source = '__asm__(".incbin \\"/etc/passwd\\"");\nchar *analyze(const char *t, unsigned long n) { return 0; }'
    error = await refused(toolchains, source, "c")
    assert "/etc/passwd" in str(error)


async def test_a_cancelled_compiler_is_gone_with_its_children(
    toolchains: Toolchains, compilers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await needed(toolchains, "rust", "native")
    source = f"{CONST_BOMB}{returning('X.to_string()')}"
    compiling_now = asyncio.create_task(toolchains.compile(source, "rust", "native", prelude=native_prelude("rust")))
    await eventually(children)
    running = children()
    compiling_now.cancel()
    with pytest.raises(asyncio.CancelledError):
        await compiling_now
    assert not [one for one in running if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert not list((compilers / "compiling").iterdir())


async def test_a_link_in_place_of_the_binary_is_not_followed(toolchains: Toolchains, tmp_path: Path) -> None:
    made = tmp_path / "program"
    os.symlink("/etc/passwd", made)
    with pytest.raises(CompileFailed, match="made nothing"):
        compiling._made(made, compiling.ProcessResult(0, b"", b"", 0.0))


def children() -> list[psutil.Process]:
    found = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it ended meanwhile
            if "rustc" in one.name():
                found.append(one)
    return found
