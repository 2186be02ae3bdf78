"""The first look: the offline rules' finding in the opening of a live model's run, and the same again in its replay."""

from __future__ import annotations

from pathlib import Path

from tests.scripted import TEXT, FakeModel, asking, script

from rlm_ls.engine.setup.first_look import HEADING, LONGEST
from rlm_ls.models.recorded import RecordedModel

DONE = script("submit('60 errors', cite=[])")


async def test_a_live_model_is_shown_what_the_rules_found_once_it_is_switched_on(tmp_path: Path) -> None:
    for on in (True, False):
        model = FakeModel([DONE])
        async with asking(tmp_path / str(on), first_look=on) as ask:
            run = await ask(model=model, text=TEXT * 20, question="How many lines contain ERROR?")
        opening = model.asked[0][1].content
        assert (HEADING in opening) is on
        assert ("1,200" in opening or "1200" in opening) is on
        assert len(opening[opening.find(HEADING) :]) <= LONGEST or not on
        assert [event.first_look for event in run.events if event.type == "routeChosen"] == [on]


async def test_a_replay_is_shown_the_same_whatever_the_setting_says_by_then(tmp_path: Path) -> None:
    question, text = "How many lines contain ERROR?", TEXT * 20
    async with asking(tmp_path / "1", first_look=True, trace="full") as ask:
        run = await ask(model=FakeModel([DONE]), text=text, question=question, run_id="first")
        events = await ask.engine.store.events("first")
    replayed = RecordedModel.of(events, strict=True)
    async with asking(tmp_path / "2", trace="full") as ask:
        again = await ask(model=replayed, text=text, question=question)
    assert again.answer.answer == run.answer.answer
