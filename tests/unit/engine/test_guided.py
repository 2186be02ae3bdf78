"""Models that cannot explore: what they do decides the route, it ends within three calls, and is never worse than the
offline rules alone."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.scripted import TEXT, Asker, FakeModel, RunOutcome, asking, document, script

from rlm_ls.engine.abilities import Abilities, Learnt
from rlm_ls.engine.guided import proof
from rlm_ls.engine.guided.route import SYSTEM
from rlm_ls.engine.setup.prompt import SMALL_FORM
from rlm_ls.models.recorded import RecordedModel

STORY = "".join(
    f"2024-01-01 00:{n // 60:02}:{n % 60:02} INFO worker={n % 7} took={n} ms job {n} was done and all was well\n"
    for n in range(2000)
)
FOUND = "2024-01-01 09:00:00 WARN the breaker of the Lisbon pump opened because of a burnt relay\n"
TEXT_WITH = STORY[:50_000] + STORY[: STORY.index("\n") + 1] + FOUND + STORY[50_000 + STORY[50_000:].index("\n") + 1 :]
WHY = "Why did the breaker of the Lisbon pump open?"
MANY = "How many lines contain ERROR?"
PROSE = "To explore further, you can look at the log with a text editor."
BROKEN = script("for line in open('app.log'): print(line")


async def answered(ask: Asker, replies: list[str], question: str, text: str = TEXT_WITH, **more: Any) -> Any:
    model = FakeModel(replies, **more)
    run = await ask(model=model, text=text, question=question)
    return run, model


def routes(run: RunOutcome) -> list[str]:
    return [event.route for event in run.events if event.type in ("routeChosen", "routeChanged")]


def proof_of(model: FakeModel, words: str) -> str:
    """The number under which the model was shown a line."""
    shown = model.asked[-1][1].content
    return next(line.partition(":")[0] for line in shown.splitlines() if words in line)


class Reading(FakeModel):
    """Writes no code; where it is shown numbered lines it names the one with some words."""

    def __init__(self, before: list[str], words: str, answer: str) -> None:
        super().__init__(before)
        self.words, self.answer = words, answer

    async def complete(self, messages: Any, **options: Any) -> Any:
        if messages[0].content == SYSTEM:
            self._replies = [f"ANSWER: {self.answer}\nPROOF: "]
            reply = await super().complete(messages, **options)
            return type(reply)(reply.text + proof_of(self, self.words), reply.usage, reply.model)
        return await super().complete(messages, **options)


@pytest.mark.parametrize("before", [[PROSE, PROSE], [BROKEN, BROKEN], [script("print('ERROR')"), PROSE]])
async def test_a_model_that_twice_gets_nowhere_is_shown_passages_and_its_proved_answer_counts(
    before: list[str], tmp_path: Path
) -> None:
    async with asking(tmp_path) as ask:
        model = Reading(before, "burnt relay", "a burnt relay")
        run = await ask(model=model, text=TEXT_WITH, question=WHY)
    assert (run.answer.status, run.answer.route, run.answer.answer) == ("answered", "guided", "a burnt relay")
    assert [one.quote for one in run.answer.citations] == [FOUND.strip()]
    assert len(model.asked) == 3
    assert routes(run) == ["rlm", "guided"]


async def test_where_the_model_proves_nothing_what_the_rules_found_is_the_answer(tmp_path: Path) -> None:
    async with asking(tmp_path / "1") as ask:
        run, model = await answered(ask, [PROSE, PROSE, "Because of an earthquake in 1755."], WHY)
    async with asking(tmp_path / "2") as ask:
        scope = run.answer.citations
        offline = await ask.engine.ask(_request(WHY, TEXT_WITH), lambda _: None)
    assert run.answer.answer == offline.answer
    assert [one.label for one in scope] == [one.label for one in offline.citations]
    assert len(model.asked) == 3
    assert "not" in " ".join(run.answer.warnings) or "no answer" in " ".join(run.answer.warnings)


@pytest.mark.parametrize(
    "said",
    [
        "ANSWER: an earthquake in 1755\nPROOF: 1",  # words that stand nowhere
        "ANSWER: the breaker of the Lisbon pump\nPROOF: 1",  # the question once more
        "ANSWER: not found\nPROOF: 1",
        "",
        "]" * 50_000,
    ],
)
async def test_an_answer_without_proof_does_not_count(said: str, tmp_path: Path) -> None:
    async with asking(tmp_path) as ask:
        run, _ = await answered(ask, [PROSE, PROSE, said, said], WHY)
    assert run.answer.status == "answered"
    assert run.answer.answer.startswith("I did not understand"), run.answer.answer
    assert "burnt relay" in run.answer.answer
    assert run.answer.warnings


async def test_what_a_rule_understood_needs_no_further_call(tmp_path: Path) -> None:
    async with asking(tmp_path) as ask:
        run, model = await answered(ask, ["There are about 17.", "17, I think."], MANY, TEXT * 20)
    assert "1,200" in run.answer.answer
    assert (run.answer.status, run.answer.route, len(model.asked)) == ("answered", "guided", 2)
    assert "rules answered" in run.answer.reason


async def test_a_first_reply_that_gets_nowhere_is_told_a_small_models_rules(tmp_path: Path) -> None:
    async with asking(tmp_path) as ask:
        run, model = await answered(
            ask,
            [PROSE, script("n = count('ERROR', by='line')\nsubmit(str(n), cite=find('ERROR', limit=1))")],
            MANY,
            TEXT * 20,
        )
    assert model.asked[1][-1].content.startswith(SMALL_FORM)
    assert (run.answer.answer, run.answer.route) == ("1200", "rlm")


@pytest.mark.parametrize(
    "replies",
    [
        # errors, but each another; then an answer
        [script("regex('(')"), script("top('ERROR')[0].x"), script("find('relay')[0].nothing"), "end"],
        # a look, thought about without another verb
        [script("hits = find('relay')\nprint(hits)"), script("print(hits[0].line)"), script("print(len(hits))"), "end"],
        # one reply in between without a block
        [script("print(count('INFO'))"), PROSE, script("print(count('WARN'))"), PROSE, "end"],
        # a search that finds nothing, and another one
        [script("print(find('nix'))"), script("print(find('nox'))"), script("print(count('nax'))"), "end"],
    ],
)
async def test_a_model_that_gets_somewhere_is_left_to_explore(replies: list[str], tmp_path: Path) -> None:
    end = script("submit('a burnt relay', cite=find('burnt relay'))")
    async with asking(tmp_path) as ask:
        run, model = await answered(ask, [*replies[:-1], end], WHY)
    assert (run.answer.answer, run.answer.route) == ("a burnt relay", "rlm")
    assert routes(run) == ["rlm"]
    assert len(model.asked) == len(replies)


async def test_a_script_without_a_fence_is_run(tmp_path: Path) -> None:
    bare = "n = count('ERROR', by='line')\nsubmit(f'{n} lines', cite=find('ERROR', limit=1))"
    async with asking(tmp_path) as ask:
        run, model = await answered(ask, [bare], MANY, TEXT * 20)
    assert (run.answer.answer, len(model.asked)) == ("1200 lines", 1)


@pytest.mark.parametrize(
    "submitted",
    [
        "n = count('Lisbon', by='line')\nsubmit(f'{n} times', cite=find('Lisbon'))",
        "submit('The breaker of the Lisbon pump opened', cite=find('Lisbon'))",
        "submit('an earthquake', cite=find('Lisbon'))",
        "print(find('Lisbon'))\nsubmit('a burnt relay')",
    ],
)
async def test_what_a_small_model_submits_has_to_stand_in_what_it_cites(submitted: str, tmp_path: Path) -> None:
    async with asking(tmp_path) as ask:
        model = Reading([script(submitted)], "burnt relay", "a burnt relay")
        model.name = "ollama_chat/qwen2.5-coder:1.5b"
        run = await ask(model=model, text=TEXT_WITH, question=WHY)
    assert (run.answer.answer, run.answer.route, len(model.asked)) == ("a burnt relay", "guided", 2)


@pytest.mark.parametrize(
    ("question", "submitted", "answer", "route"),
    [
        (WHY, "submit('a burnt relay', cite=find('relay'))", "a burnt relay", "rlm"),
        (MANY, "submit(str(count('ERROR')), cite=find('ERROR', limit=1))", "60", "rlm"),
        (MANY, "submit(str(count('INFO')), cite=find('INFO', limit=1))", "60 lines", "guided"),
    ],
)
async def test_what_a_small_model_submits_counts_where_it_holds(
    question: str, submitted: str, answer: str, route: str, tmp_path: Path
) -> None:
    async with asking(tmp_path) as ask:
        model = FakeModel([script(submitted)], name="ollama_chat/qwen2.5-coder:1.5b")
        run = await ask(model=model, text=TEXT if question == MANY else TEXT_WITH, question=question)
    assert run.answer.answer.startswith(answer)
    assert (run.answer.route, len(model.asked)) == (route, 1)


LOOK, LOOK_AGAIN = script("print(find('relay'))"), script("print(find('breaker', limit=1))")


@pytest.mark.parametrize(
    "before",
    [
        [PROSE, LOOK],
        [LOOK, PROSE],
        [LOOK, LOOK_AGAIN],  # each gets somewhere, and none submits
        [LOOK, ""],  # an empty one is asked for again
        ["", LOOK],
    ],
)
async def test_a_small_model_is_asked_three_times_whatever_it_replies(before: list[str], tmp_path: Path) -> None:
    async with asking(tmp_path) as ask:
        model = Reading([*before, *[script(f"print(find('pump', limit={n}))") for n in range(1, 9)]], "burnt", "x")
        model.answer = "a burnt relay"
        model.name = "ollama_chat/qwen2.5-coder:1.5b"
        run = await ask(model=model, text=TEXT_WITH, question=WHY)
    assert (run.answer.status, run.answer.route) == ("answered", "guided")
    assert "a burnt relay" in run.answer.answer
    assert len(model.asked) <= 3


async def test_a_small_model_is_told_that_its_next_program_is_its_last(tmp_path: Path) -> None:
    end = script("submit('a burnt relay', cite=find('burnt relay'))")
    async with asking(tmp_path) as ask:
        model = FakeModel([LOOK, end], name="ollama_chat/qwen2.5-coder:1.5b")
        run = await ask(model=model, text=TEXT_WITH, question=WHY)
    assert "Submit the answer in your next reply" in model.asked[1][-1].content
    assert (run.answer.answer, run.answer.route) == ("a burnt relay", "rlm")


async def test_a_model_known_to_write_no_programs_is_guided_at_once(tmp_path: Path) -> None:
    unable = Abilities("model", False, False, False, True, 10, 0.0, 1.0, 4096, 512)
    async with asking(tmp_path) as ask:
        Learnt(ask.engine.store.folder).keep(unable, "test")
        model = Reading([], "burnt relay", "a burnt relay")
        run = await ask(model=model, text=TEXT_WITH, question=WHY)
    assert (run.answer.answer, run.answer.route, len(model.asked)) == ("a burnt relay", "guided", 1)
    assert "models --check" in run.answer.reason


async def test_a_guided_run_is_replayed_as_it_was(tmp_path: Path) -> None:
    async with asking(tmp_path / "1", trace="full") as ask:
        model = Reading([PROSE, PROSE], "burnt relay", "a burnt relay")
        run = await ask(model=model, text=TEXT_WITH, question=WHY, run_id="first")
        events = await ask.engine.store.events("first")
    async with asking(tmp_path / "2", trace="full") as ask:
        again = await ask(model=RecordedModel.of(events, strict=True), text=TEXT_WITH, question=WHY)
    assert (again.answer.answer, again.answer.route) == (run.answer.answer, "guided")


async def test_a_server_that_fails_in_the_last_call_leaves_what_the_rules_found(tmp_path: Path) -> None:
    from rlm_ls.errors import ModelFailed

    class Failing(FakeModel):
        async def complete(self, messages: Any, **options: Any) -> Any:
            if messages[0].content == SYSTEM:
                raise ModelFailed("The server is gone.", "")
            return await super().complete(messages, **options)

    async with asking(tmp_path) as ask:
        run = await ask(model=Failing([PROSE, PROSE]), text=TEXT_WITH, question=WHY)
    assert run.answer.status == "answered"
    assert "burnt relay" in run.answer.answer


async def test_what_lies_outside_the_question_is_not_shown(tmp_path: Path) -> None:
    outside = "SECRET the breaker of the Lisbon pump opened since it was painted red\n"
    text = TEXT_WITH + outside
    scope = replace(document(text), kind="selection", region=((0, 0), (text.count("\n") - 1, 0)))
    async with asking(tmp_path) as ask:
        model = FakeModel([PROSE, PROSE, "ANSWER: not found"])
        run = await ask(model=model, scope=scope, question=WHY)
    assert run.answer.route == "guided"
    shown = model.asked[2][1].content
    assert "burnt relay" in shown
    assert "painted red" not in shown


async def test_lines_that_a_question_leaves_out_are_not_shown(tmp_path: Path) -> None:
    lines = TEXT_WITH.splitlines()
    scope = replace(document(TEXT_WITH), leave_out=(next(n for n, line in enumerate(lines) if "relay" in line) - 1,))
    left_out = lines[scope.leave_out[0]]
    async with asking(tmp_path) as ask:
        model = FakeModel([PROSE, PROSE, "ANSWER: not found"])
        await ask(model=model, scope=scope, question=WHY)
    shown = model.asked[2][1].content
    assert "burnt relay" in shown
    assert left_out not in shown


@pytest.mark.parametrize(
    "said", ["ANSWER: a burnt relay\nPROOF: 9999", "ANSWER: a burnt relay", "answer: A burnt relay."]
)
async def test_where_the_lines_are_miscounted_the_one_that_proves_it_is_cited(said: str, tmp_path: Path) -> None:
    async with asking(tmp_path) as ask:
        run, _ = await answered(ask, [PROSE, PROSE, said], WHY)
    assert "burnt relay" in run.answer.answer
    assert [one.quote for one in run.answer.citations] == [FOUND.strip()]


async def test_a_small_model_that_submits_without_a_look_is_told_to_look(tmp_path: Path) -> None:
    blind, looked = (
        script("submit('17')"),
        script("submit(str(count('ERROR', by='line')), cite=find('ERROR', limit=1))"),
    )
    async with asking(tmp_path) as ask:
        model = FakeModel([blind, looked], name="openai/qwen2.5-coder-1.5b")
        run = await ask(model=model, text=TEXT * 20, question=MANY)
    assert SMALL_FORM in model.asked[0][0].content
    assert "nothing was looked up" in model.asked[1][-1].content
    assert run.answer.answer == "1200"


def _request(question: str, text: str) -> Any:
    from rlm_ls.engine.request import AskRequest

    return AskRequest(question=question, scope=document(text))


def test_what_a_long_answer_costs_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its words is held against each of the question's: of a long one, those of its beginning."""
    compared = 0

    def again(_word: str, asked: Set[str]) -> bool:
        nonlocal compared
        compared += len(asked)
        return True

    monkeypatch.setattr(proof, "_again", again)
    words = " ".join(f"omega{number}" for number in range(20_000))
    proof.proved(proof.GuidedReply(words, (1,)), words, {1: words})
    assert 0 < compared < (proof.LONGEST_ANSWER / 6) ** 2
