"""The arms that are one call of the model: without the text, with its two ends, with what a search found."""

from __future__ import annotations

import asyncio
import functools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.quality.excerpts import Retriever, Tokenizer, ends
from bench.quality.index import Question
from bench.quality.outcome import Outcome
from bench.quality.results import Arm
from rlm_ls.engine.answer import RunUsage
from rlm_ls.engine.trace.events import ModelCalled, ModelMessage, ModelReplied
from rlm_ls.errors import BadRequest, ModelFailed
from rlm_ls.models.base import Message, Model
from rlm_ls.models.choose import choose
from rlm_ls.models.profiles import USUAL_ROOM
from rlm_ls.models.providers import library
from rlm_ls.models.recorded import RecordedModel, calls_from_events
from rlm_ls.settings.sections import Settings
from rlm_ls.store.recording import read_recording

SHOWN_TOKENS = 32_000
PROMPT_TOKENS = 1_000
"""Set aside for the question and what stands around the text."""
CHUNK_CHARACTERS = 1_000
TOP_CHUNKS = 20
RECORDED = "recorded:"

SYSTEM = "You answer a question. Reply with the answer, in exactly the form that the question asks for."
SHOWN = {
    "none": "The question is about a text that you are not shown: answer from what you know.",
    "truncated": "The question is about this text, of which the middle may be left out:",
    "retrieval": "The question is about a long text. A search found these pieces of it, in the order of the text:",
}


@dataclass(frozen=True, slots=True)
class OneCall:
    """Asks one question at a time or many. `model` is a name as for `choose`, or "recorded:FILE"."""

    arm: Arm
    model: str
    settings: Settings
    seconds: float
    _opened: dict[str, Model] = field(default_factory=dict)

    async def ask(self, question: Question, text: Path, recording: Path | None) -> Outcome:
        """Raises RlmError, TimeoutError. `recording` plays the model if given."""
        warnings: list[str] = []
        model = await self._model(recording, warnings.append)
        await model.prepare()
        messages = await self._messages(question, text, model)
        started = time.perf_counter()
        async with asyncio.timeout(self.seconds):
            reply = await model.complete(messages, max_tokens=USUAL_ROOM)
        seconds = time.perf_counter() - started
        usage = reply.usage
        called = ModelCalled(
            run_id="",
            turn=1,
            model=model.name,
            messages=tuple(ModelMessage(role=message.role, content=message.content) for message in messages),
            prompt_tokens_estimate=0,
        )
        replied = ModelReplied(
            run_id="",
            turn=1,
            text=reply.text,
            finish=reply.finish,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cached_tokens=usage.cached_tokens,
            usd=usage.usd,
            seconds=round(seconds, 4),
        )
        if reply.finish == "length":
            warnings.append("the reply was cut off at its length limit")
        return Outcome(
            output=reply.text,
            status="answered",
            model=model.name,
            usage=RunUsage(
                model_calls=1,
                prompt_tokens=usage.prompt_tokens,
                completion_tokens=usage.completion_tokens,
                cached_tokens=usage.cached_tokens,
                usd=usage.usd,
                seconds=round(seconds, 3),
            ),
            warnings=tuple(warnings),
            events=(called.wire(), replied.wire()),
        )

    async def _model(self, recording: Path | None, on_difference: Callable[[str], None]) -> Model:
        if recording is None and self.model.startswith(RECORDED):
            recording = Path(self.model.removeprefix(RECORDED)).expanduser()
        if recording is not None:
            events = (await asyncio.to_thread(read_recording, recording)).events
            return RecordedModel(calls_from_events(events), strict=False, on_difference=on_difference)
        if self.model not in self._opened:
            chosen = choose("root", self.model, self.settings, os.environ)
            if chosen is None:
                raise BadRequest(f"The offline rules write programs, and the arm {self.arm} runs none.", "Use loop.")
            self._opened[self.model] = chosen
        return self._opened[self.model]

    async def _messages(self, question: Question, text: Path, model: Model) -> list[Message]:
        shown = ""
        if self.arm == "truncated":
            tokens = min(SHOWN_TOKENS, model.window - USUAL_ROOM - PROMPT_TOKENS)
            if tokens <= 0:
                raise ModelFailed(f"The window of {model.name}, {model.window:,} tokens, is too small for this arm.")
            shown = await asyncio.to_thread(_ends, text, tokens, await library.load())
        elif self.arm == "retrieval":
            retriever = await asyncio.to_thread(_retriever, text)
            shown = "\n[…]\n".join(await asyncio.to_thread(retriever.best, question.asked, TOP_CHUNKS))
        parts = [SHOWN[self.arm], *([f"<text>\n{shown}\n</text>"] if shown else []), f"Question: {question.question}"]
        return [Message("system", SYSTEM), Message("user", "\n\n".join(parts))]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


@functools.lru_cache(maxsize=8)
def _ends(path: Path, tokens: int, litellm: Any) -> str:
    return ends(_read(path), tokens, Tokenizer.of(litellm))


@functools.lru_cache(maxsize=8)
def _retriever(path: Path) -> Retriever:
    return Retriever(_read(path), CHUNK_CHARACTERS)
