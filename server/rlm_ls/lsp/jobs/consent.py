"""Asking the user before a run spends more than `budget.askAboveUsd`: `window/showMessageRequest`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from rlm_ls.lsp.client import unlinked

if TYPE_CHECKING:
    from rlm_ls.lsp.services import Services

GO_ON = "Go on"
STOP_HERE = "Stop here"


async def ask_to_go_on(services: Services, question: str) -> bool:
    """The function that the engine calls as `consent`. A dismissed message is a no; raises NobodyToAsk for a client
    that shows no messages."""
    items = [types.MessageActionItem(GO_ON), types.MessageActionItem(STOP_HERE)]
    params = types.ShowMessageRequestParams(types.MessageType.Warning, unlinked(f"rlm-ls: {question}"), items)
    try:
        chosen = await services.protocol.call(types.WINDOW_SHOW_MESSAGE_REQUEST, params)
    except JsonRpcException:
        from rlm_ls.engine.budget.consent import NobodyToAsk

        raise NobodyToAsk from None
    return chosen is not None and chosen.title == GO_ON
