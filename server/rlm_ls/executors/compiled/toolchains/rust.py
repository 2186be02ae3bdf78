"""Rust: which rustc can make WebAssembly, and which native static binaries."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from rlm_ls.executors.compiled.toolchains.diagnostics import first_error_of_rustc
from rlm_ls.executors.compiled.toolchains.toolchain import Toolchain, beside, fingerprint
from rlm_ls.executors.jail.jail import system_files

WASM = "wasm32-unknown-unknown"

FLAGS = (
    "--edition=2021",
    "--crate-name=program",
    "--error-format=json",
    "-Awarnings",
    "-Copt-level=3",
    "-Ccodegen-units=1",
    "-Cpanic=abort",
    "-Cstrip=symbols",
    "-Cdebuginfo=0",
)
"""Fixed: they are part of what a compiled program is cached by. Never --cap-lints, which would lift `forbid`."""

WASM_FLAGS = (
    f"--target={WASM}",
    "--crate-type=cdylib",
    "-Clinker-flavor=wasm-ld",
    "-Ctarget-feature=+simd128,+bulk-memory",
    "-Clink-arg=-zstack-size=4194304",
)

NATIVE_FLAGS = ("--crate-type=bin", "-Ctarget-feature=+crt-static")

LINKERS = ("wasm-ld", "rust-lld", *(f"wasm-ld-{version}" for version in range(25, 12, -1)))


async def sysroots() -> list[Path]:
    """Where the rustcs of this machine live: those on the PATH first, then the system's own, then rustup's others."""
    found: list[Path] = []
    for rustc in _on_path():
        root = await asyncio.to_thread(_sysroot, rustc)
        if root is not None and root not in found:
            found.append(root)
    for root in _of_rustup():
        if root not in found:
            found.append(root)
    return found


def asked() -> str:
    """Changes when another answer of `sysroots` is to be expected."""
    home = Path(os.environ.get("RUSTUP_HOME") or os.path.expanduser("~/.rustup"))
    files = [*_on_path(), str(home / "settings.toml"), str(home / "toolchains")]
    return fingerprint([os.environ.get("RUSTUP_TOOLCHAIN", "")], files)


def wasm_toolchains(roots: list[Path]) -> Iterator[Toolchain]:
    for root in roots:
        library = root / "lib" / "rustlib" / WASM
        if not library.is_dir():
            continue
        for linker in _wasm_linkers(root):
            yield _kit(root, "wasm", (*WASM_FLAGS, f"-Clinker={linker}"), (str(library), linker), "program.wasm")


def native_toolchains(roots: list[Path]) -> Iterator[Toolchain]:
    for root in roots:
        linker = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if linker:
            readable = beside(Path(linker), "bin", "lib", "lib64", "libexec")
            yield _kit(root, "native", (*NATIVE_FLAGS, f"-Clinker={linker}"), (linker,), "program", readable)


def _kit(
    root: Path, target: str, flags: tuple[str, ...], stamped: tuple[str, ...], made: str, readable: tuple[str, ...] = ()
) -> Toolchain:
    rustc = root / "bin" / "rustc"
    own = tuple(str(root / name) for name in ("bin", "lib", "lib64", "libexec") if (root / name).is_dir())
    return Toolchain(
        language="rust",
        target="wasm" if target == "wasm" else "native",
        title=f"rustc in {root}",
        argv=(str(rustc), *FLAGS, *flags, "-o", made, "{source}"),
        main="main.rs",
        program="program.rs",
        made=made,
        version_argv=(str(rustc), "--version"),
        first_error=first_error_of_rustc,
        readable=tuple(dict.fromkeys((*system_files(), *own, *readable))),
        # rustc and the linker's driver ask for a folder for temporary files and for commands; nothing of the user's.
        variables={"TMPDIR": ".", "PATH": "/usr/bin:/bin"} if target == "native" else {"TMPDIR": "."},
        stamped=(str(rustc), *stamped),
    )


def _on_path() -> list[str]:
    places = [*os.environ.get("PATH", "").split(os.pathsep), os.path.expanduser("~/.cargo/bin"), "/usr/bin"]
    paths = [os.path.join(place, "rustc") for place in places if os.path.isabs(place)]
    return list(dict.fromkeys(path for path in paths if os.access(path, os.X_OK)))


def _sysroot(rustc: str) -> Path | None:
    """Asked of the command itself: it may be rustup's proxy, which knows the toolchain in force."""
    # Not in the workspace, whose rust-toolchain file must not have rustup install anything.
    environment = {**os.environ, "RUSTUP_AUTO_INSTALL": "0"}
    try:
        asked = subprocess.run(
            [rustc, "--print", "sysroot"], capture_output=True, timeout=20, env=environment, cwd="/", check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    root = Path(os.fsdecode(asked.stdout.strip()))
    return root if os.access(root / "bin" / "rustc", os.X_OK) else None


def _of_rustup() -> list[Path]:
    folder = Path(os.environ.get("RUSTUP_HOME") or os.path.expanduser("~/.rustup")) / "toolchains"
    try:
        return sorted(one for one in folder.iterdir() if os.access(one / "bin" / "rustc", os.X_OK))
    except OSError:
        return []


def _wasm_linkers(root: Path) -> Iterator[str]:
    own = sorted((root / "lib" / "rustlib").glob("*/bin/rust-lld"))
    yield from (str(path) for path in own)
    for name in LINKERS:
        if path := shutil.which(name):
            yield path
