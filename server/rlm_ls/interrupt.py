"""Ctrl-C before there is anything to stop, and after: the process ends at once, without a traceback.

A KeyboardInterrupt would come up in the middle of whatever runs: a library that is being imported takes it for its own
failure, and so does a parser of command lines. A command whose work is under way has a handler of its own
(`cli/terminal/session.py`). Imports only what the interpreter itself has loaded, like `isolation`.
"""

import os
from _signal import SIGINT, default_int_handler, getsignal, signal  # type: ignore[import-not-found]

CODE = 130
"""Exit code of what was ended by Ctrl-C, as shells have it."""


def end_at_interrupt() -> None:
    """From now on, unless the process was started with Ctrl-C ignored."""
    if getsignal(SIGINT) is default_int_handler:
        signal(SIGINT, end_at_once)


def end_at_once(_number: int = 0, _frame: object = None) -> None:
    """As a handler. What was not written yet is lost; nothing is waited for."""
    os._exit(CODE)
