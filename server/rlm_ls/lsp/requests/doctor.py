"""`rlm/doctor`: what this server is and what it can do here; `rlm/models`: who could answer."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rlm_ls import __version__
from rlm_ls.lsp import wire

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.lsp.services import Services


def register(server: LanguageServer, services: Services) -> None:
    @server.feature(wire.DOCTOR)
    async def request(_: wire.NoParams) -> dict[str, Any]:
        return await doctor(services)

    @server.feature(wire.MODELS)
    async def models_request(_: wire.NoParams) -> dict[str, Any]:
        return await services.jobs.shared("models", lambda: models(services))


async def models(services: Services) -> dict[str, Any]:
    """Which models are configured, and which could be. Asks servers on this machine for lists; opens no engine."""
    from rlm_ls.models.local_servers import KEYS, local_servers, usable_keys

    settings = await services.configuration.current()
    return {
        "root": list(settings.models.root),
        "local": [
            {"server": one.name, "address": one.address, "models": list(one.models)}
            for one in await local_servers(os.environ)
        ],
        "keys": [
            {"variable": variable, "model": model, "set": variable in usable_keys(os.environ)}
            for variable, model in KEYS.items()
        ],
    }


async def doctor(services: Services) -> dict[str, Any]:
    return await services.jobs.shared("doctor", lambda: _doctor(services))


async def _doctor(services: Services) -> dict[str, Any]:
    engine = await services.engine_loader.engine()
    from rlm_ls.engine.abilities import Learnt
    from rlm_ls.executors.compiled.toolchains.checkup import checkup
    from rlm_ls.executors.compiled.toolchains.installed import Toolchains

    settings = engine.settings
    learnt = await asyncio.to_thread(Learnt(engine.store.folder).of_settings, settings, os.environ)
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
        "abilities": None if learnt is None else asdict(learnt) | {"route": learnt.route},
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
        "positionEncoding": services.buffers.encoding,
    }
