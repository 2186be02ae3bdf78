"""The registry: what is made from it is true, short and complete."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from rlm_ls.engine.setup.prompt import PromptOptions, system_prompt
from rlm_ls.errors import ProgramError
from rlm_ls.executors.scripts.prelude import prelude
from rlm_ls.executors.verbs import all as verbs
from rlm_ls.executors.verbs.reference import reference
from rlm_ls.executors.verbs.registry import SELDOM, VERBS, help_text
from rlm_ls.models.profiles import Profile
from rlm_ls.models.providers import library

DOCS = Path(__file__).parents[3] / "docs" / "verbs.md"
NAMED = set(
    "docs find find_any regex count extract top stats filter lines around slice split chunks outline terms sample text "  # noqa: SIM905
    "size region llm llm_map llm_reduce rlm map_reduce write_program budget show submit help".split()
)


def test_every_verb_of_the_design_is_there_and_documented() -> None:
    assert verbs
    assert set(VERBS) >= NAMED
    assert all(verb.summary for verb in VERBS.values())


def test_the_reference_page_is_made_from_the_registry() -> None:
    assert DOCS.read_text(encoding="utf-8") == reference(), (
        "python -P -m rlm_ls.executors.verbs.reference > docs/verbs.md"
    )


SUB = Profile("test", 100_000, 80, 2048)


def test_the_prompt_stays_within_500_tokens_and_names_every_verb_that_is_not_seldom() -> None:
    prompt = system_prompt(PromptOptions(4000, SUB, languages=("rust", "c", "wat")))
    assert [name for name in VERBS if name not in prompt and name not in SELDOM] == []
    litellm = asyncio.run(library.load())

    def tokens(options: PromptOptions) -> int:
        return len(litellm.encode(model="gpt-4", text=system_prompt(options)))

    assert tokens(PromptOptions(20_000)) <= 500
    assert tokens(PromptOptions(20_000, SUB, languages=("rust", "c", "wat"))) <= 650


def test_the_prompt_has_one_worked_example_that_submits_and_names_the_form_of_sub_calls_where_they_are() -> None:
    alone, full = system_prompt(PromptOptions(4000)), system_prompt(PromptOptions(4000, SUB, languages=("rust",)))
    example = alone.split("```python\n")[-1].split("```")[0]
    assert [word for word in ("count(", "top(", "submit(", "cite=") if word not in example] == []
    compile(example, "example", "exec")
    assert "map_reduce" not in alone
    assert [words for words in ("map_reduce(NAME", "numbered rows", "positive rows only") if words not in full] == []


def test_without_sub_models_the_prompt_does_not_speak_of_them() -> None:
    prompt = system_prompt(PromptOptions(4000))
    assert [name for name, verb in VERBS.items() if verb.level and name in prompt] == []


@pytest.mark.parametrize("languages", [("rust", "c", "wat"), ("c", "wat")])
def test_programs_are_spoken_of_where_they_can_be_compiled_in_few_words(languages: tuple[str, ...]) -> None:
    without, plain = system_prompt(PromptOptions(4000)), system_prompt(PromptOptions(4000, languages=("wat",)))
    prompt = system_prompt(PromptOptions(4000, languages=languages))
    written = system_prompt(PromptOptions(4000, SUB, languages=languages))
    assert plain == without
    assert f"```{languages[0]} NAME" in prompt
    assert "map_reduce(NAME" in prompt
    assert ("write_program" in written, "write_program" in prompt) == (True, False)
    assert (len(prompt) - len(without)) / 4 <= 110


def test_wrappers_are_made_for_every_verb() -> None:
    source = prelude(single=True)
    assert all(f"def {name}(" in source for name in VERBS)


@pytest.mark.parametrize("asked", ["find", "find()", "<function 'find' at 0xac>"])
def test_help_takes_names_as_models_write_them(asked: str) -> None:
    assert help_text(asked).startswith("find(text, within=None")


@pytest.mark.parametrize(
    ("args", "kwargs", "problem"),
    [
        ((), {}, "missing"),
        ((1,), {}, "'text'"),
        (("a",), {"limt": 3}, "no argument 'limt'"),
        (("a",), {"text": "b"}, "twice"),
        (tuple("abcdefghij"), {}, "at most"),
        (("a",), {"limit": "many"}, "'limit'"),
    ],
)
def test_wrong_arguments_are_explained_with_the_signature(args: tuple, kwargs: dict, problem: str) -> None:
    with pytest.raises(ProgramError) as caught:
        VERBS["find"].bind(args, kwargs)
    assert problem in caught.value.message
    assert "find(text, within=None" in caught.value.remedy


def test_a_number_in_second_place_is_how_many_are_wanted() -> None:
    for name in ("find", "regex", "find_any"):
        bound = VERBS[name].bind(("a" if name != "find_any" else ["a"], 7), {})
        assert (bound["limit"], bound["within"]) == (7, None)
    with pytest.raises(ProgramError, match="'limit' twice"):
        VERBS["regex"].bind(("a", 7), {"limit": 9})
    with pytest.raises(ProgramError, match="within"):
        VERBS["regex"].bind(("a", 7, 9), {})  # the limit is there: what the other is for nobody can tell
