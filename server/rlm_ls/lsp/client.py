"""The client: its capabilities, and the messages, requests and registrations that the server sends to it."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.exceptions import JsonRpcException

from rlm_ls.lsp.wire import as_object
from rlm_ls.visible import visible

if TYPE_CHECKING:
    from rlm_ls.lsp.transport.protocol import RlmProtocol

log = logging.getLogger(__name__)


class Client:
    """`initialized` is to be called before anything else."""

    def __init__(self, protocol: RlmProtocol) -> None:
        self._protocol = protocol
        self._capabilities = types.ClientCapabilities()
        self.wants_events = False
        """`initializationOptions.events`: every event of every run is sent as `rlm/event`."""
        self.has_commands = False
        """The client has commands of its own (`rlm.ask`…): an input box, a view for answers."""

        self.excerpts_above = math.inf
        """Bytes of a file from which on the client rather shows an excerpt than the file."""

        self.samples = False
        """The client has a model of its own: it answers `rlm/sample`."""

    def initialized(self, params: types.InitializeParams) -> None:
        self._capabilities = params.capabilities
        options = as_object(params.initialization_options)
        experimental = as_object(as_object(self._capabilities.experimental).get("rlm"))
        self.wants_events = options.get("events") is True
        self.samples = options.get("sampling") is True or experimental.get("sampling") is True
        above = options.get("excerptsAbove")
        self.excerpts_above = above if isinstance(above, int | float) and above >= 0 else math.inf
        self.has_commands = options.get("clientCommands") is True or experimental.get("commands") is True

    def can(self, capability: str) -> bool:
        """Whether the client has a capability: "window.work_done_progress", "workspace.text_document_content"…"""
        value = get_capability(self._capabilities, capability)
        return value is not None and value is not False

    def can_show_documents(self) -> bool:
        return get_capability(self._capabilities, "window.show_document.support") is True

    def notify(self, method: str, params: Any) -> None:
        self._protocol.notify(method, params)

    def show(self, kind: types.MessageType, message: str) -> None:
        self.notify(types.WINDOW_SHOW_MESSAGE, types.ShowMessageParams(kind, unlinked(visible(message))))

    def log(self, kind: types.MessageType, message: str) -> None:
        self.notify(types.WINDOW_LOG_MESSAGE, types.LogMessageParams(kind, visible(message)))

    async def choose(self, message: str, choices: Sequence[str]) -> str | None:
        """The title that the user chose; None when the message was dismissed or cannot be shown."""
        items = [types.MessageActionItem(title) for title in choices]
        params = types.ShowMessageRequestParams(types.MessageType.Info, unlinked(visible(message)), items)
        try:
            chosen = await self._protocol.call(types.WINDOW_SHOW_MESSAGE_REQUEST, params)
        except JsonRpcException:
            return None
        return chosen.title if chosen is not None and chosen.title in choices else None

    async def show_document(self, uri: str, selection: types.Range | None = None) -> bool:
        params = types.ShowDocumentParams(uri, take_focus=True, selection=selection)
        try:
            shown = await self._protocol.call(types.WINDOW_SHOW_DOCUMENT, params)
        except JsonRpcException:
            return False
        return shown is not None and shown.success

    async def create_progress(self, token: str) -> bool:
        params = types.WorkDoneProgressCreateParams(token)
        try:
            await self._protocol.call(types.WINDOW_WORK_DONE_PROGRESS_CREATE, params)
        except JsonRpcException:
            return False
        return True

    def register(self, identity: str, method: str, options: Any) -> None:
        """Register a capability. A client that refuses does without: nobody waits for its answer."""
        params = types.RegistrationParams([types.Registration(identity, method, options)])
        self._protocol.send_request(types.CLIENT_REGISTER_CAPABILITY, params)

    def refresh_code_lenses(self) -> None:
        """Have the client ask for them again, if it can."""
        if get_capability(self._capabilities, "workspace.code_lens.refresh_support") is True:
            self._protocol.send_request(types.WORKSPACE_CODE_LENS_REFRESH, None)

    async def section(self, name: str) -> Any:
        """The client's configuration of a section; None where there is none or the client does not answer."""
        params = types.ConfigurationParams([types.ConfigurationItem(section=name)])
        try:
            values = await self._protocol.call(types.WORKSPACE_CONFIGURATION, params)
        except JsonRpcException:
            return None
        return values[0] if values else None


def unlinked(message: str) -> str:
    """A message without links. VS Code has them in what it shows, and `[Mend it](command:…)` runs a command there."""
    return message.replace("](", "] (")
