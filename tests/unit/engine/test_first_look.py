"""The first look in the opening of a live model's run: the lines nearest the question, a small model what the offline
rules found; and the same again in its replay."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scripted import TEXT, FakeModel, asking, script

from rlm_ls.engine.setup.opening import nearest
from rlm_ls.engine.setup.opening.first_look import HEADING, LONGEST
from rlm_ls.errors import SearchTimeout
from rlm_ls.models.recorded import RecordedModel

DONE = script("submit(str(count('ERROR')), cite=find('ERROR', limit=1))")
RARE = "2024-01-01 12:00:00 WARN the reactor door was opened by Ada Quill, badge 7741\n"
LONG = TEXT * 20 + RARE + TEXT * 20
ASKED = "Who opened the reactor door?"
NAMED = "Named in the question: "


async def opening(state: Path, text: str = LONG, question: str = ASKED, name: str = "model", **settings: bool) -> str:
    model = FakeModel([DONE] * 3, name=name)
    async with asking(state, **settings) as ask:
        run = await ask(model=model, text=text, question=question)
    shown = model.asked[0][1].content
    told = [event.first_look for event in run.events if event.type == "routeChosen"]
    assert told == [any(heading in shown for heading in (nearest.HEADING, nearest.THERE, NAMED, HEADING))]
    return shown


async def test_a_model_is_shown_the_lines_nearest_the_question_in_place_of_the_middle(tmp_path: Path) -> None:
    shown = await opening(tmp_path / "on")
    line = TEXT.count("\n") * 20 + 1
    assert f"{nearest.HEADING}\n{line}| {RARE.strip()}\n{line + 1}| {TEXT.splitlines()[0]}" in shown
    assert "Middle:" not in shown
    off = await opening(tmp_path / "off", first_look=False)
    assert nearest.HEADING not in off
    assert "Middle:" in off


async def test_a_small_model_is_shown_what_the_rules_found(tmp_path: Path) -> None:
    shown = await opening(tmp_path, TEXT * 20, "How many lines contain ERROR?", name="qwen2.5-coder-1.5b")
    assert "1,200" in shown or "1200" in shown
    assert len(shown[shown.find(HEADING) :]) <= LONGEST + len("\n\n") + 200


async def test_a_text_without_any_word_of_the_question_shows_its_middle(tmp_path: Path) -> None:
    shown = await opening(tmp_path, question="Wherefore zygomorphic xylophones?")
    assert nearest.HEADING not in shown
    assert "Middle:" in shown


async def test_rare_words_count_for_more_than_many_common_ones(tmp_path: Path) -> None:
    common = "The person said in several places that different persons keep several places for a different person.\n"
    text = common * 3_000 + "The ledger that the archivist keeps has the number 1810111.\n" + common * 3_000
    shown = await opening(tmp_path, text, "In different places several persons keep a ledger of the archivist: number?")
    assert "1810111" in shown


async def test_a_long_line_is_shown_by_its_head_and_where_the_words_stand(tmp_path: Path) -> None:
    line = f"2024-01-01 {'x' * 250} the reactor door was opened by Ada Quill {'y' * 500}\n"
    shown = await opening(tmp_path, TEXT * 20 + line)
    [found] = [one for one in shown.splitlines() if "Ada Quill" in one]
    assert "| 2024-01-01 xxx" in found
    assert len(found) < 200
    assert len(shown[shown.find(nearest.HEADING) :]) <= nearest.LONGEST


TALK = "".join(f"[{n}] Grad E: and then there were {n} of them .\n" for n in range(600))


def parts(*titles: str) -> str:
    opened = "[600] Grad A: the reactor door was opened by {0} Quill .\n"
    return "".join(f"##### {one} #####\n{TALK}{opened.format(one.split()[-1])}{TALK}" for one in titles)


MEETINGS = parts("MEETING Bed001", "MEETING Bed002", "MEETING Bed003")


async def test_of_a_part_that_the_question_names_is_said_where_it_is_and_what_is_nearest_there(tmp_path: Path) -> None:
    shown = await opening(tmp_path, MEETINGS, "Meeting bed002, or Bed002: who opened the reactor door?")
    lines = MEETINGS.count("\n") // 3
    assert f'{NAMED}"MEETING Bed002", lines {lines + 1}-{2 * lines}: region("app.log", "MEETING Bed002")\n' in shown
    assert nearest.THERE in shown
    assert "by Bed002 Quill" in shown
    assert "by Bed001 Quill" not in shown


async def test_an_outline_that_is_not_there_in_time_takes_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def late(*_: object) -> None:
        raise SearchTimeout("late", "")

    monkeypatch.setattr(nearest, "named_part", late)
    shown = await opening(tmp_path, MEETINGS, "Who opened the reactor door in Bed002?")
    assert NAMED not in shown
    assert f"{nearest.HEADING}\n" in shown
    assert "Quill" in shown


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (MEETINGS, "Who opened the reactor door at the last meeting?"),
        (MEETINGS, "Who opened the reactor door in Bed001 and in Bed002?"),
        (MEETINGS, "Who opened the reactor door in Bed004?"),
        (MEETINGS, "Who opened the reactor door, says the bed?"),
        (parts("MEETING Bed001") * 2, "Who opened the reactor door in Bed001?"),
        (parts("MEETING Bed001") + "##### Later #####\n" + TALK, "Who opened the reactor door in Bed001?"),
        (LONG, "Who opened the Reactor door?"),
    ],
    ids=["none", "two", "unknown", "no name", "twice", "nearly all", "no parts"],
)
async def test_no_part_is_named_that_is_not_the_one_meant(tmp_path: Path, text: str, question: str) -> None:
    shown = await opening(tmp_path, text, question)
    assert NAMED not in shown
    assert nearest.HEADING in shown


async def test_a_replay_is_shown_the_same_whatever_the_setting_says_by_then(tmp_path: Path) -> None:
    for name in ("model", "qwen2.5-coder-1.5b"):
        async with asking(tmp_path / name / "1", first_look=True, trace="full") as ask:
            run = await ask(model=FakeModel([DONE] * 3, name=name), text=LONG, question=ASKED, run_id="first")
            events = await ask.engine.store.events("first")
        async with asking(tmp_path / name / "2", first_look=False, trace="full") as ask:
            again = await ask(model=RecordedModel.of(events, strict=True), text=LONG, question=ASKED)
        assert again.answer.answer == run.answer.answer
