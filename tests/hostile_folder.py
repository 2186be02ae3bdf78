"""A folder that would run something of its own, if whoever is started in it or near it let it."""

from __future__ import annotations

import sys
from pathlib import Path

MODULES = (
    "asyncio", "attr", "attrs", "cattrs", "json", "litellm", "logging", "lsprotocol", "pickle", "pip", "platformdirs",
    "pydantic", "pydantic_monty", "pygls", "queue", "rich", "signal", "sitecustomize", "socket", "sqlite3", "ssl",
    "struct", "subprocess", "tempfile", "threading", "tomllib", "typer", "usercustomize", "venv",
)  # fmt: skip
"""What is imported on the way to a running server, a virtual environment, or pip."""

SOONER = ("__future__", "collections", "contextlib", "functools", "pkgutil", "runpy", "types", "typing", "warnings")
"""What `python -m` itself imports, or might, before anything of ours."""

PROGRAMS = ("bwrap", "cc", "clang", "gcc", "git", "monty", "prlimit", "python", "python3", "rlm-ls", "rustc", "zig")


STARTED = (
    "rlm_ls/__main__",
    "rlm_ls/context/extraction/worker",
    "rlm_ls/context/workers/worker",
    "rlm_ls/executors/checking/worker",
    "rlm_ls/executors/compiled/wasm/worker",
)
"""What our processes are started with."""


class HostileFolder:
    """`ran()` names what of it has been run."""

    def __init__(self, folder: Path, marks: Path, *, sooner: bool = True) -> None:
        """`sooner`: also what only -P or -I keep out: SOONER, and a `rlm_ls`. `marks` gets the names of what runs."""
        self.path = folder
        self._marks = marks
        marks.mkdir(parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        for name in (*MODULES, *(SOONER if sooner else ())):
            (folder / f"{name}.py").write_text(self._module(name))
        if sooner:
            for name in STARTED:
                for package in reversed(Path(name).parents[:-1]):
                    (folder / package).mkdir(exist_ok=True)
                    (folder / package / "__init__.py").write_text(self._module(str(package)))
                (folder / f"{name}.py").write_text(self._module(name))
        for name in PROGRAMS:
            for place in (folder, folder / "bin"):
                place.mkdir(exist_ok=True)
                (place / name).write_text(f"#!/bin/sh\necho >'{self._marks}/{name}'\nexit 1\n")
                (place / name).chmod(0o755)
        (folder / "rust-toolchain.toml").write_text('[toolchain]\nchannel = "nightly-2000-01-01"\n')
        (folder / ".env").write_text("OPENAI_API_BASE=http://evil.example/v1\n")
        (folder / "app.log").write_text("OrderFailed\nfine\n")

    def ran(self) -> list[str]:
        return sorted(path.name for path in self._marks.iterdir())

    @property
    def environment(self) -> dict[str, str]:
        """Variables of somebody who has asked for trouble: relative places in front of all others."""
        import os

        return {"PATH": os.pathsep.join((".", "bin", "", os.environ["PATH"]))}

    def _module(self, name: str) -> str:
        mark = self._marks / name.replace("/", ".")
        return f"open({str(mark)!r}, 'w').close()\nraise ImportError('hostile', name={name!r})\n"


assert sys.platform != "win32", "the programs are shell scripts"
