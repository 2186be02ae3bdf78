"""`rlm/sample`: the editor's own model answers, through the client; `rlm/sampleText` brings its words as they come."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcException, JsonRpcMethodNotFound, JsonRpcRequestCancelled

from rlm_ls.errors import ModelFailed, ModelRefused, ModelUnreachable, RlmError, UnknownModel
from rlm_ls.lsp import wire
from rlm_ls.lsp.transport.protocol import RlmProtocol
from rlm_ls.lsp.wire import as_object

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from rlm_ls.models.base import TextSink
    from rlm_ls.models.editor import Sample, Sampled

CHOOSE_ANOTHER = "Choose a model in the editor, or name another one in models.root."
FAILURES: dict[int, type[RlmError]] = {
    **{kind.code: kind for kind in (UnknownModel, ModelRefused, ModelUnreachable, ModelFailed)},
    JsonRpcMethodNotFound.CODE: ModelUnreachable,
    JsonRpcRequestCancelled.CODE: ModelRefused,
}
"""By the code of the client's error; the first four are those of docs/protocol.md. Any other is ModelFailed."""


class Sampling:
    """The calls of one client's model that are under way, by token."""

    def __init__(self, protocol: RlmProtocol) -> None:
        self._protocol = protocol
        self._sinks: dict[str, TextSink | None] = {}

    async def sample(self, call: Sample, on_text: TextSink | None) -> Sampled:
        """The function that the engine calls as `sampler`. When cancelled it stops the client by `$/cancelRequest`."""
        token = str(uuid.uuid4())
        params: dict[str, Any] = {
            "runId": call.run_id,
            "role": call.role,
            "messages": [{"role": message.role, "content": message.content} for message in call.messages],
            "token": token,
        }
        if call.family is not None:
            params["model"] = call.family
        if call.max_tokens is not None:
            params["maxTokens"] = call.max_tokens
        self._sinks[token] = on_text
        try:
            return _sampled(await self._protocol.call(wire.SAMPLE, params))
        except JsonRpcException as error:
            raise _failure(error) from None
        finally:
            del self._sinks[token]

    def heard(self, piece: wire.SampleText) -> None:
        """A piece for a call that has ended (or never was) is dropped."""
        sink = self._sinks.get(piece.token)
        if sink is not None:
            sink(piece.text)


def register(server: LanguageServer, sampling: Sampling) -> None:
    @server.feature(wire.SAMPLE_TEXT)
    def text(params: wire.SampleText) -> None:
        sampling.heard(params)


def _sampled(result: object) -> Sampled:
    from rlm_ls.models.editor import Sampled

    given = as_object(result)
    text, model, finish = given.get("text"), given.get("model"), given.get("finish")
    if not isinstance(text, str):
        raise ModelFailed("The editor's answer to rlm/sample holds no text.", CHOOSE_ANOTHER)
    usage = as_object(given.get("usage"))
    return Sampled(
        text=text,
        model=model if isinstance(model, str) else "",
        finish="length" if finish == "length" else "stop",
        prompt_tokens=_count(usage.get("promptTokens")),
        completion_tokens=_count(usage.get("completionTokens")),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _failure(error: JsonRpcException) -> RlmError:
    kind = FAILURES.get(error.code, ModelFailed)
    said = " ".join(str(error.message or "").split())[:300].rstrip(".") or "no reason was given"
    return kind(f"The editor's model did not answer: {said}.", CHOOSE_ANOTHER)
