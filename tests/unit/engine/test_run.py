"""The loop: turns, limits, submission, events, stopping."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path

import pytest
from tests.scripted import TEXT, Asker, asking, script

from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.surroundings import Diagnostic, Edit, Surroundings
from rlm_ls.engine.request import Budget
from rlm_ls.engine.trace.events import ModelCalled, ModelReplied, RunFinished, TextStreamed
from rlm_ls.errors import BadRequest, EmptyQuestion, RlmError, UnknownRun


async def test_a_submitted_answer_carries_checked_citations(ask: Asker) -> None:
    told = await ask(script("hit = find('ERROR', limit=1)[0]\nsubmit('first', cite=[hit])"))
    (citation,) = told.answer.citations
    assert (citation.path, citation.line, citation.state) == ("app.log", 4, "verified")
    assert citation.quote == TEXT.splitlines()[3]
    assert citation.version == 3
    assert citation.start_utf16 == (3, 0)
    assert citation.end_utf16 == (3, len(TEXT.splitlines()[3]))


@pytest.mark.parametrize(
    "cite", ["[4]", "'4'", "'app.log:4'", "['app.log:4-5']", "('app.log', 4)", "lines(4, 5)", "[[lines(4, 4)]]"]
)
async def test_places_are_cited_in_several_ways(ask: Asker, cite: str) -> None:
    told = await ask(script(f"submit('first', cite={cite})"))
    assert told.answer.citations[0].line == 4


async def test_a_citation_that_fails_its_check_goes_back_with_the_reason(ask: Asker) -> None:
    told = await ask(script("submit('x', cite=['app.log:601'])"), script("submit('y', cite=[])"))
    assert "600 lines" in told.observations[0]
    assert told.answer.answer == "y"


@pytest.mark.parametrize("cite", ["split('X')", "chunks(3)", "lines(3, 5)", "'app.log:3-5'"])
async def test_a_span_that_ends_with_an_empty_line_can_be_cited(ask: Asker, cite: str) -> None:
    text = "a\nb\nX 1\nc\n\nX 2\r\nd\r\n\r\n"
    told = await ask(script(f"submit('x', cite={cite})"), text=text)
    assert told.answer.status == "answered"
    assert all(citation.state == "verified" for citation in told.answer.citations)


async def test_a_forged_span_is_refused(ask: Asker) -> None:
    forged = "s = lines(4, 4)\ns.line = 9\ns.end_line = 9\nsubmit('x', cite=[s])"
    told = await ask(script(forged), script("submit('y')"))
    assert "are lines 4-4" in told.observations[0]


async def test_data_is_checked_against_the_schema(ask: Asker) -> None:
    schema = {"type": "object", "required": ["errors"], "properties": {"errors": {"type": "integer"}}}
    told = await ask(
        script("submit('x', data={'errors': 'sixty'})"), script("submit('x', data={'errors': 60})"), schema=schema
    )
    assert "is not of type 'integer'" in told.observations[0]
    assert told.answer.data == {"errors": 60}
    assert '"required": ["errors"]' in told.sent[0][1].content


async def test_an_invalid_schema_is_the_callers_error(ask: Asker) -> None:
    with pytest.raises(BadRequest, match="schema"):
        await ask(script("submit('x')"), schema={"type": 7})


@pytest.mark.parametrize("answer", ["''", "'  '", "None"])
async def test_an_empty_answer_is_not_accepted(ask: Asker, answer: str) -> None:
    told = await ask(script(f"submit({answer})"), script("submit('x')"))
    assert "answer is empty" in told.observations[0]


async def test_an_empty_question_is_refused(ask: Asker) -> None:
    with pytest.raises(EmptyQuestion):
        await ask(question="  \n")


async def test_several_lines_print_with_their_numbers(ask: Asker) -> None:
    told = await ask(
        script("print(lines(2, 3))\nprint(lines(2, 2))"), script("submit('x')"), text="a\r\nb\r\nc\r\n" * 100
    )
    assert told.observations[0].splitlines()[:4] == ["2-3", "2| b", "3| c", "2: b"]


async def test_lines_from_the_end_and_filters_that_ignore_case(ask: Asker) -> None:
    code = "print(lines(-2).text)\nprint(count('^', within=filter('error', ignore_case=True), by='line'))"
    told = await ask(
        script(code + "\nprint(count('^', within=filter('(?x) err or', ignore_case=True)))"), script("submit('x')")
    )
    assert told.observations[0].splitlines() == [*TEXT.splitlines()[-2:], "60", "60"]


async def test_top_and_extract_give_tuples_for_several_groups(ask: Asker) -> None:
    calls = (r"extract(r'(ERROR) worker=(\d)(x)?')[0]", r"top(r'(ERROR) worker=(\d)', 2)", "top('(ERROR)', 1)")
    code = "\n".join(f"print({call})" for call in calls)
    told = await ask(script(code), script("submit('x')"))
    counts = Counter(re.findall(r"(ERROR) worker=(\d)", TEXT))
    best = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:2]
    assert told.observations[0].splitlines()[:3] == ["('ERROR', '3', None)", str(best), "[('ERROR', 60)]"]


async def test_stats_by_name_are_those_of_each_name_alone(ask: Asker) -> None:
    code = (
        "print(stats(r'worker=(\\d) took=(\\d+)')['3'] == stats(r'worker=3 took=(\\d+)'), stats(r'took=(\\d+)')['p95'])"
    )
    told = await ask(script(code), script("submit('x')"))
    assert told.observations[0].startswith("True 569\n") or told.observations[0] == "True 569"


async def test_the_turn_limit_ends_in_a_partial_answer_with_the_findings(ask: Asker) -> None:
    told = await ask(*[script("print('found', count('ERROR'))")] * 3, budget=Budget(turns=2))
    assert told.answer.status == "partial"
    assert "2 turns" in told.answer.reason
    assert "found 60" in told.answer.answer
    assert "No final answer" in told.answer.answer


async def test_the_last_turn_is_announced(ask: Asker) -> None:
    told = await ask(script("1"), script("2"), script("submit('x')"), budget=Budget(turns=3))
    assert "last reply" in told.observations[1]


async def test_a_rejected_draft_is_part_of_the_partial_answer(ask: Asker) -> None:
    told = await ask(script("submit('the draft', cite=['app.log:9999'])"), budget=Budget(turns=1))
    assert told.answer.status == "partial"
    assert "the draft" in told.answer.answer


@pytest.mark.usefixtures("processes")
async def test_the_time_limit_stops_a_script_in_the_middle(ask: Asker) -> None:
    told = await ask(script("while True: pass"), budget=Budget(seconds=1.0))
    assert told.answer.status == "partial"
    assert "1 seconds" in told.answer.reason


async def test_after_an_error_the_other_blocks_run_and_none_may_submit(ask: Asker) -> None:
    reply = "\n".join(script(code) for code in ("a = 1", "b = a + nope", "c = 3\nsubmit('early')"))
    told = await ask(reply, script("submit(str(a + c))"))
    assert "not accepted: block 2 raised an error" in told.observations[0]
    assert told.answer.answer == "4"


async def test_blocks_of_other_languages_are_named_and_not_run(ask: Asker) -> None:
    told = await ask("```json\n{}\n```\n```rust a\nfn analyze() {}\n```\n" + script("print(7)"), script("submit('x')"))
    assert "```json was not run" in told.observations[0]
    assert "```rust a was not run: compiled programs are off" in told.observations[0]
    assert "7" in told.observations[0]


async def test_messages_are_append_only(ask: Asker) -> None:
    told = await ask(script("print(1)"), script("print(2)"), script("submit('x')"))
    for earlier, later in zip(told.sent, told.sent[1:], strict=False):
        assert later[: len(earlier)] == earlier


async def test_what_was_read_is_not_sent_again_and_can_be_printed_again(ask: Asker) -> None:
    read, again = script("part = lines(1, 200)\nprint(part.text)"), script("print(part.text[-60:])")
    told = await ask(read, script("print(count('ERROR'))"), again, script("submit('x')"))
    last = TEXT.splitlines()[199]
    assert last in told.sent[1][-1].content
    assert last not in "".join(m.content for m in told.sent[2])
    assert "that you have read" in told.sent[2][3].content
    assert last in told.sent[3][-1].content


async def test_a_small_window_compacts_old_observations_and_keeps_variables(ask: Asker) -> None:
    chatty = [script(f"kept = 5\nfor i in range(60): print('padding', {n}, i)") for n in range(8)]
    told = await ask(*chatty, script("submit(str(kept))"), window=3_000)
    assert told.answer.answer == "5"
    assert any("was dropped to make room" in m.content for m in told.sent[-1])
    assert told.sent[-1][1] == told.sent[0][1]


async def test_the_card_never_holds_the_text(ask: Asker) -> None:
    told = await ask(script("submit('x')"), text="secret line\n" * 5 + "x" * 50_000 + "\n" + "tail\n" * 500)
    assert len(told.sent[0][1].content) < 4_000


async def test_every_event_is_stored_before_it_is_told(ask: Asker) -> None:
    seen: list[str] = []
    told = await ask(
        script("print(count('ERROR'))"), script("submit('x')"), run_id="r1", on_event=lambda e: seen.append(e.type)
    )
    stored = await ask.engine.store.events("r1")
    assert [event["type"] for event in stored] == [t for t in seen if t != "textStreamed"]
    assert [event["seq"] for event in stored] == list(range(1, len(stored) + 1))
    assert isinstance(told.events[-1], RunFinished)
    assert any(isinstance(event, TextStreamed) for event in told.events)


async def test_the_reply_is_durable_before_its_program_runs(ask: Asker) -> None:
    stored: list[list[str]] = []

    async def look() -> None:
        stored.append([e["type"] for e in await ask.engine.store.events("r2")])

    tasks = []

    def on_event(event: object) -> None:
        if isinstance(event, ModelReplied):
            tasks.append(asyncio.ensure_future(look()))

    await ask(script("submit('x')"), run_id="r2", on_event=on_event)
    await asyncio.gather(*tasks)
    assert stored[0][-1] == "modelReplied" or "modelReplied" in stored[0]


async def test_the_trace_keeps_only_what_was_appended(ask: Asker) -> None:
    told = await ask(script("print(1)"), script("submit('x')"))
    calls = [event for event in told.events if isinstance(event, ModelCalled)]
    assert [len(call.messages) for call in calls] == [2, 2]


@pytest.mark.usefixtures("processes")
async def test_stop_ends_in_a_cancelled_answer_with_the_findings(ask: Asker) -> None:
    def stop_in_second_turn(event: object) -> None:
        if getattr(event, "type", "") == "programStarted" and getattr(event, "turn", 0) == 2:
            asyncio.get_running_loop().call_later(0.1, ask.engine.stop, "r3")

    told = await ask(script("print('sixty')"), script("while True: pass"), run_id="r3", on_event=stop_in_second_turn)
    assert told.answer.status == "cancelled"
    assert "sixty" in told.answer.answer
    assert (await ask.engine.store.run("r3")).status == "cancelled"


@pytest.mark.usefixtures("processes")
async def test_cancelling_the_caller_stops_at_once_and_is_stored(ask: Asker) -> None:
    started = asyncio.Event()

    def on_event(event: object) -> None:
        if getattr(event, "type", "") == "programStarted":
            started.set()

    task = asyncio.ensure_future(ask(script("while True: pass"), run_id="r4", on_event=on_event))
    await started.wait()
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await ask.engine.store.run("r4")).status == "cancelled"


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("steps", [*range(12), 30])
async def test_cancelling_again_and_again_from_any_moment_leaves_a_run_that_has_ended(ask: Asker, steps: int) -> None:
    task = asyncio.create_task(ask(script("while True:\n    count('E')"), run_id="r5"))
    for _ in range(steps):
        await asyncio.sleep(0.001 * (steps == 30))
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    runs = [run.status for run in await ask.engine.store.runs()]
    assert runs in ([], ["cancelled"])


async def test_many_runs_at_once_do_not_disturb_each_other(ask: Asker) -> None:
    async def one(number: int) -> str:
        text = "ERROR x\n" * number + "fine\n"
        told = await ask(script("n = count('ERROR')"), script("submit(str(n))"), text=text)
        return told.answer.answer

    assert await asyncio.gather(*(one(n) for n in range(1, 9))) == [str(n) for n in range(1, 9)]


async def test_coverage_and_usage_are_counted(ask: Asker) -> None:
    told = await ask(script("print(lines(1, 3).text)"), script("submit('x')"))
    assert (told.answer.coverage.documents, told.answer.coverage.read) == (1, 1)
    assert told.answer.coverage.characters_read > 100
    assert (told.answer.usage.turns, told.answer.usage.model_calls) == (2, 2)
    assert (told.answer.usage.prompt_tokens, told.answer.usage.completion_tokens) == (200, 40)


async def test_a_selection_limits_what_verbs_see_and_what_may_be_cited(ask: Asker) -> None:
    scope = Scope(
        kind="selection",
        files=("file:///app.log",),
        region=((0, 0), (10, 0)),
        buffers=(Buffer("file:///app.log", TEXT),),
    )
    told = await ask(
        script("print(count('ERROR'))\nsubmit('x', cite=[lines(500, 500)])"), script("submit('y')"), scope=scope
    )
    assert told.observations[0].startswith("1\n")
    assert "outside the question's scope" in told.observations[0]
    assert "lines 1-10" in told.sent[0][1].content.replace("1-11", "1-10")


async def test_a_follow_up_brings_question_answer_and_variables(ask: Asker) -> None:
    first = script("errors = count('ERROR')\nworst, rest = 7, []\nsubmit('There are sixty.')")
    await ask(first, question="How many errors?", run_id="r5")
    told = await ask(script("submit(str(errors + worst))"), question="And plus the worst?", follow_up="r5")
    assert told.answer.answer == "67"
    opening = told.sent[0][1].content
    assert "How many errors?" in opening
    assert "There are sixty." in opening
    assert "errors, worst, rest" in opening


async def test_a_follow_up_sees_the_text_as_it_is_now(ask: Asker) -> None:
    await ask(script("old = find('ERROR', limit=100)\nsubmit('x')"), run_id="r8")
    told = await ask(
        script("print(count('ERROR'), len(old))\nsubmit('y', cite=[old[-1]])"),
        script("submit('z')"),
        text="ERROR only one\n",
        follow_up="r8",
    )
    assert told.observations[0].startswith("1 60")
    assert "not accepted" in told.observations[0]


async def test_a_follow_up_on_an_unknown_run_is_an_error(ask: Asker) -> None:
    with pytest.raises(UnknownRun):
        await ask(script("submit('x')"), follow_up="nosuch")


async def test_a_quotation_that_stands_nowhere_goes_back_once_and_is_then_marked(ask: Asker) -> None:
    wrong = script("submit('The log says \u201cworker seven gave up after a while\u201d at the end.')")
    told = await ask(wrong, wrong)
    assert "the text holds no" in told.observations[0]
    assert told.answer.status == "answered"
    assert "while” *(unmatched: not found in the text)* at the end" in told.answer.answer


async def test_a_quotation_across_lines_and_blanks_is_found(ask: Asker) -> None:
    told = await ask(
        script("submit('He wrote \u201cthe quick brown fox … jumps over the lazy dog’s back\u201d.')"),
        text="the quick\r\n  brown fox, she said, jumps OVER the\nlazy dog's back\n" + "filler\n" * 50,
    )
    assert told.answer.status == "answered"
    assert "unmatched" not in told.answer.answer


@pytest.mark.parametrize(
    "quoted",
    [
        r"> the user \<name\> was \[not\] let in",
        "> the user &lt;name&gt; was [not] let in",
        "> the user <name> was [not] let in",
    ],
)
async def test_a_quotation_as_markdown_writes_it_is_found(ask: Asker, quoted: str) -> None:
    told = await ask(script(f"submit({quoted!r})"), text="the user <name> was [not] let in\n" + "filler\n" * 50)
    assert "unmatched" not in told.answer.answer
    assert told.answer.usage.turns == 1


async def test_a_quotation_is_found_in_a_text_with_blanks_before_its_marks(ask: Asker) -> None:
    told = await ask(
        script('submit("He said “Well then, I will go now; will you?”")'),
        text="he said : well then , I will go now ; will you ?\n" + "filler\n" * 50,
    )
    assert (told.answer.usage.turns, "unmatched" in told.answer.answer) == (1, False)


async def test_a_backslash_of_the_text_is_found_as_it_is(ask: Asker) -> None:
    told = await ask(
        script(r"""submit(r'> it wrote C:\!old\[1] and then gave up')"""),
        text="it wrote C:\\!old\\[1] and then gave up\n" + "filler\n" * 50,
    )
    assert "unmatched" not in told.answer.answer


async def test_code_and_short_quotes_are_not_taken_for_quotations(ask: Asker) -> None:
    told = await ask(script('submit(\'See "a term" and `x = "some words that are not in the text"`.\')'))
    assert told.answer.usage.turns == 1
    assert "unmatched" not in told.answer.answer


async def test_the_card_and_verbs_know_the_editor(ask: Asker) -> None:
    uri = "file:///app.log"
    here = Surroundings(
        cursor=(uri, 9, 0),
        open=(uri,),
        diagnostics=(Diagnostic(uri, 3, 3, "error", "bad level", "loglint", "L1"),),
        edits=(Edit(uri, 4, 5),),
    )
    told = await ask(
        script("print(diagnostics(), diagnostics(severity='hint'))\nprint(editor())"),
        script("submit('x')"),
        surroundings=here,
    )
    card = told.sent[0][1].content
    assert "Cursor: app.log:10" in card
    assert "Marked app.log:4: error: bad level" in card
    assert "app.log:4: error: bad level (loglint L1) []" in told.observations[0]
    assert "'cursor': 'app.log:10'" in told.observations[0]
    assert "app.log:5-6" in told.observations[0]


async def test_a_standard_trace_keeps_no_text_of_the_document(tmp_path: Path) -> None:
    async with asking(tmp_path / "state", trace="standard") as ask:
        await ask(script("print(lines(100, 120).text)"), script("submit('x', cite=[lines(7, 7)])"), run_id="r6")
    stored = b"".join(p.read_bytes() for p in (tmp_path / "state").rglob("*") if p.is_file())
    assert TEXT.splitlines()[110].encode() not in stored
    assert TEXT.splitlines()[6].encode() in stored


async def test_errors_before_the_first_turn_are_raised_and_stored(ask: Asker) -> None:
    with pytest.raises(RlmError):
        await ask(script("submit('x')"), scope=Scope(kind="document", files=("/no/such/file.log",)), run_id="r7")
    assert (await ask.engine.store.run("r7")).status == "failed"


async def test_top_never_hands_over_a_part_for_the_whole(ask: Asker) -> None:
    text = "".join(f"id={n}\n" for n in range(25_000))
    code = "print(count(r'id=(\\d+)', by='value'), len(top(r'id=(\\d+)', 5)))\ntop(r'id=(\\d+)', 10**6)"
    told = await ask(script(code), script("submit('x')"), text=text)
    assert told.observations[0].startswith("25000 5\n")
    assert "25,000 different values" in told.observations[0]


async def test_the_line_a_question_stands_in_does_not_count(ask: Asker) -> None:
    text = "ERROR 1\n# rlm: how many lines hold ERROR?\nERROR 2\n"
    uri = "file:///app.log"
    scope = Scope(kind="document", files=(uri,), leave_out=(1,), buffers=(Buffer(uri, text),))
    told = await ask(
        script("print(count('ERROR'), count('^'))\nsubmit('x', cite=[2])"), script("submit('y')"), scope=scope
    )
    assert told.observations[0].startswith("2 2\n")
    assert "outside the question's scope" in told.observations[0]
