"""The registry: what is made from it is true, short and complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlm_ls.engine.prompt import Voice, system_prompt
from rlm_ls.errors import ProgramError
from rlm_ls.executors import verbs
from rlm_ls.executors.prelude import prelude
from rlm_ls.executors.registry import VERBS, help_text, later_verbs, reference
from rlm_ls.models.profiles import Profile

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
    assert DOCS.read_text(encoding="utf-8") == reference(), "python -m rlm_ls.executors.registry > docs/verbs.md"


def test_the_prompt_stays_within_900_tokens_and_names_every_verb_that_works() -> None:
    prompt = system_prompt(Voice(4000, Profile("test", 100_000, 80, 2048)))
    assert len(prompt) / 4 <= 900
    for name, verb in VERBS.items():
        assert (f"{name}" in prompt) == (verb.shape != "unavailable")


def test_without_sub_models_the_prompt_does_not_speak_of_them() -> None:
    prompt = system_prompt(Voice(4000))
    assert [name for name in later_verbs() if name in prompt] == []


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
