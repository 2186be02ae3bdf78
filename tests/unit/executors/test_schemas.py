"""Schemas that others wrote: what is taken, what is refused and in which words, and what is said of data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.executors.checking.schemas import DIALECTS, MESSAGE, check, first_problem, problems

CLOCK = Deadline(60)
OLD = "http://json-schema.org/draft-04/schema#"


def refused(schema: Any) -> str:
    return check(CLOCK, schema)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"type": "integer"}}},
        {"$schema": OLD, "definitions": {"a": {}}, "properties": {"b": {"$ref": "#/definitions/a"}}},
        {"$schema": OLD.rstrip("#"), "exclusiveMinimum": True, "minimum": 0},
        {"properties": {"$schema": {"type": "string"}, "$ref": {"type": "string"}, "$id": {"type": "string"}}},
        {"$id": "https://example.com/order", "$defs": {"a": {"$anchor": "a"}}, "items": {"$ref": "#a"}},
        {"$schema": OLD, "id": "https://example.com/order", "items": {"$ref": "#/definitions/later"}},
        {"enum": [{"$ref": 7}]},
        {"items": {"$id": "https://example.com/x", "allOf": [{"$ref": "#/$defs/b"}], "$defs": {"b": {}}}},
        *({"$schema": dialect, "type": "string"} for dialect in DIALECTS),
    ],
)
def test_a_schema_of_its_own_parts_is_taken(schema: dict[str, Any]) -> None:
    assert refused(schema) == ""


@pytest.mark.parametrize("schema", [None, [], "x", True, 7], ids=repr)
def test_what_is_no_object_is_no_schema(schema: Any) -> None:
    assert refused(schema) == "it is not an object"


@pytest.mark.parametrize("name", ["$ref", "$dynamicRef", "$recursiveRef"])
@pytest.mark.parametrize("place", [lambda x: x, lambda x: {"items": [{"not": x}]}, lambda x: {"const": [[x]]}])
def test_a_reference_out_of_the_schema_is_refused_wherever_it_stands(name: str, place: Any) -> None:
    target = "http://host/?q=" + "s" * 200
    said = refused(place({name: target}))
    assert (
        said == f"its {name} {target[:100]!r} leads out of it: a reference is to the schema's own parts, as #/$defs/…"
    )


def test_a_good_reference_does_not_excuse_a_bad_one() -> None:
    for first, second in (("#", "other.json"), ("other.json", "#")):
        assert "'other.json' leads out" in refused({"anyOf": [{"$ref": first}, {"$ref": second}], "$ref": "#/$defs/x"})
    assert "leads out" in refused({"$ref": "#", "$dynamicRef": "other.json"})


@pytest.mark.parametrize("dialect", ["http://host/schema", 7, ["x"], "", "x" * 300], ids=repr)
def test_a_dialect_that_is_not_known_is_refused_and_not_fetched(dialect: Any) -> None:
    for schema in ({"$schema": dialect}, {"items": {"$schema": dialect}}):
        assert refused(schema) == f"its $schema {str(dialect)[:100]!r} is not known here"


def test_a_reference_that_leads_nowhere_is_named() -> None:
    said = refused({"items": {"$ref": "#/$defs/" + "n" * 200}})
    assert said == f"its reference {('/$defs/' + 'n' * 200)[:100]!r} leads nowhere"
    # Also where nothing of the schema would ever follow it.
    assert "leads nowhere" in refused({"properties": {"a": {"items": {"$ref": "#/$defs/none"}}}})
    assert "leads nowhere" in refused({"$schema": OLD, "items": {"$ref": "#/definitions/none"}})
    assert "leads nowhere" in refused({"$id": "https://example.com/x", "$ref": "#/none"})


def test_an_anchor_is_looked_for_as_the_schemas_dialect_says() -> None:
    """`id: "#a"` is an anchor in drafts 4 and before; `$anchor` is one from 2019 on."""
    assert refused({"$ref": "#a", "$defs": {"a": {"$anchor": "a", "type": "string"}}}) == ""
    later = {"items": {"$ref": "#a"}, "definitions": {"a": {"$anchor": "a"}}}
    assert refused(later) == ""
    assert "nowhere" in refused({"$schema": OLD, **later})


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"$ref": "#"}, "it nests or refers to itself without end"),
        ({"type": 7}, "7 is not valid under any of the given schemas"),
        ({"required": "x"}, "'x' is not of type 'array'"),
        ({"$schema": OLD, "exclusiveMinimum": 1, "minimum": 0}, "1 is not of type 'boolean'"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_in_words(schema: Any, said: str) -> None:
    assert refused(schema) == said


def test_a_pattern_that_is_none_is_refused() -> None:
    assert refused({"pattern": "("})


def test_an_error_that_nobody_foresaw_is_named_by_its_kind() -> None:
    class Hostile(dict[str, Any]):
        def get(self, *_: Any) -> Any:
            raise ZeroDivisionError

    assert refused(Hostile(type="string")) == "it cannot be read (ZeroDivisionError)"


def test_what_is_said_of_a_schema_is_bounded() -> None:
    said = refused({"type": "x" * 1000})
    assert len(said) == MESSAGE + 1
    assert said.endswith("…")


def test_problems_name_the_place_in_order_and_are_few() -> None:
    schema = {"type": "object", "properties": {"rows": {"items": {"type": "integer"}}, "a": {"type": "string"}}}
    assert problems(CLOCK, {"rows": [1, 2], "a": "x"}, schema) == []
    assert problems(CLOCK, {"rows": [1, "two"], "a": 7}, schema) == [
        "data['a']: 7 is not of type 'string'",
        "data['rows'][1]: 'two' is not of type 'integer'",
    ]
    assert problems(CLOCK, 7, {"type": "string"}) == ["data: 7 is not of type 'string'"]
    many = problems(CLOCK, {"rows": ["x"] * 1000}, schema)
    assert len(many) == 5
    assert many[0].startswith("data['rows'][0]: ")


def test_no_more_than_a_hundred_problems_are_looked_for() -> None:
    found = problems(CLOCK, ["x"] * 150, {"items": {"type": "integer"}})
    # Places are sorted as text: [100] would stand between [10] and [11].
    assert [said.partition(":")[0] for said in found] == ["data[0]", "data[1]", "data[10]", "data[11]", "data[12]"]


def test_a_problem_that_quotes_the_data_is_cut() -> None:
    fits = "x" * (MESSAGE - len("'' is not of type 'integer'"))
    assert problems(CLOCK, fits, {"type": "integer"}) == [f"data: '{fits}' is not of type 'integer'"]
    assert problems(CLOCK, fits + "x", {"type": "integer"})[0].endswith("integer…")


def test_the_first_problem_is_one_line_with_its_place() -> None:
    schema = {"properties": {"rows": {"items": {"type": "integer"}}}}
    assert first_problem({"rows": [1]}, schema) == ""
    assert first_problem({"rows": [1, "two", "three"]}, schema) == "rows/1: 'two' is not of type 'integer'"
    assert first_problem("x", {"type": "integer"}) == "'x' is not of type 'integer'"
    long = first_problem({"k" * 1000: "x"}, {"additionalProperties": {"type": "integer"}})
    assert long == "k" * MESSAGE + ": 'x' is not of type 'integer'"


def test_data_is_judged_in_the_schemas_own_dialect() -> None:
    old = {"$schema": OLD, "minimum": 0, "exclusiveMinimum": True}
    assert first_problem(1, old) == ""
    assert first_problem(0, old)
    assert problems(CLOCK, 0, old)


@pytest.mark.parametrize("target", ["http://127.0.0.1:9/" + "x" * 200, "file:///etc/passwd"])
def test_a_reference_met_only_while_judging_retrieves_nothing(target: str) -> None:
    schema = {"$ref": target}
    assert problems(CLOCK, 1, schema) == [f"the schema's reference {target[:100]!r} leads nowhere."]
    assert first_problem(1, schema) == f"the schema's reference {target[:100]!r} leads nowhere"


def test_a_file_that_a_reference_names_is_not_read(tmp_path: Path) -> None:
    bait = tmp_path / "bait.json"
    bait.write_text('{"const": "the bait was read"}')
    assert first_problem(1, {"$ref": bait.as_uri()}).endswith("leads nowhere")
