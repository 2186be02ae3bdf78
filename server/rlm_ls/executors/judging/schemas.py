"""JSON schemas that others wrote. Nothing is retrieved for one: it refers to its own parts, or it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from jsonschema import (
    Draft3Validator,
    Draft4Validator,
    Draft6Validator,
    Draft7Validator,
    Draft201909Validator,
    Draft202012Validator,
    SchemaError,
    ValidationError,
)
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, specification_with

from rlm_ls.context.clock import Clock

DIALECTS: dict[str, Any] = {
    str(kind.META_SCHEMA.get("$id") or kind.META_SCHEMA["id"]).rstrip("#"): kind
    for kind in (
        Draft3Validator,
        Draft4Validator,
        Draft6Validator,
        Draft7Validator,
        Draft201909Validator,
        Draft202012Validator,
    )
}
"""Validators by the address that `$schema` names. An address is a name here: nothing is fetched from it."""

REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
SHOWN = 5
MESSAGE = 300
"""Characters of a problem: it quotes the data."""

# Without a way to retrieve, and without the library's own, which asks the network.
NOTHING: Registry[Any] = Registry()


def check(_clock: Clock, schema: Any) -> str:
    """Why a schema cannot be used, in words; empty if it can."""
    if not isinstance(schema, dict):
        return "it is not an object"
    for name, target in _references(schema):
        if not target.startswith("#"):
            return (
                f"its {name} {target[:100]!r} leads out of it: a reference is to the schema's own parts, as #/$defs/…"
            )
    for name in _names(schema, "$schema"):
        if not isinstance(name, str) or name.rstrip("#") not in DIALECTS:
            return f"its $schema {str(name)[:100]!r} is not known here"
    try:
        _dialect(schema).check_schema(schema)
        if not any(isinstance(name, str) for name in _names(schema, "$id", "id")):
            _follow(schema)
        validator(schema).is_valid(None)  # one that is nothing but a reference to itself never ends
    except SchemaError as error:
        return _cut(error.message)
    except Unresolvable as error:
        return f"its reference {str(error.ref)[:100]!r} leads nowhere"
    except RecursionError:
        return "it nests or refers to itself without end"
    except Exception as error:
        return f"it cannot be read ({type(error).__name__})"
    return ""


def problems(_clock: Clock, data: Any, schema: dict[str, Any]) -> list[str]:
    """Where data does not fit, the first few of the first hundred."""
    try:
        found = list(islice(validator(schema).iter_errors(data), 100))
    except Unresolvable as error:
        return [f"the schema's reference {str(error.ref)[:100]!r} leads nowhere."]
    found.sort(key=lambda error: [str(part) for part in error.path])
    return [f"data{''.join(f'[{part!r}]' for part in error.path)}: {_cut(error.message)}" for error in found[:SHOWN]]


def first_problem(data: Any, schema: dict[str, Any]) -> str:
    """The first place where data does not fit; empty if it does."""
    try:
        first: ValidationError | None = next(validator(schema).iter_errors(data), None)
    except Unresolvable as error:
        return f"the schema's reference {str(error.ref)[:100]!r} leads nowhere"
    if first is None:
        return ""
    place = "/".join(str(part) for part in first.absolute_path)[:MESSAGE]
    return f"{place + ': ' if place else ''}{_cut(first.message)}"


def validator(schema: dict[str, Any]) -> Any:
    """What checks data against a schema. The only place where one is made."""
    return _dialect(schema)(schema, registry=NOTHING)


def _dialect(schema: dict[str, Any]) -> Any:
    return DIALECTS.get(str(schema.get("$schema", "")).rstrip("#"), Draft202012Validator)


def _follow(schema: dict[str, Any]) -> None:
    """Raises Unresolvable for a reference that leads nowhere."""
    kind = specification_with(str(schema.get("$schema", "")), default=DRAFT202012)
    resolver = NOTHING.resolver_with_root(kind.create_resource(schema))
    for _, target in _references(schema):
        resolver.lookup(target)


def _references(value: Any) -> Iterator[tuple[str, str]]:
    """Every reference, also data that only looks like one (`const`, `examples`): better refused than followed."""
    for name in REFERENCES:
        for target in _names(value, name):
            if isinstance(target, str):
                yield name, target


def _names(value: Any, *names: str) -> Iterator[Any]:
    """What stands under these names, anywhere in plain JSON data."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield from (one[name] for name in names if name in one and not isinstance(one[name], dict))
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _cut(text: str) -> str:
    return text if len(text) <= MESSAGE else f"{text[:MESSAGE]}…"
