"""Which script the offline model writes for which question, as text; test_offline_answers.py runs them."""

from __future__ import annotations

import pytest

from rlm_ls.models.base import Message
from rlm_ls.models.offline.model import OfflineModel
from rlm_ls.models.offline.question import OfflineDocument, Question

SAMPLE = tuple(
    f"2026-03-14T00:00:{n:02}Z {level} pay PoolTimeoutError: x user=u{n % 3} ip=10.0.0.{n % 2} status=500 "
    f"took={n}ms amount={n}"
    for n, level in enumerate(("INFO", "ERROR", "WARN") * 6)
)
DOCUMENTS = (OfflineDocument("app.log", "log", 5000, SAMPLE), OfflineDocument("src/pool.py", "python", 120))


async def script_for(question: str, attempt: int = 0) -> str:
    messages = [Message("user", question)] + [Message("assistant", "…"), Message("user", "Nothing found.")] * attempt
    text = (await OfflineModel(question, DOCUMENTS).complete(messages)).text
    code = text.partition("```python\n")[2].removesuffix("\n```")
    compile(code, "script", "exec")
    return code


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("How many ERROR lines are in this log?", ["(?i:ERRO(?:R)?|ERR|E|SEVERE|EROR)", "by='line'", "starts"]),
        ('How many lines contain "card declined"?', [r"count(r'\bcard declined\b', by='line')"]),
        ("How many times does 'a+b' occur?", [r"count(r'\ba\+b\b')"]),
        ("How many ERROR lines mention timeouts?", ["(?i)time[sd]?", r"within=filter(r'\bERROR\b')"]),
        ("How many errors are there per hour?", ["top(r", r"[T ]\d\d)", "ERRO(?:R)?", "sorted(groups)"]),
        ("How many lines are there?", ["d.lines for d in all"]),
        ("How many unique IP addresses appear in these logs?", ["ip=(", "len(ranked)"]),
        ("How many distinct users are there?", ["user=(", "short = total"]),
        ("Which different users are there?", ["user=(", "'; '.join(values)"]),
        ("What is the ratio of ERROR to WARN messages?", ["ERRO(?:R)?", "WARN(?:ING)?", "a / b"]),
        ("What percentage of the lines are WARN?", ["100 * hits", "WARN(?:ING)?"]),
        ("What are the top 5 users by number of requests?", ["top(r", "user=(", "ranked[:5]"]),
        ("Rank the error types from most to least frequent.", ["n=51", "Error|Exception|Failure"]),
        ("What is the most common status code?", ["status=(", "short = ranked[0][0]"]),
        ("Which service has the most errors?", ["within=filter", "ERRO(?:R)?", "ranked[0][0]"]),
        ("What is the least common level?", ["ranked[::-1]", "TRACE|FINEST"]),
        ("What is the average response time?", ["took=(", "['mean']"]),
        ("Calculate the p50, p95, and p99 response time percentiles.", ["['p50', 'p95', 'p99']"]),
        ("What is the p75 of latency?", ["math.ceil(rank / 100 * len(xs))", "['p75']"]),
        ("What is the total amount?", ["amount=(", "['sum']"]),
        ("What is the slowest request to /v1/search?", ["['max']", "within=filter(", "/v1/search"]),
        ("When did the first ERROR occur?", ["limit=1)", "re.search"]),
        ("What was the last line with CardDeclined?", ["hits[-1:]", "(?i)carddeclin"]),
        ("What are the last 3 lines of app.log?", ["lines(-3, -1, 'app.log')"]),
        ("How many lines are between 00:00 and 00:30?", ["by='line'", r"00:0\d:\d\d"]),
        ("How many requests took longer than 10 ms?", ["number(t) > number('10ms')"]),
        ("Where is PoolTimeoutError defined?", ["class|def|fn", "PoolTimeoutError", "outline(d)"]),
        ("Which file defines max_size?", ["max_size", "outline(d)"]),
        ("How many classes are defined in src/pool.py?", [r"class\s+(\w+)", "within='src/pool.py'", "len(names)"]),
        ("List all the method names in the Pool class.", [r"\bPool\b", "owners[0].span"]),
        ("Which class inherits from Base?", [r"\bBase\b", r"class\s+(\w+)"]),
        ("Which lines mention `settlement`?", [r"regex(r'\bsettlement\b'"]),
        ("What is the password to the secret vault?", ["limit=2", "len(cite) == 1", "password", "secret"]),
    ],
)
async def test_a_question_gets_the_script_of_its_kind(question: str, parts: list[str]) -> None:
    code = await script_for(question)
    assert [part for part in parts if part not in code] == []


