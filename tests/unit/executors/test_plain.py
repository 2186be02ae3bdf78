"""The door for data of scripts and callers: plain JSON comes through it, to the exact bound, and nothing past it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from rlm_ls.errors import ProgramError
from rlm_ls.executors.checking.plain import BITS, Bounds, plain, well_formed

ROOM = Bounds(values=100, characters=100, depth=10)


@dataclass
class FromSandbox:
    attributes: Mapping[str, Any]


def through(value: Any, **bounds: int) -> Any:
    return plain(value, Bounds(**{"values": 100, "characters": 100, "depth": 10, **bounds}), "the data")


def refused(value: Any, **bounds: int) -> tuple[str, str]:
    with pytest.raises(ProgramError) as error:
        through(value, **bounds)
    return error.value.message, error.value.remedy


class Odd:
    def __str__(self) -> str:
        return "odd \ud800"

    def __repr__(self) -> str:
        return "Odd()"  # a test's name has no address in it: a mutation run asks for tests by name


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (1.5, 1.5),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        ("Véra", "Véra"),
        ("half \ud800", "half ?"),
        ((1, (2,)), [1, [2]]),
        ({3, 1, 2}, [1, 2, 3]),
        pytest.param(frozenset({"b", "a", 10}), [10, "a", "b"], id="a set"),  # else its name has any order
        ({1: "a", None: "b", 1.5: "c", (1, 2): "d"}, {"1": "a", "None": "b", "1.5": "c", "[1, 2]": "d"}),
        ({"k\ud800": 1}, {"k?": 1}),
        (FromSandbox({"doc": "app.log", "line": 12, "end": 3}), "app.log:12"),
        (FromSandbox({"doc": "app.log"}), {"doc": "app.log"}),
        (FromSandbox({"line": 12}), {"line": 12}),
        (FromSandbox({"x": (1,)}), {"x": [1]}),
        (Odd(), "odd ?"),
    ],
    ids=repr,
)
def test_what_a_script_passes_becomes_plain_json(value: Any, wanted: Any) -> None:
    found = through(value)
    assert found == wanted
    assert type(found) is type(wanted)
    json.dumps(found)


def test_values_are_counted_to_the_bound() -> None:
    assert through([1, 2, 3], values=4) == [1, 2, 3]
    assert refused([1, 2, 3], values=3) == ("the data holds more than 3 values.", "Pass less.")
    assert "more than 3,000 values" in refused([0] * 3000, values=3000)[0]


def test_keys_that_are_no_text_count_as_values_and_all_keys_as_characters() -> None:
    assert through({1: 2}, values=3)
    assert refused({1: 2}, values=2)
    assert through({"abc": "de"}, characters=5)
    assert refused({"abc": "de"}, characters=4)


def test_depth_is_counted_to_the_bound() -> None:
    for nest in (lambda inner: [inner], lambda inner: {"a": inner}, lambda inner: frozenset([json.dumps(inner)])):
        assert through(nest(1), depth=1)
        assert refused(nest(1), depth=0) == (
            "the data is nested more than 0 levels deep.",
            "Pass it flat.",
        )
    assert refused([[[1]]], depth=2)
    assert refused({"a": {"b": {"c": 1}}}, depth=2)


def test_the_depth_of_a_key_is_bounded_by_itself() -> None:
    key: Any = ()
    for _ in range(3):
        key = (key,)
    assert through({key: 1}, depth=3)
    assert refused({key: 1}, depth=2)


def test_characters_are_counted_together_to_the_bound() -> None:
    assert through(["ab", "cd"], characters=4)
    assert refused(["ab", "cde"], characters=4) == ("the data holds more than 4 characters.", "Pass less.")
    assert refused([Odd()], characters=4)


def test_an_integer_that_no_reader_takes_is_refused() -> None:
    largest = 2**BITS - 1
    assert through([largest, -largest]) == [largest, -largest]
    assert refused(largest + 1) == ("the data holds an integer of 1,025 bits.", "Pass it as text.")


def test_an_object_that_holds_itself_ends_in_words() -> None:
    loop: dict[str, Any] = {}
    inner = FromSandbox(loop)
    loop["self"] = inner
    assert refused(inner)


@pytest.mark.parametrize(
    ("text", "wanted"), [("plain", "plain"), ("Véra 🎉", "Véra 🎉"), ("a\udc80b", "a?b"), ("", "")]
)
def test_halves_of_characters_are_replaced(text: str, wanted: str) -> None:
    assert well_formed(text) == wanted
