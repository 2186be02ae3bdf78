"""`rlm/doctor`: what this server is and what it can do here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rlm_ls import __version__
from rlm_ls.lsp import wire

if TYPE_CHECKING:
    from rlm_ls.lsp.server import RlmServer


def register(server: RlmServer) -> None:
    @server.feature(wire.DOCTOR)
    async def request(_: wire.NoParams) -> dict[str, Any]:
        return await doctor(server)


async def doctor(server: RlmServer) -> dict[str, Any]:
    return await server.jobs.shared("doctor", lambda: _doctor(server))


async def _doctor(server: RlmServer) -> dict[str, Any]:
    engine = await server.door.engine()
    from rlm_ls.executors.toolchain import Toolchains, checkup

    settings = engine.settings
    compiled = await checkup(Toolchains(engine.store.folder), settings.levels)
    return {
        "version": __version__,
        "python": sys.version.split()[0],
        "executable": sys.executable,
        "models": {
            "root": list(settings.models.root),
            "sub": list(settings.models.sub),
            "code": list(settings.models.code),
        },
        "privacy": settings.privacy,
        "levels": list(settings.levels),
        "sandbox": {"name": compiled.sandbox, "whyNot": compiled.no_sandbox},
        "toolchains": [
            {
                "language": one.language,
                "target": one.target,
                "works": one.works,
                "version": one.version,
                "whyNot": one.why_not,
                "remedy": one.remedy,
            }
            for one in compiled.found
        ],
        "store": str(engine.store.folder),
        "positionEncoding": server.buffers.encoding,
    }
