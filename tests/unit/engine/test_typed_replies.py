"""A label a row: asked with a schema, checked, asked once more where it does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.scripted import FakeModel, asking, script


class Typed(FakeModel):
    """Keeps the schemas that it was given."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.schemas: list[Any] = []

    async def complete(self, messages: Any, **options: Any) -> Any:
        if options.get("schema") is not None:
            self.schemas.append(options["schema"])
        return await super().complete(messages, **options)


def labels(prompt: str) -> str:
    rows = [line.partition(". ")[2] for line in prompt.splitlines() if line[:1].isdigit() and ". " in line]
    assert "Reply with a letter for each row: a = good; b = bad" in prompt
    return json.dumps({"labels": ["b" if "ERROR" in row else "a" for row in rows]})


BATCHES = "hits = [h.text for h in sample(25)]\nbatches = [hits[i:i + 10] for i in range(0, 25, 10)]\n"


async def test_a_label_comes_back_for_each_row_in_order(tmp_path: Path) -> None:
    code = BATCHES + (
        'told = llm_map("Good or bad?", batches, labels=["good", "bad"])\n'
        "flat = [one for batch in told for one in batch]\n"
        "submit(str(flat == ['bad' if 'ERROR' in h else 'good' for h in hits]) + f' {[len(b) for b in told]}', cite=[])"
    )
    model = Typed([script(code)], labels)
    async with asking(tmp_path) as ask:
        run = await ask(model=model)
    assert run.answer.answer == "True [10, 10, 5]"
    assert sorted(one["properties"]["labels"]["maxItems"] for one in model.schemas) == [5, 10, 10]


async def test_short_labels_stand_for_themselves(tmp_path: Path) -> None:
    code = 'submit(str(llm_map("q", [["one", "two"]], labels=["yes", "no"])), cite=[])'
    model = Typed([script(code)], lambda _: '{"labels": ["no", "yes"]}')
    async with asking(tmp_path) as ask:
        run = await ask(model=model)
    assert run.answer.answer == "[['no', 'yes']]"
    [schema] = model.schemas
    assert schema["properties"]["labels"]["items"]["enum"] == ["yes", "no"]


async def test_too_few_labels_and_a_foreign_one_are_asked_again_and_then_a_failure(tmp_path: Path) -> None:
    def wrong(prompt: str) -> str:
        if "does not fit" in prompt:
            return json.dumps({"labels": ["a"] * 10}) if "10 rows" in prompt else '{"labels": ["good"]}'
        return '{"labels": ["a"]}'

    code = BATCHES + 'told = llm_map("q", batches, labels=["good", "bad"])\nprint([str(t)[:30] for t in told])'
    model = Typed([script(code), script("submit('x', cite=[])")], wrong)
    async with asking(tmp_path) as ask:
        await ask(model=model)
    seen = model.asked[1][-1].content
    assert seen.count("['good', 'good'") == 2
    assert "1 of 3 items failed" in seen


async def test_what_is_no_list_of_rows_is_an_error_that_says_so(tmp_path: Path) -> None:
    code = 'print(llm_map("q", chunks(200), labels=["a", "b"]))'
    model = Typed([script(code), script("submit('x', cite=[])")], labels)
    async with asking(tmp_path) as ask:
        await ask(model=model)
    assert "a list of rows" in model.asked[1][-1].content
    assert not model.schemas
