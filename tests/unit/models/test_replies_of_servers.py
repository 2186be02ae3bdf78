"""What servers that people run send beside plain text, in their own words: thinking in fields and parts, calls of
tools, refusals, ends that are none, figures that come apart, and how they say that a prompt is too long."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.fakes.hostile_server import answering, sending

from rlm_ls.errors import ModelFailed, RlmError
from rlm_ls.models.base import Message, Reply
from rlm_ls.models.providers import library
from rlm_ls.models.providers.endpoint import Endpoint
from rlm_ls.models.providers.failures import CallTarget, ProviderError, classify
from rlm_ls.models.providers.live import LiteLLMModel, RetryPolicy
from rlm_ls.models.replies.thinking import split

ASKED = [Message("user", "How many lines?")]
NAME = "openai/scripted"


@pytest.fixture(autouse=True)
async def _close_connections() -> AsyncIterator[None]:
    yield
    await library.close()


def delta(finish: Any = None, usage: Any = None, **said: Any) -> bytes:
    event: dict[str, Any] = {"choices": [{"index": 0, "delta": said, "finish_reason": finish}]}
    return b"data: " + json.dumps(event | ({} if usage is None else {"usage": usage})).encode() + b"\n\n"


def whole(finish: str = "stop", **said: Any) -> bytes:
    usage = {"prompt_tokens": 5, "completion_tokens": 7}
    return json.dumps({"choices": [{"message": said, "finish_reason": finish}], "usage": usage}).encode()


async def replied(*sent: bytes, name: str = NAME, content_type: str = "text/event-stream") -> Reply:
    async def chunks() -> AsyncIterator[bytes]:
        for one in sent:
            yield one

    async with answering(sending(chunks, content_type=content_type)) as here:
        policy = RetryPolicy(tries=1, backoff=0.0)
        model = LiteLLMModel(name, Endpoint(here.base, local=True), environ={}, retry_policy=policy)
        return await model.complete(ASKED)


THINKING = [
    {"reasoning_content": "I think."},
    {"reasoning": "I think."},
    {"thinking": "I think."},
    {"reasoning_content": "I think.", "reasoning": "I think."},
    {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "I think."}]}]},
    {"content": [{"type": "thinking", "thinking": "I think."}]},
    {"content": [{"type": "reasoning", "text": "I think."}]},
]


@pytest.mark.parametrize("thought", THINKING, ids=str)
async def test_thinking_in_a_field_or_a_part_is_thinking(thought: dict[str, Any]) -> None:
    reply = await replied(delta(role="assistant", content=""), delta(**thought), delta(content="40"), delta("stop"))
    assert (reply.text, reply.thinking) == ("40", "I think.")
    parts = [*thought["content"], {"type": "text", "text": "40"}] if "content" in thought else "40"
    reply = await replied(whole(**{**thought, "content": parts}), content_type="application/json")
    assert (reply.text, reply.thinking) == ("40", "I think.")


@pytest.mark.parametrize("thought", THINKING, ids=str)
async def test_a_reply_that_was_cut_off_in_its_thinking_says_so(thought: dict[str, Any]) -> None:
    reply = await replied(delta(**thought), delta("length"))
    assert (reply.text, reply.thinking, reply.finish) == ("", "I think.", "length")


async def test_a_refusal_is_what_the_model_said() -> None:
    assert (await replied(delta(refusal="I can't "), delta("stop", refusal="help."))).text == "I can't help."
    assert (await replied(whole(content=None, refusal="No."), content_type="application/json")).text == "No."


CALL = {"tool_calls": [{"function": {"name": "count", "arguments": '{"pattern": "ERROR"}'}}]}


async def test_calls_of_tools_without_a_text_are_the_reply() -> None:
    first = {"index": 0, "id": "c1", "type": "function", "function": {"name": "count", "arguments": ""}}
    more = [{"index": 0, "function": {"arguments": part}} for part in ('{"pattern"', ': "ERROR"}')]
    streamed = await replied(
        delta(role="assistant", content=None), *[delta(tool_calls=[one]) for one in (first, *more)], delta("tool_calls")
    )
    assert json.loads(streamed.text) == CALL
    at_once = await replied(whole("tool_calls", content=None, **CALL), content_type="application/json")
    assert json.loads(at_once.text) == CALL


async def test_calls_of_tools_beside_a_text_are_no_part_of_it() -> None:
    assert (await replied(delta(content="40"), delta("tool_calls", **CALL))).text == "40"


async def test_of_several_calls_each_has_its_own_arguments() -> None:
    calls = [{"index": at, "function": {"name": "count", "arguments": f'{{"pattern": "{at}"}}'}} for at in (0, 1)]
    told = json.loads((await replied(delta("tool_calls", tool_calls=calls))).text)["tool_calls"]
    assert [one["function"]["arguments"] for one in told] == ['{"pattern": "0"}', '{"pattern": "1"}']


@pytest.mark.parametrize("odd", [5, "x", [5], [None], [{"function": 5}], [{"function": {"name": 5}}], {}], ids=str)
async def test_odd_calls_are_no_crash(odd: Any) -> None:
    assert (await replied(delta(content="40"), delta("stop", tool_calls=odd))).text == "40"


async def test_ollamas_calls_of_tools_are_the_reply() -> None:
    message = {"role": "assistant", "content": "", "tool_calls": [
        {"function": {"name": "count", "arguments": {"pattern": "ERROR"}}}]}  # fmt: skip
    line = json.dumps({"message": message, "done": True, "done_reason": "stop"}).encode() + b"\n"
    reply = await replied(line, name="ollama_chat/x", content_type="application/x-ndjson")
    assert json.loads(reply.text) == CALL


@pytest.mark.parametrize("finish", ["length", "max_tokens", "MAX_TOKENS", "model_length"])
async def test_every_word_for_a_limit_is_a_limit(finish: str) -> None:
    assert (await replied(delta(content="4"), delta(finish))).finish == "length"


@pytest.mark.parametrize("finish", ["error", "abort", "network_error", "insufficient_system_resource"])
async def test_a_reply_that_its_server_gave_up_is_no_reply(finish: str) -> None:
    with pytest.raises(RlmError, match="in the middle"):
        await replied(delta(content="4"), delta(finish), b"data: [DONE]\n\n")


@pytest.mark.parametrize("finish", ["content_filter", "SAFETY", "sensitive", "PROHIBITED_CONTENT"])
async def test_a_reply_that_was_withheld_is_no_reply(finish: str) -> None:
    with pytest.raises(ModelFailed, match="filter"):
        await replied(delta(content="4"), delta(finish))


@pytest.mark.parametrize(
    "between",
    [b": OPENROUTER PROCESSING\n\n", b"data:\n\n", b"data: \n\n", b"id: 5\nretry: 3\n\n", b"event: ping\ndata: {}\n\n"],
    ids=str,
)
async def test_what_only_keeps_a_connection_alive_is_passed_over(between: bytes) -> None:
    reply = await replied(
        between, delta(content="4"), between, delta("stop", content="0"), between, b"data: [DONE]\n\n"
    )
    assert reply.text == "40"


@pytest.mark.parametrize(
    ("usages", "told"),
    [
        (({"prompt_tokens": 5, "completion_tokens": 0}, {"prompt_tokens": 0, "completion_tokens": 7}), (5, 7)),
        (({"prompt_tokens": 5}, {"completion_tokens": 7}), (5, 7)),
        (({"prompt_tokens": 5, "completion_tokens": 3}, {"prompt_tokens": 5, "completion_tokens": 7}), (5, 7)),
        (({"prompt_tokens": 5, "completion_tokens": 7}, {"prompt_tokens": 0, "completion_tokens": 0}), (5, 7)),
        (({"prompt_tokens": 5, "completion_tokens": 7}, {}), (5, 7)),
    ],
)
async def test_figures_that_come_apart_are_put_together(usages: tuple[Any, Any], told: tuple[int, int]) -> None:
    reply = await replied(delta(usage=usages[0], content="40"), delta("stop", usage=usages[1]))
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.estimated_tokens) == (*told, 0)


@pytest.mark.parametrize(
    "error",
    [
        {"error": {"message": "out of memory", "code": 503}},
        {"error": "out of memory"},
        {"object": "error", "message": "out of memory", "code": 50001},
        {"type": "error", "error": {"type": "overloaded_error", "message": "out of memory"}},
        {"choices": [{"delta": {"content": ""}, "finish_reason": "error"}], "error": {"message": "out of memory"}},
    ],
    ids=str,
)
async def test_an_error_in_the_middle_of_a_stream_is_told_in_its_words(error: dict[str, Any]) -> None:
    with pytest.raises(RlmError, match="out of memory"):
        await replied(delta(content="4"), b"data: " + json.dumps(error).encode() + b"\n\n")


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "no such thing"}},
        {"error": "no such thing"},
        {"object": "error", "message": "no such thing", "type": "BadRequestError", "code": 400},
        {"message": "no such thing"},
        {"detail": "no such thing"},
        {"detail": [{"loc": ["body"], "msg": "no such thing", "type": "value_error"}]},
    ],
    ids=str,
)
async def test_a_refusal_s_own_words_are_told_without_what_is_around_them(body: dict[str, Any]) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield json.dumps(body).encode()

    async with answering(sending(chunks, status=400, content_type="application/json")) as here:
        model = LiteLLMModel(NAME, Endpoint(here.base, local=True), environ={}, retry_policy=RetryPolicy(tries=1))
        with pytest.raises(ModelFailed, match=r"failed: no such thing\."):
            await model.complete(ASKED)


TOO_LONG = [
    (400, "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens."),
    (400, "Your input exceeds the context window of this model. Please adjust your input and try again."),
    (429, "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 40000. "
          "The input or output tokens must be reduced in order to run successfully."),
    (413, "Request too large for model `llama-3.1-8b-instant` on tokens per minute (TPM): Limit 6000, Requested 9000"),
    (400, "Please reduce the length of the messages or completion."),
    (400, "prompt is too long: 208310 tokens > 200000 maximum"),
    (400, "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length"),
    (413, "Request exceeds the maximum size"),
    (400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."),
    (400, "Input is too long for requested model."),
    (400, "Too many input tokens. Max input tokens: 8192, request input token count: 9000"),
    (400, "Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the input."),
    (400, "The decoder prompt (length 5000) is longer than the maximum model length of 4096. Make sure that "
          "`max_model_len` is no smaller than the number of text tokens."),
    (400, "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens."),
    (400, "Input length (5000) exceeds model's maximum context length (4096)."),
    (400, "The input (5000 tokens) is longer than the model's context length (4096 tokens)."),
    (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens"),
    (422, "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000"),
    (400, "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it"),
    (500, "Context size has been exceeded."),
    (400, "Requested tokens (5000) exceed context window of 4096"),
    (400, "the input length exceeds the context length"),
    (400, "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context "
          "length of only 4096 tokens"),
    (400, "litellm.BadRequestError: litellm.ContextWindowExceededError: AnthropicException - prompt is too long"),
    (400, "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length"),
    (400, "too many tokens: size limit exceeded by 2000 tokens. Try using shorter or fewer inputs"),
    (400, "This model's maximum prompt length is 131072 but the request contains 537812 tokens."),
    (400, "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 98304]"),
    (400, "Invalid request: Your request exceeded model token limit: 8192"),
    (400, "prompt token count of 70000 exceeds the limit of 64000"),
    (413, "Request body too large for gpt-4o model. Max size: 8000 tokens."),
]  # fmt: skip
OTHER = [
    (429, "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try "
          "again in 2s."),
    (400, "Unsupported parameter: 'max_tokens'."),
    (400, "Invalid value for temperature."),
    (500, "The server had an error while processing your request."),
    (400, "The length of the stop sequence must be at least 1."),
    (401, "Incorrect API key provided."),
]  # fmt: skip


def failed_with(status: int, words: str) -> Any:
    target = CallTarget("openai/x", "http://127.0.0.1:1/v1", "", None)
    return classify(ProviderError(status, words, {}), target)


@pytest.mark.parametrize(("status", "words"), TOO_LONG)
def test_a_prompt_that_is_too_long_is_told_in_every_server_s_words(status: int, words: str) -> None:
    failure = failed_with(status, words)
    assert getattr(failure.error, "too_long", False)
    assert not failure.retry


@pytest.mark.parametrize(("status", "words"), OTHER)
def test_other_refusals_are_not_taken_for_it(status: int, words: str) -> None:
    assert not getattr(failed_with(status, words).error, "too_long", False)


@pytest.mark.parametrize(
    "mark",
    ["</s>", "<|eot_id|>", "<|im_end|>\n<|endoftext|>", "<end_of_turn>", "<|eom_id|>", "<｜end▁of▁sentence｜>"],
)
def test_marks_of_an_end_that_servers_leave_in_are_no_part_of_the_reply(mark: str) -> None:
    assert split(f"There are 40.{mark}\n")[0].strip() == "There are 40."


@pytest.mark.parametrize("text", ["<s>thirty</s>", "It ends with `</s>`", "print('<|im_end|>')"])
def test_a_reply_that_ends_in_its_own_marks_stays_whole(text: str) -> None:
    assert split(text)[0] == text
