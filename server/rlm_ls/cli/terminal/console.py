"""Output to a terminal or a pipe. Everything that a command shows is written here, and control characters in it have no
effect.

`out` and `err` are rich's consoles: their own colours and status line work; control characters in the texts are shown
as escapes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from typing import IO, TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from rlm_ls.visible import guard_stderr, plain, visible, visible_json

if TYPE_CHECKING:
    from rich.markdown import Markdown


class VisibleConsole(Console):
    """A Console that writes no escape sequences but its own: those in a text are shown."""

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
out = VisibleConsole(highlight=False, soft_wrap=not sys.stdout.isatty())
err = VisibleConsole(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def guard() -> None:
    """Makes control characters visible also in what Python and libraries write to stderr (tracebacks, warnings,
    logs). Where standard input is closed there is an empty one."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - for as long as the process runs
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that has no such character still shows it
    guard_stderr()


def markdown(text: str) -> Markdown:
    """Markdown, rendered. The address of each link is shown beside it."""
    from rich.markdown import Markdown  # a tenth of a second, which most commands have no use for

    return Markdown(visible(text), hyperlinks=False)


def write(text: str) -> None:
    """Plain text to stdout, for a pipe."""
    sys.stdout.write(visible(text))
    sys.stdout.flush()


def write_json(value: object, indent: int | None = None) -> None:
    sys.stdout.write(visible_json(value, indent) + "\n")
