"""Having programs compiled: the first compiler that works, locked in, with an end."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

from rlm_ls.errors import CompileFailed, LevelUnavailable, RlmError
from rlm_ls.executors.compiled.toolchains import c, rust, wat
from rlm_ls.executors.compiled.toolchains.compiling import compile_with
from rlm_ls.executors.compiled.toolchains.proven import ProvenToolchains
from rlm_ls.executors.compiled.toolchains.proving import prove
from rlm_ls.executors.compiled.toolchains.remedy import remedy
from rlm_ls.executors.compiled.toolchains.toolchain import Language, Target, Toolchain, ToolchainStatus
from rlm_ls.executors.jail.jail import Jail

MOST_SOURCE = 256 << 10
"""Bytes of a program's source. A model's reply is never that long."""

COMPILE_SECONDS = 30.0

ALL: tuple[tuple[Language, Target], ...] = (
    ("rust", "wasm"),
    ("c", "wasm"),
    ("wat", "wasm"),
    ("rust", "native"),
    ("c", "native"),
)

FORBIDDEN_WORDS = {"rust": ("global_asm", "proc_macro"), "c": (), "wat": ()}
"""`global_asm!` is no unsafe code to older rustcs; `proc_macro` has no use in a program."""


class Toolchains:
    """The compilers of this machine. One a server; it owns no process beyond its calls and needs no closing.

    Nothing is looked for, built or run before it is asked for. What is proved once is remembered in the state folder.
    """

    def __init__(self, state_dir: Path, jail: Jail | None = None) -> None:
        self.jail = jail or Jail(state_dir)
        self._state_dir = state_dir
        self._proven = ProvenToolchains(state_dir)
        self._found: dict[tuple[Language, Target], tuple[ToolchainStatus, Toolchain | None]] = {}
        self._looking: dict[tuple[Language, Target], asyncio.Lock] = {one: asyncio.Lock() for one in ALL}
        self._roots: list[Path] | None = None
        # Compilers use a core each; more at a time would only be slower together.
        self._slots = asyncio.Semaphore(max(1, os.cpu_count() or 1))

    async def found(self, target: Target | None = None) -> tuple[ToolchainStatus, ...]:
        """What can be made here, in the order in which languages are offered. `target`: only for that one."""
        wanted = [one for one in ALL if target in (None, one[1])]
        return tuple([(await self._find(*one))[0] for one in wanted])

    async def fingerprint(self, language: Language, target: Target) -> str:
        """Changes when the compiler, its flags or its version do: part of what compiled programs are cached by.

        Raises LevelUnavailable when nothing compiles that here.
        """
        found, toolchain = await self._working(language, target)
        identity = toolchain.identity(self.jail.name) if toolchain else ""
        return hashlib.sha256(f"{identity}\0{found.version}".encode()).hexdigest()

    async def compile(self, source: str, language: Language, target: Target, *, prelude: str = "") -> bytes:
        """A WebAssembly module, or a native binary, made of a program's source.

        With a `prelude`, that is the crate's root (main.rs, main.c) and the program stands beside it as program.rs or
        program.c: `#[forbid(unsafe_code)] mod program;`, `#include "program.c"`. In a file of its own it cannot close
        a brace of the prelude and leave the module, and errors name its own lines.

        Raises CompileFailed (the first error), LevelUnavailable (no compiler), SandboxUnavailable.
        """
        size = len(source.encode("utf-8", "surrogatepass"))
        if size > MOST_SOURCE:
            raise CompileFailed(
                f"The program's source has {size:,} bytes; {MOST_SOURCE:,} are allowed.",
                remedy="Data does not belong into a program: it gets the text as its input.",
            )
        for word in FORBIDDEN_WORDS[language]:
            if word in source:
                line = source[: source.index(word)].count("\n") + 1
                raise CompileFailed(f"error: `{word}` is not allowed", line)
        _, toolchain = await self._working(language, target)
        if toolchain is None:
            return await wat.compile_wat(source)
        async with self._slots:
            return await compile_with(toolchain, self.jail, self._state_dir, source, prelude, COMPILE_SECONDS)

    async def _working(self, language: Language, target: Target) -> tuple[ToolchainStatus, Toolchain | None]:
        if (language, target) not in self._looking:
            raise LevelUnavailable(f"There is no way from {language} to {target} programs.")
        found, toolchain = await self._find(language, target)
        if not found.works:
            raise LevelUnavailable(f"No compiler for {language} programs works here: {found.why_not}", found.remedy)
        return found, toolchain

    async def _find(self, language: Language, target: Target) -> tuple[ToolchainStatus, Toolchain | None]:
        async with self._looking[language, target]:
            if (language, target) not in self._found:
                self._found[language, target] = await self._look(language, target)
            return self._found[language, target]

    async def _look(self, language: Language, target: Target) -> tuple[ToolchainStatus, Toolchain | None]:
        if language == "wat":
            version = wat.version()
            mend = "" if version else remedy("wat", "wasm")
            return ToolchainStatus(
                "wat", "wasm", version, bool(version), "" if version else "wasmtime is missing.", mend
            ), None
        if why_not := await self.jail.available():
            return ToolchainStatus(
                language, target, "", False, f"no sandbox works here ({why_not})", remedy("c", "native")
            ), None
        candidates, reasons = await self._candidates(language, target)
        known = await asyncio.to_thread(self._proven.read)
        for toolchain in candidates:
            identity = toolchain.identity(self.jail.name)
            if identity in known:
                return ToolchainStatus(language, target, known[identity], True), toolchain
            try:
                version = await prove(toolchain, self.jail, self._state_dir)
            except (RlmError, OSError) as error:
                reasons.append(f"{toolchain.title}: {str(error).splitlines()[0][:200]}")
                continue
            await asyncio.to_thread(self._proven.add, identity, version)
            return ToolchainStatus(language, target, version, True), toolchain
        return ToolchainStatus(language, target, "", False, "; ".join(reasons), remedy(language, target)), None

    async def _candidates(self, language: Language, target: Target) -> tuple[list[Toolchain], list[str]]:
        """What to try, and what is already known to be missing."""
        if language == "c":
            candidates = list((c.wasm_toolchains if target == "wasm" else c.native_toolchains)(self._state_dir))
            missing = "zig is not installed" if target == "wasm" else "no C compiler is installed"
            return candidates, [] if candidates else [missing]
        if self._roots is None:
            self._roots = await self._sysroots()
        if target == "native":
            candidates = list(rust.native_toolchains(self._roots))
            missing = "no C compiler is there to link with" if self._roots else "rustc is not installed"
            return candidates, [] if candidates else [missing]
        candidates = list(rust.wasm_toolchains(self._roots))
        if not self._roots:
            return candidates, ["rustc is not installed"]
        without = [root for root in self._roots if not (root / "lib" / "rustlib" / rust.WASM).is_dir()]
        reasons = [f"rustc in {root} has no {rust.WASM}" for root in without]
        if not candidates and len(without) < len(self._roots):
            reasons.append("there is no linker for WebAssembly (wasm-ld, rust-lld)")
        return candidates, reasons

    async def _sysroots(self) -> list[Path]:
        """rustup's proxies take a tenth of a second each to say where they lead: that is remembered, too."""
        asked = await asyncio.to_thread(rust.asked)
        known = (await asyncio.to_thread(self._proven.read)).get(asked)
        if known is not None:
            return [Path(path) for path in known.split("\n") if path]
        roots = await rust.sysroots()
        await asyncio.to_thread(self._proven.add, asked, "\n".join(map(str, roots)))
        return roots
