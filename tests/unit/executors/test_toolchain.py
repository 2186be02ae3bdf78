"""Finding compilers, proving them, and short errors; with the real ones of this machine."""

from __future__ import annotations

import asyncio
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import needed

from rlm_ls.errors import CompileFailed, LevelUnavailable
from rlm_ls.executors.jail import Jail
from rlm_ls.executors.preludes import native_prelude
from rlm_ls.executors.toolchain import MOST_SOURCE, Language, Target, Toolchains, c, remedy, rust
from rlm_ls.executors.toolchain.diagnostics import first_error_of_c, first_error_of_rustc
from rlm_ls.executors.toolchain.proofs import Proofs

EVERY: list[tuple[Language, Target]] = [
    ("rust", "wasm"),
    ("c", "wasm"),
    ("wat", "wasm"),
    ("rust", "native"),
    ("c", "native"),
]

WORKING = {
    ("rust", "wasm"): '#[no_mangle] pub extern "C" fn f() -> usize { vec![1].len() }',
    ("c", "wasm"): '__attribute__((export_name("f"))) int f(void) { return 1; }',
    ("wat", "wasm"): '(module (func (export "f") (result i32) i32.const 1))',
    ("rust", "native"): "pub fn analyze(text: &str) -> String { text.into() }",
    ("c", "native"): "char *analyze(const char *text, unsigned long size) { return (char *)text; }",
}

BROKEN: dict[str, tuple[str, int, str]] = {
    "rust": ("pub fn analyze(t: &str) -> String {\n    let n: i32 = t;\n    t.into()\n}", 2, "mismatched types"),
    "c": ("char *analyze(const char *t, unsigned long n) {\n  int x = ;\n  return 0;\n}", 2, "expected expression"),
    "wat": ("(module\n  (func (export)\n", 2, "expected"),
}


@pytest.mark.parametrize(("language", "target"), EVERY)
async def test_every_toolchain_compiles(toolchains: Toolchains, language: Language, target: Target) -> None:
    await needed(toolchains, language, target)
    prelude = native_prelude(language) if target == "native" else ""
    made = await toolchains.compile(WORKING[language, target], language, target, prelude=prelude)
    assert made[:4] == (b"\0asm" if target == "wasm" else b"\x7fELF")


@pytest.mark.parametrize("language", ["rust", "c", "wat"])
async def test_an_error_is_the_first_with_its_line_and_short(toolchains: Toolchains, language: Language) -> None:
    await needed(toolchains, language, "wasm")
    source, line, words = BROKEN[language]
    with pytest.raises(CompileFailed) as caught:
        await toolchains.compile(source, language, "wasm")
    assert caught.value.line == line
    assert words in caught.value.message
    assert str(caught.value).startswith(f"line {line}: error")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("pub fn analyze(t: &str) -> String {\n\n    t.no_such_thing()\n}", id="below a prelude"),
        pytest.param(
            'pub fn analyze(t: &str) -> String {\n    let x = 1;\n    format!("{} {}", t)\n}', id="in a macro"
        ),
    ],
)
async def test_lines_are_those_of_the_program_that_was_written(toolchains: Toolchains, source: str) -> None:
    await needed(toolchains, "rust", "native")
    with pytest.raises(CompileFailed) as caught:
        await toolchains.compile(source, "rust", "native", prelude=native_prelude("rust"))
    assert caught.value.line == 3


async def test_the_help_text_comes_along(toolchains: Toolchains) -> None:
    await needed(toolchains, "rust", "native")
    source = "pub fn analyze(t: &str) -> String {\n    let n = 1;\n    n += 1;\n    n.to_string()\n}"
    with pytest.raises(CompileFailed) as caught:
        await toolchains.compile(source, "rust", "native", prelude=native_prelude("rust"))
    assert "cannot assign twice" in caught.value.message
    assert "mut" in caught.value.note


