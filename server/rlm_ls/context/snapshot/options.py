"""How a Context is taken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContextOptions:
    """`max_file_bytes` holds for files found by walking, not for files named one by one.

    `exclude` are gitignore-style globs relative to the roots; `deny` are patterns of names of secrets beside the
    built-in ones. `encoding` is a Python codec name, "utf-8-replace", or
    "auto" (sources/encoding.py). `pack_folder` is where the private pack file
    goes (default: the system's temporary folder). `unpack_bytes` is what a question's compressed files and archives may
    hold together. `seconds` is how long the walk, and then the reading, may take.
    """

    max_file_bytes: int = 64 << 20
    exclude: tuple[str, ...] = ()
    encoding: str = "auto"
    deny: tuple[str, ...] = ()
    pack_folder: str | None = None
    unpack_bytes: int = 8 << 30
    seconds: float = 300.0
