"""What may be asked of the client that a tool call came from: its model, its user's consent, its folders."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, Literal

import mcp_types as types
from mcp.server.session import ServerSession
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, ValidationError

from rlm_ls.engine.budget.consent import NobodyToAsk
from rlm_ls.engine.request import AskRequest
from rlm_ls.errors import ConsentDenied, ModelFailed, ModelUnreachable
from rlm_ls.executors.compiled.native_consent import NativeConsent
from rlm_ls.mcp.bounds import Bounds, folders_of
from rlm_ls.models.base import TextSink
from rlm_ls.models.editor import Sample, Sampled
from rlm_ls.visible import visible

CHOICE = "choice"
GO_ON, STOP_HERE = "Go on", "Stop here"
ROOTS_SECONDS = 5.0
"""A client that names its roots no sooner names none."""
MOST_ROOTS = 100
SAMPLED_TOKENS = 4096


class Root(BaseModel):
    """A folder of the client's workspace. The SDK's own takes no other scheme than file: editors have some."""

    uri: str


class Roots(types.Result):
    """What a client answers to roots/list."""

    roots: list[Root]


class Client:
    """The client behind one tool call. `request_id` routes questions onto that call's own stream."""

    def __init__(self, session: ServerSession, request_id: str) -> None:
        self._session = session
        self._request = request_id

    def _can(self, capability: Literal["sampling", "elicitation", "roots"]) -> bool:
        declared = self._session.client_capabilities
        return declared is not None and getattr(declared, capability) is not None and self._session.can_send_request

    @property
    def samples(self) -> bool:
        """Whether its own model can be asked."""
        return self._can("sampling")

    async def bounds(self, own: tuple[Any, ...]) -> Bounds:
        """The server's own folders, and those that the client names."""
        if not self._can("roots"):
            return Bounds(own)
        try:
            async with asyncio.timeout(ROOTS_SECONDS):
                listed = await self._session.send_request(types.ListRootsRequest(), Roots)
        except (MCPError, TimeoutError):
            return Bounds(own)
        except ValidationError:  # it named something; what, cannot be told
            return Bounds(own, ())
        if not listed.roots:  # a client that could name some, and has none: no folder is open in it
            return Bounds(own)
        uris = [root.uri for root in listed.roots[:MOST_ROOTS]]
        return Bounds(own, await asyncio.to_thread(folders_of, uris))

    async def sample(self, call: Sample) -> Sampled:
        """One call of the client's model. Raises ModelUnreachable, ModelFailed."""
        messages = [
            types.SamplingMessage(role=message.role, content=types.TextContent(type="text", text=message.content))
            for message in call.messages
            if message.role != "system"
        ]
        system = "\n\n".join(message.content for message in call.messages if message.role == "system")
        hints = [types.ModelHint(name=call.family)] if call.family else None
        try:
            said = await self._session.create_message(
                messages,
                max_tokens=call.max_tokens or SAMPLED_TOKENS,
                system_prompt=system or None,
                model_preferences=types.ModelPreferences(hints=hints) if hints else None,
                related_request_id=self._request,
            )
        except MCPError as error:
            raise ModelUnreachable(f"The client's own model was not to be had: {error}", "Configure a model.") from None
        if not isinstance(said.content, types.TextContent):
            raise ModelFailed("The client's model sent something that is no text.", "Configure another model.")
        finish: Literal["stop", "length"] = "length" if said.stop_reason == "maxTokens" else "stop"
        return Sampled(said.content.text, said.model[:200], finish, None, None)

    async def choose(self, message: str, choices: Sequence[str]) -> str | None:
        """The user's choice; None where the question was dismissed, or nobody can be asked."""
        if not self._can("elicitation"):
            return None
        schema = {
            "type": "object",
            "properties": {CHOICE: {"type": "string", "title": "Answer", "enum": list(choices)}},
            "required": [CHOICE],
        }
        try:
            answer = await self._session.elicit_form(
                message=visible(message), requested_schema=schema, related_request_id=self._request
            )
        except MCPError:
            return None
        chosen = (answer.content or {}).get(CHOICE) if answer.action == "accept" else None
        return chosen if isinstance(chosen, str) and chosen in choices else None

    async def ask_to_go_on(self, question: str) -> bool:
        """The function that the engine calls as `consent`. Raises NobodyToAsk."""
        if not self._can("elicitation"):
            raise NobodyToAsk
        return await self.choose(f"rlm-ls: {question}", (GO_ON, STOP_HERE)) == GO_ON


calling: ContextVar[Client] = ContextVar("rlm_ls_mcp_client")
"""The client of the tool call under way. A run begun by it inherits this, so that one engine serves many clients."""


async def sampler(call: Sample, _: TextSink | None) -> Sampled:
    """The engine's Sampler: asks the model of the client that the run was begun by."""
    if (client := calling.get(None)) is None or not client.samples:
        raise ModelUnreachable("The client offers no model of its own.", "Configure a model: models.root.")
    return await client.sample(call)


class Native:
    """Consent to native programs, of the user behind the client that asked."""

    def __init__(self, consent_of: Any, folders: Sequence[str]) -> None:
        self._consent: NativeConsent = consent_of(self._choose)
        self._folders = folders

    @staticmethod
    async def _choose(message: str, choices: Sequence[str]) -> str | None:
        client = calling.get(None)
        return None if client is None else await client.choose(message, choices)

    async def __call__(self, request: AskRequest) -> None:
        if calling.get(None) is None:
            raise ConsentDenied("There is nobody to ask about native programs.", "Use WebAssembly.")
        await self._consent.allow(str(request.run_id), self._folders, trusted=True)
