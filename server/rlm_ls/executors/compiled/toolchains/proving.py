"""A compiler is there when it has compiled something that then did what it should."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from rlm_ls.errors import CompileFailed
from rlm_ls.executors.compiled.preludes.native_prelude import native_prelude
from rlm_ls.executors.compiled.toolchains.compiling import compile_with, policy_of
from rlm_ls.executors.compiled.toolchains.toolchain import Toolchain
from rlm_ls.executors.jail.jail import Jail

SOURCES = {
    ("rust", "wasm"): '#[no_mangle] pub extern "C" fn works(n: usize) -> usize { vec![7u8; n].iter().count() }',
    ("c", "wasm"): '__attribute__((export_name("works"))) int works(int n) { return n + 1; }',
    ("rust", "native"): 'pub fn analyze(text: &str) -> String { format!("{} works", text.len()) }',
    ("c", "native"): '#include <string.h>\nchar *analyze(const char *text, size_t size) { return strdup("0 works"); }',
}

VERSION_SECONDS = 30.0


async def prove(toolchain: Toolchain, jail: Jail, state_dir: Path) -> str:
    """The compiler's version. Raises an RlmError that says why it does not work."""
    version = await _version(toolchain, jail)
    prelude = native_prelude(toolchain.language) if toolchain.target == "native" else ""
    source = SOURCES[toolchain.language, toolchain.target]
    made = await compile_with(toolchain, jail, state_dir, source, prelude, toolchain.proof_seconds)
    if toolchain.target == "wasm":
        if not made.startswith(b"\0asm"):
            raise CompileFailed("what it made is no WebAssembly")
        return version
    from rlm_ls.executors.compiled.native import run_native  # which compiles nothing: no circle at run time

    folder = tempfile.mkdtemp(dir=state_dir)
    empty = os.open(os.devnull, os.O_RDONLY)
    try:
        binary = Path(folder, "program")
        binary.write_bytes(made)
        if await run_native(binary, empty, size=0, jail=jail) != b"0 works":
            raise CompileFailed("what it made does not work")
    finally:
        os.close(empty)
        shutil.rmtree(folder, ignore_errors=True)
    return version


async def _version(toolchain: Toolchain, jail: Jail) -> str:
    """The first line of what it says of itself."""
    folder = Path(tempfile.mkdtemp()).resolve()
    try:
        ended = await jail.run(policy_of(toolchain, folder, VERSION_SECONDS), toolchain.version_argv)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    said = ended.output.decode("utf-8", "replace").strip().splitlines()
    if ended.status or not said:
        errors = ended.errors.decode("utf-8", "replace").strip().splitlines()
        raise CompileFailed(errors[0][:200] if errors else f"it ended with {ended.status}")
    tool = Path(toolchain.version_argv[0]).name
    return said[0] if said[0].startswith(tool) else f"{tool} {said[0]}"
