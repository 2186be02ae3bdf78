"""What an output states as its answer, and the plain values in it. Models write Markdown, units and accents at will."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

MARKER = re.compile(r"\bANSWER[*_`]*\s*[:：][*_`]*")
LOOSE_MARKER = re.compile(r"(?im)^[\W_]*(?:the\s+)?(?:final\s+)?answer(?:\s+is)?[*_`]*\s*[:：][*_`]*")
NUMBER = re.compile(
    r"(?<![\w.])(?<![\w.][-+])[-+]?(?:\d{1,3}(?:[,_\u00a0\u202f]\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:e[-+]?\d+)?(?![\d])",
    re.IGNORECASE,
)
BULLET = re.compile(r"^\s*(?:[-*•]\s+|\d+[.)]\s+)")
PAIR = re.compile(r"[(\[]\s*([^()\[\],]+?)\s*,\s*([^()\[\],]+?)\s*[)\]]")
BARE_PAIR = re.compile(r"^\s*([^\s,;()]+)\s*[,;]\s*([^\s,;()]+)\s*$")
SAME = str.maketrans("’‘“”–—−‑", "''\"\"----")
AROUND = " \t\r\n*_`'\".,;:!"


def final(output: str) -> str:
    """What follows the last `ANSWER:` (else the last line that begins with "Answer:"), else the whole output."""
    markers = list(MARKER.finditer(output)) or list(LOOSE_MARKER.finditer(output))
    tail = output[markers[-1].end() :] if markers else output
    return "\n".join(line for line in tail.splitlines() if not line.strip().startswith("```")).strip()


def has_marker(output: str) -> bool:
    return bool(MARKER.search(output) or LOOSE_MARKER.search(output))


def first_line(text: str) -> str:
    """The first line with anything in it."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def folded(text: object) -> str:
    """`text` for comparing: no accents, no case, plain quotes and dashes, single blanks."""
    decomposed = unicodedata.normalize("NFKD", str(text).translate(SAME))
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(plain.casefold().split())


def bare(text: object) -> str:
    """`text` for comparing whole values: folded, without the markup and punctuation around it."""
    value = folded(text)
    while value != (value := value.strip(AROUND)):
        pass
    for opening, closing in ("()", "[]", "{}", "<>"):
        if value.startswith(opening) and value.endswith(closing) and opening not in value[1:]:
            return bare(value[1:-1])
    return value


def numbers(text: str) -> list[float]:
    """The numbers that stand by themselves in `text`, in order: not those in p95 or host-17, but that of 49ms."""
    plain = text.translate(SAME)
    return [float(re.sub(r"[,_\u00a0\u202f]", "", match[0])) for match in NUMBER.finditer(plain)]


def only_number(text: object) -> float | None:
    """The value of a text that is one number, perhaps with a unit; None for anything else."""
    value = bare(text)
    match = re.fullmatch(rf"[$€£~]?\s*({NUMBER.pattern})\s*[a-zµ%/°]*", value, re.IGNORECASE)
    found = numbers(match[1]) if match else []
    return found[0] if found else None


def items(text: str, expected: list[str]) -> list[str]:
    """The members of a list: JSON, lines, or separated by `;`, else by `,` and "and" unless a right one holds them."""
    if (data := _json(text)) is not None and isinstance(data, list):
        return [str(item) for item in data]
    parts = re.split(r"[;\n]", _paragraph(text))
    if len([part for part in parts if part.strip()]) < 2:
        if not any("," in item for item in expected):
            parts = [piece for part in parts for piece in part.split(",")]
        if not any(" and " in item for item in expected):
            parts = [piece for part in parts for piece in re.split(r"(?:^|\s)and\s", part)]
    return [BULLET.sub("", part) for part in parts if bare(part)]


def entries(text: str) -> list[tuple[str, str]]:
    """The `key=value` (or `key: value`) pairs, in order: of a JSON object, of lines, or separated by `;` or `,`."""
    if isinstance(data := _json(text), dict):
        return [(str(key), str(value)) for key, value in data.items()]
    found = []
    # A comma separates only where another key follows: 1,405 is one value.
    for part in re.split(r"[;\n]|,(?=[^,;=:\n]*[^\s\d,;=:][^,;=:\n]*[=:])", text):
        key, sign, value = part.partition("=")
        if not sign:
            key, sign, value = part.rpartition(":")
        if sign and bare(BULLET.sub("", key)) and bare(value):
            found.append((BULLET.sub("", key), value))
    return found


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """The `(a, b)` pairs; without any, the lines that are `a, b`."""
    found = [(match[1], match[2]) for match in PAIR.finditer(text)]
    if not found:
        matches = (BARE_PAIR.match(BULLET.sub("", line)) for line in text.splitlines())
        found = [(match[1], match[2]) for match in matches if match]
    for one, other in found:
        yield bare(one), bare(other)


def _paragraph(text: str) -> str:
    return re.split(r"\n\s*\n", text.strip(), maxsplit=1)[0]


def _json(text: str) -> Any:
    """A JSON list or object at the start of `text`, else None."""
    if not text.startswith(("[", "{")):
        return None
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None
