"""What the doctor says of compiled programs: the sandbox, and each compiler with what would add it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from rlm_ls.executors.compiled.toolchains.installed import Toolchains
from rlm_ls.executors.compiled.toolchains.toolchain import ToolchainStatus


@dataclass(frozen=True, slots=True)
class Checkup:
    """`sandbox` is the name of the one in use; `no_sandbox` says why there is none. `found`: for the levels in use."""

    sandbox: str
    no_sandbox: str
    found: tuple[ToolchainStatus, ...]


async def checkup(toolchains: Toolchains, levels: Collection[str]) -> Checkup:
    """Tries what the levels `wasm` and `native` need. The first time that compiles something with each."""
    found: list[ToolchainStatus] = []
    if "wasm" in levels:
        found += await toolchains.found("wasm")
    if "native" in levels:
        found += await toolchains.found("native")
    no_sandbox = await toolchains.jail.available() if found else ""
    return Checkup(toolchains.jail.name, no_sandbox, tuple(found))
