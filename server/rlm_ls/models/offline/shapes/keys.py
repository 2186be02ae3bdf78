"""Columns that carry their names with them: JSON, logfmt, `key=value` in a message, tables with a heading, and numbers
with a unit behind a word."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rlm_ls.models.offline.shapes.column import (
    COMPOUND,
    END,
    NUMBER,
    SIZE_UNITS,
    SPELLED,
    TIME_UNITS,
    Column,
    cell_kind,
    is_key,
    kind_of,
    most_common,
    unit_of,
)
from rlm_ls.models.offline.shapes.grid import cell_column

MOST_COLUMNS = 80
LEAST_SAME = 5
"""What so often stands behind a word, always the same, is no value of it."""
DEEPEST = 3
THOUSANDS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?"
LONG_UNITS = r"s|ns|nanos\w*|µs|μs|us|usec\w*|micros\w*|ms|msecs?|millis\w*|secs?|seconds?|mins?|minutes?|hrs?|hours?"
TIMED = rf"{NUMBER}(?:(?:{TIME_UNITS})| (?:{LONG_UNITS}))"
"""A duration: a blank stands before none of the units of one letter, which may be anything."""
UNQUOTED = r"(?:(?!\\[nrt]\")[^\s,;\"'\])}])"
"""A character of a bare value, which ends before the `\\n"` that ends a line in a container's JSON."""
SPACED = r"\d+(?:\.\d+)? (?:ms|us|µs|ns|sec|seconds|min|minutes)(?=[\s,;)\]]|$)"
QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'[^']*'"
PAIR = re.compile(
    rf"(?:(?<![\w.@\"/?&-])|(?<=: \")|(?<=:\"))([A-Za-z_@][\w.@-]*)=({QUOTED}|{THOUSANDS}|{SPACED}|{UNQUOTED}*)"
)
"""A name begins where none of its signs stands before: it is looked at once, however long it is."""
COMMAND = re.compile(r"(?:^|[\s;])(?i:command|cmd|cmdline)=[^\s\"'=]+(?: [^=]+)?$")
"""A command at the end of its line: what stands behind its name are its arguments."""
PAIR_START = r"(?:^|[\s,;:|(\[{]|:\"|: \")"
QUOTED_PAIR = re.compile(r"\"([\w.@-]+)\"\s*:\s*(\"(?:[^\"\\]|\\.)*\"|-?\d[\d.eE+-]*|true|false|null)")
MEASURE = re.compile(
    rf"(?:\b([A-Za-z_][\w-]{{0,40}})\s{{0,3}}[:=]?\s{{0,3}})(?<![\w.])({TIMED}|{NUMBER}\s?(?:{SIZE_UNITS}|%)|{COMPOUND})(?![\w/-])"
)


def json_columns(records: Sequence[Mapping[str, Any]]) -> list[Column]:
    """A column for each path to a plain value."""
    found: dict[tuple[str, ...], list[Any]] = {}
    for record in records:
        _walk(record, (), found)
    columns = []
    for path, values in list(found.items())[:MOST_COLUMNS]:
        before = (
            r"^\s*\{.*?"
            if len(path) == 1
            else r"^\s*\{.*?" + "".join(rf"\"{re.escape(key)}\"\s*:\s*\{{.*?" for key in path[:-1])
        )
        before += rf"\"{re.escape(path[-1])}\"\s*:\s*"
        name = ".".join(path)
        texts = [_text(value) for value in values]
        kind, share = kind_of(name, texts), len(values) / max(1, len(records))
        strings = sum(isinstance(value, str) for value in values)
        if strings == len(values):
            before, value, after = before + '"', r"(?:[^\"\\]|\\.)*", '"'
        elif strings == 0:
            value, after = r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null", r"\s*[,}]"
        else:
            before, value, after = before + '"?', r"[^\",}]*", r"\"?\s*[,}]"
        columns.append(Column(name, kind, before, value, after, unit_of(name), most_common(texts), share))
    return columns


