"""What a verb says of a pattern that found nothing and may want to cross lines: none does, unless it is told to."""

from __future__ import annotations

import re

from rlm_ls.executors.scripts.host import VerbHost

_NOT_ONE_OF = re.compile(r"\[\^[^\]]*\]")
_CROSSES = re.compile(r"\n|(?<!\\)(?:\\\\)*\\n|\[\\s\\S\]|\[\\S\\s\]|\[\\w\\W\]|\(\?[aimux]*s[aimux]*[:)]")


def tell_of_lines(host: VerbHost, call: str, pattern: str, *, multiline: bool) -> None:
    """Note, after a search that found nothing, that its pattern was matched line by line, if that may be why."""
    if not multiline and _CROSSES.search(_NOT_ONE_OF.sub("", pattern)):
        host.note(f"{call}: nothing, line by line; multiline=True lets a match cross lines")
