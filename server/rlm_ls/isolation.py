"""Isolation of our processes from the folder they are started in: nothing in it is imported or run.

An editor starts the server in the folder that was opened, and people run commands in folders that others wrote. Python
would import from there, and the system would run programs from there, where a search path says so. This module changes
the search paths; the rest is up to whoever starts Python: without `-P` or `-I` a folder's own `rlm_ls` is imported in
place of this one. It imports only what the interpreter itself has loaded: anything that came from a folder would have
run by then.
"""

import os
import sys

PLACE = "/" if os.name == "posix" else sys.prefix
"""The working folder of our processes. Only those may write there who may write this program as well."""


def isolate(*, as_module: bool) -> None:
    """To be called before anything else is imported. `as_module`: this is `python -m`, which put a folder in front."""
    if as_module and not sys.flags.safe_path:
        del sys.path[0]
    relative = {os.path.abspath(place) for place in _places("PYTHONPATH") if not os.path.isabs(place)}
    sys.path[:] = [place for place in sys.path if os.path.isabs(place) and place not in relative]
    for name in ("PATH", "PYTHONPATH"):
        if name in os.environ:
            os.environ[name] = os.pathsep.join(place for place in _places(name) if os.path.isabs(place))
    # Windows looks for a program in the folder it is in before all others, unless it is told otherwise.
    os.environ["NODEFAULTCURRENTDIRECTORYINEXEPATH"] = "1"


def step_aside() -> None:
    """Change to PLACE from the folder that a language server was started in. Variables with relative paths keep their
    meaning."""
    if state := os.environ.get("RLM_STATE_DIR"):
        os.environ["RLM_STATE_DIR"] = os.path.abspath(os.path.expanduser(state))
    os.chdir(PLACE)


def python(*arguments: str) -> list[str]:
    """The command that runs this Python for a child of ours, at least as isolated as we are. Start it in PLACE."""
    return [sys.executable, "-I" if sys.flags.isolated else "-P", *arguments]


def _places(variable: str) -> list[str]:
    return os.environ[variable].split(os.pathsep) if variable in os.environ else []
