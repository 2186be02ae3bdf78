"""`rlm-ls acp`: an agent for editors that speak the Agent Client Protocol."""

from __future__ import annotations

from rlm_ls.cli.terminal.session import run, user_settings
from rlm_ls.errors import BadRequest


def acp() -> None:
    """Be an agent in Zed, JetBrains, Neovim, Emacs (Agent Client Protocol, on stdio). Needs the extra `acp`."""
    run(_serve())


async def _serve() -> int:
    settings = user_settings()
    try:
        from rlm_ls.acp.serving import serve
    except ImportError:
        raise BadRequest("The Agent Client Protocol is not installed.", "pip install 'rlm-ls[acp]'.") from None
    await serve(settings)
    return 0