def wrapped_columns(records: Sequence[Mapping[str, Any]]) -> list[Column]:
    """The columns of JSON that stands as a string in other JSON, as containers' logs do."""
    columns: list[Column] = []
    for key in list(records[0]) if records else ():
        inner = [_object(record.get(key)) for record in records]
        found = [one for one in inner if one is not None]
        if len(found) < 0.5 * len(records):
            continue
        for column in json_columns(found):
            if "." in column.name:
                continue
            before = rf"\\\"{re.escape(column.name)}\\\"\s*:\s*(?:\\\")?"
            after = r"(?:\\\")?\s*[,}]"
            share = column.share * len(found) / len(records)
            columns.append(replace(column, before=before, value=r"[^\"\\,}]*", after=after, share=share))
    return columns


def _object(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _walk(value: Mapping[str, Any], path: tuple[str, ...], found: dict[tuple[str, ...], list[Any]]) -> None:
    for key, inner in value.items():
        here = (*path, str(key))
        if isinstance(inner, Mapping):
            if len(here) < DEEPEST:
                _walk(inner, here, found)
        elif not isinstance(inner, list) and len(found) < MOST_COLUMNS * 2:
            found.setdefault(here, []).append(inner)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def plain_pairs(lines: Sequence[str]) -> list[Column]:
    """`key=value` anywhere in the lines."""
    found: dict[str, list[str]] = {}
    for line in lines:
        for match in PAIR.finditer(line):
            found.setdefault(match[1], []).append(match[2])
    return [_pair(name, values, len(lines)) for name, values in list(found.items())[:MOST_COLUMNS]]


def pair_columns(lines: Sequence[str]) -> list[Column]:
    """`key=value` anywhere in the lines, and `"key": value` in lines that are no JSON as a whole."""
    columns = [_whole_command(column, lines) for column in plain_pairs(lines)]
    taken = {column.name for column in columns}
    quoted: dict[str, list[str]] = {}
    for line in lines:
        for match in QUOTED_PAIR.finditer(line):
            if match[1] not in taken:
                quoted.setdefault(match[1], []).append(match[2])
    for name, values in list(quoted.items())[:MOST_COLUMNS]:
        texts = [value.strip('"') for value in values]
        before = rf"\"{re.escape(name)}\"\s*:\s*\"?"
        kind, share = kind_of(name, texts), len(values) / len(lines)
        after = r"\"?\s*[,}]"
        columns.append(Column(name, kind, before, r"[^\",}\]]*", after, unit_of(name), most_common(texts), share))
    return columns


def _pair(name: str, values: Sequence[str], lines: int) -> Column:
    texts = [value.strip("\"'") for value in values]
    before = PAIR_START + rf"{re.escape(name)}="
    quotes = sum(value[:1] in "\"'" and value != "" for value in values)
    if quotes == len(values):
        before, value, after = before + '"', r"(?:[^\"\\]|\\.)*", '"'
    elif quotes:
        before, value, after = before + '"?', r"[^\s\",;]+", ""
    else:
        value, after = f"{SPACED}|{UNQUOTED}+" if any(" " in text for text in texts) else f"{UNQUOTED}+", ""
        if any("," in text for text in texts):
            value = f"{THOUSANDS}|{value}"
    return Column(
        name, kind_of(name, texts), before, value, after, unit_of(name), most_common(texts), len(values) / max(1, lines)
    )


def _whole_command(column: Column, lines: Sequence[str]) -> Column:
    """The column with a command's arguments, where it is the last of its lines."""
    if not re.fullmatch("(?i)command|cmd|cmdline", column.name):
        return column
    found = [match[0].split("=", 1)[1] for line in lines if (match := COMMAND.search(line))]
    if not found or sum(f"{column.name}=" in line for line in lines) != len(found):
        return column
    return replace(column, value=r"[^\s\"'=][^=]*", after="$", values=most_common(found))


def measure_columns(lines: Sequence[str], known: Iterable[str]) -> list[Column]:
    """Numbers with a unit behind a word: `took 12ms`, `in 1.5 s`, `duration: 3 ms`."""
    taken = set(known)
    found: dict[str, list[str]] = {}
    for line in lines:
        for match in MEASURE.finditer(line):
            if match[1] and match[1] not in taken:
                found.setdefault(match[1], []).append(match[2])
    columns = []
    for name, values in list(found.items())[:MOST_COLUMNS]:
        if name.lower() in {"at", "line", "version", "v", "port", "the", "a"}:
            continue
        size = all(re.search(rf"\d\s?(?:{SIZE_UNITS})$", value) for value in values)
        value = rf"{NUMBER}\s?(?:{SIZE_UNITS})" if size else rf"(?:{COMPOUND})|{TIMED}|{NUMBER}\s?%"
        kind = "size" if size else "duration" if not any(v.endswith("%") for v in values) else ""
        before = rf"\b{re.escape(name)}\s*[:=]?\s*"
        columns.append(
            Column(name, kind, before, value, END, "", most_common(values), len(values) / max(1, len(lines)))
        )
    return columns


MEASURED = rf"{SPELLED}|{NUMBER}(?: ?(?:{SIZE_UNITS}|{LONG_UNITS}|%)(?![\w/]))?"
LABELLED = re.compile(rf"(?:^|[\s|(\]-])([A-Za-z][\w-]*(?: [\w-]+){{0,3}}): ({MEASURED})(?=[\s,;)\]]|$)")
USER = r"\b[Uu]ser[ =:]+['\"]?([\w.@-]*\w)"
NO_USER = set(
    re.findall(
        r"\w+", "is was has not no agent logged in on with and or for from name id the a does did could input data"
    )
)
ASSIGNED = re.compile(r"(?<![\w.-])([A-Za-z_]\w*) = ([\w./@-]*\w)(?=[\s,;)\]]|$)")
METHOD = r"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)"
SPOKEN = re.compile(r"(?<![\w.-])([A-Za-z_]\w*): ([\w./@-]*\w)(?=[\s,;)\]]|$)")
ALIGNED_CELL = r"\S+(?: \S+)*"
BARE = re.compile(rf"(?<![\w.])({TIMED}|{COMPOUND})(?![\w/-])")


def loose_columns(lines: Sequence[str], known: Sequence[Column]) -> list[Column]:
    """What can be told by itself: requests in a message, `user: bob`, and the one duration of a line."""
    kinds, names = {column.kind for column in known}, {column.name for column in known}
    columns: list[Column] = []

    def add(name: str, kind: str, before: str, value: str, after: str = END, least: float = 0.2) -> None:
        found = [match[1] for line in lines for match in re.finditer(f"{before}({value}){after}", line)]
        if found and kind not in kinds and len(found) >= least * len(lines):
            columns.append(Column(name, kind, before, value, after, "", most_common(found), len(found) / len(lines)))

    add("method", "method", r"\b", METHOD, r" (?:/|https?:)")
    add("path", "path", rf"\b{METHOD} ", r"(?:/|https?://)[^\s\"?]*", "")
    add("status", "status", r"HTTP/[\d.]+\"? ", r"\d{3}")
    add("size", "size", r"\b(?i:size)[ :=]+", r"\d+", least=0.1)
    spoken: dict[str, list[str]] = {}
    for line in lines:
        for match in SPOKEN.finditer(line):
            if match[1] not in names and kind_of(match[1]) not in {"", "level", "time", "message", "error"}:
                spoken.setdefault(match[1], []).append(match[2])
    for name, values in spoken.items():
        told = len(set(values)) > 1 or len(values) < LEAST_SAME  # LOGIN: Client
        if told and len(values) >= 0.1 * len(lines) and (kind := kind_of(name, values)):
            before = rf"\b{re.escape(name)}: "
            columns.append(
                Column(name, kind, before, r"[\w./@-]*\w", END, "", most_common(values), len(values) / len(lines))
            )
    users = [match[1] for line in lines for match in re.finditer(USER, line)]
    if not any(value.lower() in NO_USER for value in users):
        add("user", "user", r"\b[Uu]ser[ =:]+['\"]?", r"[\w.@-]*\w", END, 0.1)
    columns += _labelled(lines, names | {column.name for column in columns})
    if "duration" not in names:
        alone = [found[0] for line in lines if len(found := BARE.findall(line)) == 1]
        others = max((column.share for column in [*known, *columns] if column.kind == "duration"), default=0.0)
        if len(alone) >= 0.05 * len(lines) and len(alone) > max(1.0, others * len(lines)):
            value = rf"(?:{COMPOUND})|{TIMED}"
            columns.append(
                Column(
                    "duration",
                    "duration",
                    r"(?:^|[\s(:=])",
                    value,
                    END,
                    "",
                    most_common(alone),
                    len(alone) / len(lines),
                    True,
                )
            )
    return columns


def only_duration(lines: Sequence[str]) -> Column | None:
    """The one duration that each of these lines has, where nothing names it."""
    found = [BARE.findall(line) for line in lines]
    if not found or any(len(one) != 1 for one in found):
        return None
    values = [one[0] for one in found]
    return Column(
        "duration", "duration", r"(?<![\w.])", rf"{TIMED}|{COMPOUND}", r"(?![\w/-])", "", most_common(values), 1, True
    )


def _labelled(lines: Sequence[str], known: set[str]) -> list[Column]:
    """Bare numbers behind words and a colon, `Notification time out: 1600`, and what stands behind ` = `."""
    columns = []
    for pattern, sign, value in ((LABELLED, ": ", MEASURED), (ASSIGNED, " = ", r"[\w./@-]*\w")):
        found: dict[str, list[str]] = {}
        for line in lines:
            for match in pattern.finditer(line):
                if match[1] not in known:
                    found.setdefault(match[1], []).append(match[2])
        columns += [
            Column(
                name,
                _measured(values),
                rf"\b{re.escape(name)}{sign}",
                value,
                END,
                "",
                most_common(values),
                len(values) / len(lines),
            )
            for name, values in list(found.items())[:MOST_COLUMNS]
            if len(values) > 1
        ]
    return columns


def _measured(values: Sequence[str]) -> str:
    """The kind of numbers by their units."""
    if all(re.search(rf"\d ?(?:{SIZE_UNITS})$", value) for value in values):
        return "size"
    return "duration" if all(re.search(rf"\d ?(?:{LONG_UNITS})$", value) for value in values) else ""


def aligned_columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Column]:
    """The columns of a table whose cells stand below each other, at least two blanks apart."""
    return [
        cell_column(
            name,
            "^" + (rf"(?:{ALIGNED_CELL}\s{{2,}}){{{number}}}" if number else ""),
            ALIGNED_CELL,
            r"(?:\s{2,}|\s*$)",
            texts,
            key=is_key(number, texts),
        )
        for number, name in enumerate(names)
        if (texts := [row[number] for row in rows if number < len(row)])
    ]


