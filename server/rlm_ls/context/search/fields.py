"""Searches by the fields of a structured log, and what is said of lines that do not have them."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from rlm_ls.context.document import Selection
from rlm_ls.context.ops.fields.describing import Described, described
from rlm_ls.context.search.progress import Progress
from rlm_ls.context.search.scanner import Scanner
from rlm_ls.errors import ProgramError

DESCRIBED = 3
"""Documents whose fields are named where a field is not there."""

NAMED = 20
LONGEST_NAME = 60

ROLES: Mapping[str, tuple[str, ...]] = {
    "level": ("level", "severity", "lvl", "levelname", "loglevel", "log.level", "severity_text", "sev", "priority"),
    "time": ("time", "timestamp", "@timestamp", "ts", "datetime", "date", "t", "asctime", "__realtime_timestamp"),
    "status": ("status", "status_code", "statuscode", "http.status", "http.status_code", "response.status", "code"),
    "message": ("msg", "message", "event", "log", "text", "body"),
    "duration": ("duration", "took", "latency", "elapsed", "response_time", "request_time", "took_ms", "duration_ms"),
    "client": ("client_ip", "remote_addr", "client", "remote_ip", "src_ip", "ip", "remote"),
    "host": ("host", "hostname", "_hostname", "server", "host.name", "pod"),
    "path": ("path", "url", "uri", "request_uri", "http.path", "url.path", "endpoint", "route"),
}
"""What a field is for, by the names that logging libraries and collectors give it, the likelier first."""


@dataclass(slots=True)
class Fields:
    """The fields that a search asks for, and how many of the lines it saw do not have them."""

    names: tuple[str, ...]
    lines: int = 0
    missing: int = 0
    null: int = 0

    def add(self, seen: Sequence[int]) -> None:
        self.lines, self.missing, self.null = self.lines + seen[0], self.missing + seen[1], self.null + seen[2]

    @property
    def note(self) -> str:
        """What of the lines has no value; empty where all have one."""
        if not self.missing and not self.null:
            return ""
        name = " or ".join(self.names)
        null = f"in {self.null:,} {self.names[-1]} is null" if self.null else ""
        missing = f"{self.missing:,} hold no field {name}" if self.missing else ""
        return f"of {self.lines:,} lines, {', '.join(part for part in (missing, null) if part)}"


class FieldScanner(Scanner):
    """Searches for what patterns capture, in lines or in their fields."""

    async def captures(
        self,
        operation: str,
        within: Selection,
        progress: Progress,
        pattern: str,
        ignore_case: bool,
        multiline: bool,
        fields: Fields | None,
        **payload: Any,
    ) -> AsyncGenerator[Any, None]:
        """What an operation of `match` gives; of `fields`, if they are given, which are told what was seen."""
        if fields is None:
            results = self.matches(
                f"matching.match.{operation}", within, progress, pattern, ignore_case, multiline, **payload
            )
        else:
            payload |= {"names": list(fields.names), "pattern": pattern, "ignore_case": ignore_case}
            results = self.scan(f"fields.reading.{operation}", within, progress, **payload)
        async with aclosing(results):
            async for result in results:
                if fields is not None:
                    fields.add(result[0])
                    result = result[1:]
                yield result

    async def count_lines(
        self, pattern: str, within: Selection, fields: Fields, *, ignore_case: bool = False
    ) -> dict[str, int]:
        """Lines with a field that matches, per path. Raises BadPattern, and SearchTimeout rather than a low count."""
        progress = self.progress(within)
        counts: Counter[int] = Counter()
        results = self.captures("count", within, progress, pattern, ignore_case, False, fields)
        async with aclosing(results):
            async for found, _ in results:
                counts.update(found)
        if progress.note:
            raise progress.error("The count", "Narrow it: a smaller region.", counts.total())
        paths = self.context.documents.paths
        return {paths[doc]: count for doc, count in sorted(counts.items()) if count}

    async def describe(self, doc: int) -> Described:
        """The form and the fields of a Document, by some of its lines."""
        found: Described = await self.call("fields.describing.describe", file=self.context.files[doc])
        return found

    async def unknown(self, name: str, within: Selection) -> str:
        """What to say of a field that the first documents do not seem to have; empty if they do."""
        for one in await self._known_fields(within):
            if name == one or name.startswith((f"{one}.", f"{one}[")) or one.startswith(f"{name}."):
                return ""
        return f"no field {name[:200]!r} in the lines looked at. {await self.near(name, within)}" if within else ""

    async def _known_fields(self, within: Selection) -> list[str]:
        """Names of fields in the first documents."""
        names: dict[str, None] = {}
        for doc in list(dict.fromkeys(part.doc for part in within))[:DESCRIBED]:
            names.update(dict.fromkeys(name for name, _ in (await self.describe(doc))[1]))
        return list(names)

    async def check_seen(self, fields: Fields, within: Selection) -> str:
        """The note about lines without the fields. Raises ProgramError, with near names, where no line has them."""
        if fields.lines and fields.missing == fields.lines:
            name = " or ".join(fields.names)
            raise ProgramError(f"No line holds a field {name[:200]!r}.", await self.near(fields.names[0], within))
        return fields.note

    async def near(self, name: str, within: Selection) -> str:
        """Which fields there are, those whose names are like it first."""
        known = [one[:LONGEST_NAME] for one in await self._known_fields(within)]
        if not known:
            return "The lines are neither JSON nor logfmt: use a pattern."
        folded = {one.lower(): one for one in known}
        close = [folded[one] for one in difflib.get_close_matches(name[:100].lower(), folded, n=3, cutoff=0.5)]
        last = [one for one in known if one.rsplit(".", 1)[-1].lower() == name[:100].rsplit(".", 1)[-1].lower()]
        shown = list(dict.fromkeys([*last, *close, *known]))
        return f"Fields: {', '.join(shown[:NAMED])}{', …' if len(shown) > NAMED else ''}."


def roles(names: Sequence[str]) -> dict[str, str]:
    """Which of some fields is the level, the time, the status, the message … of a record, as far as names tell."""
    by_name = {name.lower(): name for name in reversed(names)}
    by_last = {name.lower().rsplit(".", 1)[-1]: name for name in reversed(names)}
    found: dict[str, str] = {}
    for role, usual in ROLES.items():
        known = [by_name[name] for name in usual if name in by_name] or [
            by_last[name] for name in usual if name in by_last
        ]
        if known:
            found[role] = known[0]
    return found


def fields_of_lines(lines: Sequence[str]) -> tuple[str, dict[str, str], dict[str, str]]:
    """The form of some lines (`JSON`, `logfmt` or empty), their fields with their types, and the `roles` of these."""
    form, fields = described([line.encode("utf-8", "replace") for line in lines])
    return form, dict(fields), roles([name for name, _ in fields]) if form else {}
