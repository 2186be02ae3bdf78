"""What a model's program is compiled with: the prelude of its language and form, and a few lines behind its own.

The program is a file of its own, so that it cannot close a brace of the prelude and leave the module that forbids
`unsafe`, and so that a compiler's line numbers are the model's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from rlm_ls.errors import CompileFailed
from rlm_ls.executors.preludes import native_prelude

Language = Literal["rust", "c", "wat"]
Target = Literal["wasm", "native"]

MOST_SOURCE = 200_000
"""Characters of a program."""

SIGNATURES: dict[Language, str] = {
    "rust": "`fn analyze(input: &str) -> String`; or, for a stream of pieces of whole lines, `fn init() -> State`, "
    "`fn feed(state: &mut State, text: &str)` and `fn finish(state: State) -> String`",
    "c": "`char *analyze(const char *text, size_t size)`, which returns a string",
    "wat": 'exports "memory" and "run" (param $text i32) (param $length i32) (result i64), the output\'s '
    "address << 32 | length",
}

_FUNCTION = re.compile(r"\bfn\s+(analyze|init|feed|finish)\b")
_ANALYZE = re.compile(r"^([ \t]*)fn(?=\s+analyze\b)", re.MULTILINE)
_C_FUNCTION = re.compile(r"\banalyze\s*\(")
_STREAM = {"init", "feed", "finish"}


@dataclass(frozen=True, slots=True)
class Wrapped:
    """`prelude` is the root that takes in `source`. Lines of `source` after `lines` are not the model's."""

    source: str
    prelude: str
    lines: int


def wrap(source: str, language: Language, target: Target) -> Wrapped:
    """Raises CompileFailed for what need not be compiled to see that it cannot work."""
    if len(source) > MOST_SOURCE:
        raise CompileFailed(
            f"The program has {len(source):,} characters; the limit is {MOST_SOURCE:,}.",
            remedy="Data does not belong into a program: it gets the text as its input.",
        )
    lines = source.count("\n") + 1
    if language == "wat":
        return Wrapped(source, "", lines)
    if language == "c":
        if not _C_FUNCTION.search(source):
            raise CompileFailed("There is no function analyze.", remedy=f"Write {SIGNATURES['c']}.")
        return Wrapped(source, native_prelude("c") if target == "native" else _part("wasm.c"), lines)
    defined = set(_FUNCTION.findall(source))
    form = "analyze" if "analyze" in defined else "stream" if defined >= _STREAM else ""
    if target == "native" and form:
        own = _ANALYZE.sub(r"\1pub fn", source) if form == "analyze" else f"{source}\n{_part('native_stream.rs')}"
        return Wrapped(own, native_prelude("rust"), lines)
    if form:
        root = "".join(_part(name) for name in ("wasm.rs", f"{form}_root.rs", f"wasm_{form}.rs"))
        return Wrapped(f"{source}\n{_part(f'{form}.rs')}", root, lines)
    raise CompileFailed("There is no fn analyze.", remedy=f"Write {SIGNATURES['rust']}.")


def explained(error: CompileFailed, wrapped: Wrapped, language: Language) -> CompileFailed:
    """A compiler's error; one in lines that are not the model's says that its functions do not fit."""
    if error.line <= wrapped.lines or language == "wat":
        return error
    return CompileFailed(
        error.message.split("\n")[0], 0, error.note, f"The program must define {SIGNATURES[language]}."
    )


@cache
def _part(name: str) -> str:
    place = files("rlm_ls.executors.preludes") / name
    return place.read_text("utf-8") if place.is_file() else ""
