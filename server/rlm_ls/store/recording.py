"""A recording: the trace of one run as a text file, which repeats the run without a model.

JSON Lines: a header, then one event a line, `\\n` line ends, UTF-8. A recording belongs to no machine: `relativise`
takes the folder it was made in out of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rlm_ls.errors import BadRequest, StoreFailed
from rlm_ls.private import replace_file

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Header:
    """`made` is an ISO date; `rlm_ls` is the version that made the recording."""

    rlm_ls: str
    model: str
    made: str
    note: str = ""

    def wire(self) -> dict[str, Any]:
        return {
            "recording": FORMAT,
            "rlmLs": self.rlm_ls,
            "model": self.model,
            "made": self.made,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Recording:
    header: Header
    events: tuple[dict[str, Any], ...]


def write_recording(path: Path, events: Iterable[Mapping[str, Any]], header: Header) -> None:
    """Write the whole file or none of it. Blocks: call it from a thread. Raises StoreFailed."""
    lines = [json.dumps(header.wire(), ensure_ascii=False), *(_line(event) for event in events)]
    data = "".join(line + "\n" for line in lines).encode("utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data, 0o644)  # a recording is there to be shared
    except OSError as error:
        raise StoreFailed(f"The recording {path} cannot be written: {error.strerror}.", "Name another file.") from error


def read_recording(path: Path) -> Recording:
    """Read a recording. Blocks: call it from a thread. Raises StoreFailed (no such file), BadRequest (no recording)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreFailed(f"The recording {path} cannot be read: {error.strerror}.", "Check its name.") from error
    # By `\n` alone: U+2028 and its like are part of a JSON string, not ends of lines.
    lines = [line for line in enumerate(data.split(b"\n"), start=1) if line[1].strip()]
    if not lines:
        raise BadRequest(f"{path} is empty; a recording begins with a header.")
    header = _header(path, *lines[0])
    return Recording(header, tuple(_event(path, number, line) for number, line in lines[1:]))


def relativise(events: Sequence[Mapping[str, Any]], root: Path) -> list[dict[str, Any]]:
    """The events with `root` taken out of every string, as a path and as a URI: what is left is relative to it.

    The folder that the run was asked from is left out.
    """
    roots = {root.absolute(), root.resolve()}
    forms = {form for each in roots for form in (*_uri_forms(each), str(each), each.as_posix())}
    # The longest first: the URI of a folder holds its path.
    ordered = sorted(forms, key=len, reverse=True)
    # Where the run was asked from is nobody's business: a recording's paths start where it is replayed.
    kept = ({key: value for key, value in event.items() if key != "folder"} for event in events)
    return [{key: _relative(value, ordered) for key, value in event.items()} for event in kept]


def _uri_forms(folder: Path) -> set[str]:
    """Python and VS Code differ in what they escape (`file:///C:/a` and `file:///c%3A/a`); all forms end alike."""
    path = folder.as_posix()
    prefix = "file://" if path.startswith("/") else "file:///"
    lower = path[:1].lower() + path[1:]
    return {
        folder.as_uri(),
        *(prefix + quote(each, safe=safe) for each in (path, lower) for safe in ("/", "/:@", "/:")),
    }


def _relative(value: Any, forms: list[str]) -> Any:
    match value:
        case str():
            for form in forms:
                for separator in ("/", "\\"):
                    value = value.replace(form + separator, "")
                if value == form:
                    value = "."
            return value
        case Mapping():
            return {key: _relative(item, forms) for key, item in value.items()}
        case list() | tuple():
            return [_relative(item, forms) for item in value]
    return value


def _line(event: Mapping[str, Any]) -> str:
    text = json.dumps(event, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair in model-written text
        return json.dumps(event)
    return text


def _header(path: Path, number: int, line: bytes) -> Header:
    value = _event(path, number, line, what="the header")
    version = value.get("recording")
    if not isinstance(version, int):
        raise BadRequest(f'{path}:{number} is no header of a recording ({{"recording": {FORMAT}, …}}).')
    if version > FORMAT:
        raise StoreFailed(f"{path} was made by a newer rlm-ls (format {version}).", "Upgrade rlm-ls.")
    texts = {name: value.get(name, "") for name in ("rlmLs", "model", "made", "note")}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise BadRequest(f"{path}:{number}: `{name}` is not a text.")
    return Header(rlm_ls=texts["rlmLs"], model=texts["model"], made=texts["made"], note=texts["note"])


def _event(path: Path, number: int, line: bytes, what: str = "an event") -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise BadRequest(f"{path}:{number} is not JSON: {error}.", "Record the run again.") from error
    if not isinstance(value, dict):
        raise BadRequest(f"{path}:{number} is not {what}: a JSON object was expected.", "Record the run again.")
    if what == "an event" and not isinstance(value.get("type"), str):
        raise BadRequest(f"{path}:{number} is not an event: it has no `type`.", "Record the run again.")
    return value
