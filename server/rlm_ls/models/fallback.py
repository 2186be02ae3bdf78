"""Several models for one role: the next one answers where one is out of reach or fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from rlm_ls.errors import ModelFailed, ModelUnreachable
from rlm_ls.models.base import Message, Model, Reply, TextSink


class FallbackModel:
    """Tries `models` in order. `window` and `price` are the strictest of them: any may have to answer."""

    kind: Literal["live"] = "live"

    def __init__(self, models: Sequence[Model]) -> None:
        self._models = tuple(models)

    @property
    def name(self) -> str:
        return ", ".join(model.name for model in self._models)

    @property
    def window(self) -> int:
        return min(model.window for model in self._models)

    @property
    def local(self) -> bool:
        return all(model.local for model in self._models)

    @property
    def endpoint(self) -> str:
        return ""

    async def prepare(self) -> None:
        for model in self._models:
            await model.prepare()

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        prices = [model.price(prompt_tokens, completion_tokens) for model in self._models]
        known = [price for price in prices if price is not None]
        return max(known) if len(known) == len(prices) else None

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        on_text: TextSink | None = None,
        max_tokens: int | None = None,
        schema: dict[str, Any] | None = None,
    ) -> Reply:
        for model in self._models[:-1]:
            try:
                return await model.complete(messages, on_text=on_text, max_tokens=max_tokens)
            except (ModelUnreachable, ModelFailed):
                if on_text is not None:
                    on_text(f"\n\n[{model.name} failed; asking the next model]\n\n")
        return await self._models[-1].complete(messages, on_text=on_text, max_tokens=max_tokens)