async def test_a_second_session_proves_nothing_again(
    toolchains: Toolchains, compilers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await needed(toolchains, "rust", "wasm")

    async def never(*_: object) -> str:
        raise AssertionError("a compiler was proved again")

    monkeypatch.setattr("rlm_ls.executors.toolchain.toolchains.prove", never)
    monkeypatch.setattr("rlm_ls.executors.toolchain.rust.sysroots", never)
    found = await Toolchains(compilers).found("wasm")
    assert found[0].works
    assert found[0].version.startswith("rustc ")


async def test_a_changed_compiler_is_proved_again(toolchains: Toolchains, compilers: Path, tmp_path: Path) -> None:
    await needed(toolchains, "c", "native")
    kit = next(iter(c.native_kits(compilers)))
    tool = tmp_path / "cc"
    tool.write_text("one")
    stamped = replace(kit, stamped=(str(tool),))
    before = stamped.identity("launcher")
    assert stamped.identity("launcher") == before
    assert stamped.identity("bubblewrap") != before
    tool.write_text("another")
    assert stamped.identity("launcher") != before


async def test_the_fingerprint_is_stable_and_differs_by_language(toolchains: Toolchains, compilers: Path) -> None:
    await needed(toolchains, "rust", "wasm")
    await needed(toolchains, "c", "wasm")
    mine = await toolchains.fingerprint("rust", "wasm")
    assert mine == await Toolchains(compilers).fingerprint("rust", "wasm")
    assert mine != await toolchains.fingerprint("c", "wasm")


async def test_a_compiler_that_fails_is_passed_over_and_named(
    toolchains: Toolchains, compilers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await needed(toolchains, "rust", "wasm")
    broken = tmp_path / "bin"
    broken.mkdir()
    (tmp_path / "lib" / "rustlib" / rust.WASM / "lib").mkdir(parents=True)
    (broken / "rustc").write_text("#!/bin/sh\necho 'rustc: this one is broken' >&2\nexit 1\n")
    (broken / "rustc").chmod(0o755)
    real = await rust.sysroots()

    async def roots(_: Toolchains) -> list[Path]:
        return [tmp_path, *real]

    monkeypatch.setattr(Toolchains, "_sysroots", roots)
    assert (await Toolchains(compilers).found("wasm"))[0].works

    async def only(_: Toolchains) -> list[Path]:
        return [tmp_path]

    monkeypatch.setattr(Toolchains, "_sysroots", only)
    found = (await Toolchains(compilers).found("wasm"))[0]
    assert not found.works
    assert str(tmp_path) in found.why_not
    assert found.remedy


async def test_a_missing_language_is_said_with_its_remedy(compilers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_ls.executors.toolchain.c.find_zig", lambda: "")
    toolchains = Toolchains(compilers)
    with pytest.raises(LevelUnavailable, match="zig is not installed") as caught:
        await toolchains.compile("int x;", "c", "wasm")
    assert "pip install 'rlm-ls[c]'" in caught.value.remedy


async def test_there_is_no_native_wat(toolchains: Toolchains) -> None:
    with pytest.raises(LevelUnavailable):
        await toolchains.compile("(module)", "wat", "native")


async def test_a_source_too_long_is_refused(toolchains: Toolchains) -> None:
    with pytest.raises(CompileFailed, match="bytes"):
        await toolchains.compile(" " * (MOST_SOURCE + 1), "wat", "wasm")


async def test_compiling_side_by_side_leaves_nothing_behind(toolchains: Toolchains, compilers: Path) -> None:
    await needed(toolchains, "c", "wasm")
    source = WORKING["c", "wasm"]
    made = await asyncio.gather(*(toolchains.compile(f"{source} // {n}", "c", "wasm") for n in range(5)))
    assert len({len(one) for one in made}) == 1
    assert not list((compilers / "compiling").iterdir())


@pytest.mark.parametrize(
    ("release", "rust_wasm", "native"),
    [
        (
            'ID=ubuntu\nID_LIKE="debian"\n',
            "apt install rustc libstd-rust-dev-wasm32 lld",
            "apt install rustc gcc libc6-dev",
        ),
        ("ID=linuxmint\nID_LIKE='ubuntu debian'\n", "apt install", "apt install"),
        (
            "ID=fedora\n",
            "dnf install rust rust-std-static-wasm32-unknown-unknown lld",
            "dnf install rust gcc glibc-static",
        ),
        ("ID=manjaro\nID_LIKE=arch\n", "pacman -S rust rust-wasm lld", "pacman -S rust gcc"),
        ("ID=voidlinux\n", "https://rustup.rs", "https://rustup.rs"),
    ],
)
def test_the_remedy_is_the_command_of_this_system(
    release: str, rust_wasm: str, native: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "os-release").write_text(release)
    monkeypatch.setattr(remedy, "OS_RELEASE", str(tmp_path / "os-release"))
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("sys.platform", "linux")
    assert rust_wasm in remedy.remedy("rust", "wasm")
    assert native in remedy.remedy("rust", "native")


def test_with_rustup_the_remedy_is_its_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    assert remedy.remedy("rust", "wasm") == "rustup target add wasm32-unknown-unknown"


def test_a_broken_file_of_proofs_is_as_none(tmp_path: Path) -> None:
    proofs = Proofs(tmp_path)
    assert proofs.read() == {}
    (tmp_path / "toolchains.json").write_text("{ no json")
    assert proofs.read() == {}
    proofs.add("a", "1")
    assert json.loads((tmp_path / "toolchains.json").read_text()) == {"a": "1"}


@pytest.mark.parametrize(
    "said",
    [
        json.dumps({"level": "error", "message": "x" * 2_000_000, "spans": [], "children": []}).encode(),
        json.dumps({"level": "error", "message": "x" * 200_000, "spans": [], "children": []}).encode(),
        b"program.c:1:1: error: " + b"x" * 2_000_000,
        b"\n" * 2_000_000,
        b":1" * 1_000_000,
        b"[" * 2_000_000,
        b"{" * 2_000_000,
    ],
    ids=["JSON", "JSON that is whole", "a line", "lines", "numbers", "brackets", "braces"],
)
def test_what_a_compiler_is_made_to_say_is_cut(said: bytes) -> None:
    for read in (first_error_of_rustc, first_error_of_c):
        assert len(str(read(said, "program.c"))) < 1_500


def test_a_compiler_that_says_nothing_usual_is_quoted() -> None:
    assert "collect2: ld returned" in first_error_of_c(b"collect2: ld returned 1 exit status\n", "program.c").message
    assert "internal" in first_error_of_rustc(b"thread panicked: internal\n", "program.rs").message
    assert first_error_of_rustc(b'{"level": 3, "spans": "x"\n', "program.rs").line == 0


async def test_the_system_is_not_asked_where_a_workspace_could_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rustup reads rust-toolchain.toml in the working folder, and may install what it names."""
    asked: list[object] = []
    real = subprocess.run

    def run(*args: object, **kwargs: object) -> object:
        asked.append(kwargs.get("cwd"))
        return real(*args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(subprocess, "run", run)
    await rust.sysroots()
    assert set(asked) <= {"/"}


async def test_a_state_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in its place")
    why_not = await Jail(tmp_path / "state").available()
    assert why_not
