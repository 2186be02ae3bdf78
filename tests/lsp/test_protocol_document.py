"""docs/protocol.md says what the server does: every method, command, event, field and error code is in it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import attrs
import pytest

from rlm_ls import errors
from rlm_ls.engine.answer import Answer, Coverage, RunUsage, SkippedDocument
from rlm_ls.engine.trace import events
from rlm_ls.lsp import wire
from rlm_ls.lsp.features import commands

TEXT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")


def test_every_method_has_a_section() -> None:
    for method in (*wire.REQUESTS, wire.EVENT, wire.SAMPLE):
        assert f"\n## `{method}`\n" in TEXT


def test_every_command_is_listed() -> None:
    for command in (
        commands.ASK,
        commands.STOP,
        commands.RUNS,
        commands.TRACE,
        commands.DELETE_RUNS,
        commands.DOCTOR,
        commands.CLEAR_CACHE,
        commands.EXCERPT,
    ):
        assert f"| `{command}` |" in TEXT


def test_every_event_and_its_fields_are_listed() -> None:
    kinds = get_args(get_args(events.AnyEvent)[0])
    assert len(kinds) > 10
    for kind in kinds:
        fields = kind.model_fields
        (row,) = re.findall(rf"^\| `{fields['type'].default}` \| .*$", TEXT, re.MULTILINE)
        for name in fields.keys() - events.Event.model_fields.keys():
            assert re.search(rf"\b{fields[name].alias or name}\b", row), (kind, name)


@pytest.mark.parametrize(
    "kind", [wire.AskParams, wire.BudgetParams, wire.ScopeParams, wire.EditorParams, wire.ExcerptParams]
)
def test_every_parameter_is_listed(kind: type) -> None:
    for field in attrs.fields(kind):
        name = wire.camel(field.name)
        inherited = {"workDoneToken": "WorkDoneProgressParams", "partialResultToken": "PartialResultParams"}
        assert re.search(rf"\b{inherited.get(name, name)}\b", TEXT), name


@pytest.mark.parametrize("kind", [Answer, Coverage, RunUsage, SkippedDocument])
def test_every_field_of_an_answer_is_listed(kind: type[Answer]) -> None:
    for name, field in kind.model_fields.items():
        assert re.search(rf"\b{field.alias or name}\b:", TEXT), name


def test_every_error_code_is_listed() -> None:
    for kind in errors.RlmError.__subclasses__():
        assert f"| {kind.code} | `{kind.__name__}` |" in TEXT


def test_examples_are_json() -> None:
    examples = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    assert len(examples) >= 10
    for example in examples:
        for message in re.split(r"^[→←] ", example, flags=re.MULTILINE):
            if message.strip():
                json.loads(message)
