"""A server process of its own that runs one script: prints by how many MiB its memory grew at the most."""

from __future__ import annotations

import asyncio
import resource
import sys
from pathlib import Path

from tests.scripted import FakeModel, asking, script

from rlm_ls.context.scope import Scope


async def main(folder: Path, text: Path, code: str) -> None:
    scope = Scope(kind="document", files=(text.as_uri(),))
    async with asking(folder, script_seconds=60.0, verb_seconds=5.0) as ask:
        await ask("", scope=scope, model=FakeModel([script("count('x')"), script("submit('x')")]))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await ask("", scope=scope, model=FakeModel([script(code), *[script("submit('x')")] * 9]))
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
