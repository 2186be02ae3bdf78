"""Sub-models and child runs: asked side by side, paid on one Ledger, cached, failing one by one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from tests.scripted import Asker, FakeModel, asking, script

from rlm_ls.engine.request import Budget
from rlm_ls.errors import ModelFailed


def piece_of(prompt: str) -> str:
    return prompt.rsplit("\n\n", 1)[-1]


async def test_llm_sees_the_prompt_and_the_text_it_was_given_and_nothing_else(ask: Asker) -> None:
    model = FakeModel([script('print(llm("Which level?", lines(4)))\nsubmit("done", cite=[])')], lambda _: "ERROR")
    told = await ask(model=model)
    [[system, user]] = model.sub_asked
    assert system.role == "system"
    assert user.content == "Which level?\n\n=== app.log:4-4 ===\n2024-01-01 00:00:03 ERROR worker=3 took=3 ms"
    assert told.answer.status == "answered"
    assert told.answer.usage.sub_calls == 1
    assert told.answer.usage.model_calls == 2


@pytest.mark.parametrize(
    "code",
    [
        'print(llm("q", "text"))',
        'print(await llm("q", "text"))',
        'print((await asyncio.gather(llm("q", "text")))[0])',
        'print(asyncio.run(llm("q", "text")))',
        'async def main():\n    return await llm("q", "text")\nprint(asyncio.run(main()))',
        'def f(x):\n    return llm("q", x)\nprint(f("text"))',
    ],
)
async def test_a_sub_model_may_be_awaited_gathered_or_simply_called(ask: Asker, code: str) -> None:
    model = FakeModel([script(code), script('submit("done", cite=[])')], lambda _: "the reply")
    told = await ask(model=model)
    assert told.answer.status == "answered"
    assert "the reply" in model.asked[1][-1].content


async def test_lines_carry_their_numbers_where_that_is_asked_for(ask: Asker) -> None:
    model = FakeModel([script('llm_map("q", chunks(200), numbered=True)\nsubmit("done", cite=[])')])
    await ask(model=model)
    pieces = sorted(asked[-1].content.split("===\n")[1].split("\n")[0] for asked in model.sub_asked)
    assert [piece.split("|")[0] for piece in pieces] == ["1", "201", "401"]
    assert pieces[0] == "1| 2024-01-01 00:00:00 INFO worker=0 took=0 ms"


async def test_llm_map_answers_in_the_order_of_its_items_whichever_is_first(ask: Asker) -> None:
    async def late(prompt: str) -> str:
        number = int(piece_of(prompt))
        await asyncio.sleep(0.05 if number == 0 else 0)
        return f"r{number}"

    model = FakeModel([script('submit(",".join(llm_map("q", ["0", "1", "2"])), cite=[])')], late)
    assert (await ask(model=model)).answer.answer == "r0,r1,r2"


@pytest.mark.parametrize(
    "code", ["list(map(lambda c: llm('q', c), ['a']))", "sorted(['a'], key=lambda c: llm('q', c))"]
)
async def test_where_a_call_cannot_wait_it_is_said_how_it_can(ask: Asker, code: str) -> None:
    model = FakeModel([script(code), script("submit('x', cite=[])")])
    await ask(model=model)
    assert "[llm(prompt, c) for c in …] first" in model.asked[1][-1].content


async def test_gathered_calls_run_side_by_side(ask: Asker) -> None:
    both = asyncio.Barrier(2)

    async def meet(_: str) -> str:
        async with asyncio.timeout(60):
            await both.wait()
        return "met"

    code = 'submit(",".join(await asyncio.gather(llm("a"), llm("b"))), cite=[])'
    assert (await ask(model=FakeModel([script(code)], meet))).answer.answer == "met,met"


async def test_an_item_that_fails_is_a_value_in_its_place_and_its_siblings_are_kept(ask: Asker) -> None:
    def answers(prompt: str) -> str | Exception:
        return ModelFailed("The provider says no.") if piece_of(prompt) == "1" else "fine"

    code = 'r = llm_map("q", ["0", "1", "2"])\nprint([x.error if isinstance(x, Failed) else x for x in r])'
    model = FakeModel([script(code), script('submit("done", cite=[])')], answers)
    told = await ask(model=model)
    observation = model.asked[1][-1].content
    assert "['fine', 'The provider says no.', 'fine']" in observation
    assert "1 of 3 items failed" in observation
    assert told.answer.usage.sub_calls == 2


async def test_a_lone_call_that_fails_raises_and_keeps_the_variables(ask: Asker) -> None:
    model = FakeModel(
        [script('x = 5\nllm("q")'), script("print(x + 1)"), script('submit("done", cite=[])')],
        lambda _: ModelFailed("no."),
    )
    await ask(model=model)
    assert "RuntimeError" in model.asked[1][-1].content
    assert model.asked[2][-1].content.startswith("6")


async def test_a_typed_reply_is_mended_once_and_then_counts_as_failed(ask: Asker) -> None:
    tries: dict[str, int] = {}

    def answers(prompt: str) -> str:
        item = "good" if "good" in prompt else "bad"
        tries[item] = tries.get(item, 0) + 1
        if item == "good":
            return '```json\n{"n": 3}\n```' if tries[item] == 2 else "three"
        return '{"n": "x"}'

    code = (
        's = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}\n'
        'r = llm_map("q", ["good", "bad"], schema=s)\nprint(r[0]["n"], r[1].error)'
    )
    model = FakeModel([script(code), script('submit("done", cite=[])')], answers)
    await ask(model=model)
    assert tries == {"good": 2, "bad": 2}
    assert "3 the reply does not fit the schema: n: 'x' is not of type 'integer'" in model.asked[1][-1].content


async def test_reduce_carries_notes_from_piece_to_piece(ask: Asker) -> None:
    def answers(prompt: str) -> str:
        before = prompt.split("Notes so far:\n")[1].split("\n\n")[0]
        return ("" if before.startswith("(none") else before) + piece_of(prompt)

    model = FakeModel([script('submit(llm_reduce("Spell", ["a", "b", "c"]), cite=[])')], answers)
    assert (await ask(model=model)).answer.answer == "abc"


async def test_the_same_call_is_paid_once_within_a_run_and_across_runs(ask: Asker) -> None:
    code = 'llm_map("q", ["same", "same", "other"])\nsubmit("done", cite=[])'
    first = await ask(model=(one := FakeModel([script(code)])))
    again = await ask(model=(two := FakeModel([script(code)])))
    assert len(one.sub_asked) == 2
    assert (first.answer.usage.sub_calls, first.answer.usage.cached_calls) == (2, 1)
    assert two.sub_asked == []
    assert (again.answer.usage.sub_calls, again.answer.usage.cached_calls) == (0, 3)


async def test_another_model_or_another_prompt_is_another_call(ask: Asker) -> None:
    await ask(model=FakeModel([script('llm("q", "text")\nsubmit("done", cite=[])')]))
    other = FakeModel([script('llm("q", "text")\nllm("q2", "text")\nsubmit("done", cite=[])')], name="another")
    await ask(model=other)
    assert len(other.sub_asked) == 2


async def test_the_budget_holds_in_the_middle_of_a_script(ask: Asker) -> None:
    code = 'r = llm_map("q", [str(n) for n in range(20)])\nsubmit(str(sum(isinstance(x, str) for x in r)), cite=[])'
    model = FakeModel([script(code)])
    told = await ask(model=model, budget=Budget(sub_calls=7))
    assert told.answer.answer == "7"
    assert len(model.sub_asked) == 7
    assert told.answer.usage.sub_calls == 7


async def test_money_is_never_spent_beyond_the_limit(ask: Asker) -> None:
    code = 'r = llm_map("q", [str(n) for n in range(200)])\nsubmit("done", cite=[])'
    model = FakeModel([script(code)], price=0.0001)
    told = await ask(model=model, budget=Budget(usd=2.0))
    assert told.answer.usage.usd is not None
    assert told.answer.usage.usd <= 2.0
    assert 0 < len(model.sub_asked) < 200


async def test_calls_that_only_wait_for_others_to_settle_are_not_refused(ask: Asker) -> None:
    """Each reserves far more than it takes: refusing those that do not fit beside each other would lose paid work."""
    code = 'r = llm_map("q", [str(n) for n in range(40)])\nsubmit(str(sum(isinstance(x, str) for x in r)), cite=[])'
    told = await ask(model=FakeModel([script(code)]), budget=Budget(tokens=12_000))
    assert told.answer.answer == "40"


async def test_each_reply_is_in_the_trace_before_the_script_goes_on(ask: Asker) -> None:
    code = 'llm_map("q", ["a", "b"])\nprint("after")'
    told = await ask(model=FakeModel([script(code), script('submit("done", cite=[])')]))
    kinds = [event.type for event in told.events]
    started, finished = kinds.index("subCallsStarted"), kinds.index("programFinished")
    assert [at for at, kind in enumerate(kinds) if kind == "subCallFinished" and started < at < finished] != []
    assert kinds.count("subCallFinished") == 2
    stored = await ask.engine.store.events(told.answer.run_id)
    assert [event["text"] for event in stored if event["type"] == "subCallFinished"] == ["yes", "yes"]
    [begun] = [event for event in stored if event["type"] == "subCallsStarted"]
    assert (begun["model"], begun["endpoint"], begun["count"]) == ("model", "test", 2)


@pytest.mark.usefixtures("processes")
async def test_stopping_a_run_stops_its_sub_calls(ask: Asker) -> None:
    asked, begun, ended = asyncio.Event(), 0, 0

    async def hang(_: str) -> str:
        nonlocal begun, ended
        begun += 1
        if begun == 2:
            asked.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended += 1
        return ""

    task = asyncio.create_task(ask(model=FakeModel([script('llm_map("q", ["a", "b"])')], hang), run_id="hanging"))
    await asked.wait()
    assert ask.engine.stop("hanging")
    assert (await task).answer.status == "cancelled"
    assert ended == 2


async def test_text_too_long_for_the_sub_model_is_refused_with_the_way_out(ask: Asker) -> None:
    model = FakeModel([script('llm("q", "x" * 10_000_000)'), script('submit("done", cite=[])')])
    await ask(model=model)
    assert model.sub_asked == []
    assert "chunks(" in model.asked[1][-1].content


async def test_a_child_explores_its_part_and_nothing_else(ask: Asker) -> None:
    child = script('print(count("ERROR"), count("took"))\nsubmit("ten errors", cite=[lines(4)])')
    model = FakeModel(
        [script('print(rlm("How many?", region("app.log", 1, 100)))'), child, script('submit("ok", cite=[])')]
    )
    told = await ask(model=model)
    assert "lines 1-100" in model.asked[1][-1].content
    observation = model.asked[2][-1].content
    assert "ten errors" in observation
    assert "[cites app.log:4]" in observation
    outputs = [event.output for event in told.events if event.type == "programFinished" and event.child == "1"]
    assert outputs[0].split() == ["10", "100"]
    assert told.answer.usage.model_calls == 3
    assert told.answer.usage.turns == 2


async def test_a_child_that_was_given_most_of_the_text_is_refused_unless_asked_for(ask: Asker) -> None:
    model = FakeModel([script('rlm("Do it all")'), script('submit("ok", cite=[])')])
    await ask(model=model)
    assert "whole=True" in model.asked[1][-1].content
    willing = FakeModel([script('submit(rlm("All", whole=True), cite=[])'), script('submit("child", cite=[])')])
    assert (await ask(model=willing)).answer.answer == "child"


async def test_depth_ends_the_recursion(ask: Asker) -> None:
    deeper = script(
        'try:\n    rlm("Again", region("app.log", 1, 5))\nexcept Exception as e:\n    submit(str(e), cite=[])'
    )
    model = FakeModel([script('submit(rlm("Part", region("app.log", 1, 100)), cite=[])'), deeper])
    assert "budget.depth" in (await ask(model=model)).answer.answer


async def test_a_child_spends_on_its_parents_account(ask: Asker) -> None:
    endless = [script(f"print({n}, count('ERROR'))") for n in range(30)]
    model = FakeModel([script('print(rlm("Part", region("app.log", 1, 100)))'), *endless])
    told = await ask(model=model, budget=Budget(tokens=9_000))
    assert told.answer.status == "partial"
    assert told.answer.usage.prompt_tokens + told.answer.usage.completion_tokens <= 9_000


async def test_a_coordinator_may_delegate_and_not_look(ask: Asker) -> None:
    model = FakeModel(
        [script('print(find("ERROR"))'), script('r = llm_map("q", chunks(200))\nsubmit(str(len(r)), cite=[])')],
    )
    told = await ask(model=model, coordinator=True)
    assert "regex(" not in model.asked[0][0].content
    assert "not for a coordinator" in model.asked[1][-1].content
    assert told.answer.answer == "3"


async def test_without_the_level_there_is_no_sub_model_and_no_word_of_it(ask: Asker) -> None:
    model = FakeModel([script('llm("q")'), script('submit("ok", cite=[])')])
    await ask(model=model, levels=("dsl",))
    assert "llm_map" not in model.asked[0][0].content
    assert "not available" in model.asked[1][-1].content


async def test_a_run_that_repeats_itself_is_told_and_then_ended(ask: Asker) -> None:
    model = FakeModel([script("print(1)")] * 5)
    told = await ask(model=model, schema={"type": "object"})  # which no other route can give
    assert "exactly this before" in model.asked[2][-1].content
    assert told.answer.status == "partial"
    assert "stuck" in told.answer.reason
    assert len(model.asked) == 3


async def test_a_trace_with_sub_calls_and_a_child_replays_without_a_model(ask: Asker) -> None:
    from tests.scripted import TEXT

    from rlm_ls.engine.trace.replay import replay

    code = 'a = llm_map("q", chunks(200))\nb = rlm("Part", region("app.log", 1, 100))\nsubmit(a[0] + b, cite=[])'
    model = FakeModel([script(code), script('submit("child " + llm("inner"), cite=[])')], lambda p: f"len {len(p)}")
    file = ask.engine.store.folder / "app.log"
    file.write_text(TEXT)
    from rlm_ls.context.scope import Scope

    told = await ask(model=model, scope=Scope(kind="document", files=(str(file),)))
    events = await ask.engine.store.events(told.answer.run_id)
    again = await replay(ask.engine, events, strict=True)
    assert again.differences == ()
    assert again.answer.answer == told.answer.answer
    assert json.dumps(again.answer.usage.wire() | {"seconds": 0}) == json.dumps(
        told.answer.usage.wire() | {"seconds": 0}
    )


async def test_a_script_stopped_after_sub_calls_keeps_its_variables(tmp_path: Path) -> None:
    """The newest dump is of the moment at which the script waited for a reply."""
    endless = script('x = 41\ny = llm("q")\nwhile True:\n    pass')
    gathered = script('x = x + 1\nz = await asyncio.gather(llm("a"), llm("b"))\nwhile True:\n    pass')
    model = FakeModel([endless, gathered, script("print('x is', x)"), script('submit("done", cite=[])')])
    async with asking(tmp_path / "state", script_seconds=0.5) as ask:
        told = await ask(model=model)
    assert told.answer.status == "answered"
    assert "last verb call" in model.asked[1][-1].content
    assert "x is 42" in model.asked[3][-1].content