async def test_where_no_one_line_has_all_words_the_rarest_of_them_are_looked_for() -> None:
    code = await script_for("What is the password to the secret vault?", attempt=1)
    assert [part for part in ("rarity", "'password', 'secret', 'vault'", "fold=True") if part not in code] == []


async def test_every_script_is_short_enough_to_read_and_says_what_it_is() -> None:
    for question in ("How many ERROR lines?", "What is the average response time?", "Who is Vera?"):
        code = await script_for(question)
        assert len(code.splitlines()) <= 60
        assert "Offline model: rules, not a language model." in code


async def test_the_answer_line_a_question_asks_for_comes_last() -> None:
    code = await script_for("How many ERROR lines are there?\nEnd with one line: ANSWER: <number>")
    assert r"+ f'\nANSWER: {short}', cite=cite)" in code
    assert "ANSWER:" not in await script_for("How many ERROR lines are there?")


async def test_when_a_rule_finds_nothing_passages_follow_and_then_an_honest_nothing() -> None:
    question = "How many dragons are there?"
    scripts = [await script_for(question, attempt) for attempt in range(5)]
    assert "count(" in scripts[0]
    assert "rarity" in scripts[1]
    assert "find_any" in scripts[2]
    assert "Found nothing" in scripts[3]
    assert scripts[4] == scripts[3]


@pytest.mark.parametrize(
    "question",
    [
        "",
        "?",
        "the",
        "'''",
        'How many "{x}" lines are there?',
        "How many lines hold 'it\\'s'?",
        'Which lines mention "\\\\server\\share"?',
        'How many "```python" lines are there?',
        "How many $name and ${name} lines?",
        "When did the first \"{boom}' + exit() + '\" occur?",
        "Where is __init__ defined?",
        "Wie viele Zeilen enthalten Äpfel?",
        "How many 'a\nb' are there?",
        "Rank the $patterns",
        "x" * 5000,
    ],
)
async def test_any_question_gets_scripts_that_compile(question: str) -> None:
    for attempt in range(4):
        assert await script_for(question, attempt)


def test_a_document_is_recognised_by_its_path_a_longer_path_and_its_file_name() -> None:
    for name in ("src/pool.py", "/home/me/project/src/pool.py", "pool.py"):
        found = Question(f"How many classes are in {name}?", DOCUMENTS).document
        assert found is not None
        assert found.path == "src/pool.py"
    assert Question("How many classes are in other/pool.py?", DOCUMENTS).document is None
    assert Question("How many classes are in carpool.py?", DOCUMENTS).document is None


def test_instructions_on_the_form_are_no_part_of_the_question() -> None:
    question = Question("Which of the users said that Véra's key was lost?\nEnd with one line: ANSWER: <answer>")
    assert question.body == "Which of the users said that Véra's key was lost?"


async def test_the_model_is_free_local_and_says_its_kind() -> None:
    model = OfflineModel("How many lines?", DOCUMENTS)
    await model.prepare()
    reply = await model.complete([Message("user", "x")])
    assert (model.name, model.kind, model.local, model.price(10, 10)) == ("offline", "offline", True, 0.0)
    assert (reply.usage.prompt_tokens, reply.usage.usd) == (0, 0.0)


async def test_which_three_have_the_most_ranks_three() -> None:
    assert "ranked[:3]" in await script_for("Which 3 services have the most ERROR lines?")


async def test_the_word_level_is_not_looked_for() -> None:
    assert "(?i)level" not in await script_for("How many lines have the level error?")
