"""What a compiler says, made short: the first error, its line in the program, the help text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from rlm_ls.errors import CompileFailed

MOST = 600
"""Characters of a message or of a note."""

MOST_SAID = 256 << 10
"""Bytes that are looked through for the first error: a macro can have a compiler say anything."""

OUTSIDE = "Programs see only the text they are given: no files, no environment."


def first_error_of_rustc(said: bytes, program: str) -> CompileFailed:
    """From `--error-format=json`: one JSON object a line."""
    said = said[:MOST_SAID]
    for message in _messages(said):
        if not str(message.get("level", "")).startswith("error") or str(message.get("message")).startswith("aborting"):
            continue
        line, label, text = _place(message.get("spans") or [], program)
        code = (message.get("code") or {}).get("code") or ""
        head = f"error[{code}]" if code.startswith("E") else "error"
        parts = [f"{head}: {_cut(str(message.get('message')))}"]
        if label:
            parts.append(f" ({_cut(label, 200)})")
        if text.strip():
            parts.append(f"\n    {_cut(text.strip(), 200)}")
        return CompileFailed("".join(parts), line, _advice(message), _remedy(str(message.get("message"))))
    return _other(said)


def first_error_of_c(said: bytes, program: str) -> CompileFailed:
    """From gcc, clang, zig and assemblers: `file:line:column: error: message`, then the line itself."""
    said = said[:MOST_SAID]
    lines = said.decode("utf-8", "replace").splitlines()
    for number, line in enumerate(lines):
        found = re.match(r"(?:(?P<file>.*?):(?P<line>\d+):(?:\d+:)? )?(?:fatal )?[eE]rror: (?P<message>.*)", line)
        if not found:
            continue
        inside = (found["file"] or "").endswith(program)
        shown = lines[number + 1].strip() if inside and number + 1 < len(lines) else ""
        shown = re.sub(r"^\d+ \| *", "", shown)
        message = f"error: {_cut(found['message'])}" + (f"\n    {_cut(shown, 200)}" if shown else "")
        notes = (one.split("note: ", 1)[1] for one in lines[number + 1 : number + 8] if "note: " in one)
        note = next(notes, "")
        return CompileFailed(
            message, int(found["line"]) if inside else 0, _cut(note and f"note: {note}"), _remedy(found["message"])
        )
    return _other(said)


def _messages(said: bytes) -> Iterator[dict[str, Any]]:
    for line in said.splitlines():
        if line.startswith(b"{"):
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(message, dict):
                yield message


def _place(spans: list[dict[str, Any]], program: str) -> tuple[int, str, str]:
    """Line in the program, label and text of the line. An error inside a macro is where the program uses it."""
    for span in sorted(spans, key=lambda one: not one.get("is_primary")):
        label = span.get("label") or ""
        at: dict[str, Any] | None = span
        while at is not None and at.get("file_name") != program:
            at = (at.get("expansion") or {}).get("span")
        if at is not None:
            text = at.get("text") or [{}]
            return int(at.get("line_start") or 0), label, str(text[0].get("text") or "")
    return 0, "", ""


def _advice(message: dict[str, Any]) -> str:
    children = message.get("children") or []
    for level in ("help", "note"):
        for child in children:
            if child.get("level") == level and "lint level is defined here" not in str(child.get("message")):
                replaced = [one.get("suggested_replacement") for one in child.get("spans") or []]
                shown = (
                    f": `{replaced[0].strip()}`" if len(replaced) == 1 and replaced[0] and replaced[0].strip() else ""
                )
                return f"{level}: {_cut(str(child.get('message')))}{_cut(shown, 200)}"
    return ""


def _remedy(message: str) -> str:
    hints = ("couldn't read", "environment variable", "file not found", "can't find crate", "unresolved import")
    return OUTSIDE if message.startswith(hints[:2]) or hints[2] in message else ""


def _other(said: bytes) -> CompileFailed:
    """No error in the usual form: a crash, or a linker."""
    text = said.decode("utf-8", "replace").strip()
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("{")), "")
    return CompileFailed(_cut(first) or "The compiler failed and did not say why.")


def _cut(text: str, most: int = MOST) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
