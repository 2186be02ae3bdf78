"""What stands around a program: it hands the text over and takes the result. A model never sees or writes these."""

from __future__ import annotations

from functools import cache
from pathlib import Path

NATIVE = {"rust": "native.rs", "c": "native.c"}


@cache
def native_prelude(language: str) -> str:
    """The root file for a native binary; the program is beside it, as program.rs or program.c.

    The binary takes its text from descriptor 0 (arguments: offset, bytes, its memory limit) and writes the result to
    descriptor 1, followed by the result's length in 8 bytes, little end first: what comes before was printed.
    """
    return Path(__file__).with_name(NATIVE[language]).read_text("utf-8")
