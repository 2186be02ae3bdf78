"""What the editor's own model says is bounded like any provider's."""

from __future__ import annotations

import pytest

from rlm_ls.errors import ModelFailed
from rlm_ls.models.base import Message, TextSink
from rlm_ls.models.editor import Editor, EditorModel, Sample, Sampled


def saying(text: str, tokens: int | None) -> EditorModel:
    async def sampler(_call: Sample, _sink: TextSink | None) -> Sampled:
        return Sampled(text, "m", "stop", tokens, tokens)

    return EditorModel("editor", "root", Editor(sampler, "r"), local=True)


async def test_a_reply_without_measure_is_refused() -> None:
    with pytest.raises(ModelFailed, match="5,000,000 characters"):
        await saying("x" * 5_000_000, None).complete([Message("user", "q")], max_tokens=100)


@pytest.mark.parametrize("tokens", [-5, 10**30])
async def test_absurd_figures_make_no_absurd_account(tokens: int) -> None:
    reply = await saying("said", tokens).complete([Message("user", "q")])
    assert 0 <= reply.usage.prompt_tokens <= 10**9
    assert 0 <= reply.usage.completion_tokens <= 10**9
