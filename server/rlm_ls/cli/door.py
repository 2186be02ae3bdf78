"""The way out to a terminal or a pipe: all that a command shows goes through here, and none of it is obeyed.

`out` and `err` are rich's consoles, whose own colours and status line work; the text within them is made visible.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from io import TextIOWrapper
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markdown import Markdown
from rich.segment import Segment

from rlm_ls.visible import guard_stderr, plain, visible, visible_json


class Door(Console):
    """A Console that writes escape sequences of its own making only."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text, style, control = segment
            if control:
                yield segment
                continue
            if style is not None and style.link:
                style = style.update_link(None)  # its address would be written raw, and would not be seen
            yield Segment(visible(text), style)

    @property
    def file(self) -> IO[str]:
        return plain(super().file)  # type: ignore[arg-type]

    @file.setter
    def file(self, new_file: IO[str]) -> None:
        self._file = new_file


# A terminal wraps at words; a file or a pipe gets whole lines.
out = Door(highlight=False, soft_wrap=not sys.stdout.isatty())
err = Door(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def guard() -> None:
    """What Python and libraries write to stderr (tracebacks, warnings, logs) is made visible as well."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that has no such character still shows it
    guard_stderr()


def markdown(text: str) -> Markdown:
    """Rendered, with the address of each link in sight."""
    return Markdown(visible(text), hyperlinks=False)


def write(text: str) -> None:
    """Plain text to stdout, for a pipe."""
    sys.stdout.write(visible(text))
    sys.stdout.flush()


def write_json(value: object, indent: int | None = None) -> None:
    sys.stdout.write(visible_json(value, indent) + "\n")
