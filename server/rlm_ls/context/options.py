"""Options of taking a Context."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContextOptions:
    """How a Context is taken.

    `max_file_bytes` applies to files found by walking, not to files named one by one. `exclude` are gitignore-style
    globs relative to the roots; `deny` are patterns of names of secrets beside the built-in ones. `encoding` is a
    Python codec name, "utf-8-replace", or "auto" (sources/encoding.py). `pack_folder` is the folder of the private pack
    files (default: the system's temporary folder). `unpack_bytes` limits what all compressed files and archives of a
    question may hold together, `remote_bytes` what copies of texts that lie elsewhere may take, `remote_files` how
    many of these there may be. `seconds` is how long the walk, and then the reading, may take. With `lines_only` large
    texts in place are read for their lines alone, in a third of the time: their Documents have no longest line, and the
    Context's digest does not tell them apart.
    """

    max_file_bytes: int = 64 << 20
    exclude: tuple[str, ...] = ()
    encoding: str = "auto"
    deny: tuple[str, ...] = ()
    pack_folder: str | None = None
    unpack_bytes: int = 8 << 30
    remote_bytes: int = 8 << 30
    remote_files: int = 20_000
    seconds: float = 300.0
    lines_only: bool = False
