"""The one door for answers of the offline rules: what it lets through, and that there is no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import rlm_ls.models.offline as offline
from rlm_ls.models.offline.model import OfflineModel
from rlm_ls.models.offline.question import OfflineDocument, Question
from rlm_ls.models.offline.rules.script import Gives, Script, coded
from rlm_ls.models.offline.rules.vouching import vouched

FOLDER = Path(offline.__file__).parent
LOG = tuple(
    f"2026-03-14T00:{n:02}:00Z {('INFO', 'ERROR')[n % 2]} web request done user=u{n % 3} "
    f"status={(200, 500)[n % 2]} took={n}ms"
    for n in range(60)
)
CODE = (
    "class Retry:",
    "    def send(self, limit=3):",
    "        raise StaleReading()",
    "def close(path, wait=5):",
    "    return send(path)",
)
STORY = tuple(
    "The lighthouse had ninety-six steps, and the keeper counted them each morning before he went for his bread."
    for _ in range(30)
)
TABLE = ("city;orders;amount", *(f"Lyon{n % 3};{n};{n * 2},50" for n in range(40)))
NOTES = (
    "# Notes",
    "",
    "Some words of the week.",
    "",
    "| host | load |",
    "| --- | --- |",
    "| web-01 | 3 |",
    "| web-02 | 5 |",
)

UNDERSTOOD = (
    ("How many lines hold level ERROR?", "app.log", LOG),
    ("Which user has the most lines?", "app.log", LOG),
    ("What is the average took?", "app.log", LOG),
    ("errors per hour", "app.log", LOG),
    ("What percentage of the lines has status 500?", "app.log", LOG),
    ("When was the first ERROR?", "app.log", LOG),
    ("Which class is the highest load of web-02", "notes.md", NOTES),
    ("What is the total amount in Lyon1?", "orders.csv", TABLE),
    ("How many lines are there?", "app.log", LOG),
    ("Which function raises StaleReading?", "pool.py", CODE),
    ("What is the default of wait?", "pool.py", CODE),
    ("How many functions are defined?", "pool.py", CODE),
    ("How many steps does the lighthouse have?", "story.txt", STORY),
)


def scripts(question: str, name: str, lines: tuple[str, ...]) -> bool:
    """Whether a rule would answer."""
    document = OfflineDocument(name, "python" if name.endswith(".py") else "", len(lines), lines)
    return _ruled(OfflineModel(question, [document]))


def _ruled(model: OfflineModel) -> bool:
    from rlm_ls.models.offline.model import _attempts

    return _attempts(model._question).ruled


@pytest.mark.parametrize(("question", "name", "lines"), [one for one in UNDERSTOOD if "class is" not in one[0]])
@pytest.mark.parametrize(
    "more", ["by flurbish weekday", "that the quixotic marmots zorbled", "before the zorbled marmots"]
)
def test_a_word_that_nothing_explains_stops_every_rule(
    question: str, name: str, lines: tuple[str, ...], more: str
) -> None:
    assert scripts(question, name, lines)
    told = name == "story.txt"  # its script looks for all the words and finds none with them
    assert told or not scripts(f"{question.rstrip('?')} {more}?", name, lines)


@pytest.mark.parametrize(
    ("question", "gives", "may"),
    [
        ("How many rows did the slowest query return?", "line", False),
        ("How many rows are there?", "count", True),
        ("When did it stop?", "count", False),
        ("When did it stop?", "time", True),
        ("When did the slowest query run?", "number", False),
        ("At which time was it largest?", "number", False),
        ("Why did it stop?", "count", False),
        ("Why did it stop?", "passage", True),
        ("Was it stopped?", "share", False),
        ("What percentage of it stopped?", "count", False),
        ("Which host stopped?", "values", True),
        ("total of the paid orders?", "count", False),
        ("Total of amount?", "number", True),
        ("The total number of orders?", "count", True),
    ],
)
def test_an_answer_is_of_the_kind_that_was_asked_for(question: str, gives: Gives, may: bool) -> None:
    assert (vouched(Question(question), coded("", "answer = ''", gives=gives)) is not None) is may


@pytest.mark.parametrize("left", [("per",), ("not",), ("purple",), ("each", "host")])
def test_a_word_that_changes_the_meaning_is_never_left(left: tuple[str, ...]) -> None:
    assert vouched(Question("How many lines?"), coded("", "answer = ''", gives="count", left=left)) is None


def test_a_script_that_does_not_say_what_it_left_answers_nothing() -> None:
    assert vouched(Question("How many lines?"), Script("plan", "answer = '1'")) is None


def calls(name: str) -> Iterator[str]:
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield path.relative_to(FOLDER).as_posix()


def test_there_is_no_other_door() -> None:
    """Replies are made of what was vouched for, or of passages that say that nothing was understood."""
    assert set(calls("Vouched")) == {"rules/vouching.py"}
    assert set(calls("Passage")) == {"rules/passages.py"}
    assert set(calls("render")) == {"model.py"}
    assert "submit(" in (FOLDER / "rules/vouching.py").read_text("utf-8")
    others = [
        path for path in FOLDER.rglob("*.py") if path.name != "vouching.py" and "submit(" in path.read_text("utf-8")
    ]
    assert others == []


def test_passages_say_that_the_question_was_not_understood() -> None:
    from rlm_ls.models.offline.rules import passages
    from rlm_ls.models.offline.rules.asked import Asked

    asked = Asked(Question("How many purple dragons?", (OfflineDocument("app.log", "", 60, LOG),)))
    for passage in (passages.best_passages(asked), passages.broad_passages(asked), passages.nothing(asked)):
        assert "I did not understand" in passage.script.code
