"""WAT, WebAssembly's text form: wasmtime itself reads it, here in this process. Always there, for want of better."""

from __future__ import annotations

import asyncio
import re
from importlib import metadata

from rlm_ls.errors import CompileFailed

SAID = 4_000
"""Characters of an error that are looked through: it shows the source's own line."""


def version() -> str:
    """Empty where wasmtime is missing."""
    try:
        return f"wasmtime {metadata.version('wasmtime')}"
    except metadata.PackageNotFoundError:
        return ""


async def compile_wat(source: str) -> bytes:
    """The module. Raises CompileFailed. Reading is linear in the source, whose size the caller limits."""
    import wasmtime

    try:
        return bytes(await asyncio.to_thread(wasmtime.wat2wasm, source))
    except wasmtime.WasmtimeError as error:
        raise _first_error(str(error)) from None


def _first_error(said: str) -> CompileFailed:
    """wasmtime says `message`, ` --> <anon>:line:column`, and then shows the line."""
    said = said[:SAID]
    message = said.splitlines()[0] if said else "not a WAT module"
    place = re.search(r"-->.*?:(\d+):\d+", said)
    shown = re.search(r"^ *\d+ \| (.*)$", said, re.MULTILINE)
    text = f"\n    {shown[1].strip()[:200]}" if shown else ""
    return CompileFailed(f"error: {message[:600]}{text}", int(place[1]) if place else 0)
