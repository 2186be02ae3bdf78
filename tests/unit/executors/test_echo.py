"""A last bare expression is shown, on the same line numbers, and nothing else is changed."""

from __future__ import annotations

import pytest

from rlm_ls.executors.scripts.echo import echo_last_expression as echo


def test_a_bare_expression_is_echoed() -> None:
    assert echo("x = 1\nx + 1\n") == "x = 1\n_echo(x + 1)\n"


def test_several_lines_and_comments_keep_their_lines() -> None:
    assert echo("[1,\n 2]  # é\n") == "_echo([1,\n 2])  # é\n"


def test_columns_are_bytes_not_characters() -> None:
    assert echo("'é'; 'à' + 'ü' # ö") == "'é'; _echo('à' + 'ü') # ö"


@pytest.mark.parametrize(
    "script",
    ["print(1)", "x = 1", "submit('a')", "for i in x:\n  i", "", "def f(:\n", "show(x)", "await print(1)", "(" * 500],
)
def test_everything_else_is_left_alone(script: str) -> None:
    assert echo(script) == script


def test_an_awaited_value_is_echoed() -> None:
    assert echo("await f(1)") == "_echo(await f(1))"
