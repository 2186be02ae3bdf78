"""A document's language, by LSP's language identifiers, from its file name."""

from __future__ import annotations

_BY_ENDING = {
    "py": "python", "pyi": "python", "js": "javascript", "mjs": "javascript", "cjs": "javascript",
    "jsx": "javascriptreact", "ts": "typescript", "mts": "typescript", "cts": "typescript", "tsx": "typescriptreact",
    "java": "java", "go": "go", "rs": "rust", "c": "c", "h": "c", "cc": "cpp", "cpp": "cpp", "cxx": "cpp",
    "hh": "cpp", "hpp": "cpp", "hxx": "cpp", "cs": "csharp", "rb": "ruby", "php": "php", "kt": "kotlin",
    "kts": "kotlin", "swift": "swift", "scala": "scala", "lua": "lua", "sh": "shellscript", "bash": "shellscript",
    "zsh": "shellscript", "md": "markdown", "markdown": "markdown", "rst": "restructuredtext", "adoc": "asciidoc",
    "asciidoc": "asciidoc", "tex": "latex", "log": "log", "txt": "plaintext", "json": "json", "jsonl": "json",
    "ndjson": "json", "yaml": "yaml", "yml": "yaml", "toml": "toml", "xml": "xml", "html": "html", "htm": "html",
    "css": "css", "scss": "scss", "less": "less", "sql": "sql", "csv": "csv", "tsv": "csv", "ini": "ini",
    "cfg": "ini", "conf": "ini", "r": "r", "jl": "julia", "ex": "elixir", "exs": "elixir", "erl": "erlang",
    "hs": "haskell", "ml": "ocaml", "pl": "perl", "pm": "perl", "dart": "dart", "vue": "vue", "svelte": "svelte",
    "ps1": "powershell", "bat": "bat", "zig": "zig", "proto": "proto", "tf": "terraform", "srt": "plaintext",
    "ipynb": "jupyter",
}  # fmt: skip

_COMPRESSED = frozenset({"gz", "bz2", "xz", "zst", "lz4"})

_BY_NAME = {"dockerfile": "dockerfile", "makefile": "makefile", "cmakelists.txt": "cmake"}


def language_of(path: str) -> str:
    """The language identifier, `plaintext` when unknown."""
    cut, dot = max(path.rfind("/"), path.rfind("\\")) + 1, path.rfind(".")
    if dot >= cut and (known := _BY_ENDING.get(path[dot + 1 :])) is not None and known != "plaintext":
        return known  # as of nearly all files
    name = path[cut:].lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    parts = name.split(".")
    if parts[-1] in _COMPRESSED and len(parts) > 2:  # app.log.gz, app.log.1.gz
        parts.pop()
    if parts[-1].isdigit() and len(parts) > 2:  # app.log.1
        parts.pop()
    return _BY_ENDING.get(parts[-1], "plaintext") if len(parts) > 1 else "plaintext"


def text_language_of(path: str) -> str:
    """The language of a file that is read as plain text: a notebook is JSON then."""
    language = language_of(path)
    return "json" if language == "jupyter" else language
