"""The defects of the reference implementations listed in the project's facts: each is shown not to be here."""

from __future__ import annotations

import pytest
from tests.scripted import Asker, script

from rlm_ls.engine.request import Budget
from rlm_ls.models.base import Usage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def ask(asker: Asker) -> Asker:
    return asker


async def test_an_exception_keeps_what_the_script_had_assigned(ask: Asker) -> None:
    told = await ask(script("n = count('ERROR')\n1 / 0"), script("submit(f'{n} errors')"))
    assert told.answer.answer == "60 errors"
    assert "ZeroDivisionError" in told.observations[0]
    assert "line 2: 1 / 0" in told.observations[0]


async def test_an_error_printed_after_long_output_is_whole(ask: Asker) -> None:
    told = await ask(
        script("for i in range(5000): print('noise', i)\nraise ValueError('the reason ' + 'x' * 500)"),
        script("submit('done')"),
        window=32_000,
    )
    assert "the reason " + "x" * 500 in told.observations[0]
    assert len(told.observations[0]) < 10_000


@pytest.mark.parametrize(
    "reply",
    [
        "```python\nsubmit('ran')\n```",
        "```python\nsubmit('ran')",
        "```repl\nsubmit('ran')\n```",
        "````python\nsubmit('''ran''')  # ```\n````",
        "Plan\n\n~~~py\nsubmit('ran')\n~~~",
    ],
)
async def test_fences_of_every_shape_run(ask: Asker, reply: str) -> None:
    assert (await ask(reply)).answer.answer == "ran"


async def test_a_reply_without_code_is_told_what_was_missing(ask: Asker) -> None:
    told = await ask("I think there are about sixty.", script("submit('60')"))
    assert "no ```python block" in told.observations[0]
    assert told.answer.answer == "60"


async def test_budgets_hold_in_the_middle_of_a_run_not_only_between_runs(ask: Asker) -> None:
    told = await ask(*[script("print(1)")] * 5, budget=Budget(tokens=10_000), usage=Usage(4_000, 1_000, 0, 0.0))
    assert told.answer.status == "partial"
    assert "10,000 tokens" in told.answer.reason
    assert told.answer.usage.prompt_tokens + told.answer.usage.completion_tokens <= 10_000


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd').read()",
        "__import__('os').system('true')",
        "import os\nprint(os.environ['HOME'])",
        "import subprocess",
        "import socket",
        "().__class__.__base__.__subclasses__()",
        "eval(\"__import__('os').getcwd()\")",
        "from pathlib import Path\nprint(Path('/etc/passwd').read_text())",
    ],
)
async def test_no_builtin_reaches_the_machine(ask: Asker, attempt: str) -> None:
    told = await ask(script(attempt), script("submit('x')"))
    assert "Error" in told.observations[0]
    assert "root:" not in told.observations[0]


async def test_prints_of_host_and_script_do_not_mix(ask: Asker, capfd: pytest.CaptureFixture[str]) -> None:
    def noisy(_event: object) -> None:
        print("host says hello")

    told = await ask(script("print('script says hello')"), script("submit('x')"), on_event=noisy)
    assert told.observations[0].startswith("script says hello")
    assert "host says" not in told.observations[0]
    assert "script says" not in capfd.readouterr().out


async def test_unavailable_sub_models_raise_and_are_not_taken_for_answers(ask: Asker) -> None:
    told = await ask(script("r = await llm('summarise', over='x')\nsubmit(r)"), script("submit('no')"))
    assert "NotImplementedError" in told.observations[0]
    assert "not available" in told.observations[0]
    assert told.answer.answer == "no"


async def test_a_model_error_after_some_turns_keeps_what_was_found(ask: Asker) -> None:
    told = await ask(script("print('sixty errors so far')"))  # the recording has no second reply
    assert told.answer.status == "failed"
    assert "sixty errors so far" in told.answer.answer


async def test_an_answer_that_is_not_text_keeps_its_data(ask: Asker) -> None:
    told = await ask(script("submit({'errors': 60}, data={'errors': 60})"))
    assert told.answer.data == {"errors": 60}
    assert '"errors": 60' in told.answer.answer


async def test_verbs_awaited_by_mistake_are_called_all_the_same(ask: Asker) -> None:
    told = await ask(script("hits = await find('ERROR')\nprint(hits[0].line)"), script("submit('x')"))
    assert told.observations[0].startswith("4\n")


async def test_usual_modules_are_there_without_import(ask: Asker) -> None:
    told = await ask(
        script("print(re.findall('a', 'aa'), json.dumps([1]), math.floor(1.5), collections.Counter('aa'))"),
        script("submit('x')"),
    )
    assert told.observations[0].startswith("['a', 'a'] [1] 1 Counter")


async def test_a_result_cut_by_its_limit_says_how_many_there_are(ask: Asker) -> None:
    told = await ask(script("hits = find('ERROR', limit=5)"), script("submit('x')"))
    assert "5 of 60" in told.observations[0]


async def test_a_submit_in_a_script_that_raised_is_not_an_answer(ask: Asker) -> None:
    told = await ask(script("submit('too early')\nundefined_name"), script("submit('right')"))
    assert told.answer.answer == "right"
    assert "not accepted" in told.observations[0]