def table_columns(names: Sequence[str], rows: Sequence[Sequence[str]], separator: str) -> list[Column]:
    """The columns of a table whose cells stand between `separator`."""
    cell = {
        ",": r"(?:\"(?:[^\"]|\"\")*\"|[^,]*)",
        ";": r"(?:\"(?:[^\"]|\"\")*\"|[^;]*)",
        "\t": r"[^\t]*",
        " ": r"\S+",
        "|": r"[^|]*",
    }[separator]
    sign = re.escape(separator) if separator != " " else " "
    columns = []
    for number, name in enumerate(names[:MOST_COLUMNS]):
        texts = [row[number] for row in rows if number < len(row)]
        before = "^" + (rf"(?:{cell}{sign}){{{number}}}" if number else "") + ('"?' if separator in ",;" else "")
        value = {",": r"[^\",]*", ";": r"[^\";]*"}.get(separator, cell)
        if separator in ",;" and any(separator in text for text in texts):
            value = rf"(?<=\")[^\"]*|{value}"
        after = ('"?' if separator in ",;" else "") + (sign if number < len(names) - 1 else f"(?:{sign}|$)")
        columns.append(
            Column(
                name,
                cell_kind(name, texts),
                before,
                value,
                after,
                unit_of(name),
                most_common(texts),
                key=is_key(number, texts),
            )
        )
    return columns
