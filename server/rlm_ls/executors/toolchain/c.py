"""C: zig (extra `c`) for WebAssembly; the system's compiler or zig for native static binaries."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

from rlm_ls.executors.jail import system_files
from rlm_ls.executors.jail.launcher import c_compilers, find_zig
from rlm_ls.executors.toolchain.diagnostics import first_error_of_c
from rlm_ls.executors.toolchain.kit import Kit, Target, beside
from rlm_ls.private import private_folder

FLAGS = ("-std=gnu11", "-O2", "-fno-exceptions", "-w", "-fno-color-diagnostics")
"""Fixed: zig builds its C library anew for each set of flags, and compiled programs are cached by them."""

WASM_FLAGS = (
    "-target",
    "wasm32-freestanding",
    "-ffreestanding",
    "-nostdlib",
    "-msimd128",
    "-mbulk-memory",
    "-Wl,--no-entry",
    "-Wl,-z,stack-size=4194304",
    "-s",
)

ZIG_FIRST = 240.0
"""Seconds for the first native program: zig builds musl from source."""


def wasm_kits(state_dir: Path) -> Iterator[Kit]:
    if zig := find_zig():
        yield _zig(zig, state_dir, "wasm", WASM_FLAGS, "program.wasm")


def native_kits(state_dir: Path) -> Iterator[Kit]:
    for compiler in c_compilers():
        if len(compiler) == 1:
            yield _system(compiler[0])
    if zig := find_zig():
        machine = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
        yield _zig(zig, state_dir, "native", ("-target", f"{machine}-linux-musl", "-static", "-s"), "program")


def _zig(zig: str, state_dir: Path, target: Target, flags: tuple[str, ...], made: str) -> Kit:
    cache = state_dir / "zig"
    private_folder(cache)
    return Kit(
        language="c",
        target=target,
        title=f"zig in {os.path.dirname(zig)}",
        argv=(zig, "cc", *FLAGS, *flags, "-o", made, "{source}"),
        main="main.c",
        program="program.c",
        made=made,
        version_argv=(zig, "version"),
        first_error=first_error_of_c,
        see=(*system_files(), os.path.dirname(zig)),
        change=(str(cache),),
        variables={"ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": "{folder}/cache"},
        stamped=(zig,),
        proof_seconds=ZIG_FIRST if target == "native" else 60.0,
    )


def _system(compiler: str) -> Kit:
    flags = tuple(flag for flag in FLAGS if flag != "-fno-color-diagnostics")
    return Kit(
        language="c",
        target="native",
        title=compiler,
        argv=(compiler, *flags, "-static", "-s", "-o", "program", "{source}"),
        main="main.c",
        program="program.c",
        made="program",
        version_argv=(compiler, "--version"),
        first_error=first_error_of_c,
        see=tuple(
            dict.fromkeys(
                [
                    *system_files(),
                    *beside(Path(compiler), "bin", "lib", "lib64", "libexec", "include"),
                    *(["/usr/include"] if os.path.isdir("/usr/include") else []),
                ]
            )
        ),
        variables={"TMPDIR": ".", "PATH": "/usr/bin:/bin"},
        stamped=(compiler, os.path.realpath(compiler)),
    )
