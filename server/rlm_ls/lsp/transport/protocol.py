"""JSON-RPC as pygls does it, but for what would lose a message, stop the server or tell the client too much."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Protocol

import attrs
import cattrs
from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcParseError,
    JsonRpcRequestCancelled,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol, lsp_method

from rlm_ls.errors import RlmError, ServerBusy
from rlm_ls.lsp import wire
from rlm_ls.lsp.transport.framing import Malformed
from rlm_ls.lsp.wire import as_object

if TYPE_CHECKING:
    from rlm_ls.lsp.workspace.buffers import Buffers
    from rlm_ls.lsp.workspace.diagnostics import KnownDiagnostics
    from rlm_ls.lsp.workspace.edits import RecentEdits
    from rlm_ls.lsp.workspace.folders import Folders

log = logging.getLogger(__name__)

MOST_REQUESTS = 1000
"""Requests under way at once; a further one is refused as busy."""
LONGEST_ID = 1000
"""Characters."""


class RlmFailure(JsonRpcException):
    """An RlmError on the wire: its code, sentence and remedy, and nothing of the program that raised it."""

    def __init__(self, error: RlmError) -> None:
        super().__init__(str(error), error.code, {"name": type(error).__name__, "remedy": error.remedy})


class Served(Protocol):
    """The part of the server that the protocol uses: the state that notifications change, and the ways to end."""

    buffers: Buffers
    folders: Folders
    edits: RecentEdits
    diagnostics: KnownDiagnostics

    def admits(self, token: object) -> bool: ...
    def end(self, code: int = 1) -> None: ...
    def stop_job(self, token: int | str) -> None: ...
    async def drain(self) -> None: ...


class RlmProtocol(LanguageServerProtocol):
    _server: Served  # type: ignore[assignment]
    _initialized = False  # pygls looks at every attribute before __init__ has set any

    def __init__(self, server: Any, converter: cattrs.Converter) -> None:
        super().__init__(server, converter)
        self._inbox: deque[object] = deque()

    @property
    def initialized(self) -> bool:
        return self._initialized

    @property
    def shut_down(self) -> bool:
        """The client has sent `shutdown`."""
        return self._shutdown

    # -- what comes in --------------------------------------------------------------------------------------------

    def deliver(self, message: object) -> None:
        """Queue one decoded message.

        Between two messages the task that the first one started makes its first step: a question has taken its
        snapshot, and can be cancelled, before the next message is handled.
        """
        self._inbox.append(message)
        if len(self._inbox) == 1:
            asyncio.get_running_loop().call_soon(self._receive_next)

    def _receive_next(self) -> None:
        self.receive(self._inbox[0])
        self._inbox.popleft()
        if self._inbox:
            asyncio.get_running_loop().call_soon(self._receive_next)

    def receive(self, message: object) -> None:
        """Handle one decoded message. Raises nothing: whatever is wrong with one message stays with that message."""
        try:
            self._receive(message)
        except Exception:
            log.exception("a message could not be handled")

    def _receive(self, message: object) -> None:
        if isinstance(message, Malformed):
            self._refuse(None, JsonRpcParseError(str(message)))
            return
        if not isinstance(message, dict) or message.get("jsonrpc") != self.VERSION:
            identity = _identity(message.get("id")) if isinstance(message, dict) else None
            self._refuse(identity, JsonRpcInvalidRequest("This is not a JSON-RPC 2.0 message."))
            return
        method, identity = message.get("method"), _identity(message.get("id"))
        if isinstance(method, str):
            if "id" in message and identity is None:
                self._refuse(None, JsonRpcInvalidRequest("A request's id is a string or an integer."))
                return
            if identity in self._request_futures:
                # Answered under its id this would be taken for the answer to the first.
                self._refuse(None, JsonRpcInvalidRequest("A request with this id is under way."))
                return
            refusal = self._refusal(method) or self._unauthenticated(method, message) or self._busy(message)
            if refusal is None:
                self._dispatch(message)
            elif "id" in message:
                self._refuse(identity, refusal)
        elif "result" in message or "error" in message:
            self._answered(message)
        else:
            self._refuse(identity, JsonRpcInvalidRequest("The message has no method."))

    def _refusal(self, method: str) -> JsonRpcException | None:
        """Why this method is not allowed at this point of the server's life cycle. `exit` and cancellations always
        are."""
        if method in {types.EXIT, types.CANCEL_REQUEST}:
            return None
        if self._shutdown:
            return JsonRpcInvalidRequest("The server is shutting down.")
        if method == types.INITIALIZE:
            return JsonRpcInvalidRequest("The server is initialized already.") if self._initialized else None
        return None if self._initialized else JsonRpcServerNotInitialized("Send `initialize` first.")

    def _unauthenticated(self, method: str, message: dict[str, Any]) -> JsonRpcException | None:
        """Answer a client without the right token with an error, once, and disconnect it."""
        if method != types.INITIALIZE:
            return None
        options = as_object(as_object(message.get("params")).get("initializationOptions"))
        if self._server.admits(options.get("token")):
            return None
        self._server.end()
        return JsonRpcInvalidRequest("The token (initializationOptions.token) is missing or wrong.")

    def _busy(self, message: dict[str, Any]) -> JsonRpcException | None:
        if "id" not in message or message["method"] == types.SHUTDOWN:
            return None
        under_way = len(self._request_futures) - len(self._result_types)
        return RlmFailure(ServerBusy(under_way)) if under_way >= MOST_REQUESTS else None

    def _dispatch(self, message: dict[str, Any]) -> None:
        try:
            # pygls decodes with an object hook, which takes any inner object that has a "jsonrpc" for a message.
            structured = self.structure_message(message)
        except JsonRpcException as error:
            if "id" in message:
                self._refuse(message["id"], error)
            else:
                log.warning("a notification %s was ignored: its parameters are not valid", message["method"])
            return
        self._initialized = self._initialized or message["method"] == types.INITIALIZE
        self.handle_message(structured)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """A request or notification as its class. Raises JsonRpcInvalidParams with a sentence for the client."""
        method = data["method"]
        if (custom := wire.REQUESTS.get(method)) is not None:
            return _Request(data.get("id", 0), method, wire.structure(method, data.get("params"), custom))
        if (custom := wire.NOTIFICATIONS.get(method)) is not None:
            return _Notification(method, wire.structure(method, data.get("params"), custom))
        kind = self.get_message_type(method)
        if kind is None:
            # pygls answers an unknown method itself; its parameters would become a namedtuple, if they can.
            return _Request(data["id"], method) if "id" in data else _Notification(method)
        try:
            return self._converter.structure(data, kind)
        except Exception as error:
            reasons = cattrs.transform_error(error, path="message")
            raise JsonRpcInvalidParams(f"{method}: {reasons[0]}.") from error

    def _answered(self, message: dict[str, Any]) -> None:
        """The client's answer to one of our requests; one that nobody waits for any more is dropped."""
        identity = _identity(message.get("id"))
        if identity not in self._result_types:
            # Not one of ours: it must not reach the client's own request that is under way with this id.
            log.debug("an answer to what was not asked was dropped")
            return
        kind = self._result_types.pop(identity)
        future = self._request_futures.pop(identity, None)
        if future is None or future.done():
            return
        if message.get("error") is not None:
            error = message["error"] if isinstance(message["error"], dict) else {}
            text, code = str(error.get("message", "")), error.get("code")
            known = isinstance(code, int) and not isinstance(code, bool)
            future.set_exception(JsonRpcException(text, code if known else None))
            return
        try:
            result = message.get("result") if kind is None else self._converter.structure(message, kind).result
        except Exception as error:
            log.warning("a client's answer was not understood (%s)", type(error).__name__)
            future.set_exception(JsonRpcException("The client's answer was not understood."))
            return
        future.set_result(result)

    def _handle_cancel_notification(self, msg_id: int | str) -> None:
        """For requests of the client's that are under way; what is not (any more) is no error, and no line in a log."""
        if msg_id not in self._result_types and (future := self._request_futures.pop(msg_id, None)) is not None:
            future.cancel()

    # -- what goes out --------------------------------------------------------------------------------------------

    def _refuse(self, identity: Any, error: JsonRpcException) -> None:
        """Answer with an error; `identity` is null where the message's own could not be read."""
        sent = {"code": error.code, "message": error.message}
        if error.data is not None:
            sent["data"] = error.data
        self._send_data({"jsonrpc": self.VERSION, "id": identity, "error": sent})

    def _send_handler_result(self, future: Future[Any], *, msg_id: int | str) -> None:
        """Answer a request. Expected failures keep code and sentence; a defect goes to the log, not to the client."""
        self._request_futures.pop(msg_id, None)
        if future.cancelled():
            self._refuse(msg_id, JsonRpcRequestCancelled("The request was cancelled."))
            return
        error = future.exception()
        if error is None:
            self._send_response(msg_id, result=future.result())
        elif isinstance(error, RlmError):
            self._refuse(msg_id, RlmFailure(error))
        elif isinstance(error, JsonRpcException):
            self._refuse(msg_id, error)
        elif isinstance(error, UnicodeEncodeError):
            # JSON can hold half a surrogate pair; no path, file or provider can.
            self._refuse(msg_id, JsonRpcInvalidParams("A text in the request holds half a character."))
        else:
            log.error("a request failed", exc_info=error)
            self._refuse(msg_id, JsonRpcInternalError("rlm-ls met a defect of its own; its log says more."))

    def _check_handler_result(self, future: Future[Any]) -> None:
        if future.cancelled() or (error := future.exception()) is None:
            return
        if isinstance(error, UnicodeEncodeError):
            log.warning("a notification was ignored: a text in it holds half a character")
        else:
            log.error("a notification's handler failed", exc_info=error)

    def _send_data(self, data: Any) -> None:
        if self.writer is None:
            return
        try:
            body = json.dumps(data, default=self._serialize_message, separators=(",", ":"), allow_nan=False)
        except ValueError:
            # A program's NaN or infinity is no JSON; clients get null.
            loose = json.dumps(data, default=self._serialize_message)
            body = json.dumps(json.loads(loose, parse_constant=lambda _: None), separators=(",", ":"))
        if self._include_headers:
            self.writer.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode("ascii"))
        else:
            self.writer.write(body)  # type: ignore[arg-type]

    # -- pygls's built-ins, done otherwise --------------------------------------------------------------------------

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, types.InitializeResult]:
        result = yield from super().lsp_initialize(params)
        # pygls registers the feature and does not advertise it.
        workspace = result.capabilities.workspace or types.WorkspaceOptions()
        workspace.text_document_content = types.TextDocumentContentOptions(schemes=["rlm"])
        result.capabilities.workspace = workspace
        result.capabilities.experimental = {"rlm": {"questions": wire.QUESTIONS}}
        sync = result.capabilities.text_document_sync
        if isinstance(sync, types.TextDocumentSyncOptions):
            # pygls looks for handlers of the user's; ours are built in.
            sync.open_close = True
        return result

    @lsp_method(types.SHUTDOWN)
    async def lsp_shutdown(self, *_: Any) -> None:  # type: ignore[override]
        """Answer without error when everything has been stopped (pygls: an error if requests were pending)."""
        self._shutdown = True
        await self._server.drain()

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:  # type: ignore[override]
        self._server.end(0 if self._shutdown else 1)

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(  # type: ignore[override]
        self, params: types.ExecuteCommandParams
    ) -> Any:
        """As one coroutine, so that `$/cancelRequest` reaches the command (pygls answers -32800 and lets it run on)."""
        handler = self.fm.commands.get(params.command)
        if handler is None:
            raise JsonRpcMethodNotFound(f"There is no command {params.command!r}.")
        return await handler(params)

    @lsp_method(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def lsp_work_done_progress_cancel(self, params: types.WorkDoneProgressCancelParams) -> None:
        self._server.stop_job(params.token)

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        server, uri = self._server, params.text_document.uri
        server.edits.closed(uri)
        server.diagnostics.forget(uri)
        server.buffers.opened(params.text_document)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        server = self._server
        if params.text_document.uri in server.buffers:
            server.edits.changed(params)
            server.diagnostics.forget(params.text_document.uri)
        server.buffers.changed(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        server, uri = self._server, params.text_document.uri
        server.edits.closed(uri)
        server.diagnostics.forget(uri)
        server.buffers.closed(uri)

    @lsp_method(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def lsp_workspace__did_change_workspace_folders(self, params: types.DidChangeWorkspaceFoldersParams) -> None:
        self._server.folders.changed(params.event)

    async def call(self, method: str, params: Any) -> Any:
        """Ask the client; when cancelled, take the request back. Raises JsonRpcException with the client's refusal."""
        identity = str(uuid.uuid4())
        asked = self.send_request(method, params, msg_id=identity)
        try:
            return await asyncio.wrap_future(asked)
        except asyncio.CancelledError:
            if self._request_futures.pop(identity, None) is not None:
                self._result_types.pop(identity, None)
                self.notify(types.CANCEL_REQUEST, types.CancelParams(identity))
            raise


def _identity(value: object) -> int | str | None:
    """A message's id, None where it is none that LSP knows."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_ID else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 1 << 63 else None
    return None


@attrs.frozen(eq=False, repr=False)
class _Request:
    id: int | str
    method: str
    params: Any = None
    jsonrpc: str = "2.0"


@attrs.frozen(eq=False, repr=False)
class _Notification:
    method: str
    params: Any = None
    jsonrpc: str = "2.0"
