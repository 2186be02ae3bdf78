"""The offline model end to end: its scripts in the real sandbox, over real files, with checked citations."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlm_ls.context.scope import Scope
from rlm_ls.engine.answer import Answer
from rlm_ls.engine.engine import Engine
from rlm_ls.engine.request import AskRequest

LOG = (
    "".join(
        f"2026-03-14T0{n // 60}:{n % 60:02}:00Z "
        + (
            f"ERROR pay PoolTimeoutError: no connection user=u{n % 4} ip=10.0.0.{n % 3} took={1000 + n}ms\n"
            if n % 10 == 0
            else f"WARN pay CardDeclined reason={('fraud', 'expired')[n % 4 == 1]} user=u{n % 4} ip=10.0.0.{n % 3}\n"
            if n % 10 == 5
            else f"INFO web GET /items status=200 user=u{n % 4} ip=10.0.0.{n % 3} took={n}ms\n"
        )
        for n in range(100)
    )
    + "2026-03-14T02:00:00Z INFO web greeting sent to Véra, the secret passphrase is PURPLE-OTTER-7\n"
)

CODE = '''\
class Base:
    """The base."""

    def start(self):
        return 1


class Pool(Base):
    def __init__(self, size):
        self.size = size

    def take(self):
        return self.size

    async def give_back(self, item):
        pass


def make_pool(size):
    return Pool(size)


LIMIT = 10
'''


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("texts")
    log, code = folder / "shop.log", folder / "pool.py"
    log.write_text(LOG, "utf-8")
    code.write_text(CODE, "utf-8")
    return log, code


async def ask(engine: Engine, question: str, *paths: Path) -> Answer:
    scope = Scope("files", files=tuple(map(str, paths)))
    return await engine.ask(AskRequest(question, scope), lambda _event: None)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many lines are there?", "101 lines"),
        ("How many ERROR lines are there?", "10 lines hold ERROR"),
        ("How many errors are there?", "10 lines"),
        ("How many FATAL lines are there?", "0 lines hold FATAL"),
        ("How many ERROR lines mention the user=u0?", "5 lines hold user=u0 and ERROR"),
        ("How many errors are there per hour?", "- 2026-03-14T00: 6\n- 2026-03-14T01: 4"),
        ("How many lines are there of each level?", "- INFO: 81\n"),
        ("How many unique IP addresses appear?", "3 different IP addresses"),
        ("How many users are there?", "4 different users: "),
        ("What are the different reasons for CardDeclined?", "expired"),
        ("What is the ratio of ERROR to WARN?", "10 to 10 lines, a ratio of 10:10 = 1."),
        ("Which service has the most errors?", "1. pay: 10"),
        ("What is the most common error?", "1. PoolTimeoutError: 10"),
        ("What are the top 2 levels?", "1. INFO: 81\n2. "),
        ("What is the slowest request?", "max = 1090"),
        ("What is the fastest response time of GET requests?", "min = 1 "),
        ("What is the average response time of PoolTimeoutError lines?", "mean = 1045 "),
        ("What is the p50 response time of PoolTimeoutError lines?", "p50 = 1040 "),
        ("What is the p75 response time of PoolTimeoutError lines?", "p75 = 1070 "),
        ("When did the first CardDeclined occur?", "shop.log:6:"),
        ("When did the last CardDeclined occur?", "shop.log:96:"),
        ("What are the first 2 lines?", "2026-03-14T00:01:00Z INFO web GET /items status=200 user=u1"),
        ("Which lines mention `greeting`?", "1 line holds it:\n- shop.log:101: "),
        ("What is the secret passphrase?", "PURPLE-OTTER-7"),
        ("Who is Vera?", "shop.log:101: "),
        ("How many dragons are there?", "Found nothing: no line was found for dragons, in 101 lines of 1 document(s)."),
    ],
)
async def test_questions_about_a_log(engine: Engine, files: tuple[Path, Path], question: str, expected: str) -> None:
    answer = await ask(engine, question, files[0])
    assert answer.status == "answered"
    assert answer.route == "offline"
    assert expected in answer.answer
    assert "rules, not a language model" in answer.answer
    assert all(citation.state == "verified" for citation in answer.citations)
    assert answer.usage.usd in (0.0, None)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many classes are defined?", "2 x class"),
        ("How many functions (not methods) are defined at module level?", "1 x top-level function:\n- make_pool"),
        ("List all the method names in the Pool class.", "Pool defines 3:\n- __init__\n- take\n- give_back"),
        ("Which class inherits from Base?", "- Pool ("),
        ("Where is make_pool defined?", "pool.py:19"),
        ("Where is the class `Pool` defined?", "pool.py:8"),
        ("Which file defines LIMIT?", "pool.py:23"),
    ],
)
async def test_questions_about_code(engine: Engine, files: tuple[Path, Path], question: str, expected: str) -> None:
    answer = await ask(engine, question, *files)
    assert expected in answer.answer
    assert answer.citations
    assert all(citation.state == "verified" for citation in answer.citations)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many WARN lines are there?\nEnd with one line: ANSWER: <number>", "ANSWER: 10"),
        ("What is the secret passphrase?\nEnd with one line: ANSWER: <answer>", "ANSWER: PURPLE-OTTER-7"),
        (
            "Rank the levels by frequency.\nEnd with one line: ANSWER: first=count; second=count; ... in order",
            "ANSWER: INFO=81; ",
        ),
        ("Calculate p50 and p99 of took.\nEnd with one line: ANSWER: p50=..; p99=..", "ANSWER: p50=56; p99=1090"),
    ],
)
async def test_the_form_that_was_asked_for(
    engine: Engine, files: tuple[Path, Path], question: str, expected: str
) -> None:
    answer = await ask(engine, question, files[0])
    assert answer.answer.splitlines()[-1].startswith(expected)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_question_about_one_of_several_documents_looks_only_there(
    engine: Engine, files: tuple[Path, Path]
) -> None:
    answer = await ask(engine, "How many lines does pool.py have?", *files)
    assert "23 lines in 1 document" in answer.answer


@pytest.mark.asyncio(loop_scope="module")
async def test_words_that_no_rule_used_are_named_and_there_is_no_number(
    engine: Engine, files: tuple[Path, Path]
) -> None:
    answer = await ask(engine, "What are the top 3 users by purple spending?", files[0])
    assert answer.answer.startswith("I did not understand *spending* in this text, so there is no number.")


LOGFMT = """\
ts=2024-01-01T00:00:00Z level=info msg="done" errors=0
ts=2024-01-01T00:00:01Z level=info msg="retry" error=null
ts=2024-01-01T00:00:02Z level=error msg="disk full"
ts=2024-01-01T00:00:03Z level=warn msg="slow"
ts=2024-01-01T00:00:04Z level=info msg="no error"
ts=2024-01-01T00:00:05Z level=error msg="disk full"
"""
LOG4J = """\
2024-01-01 10:00:00,123 WARN  [main] a - slow
2024-01-01 10:00:01,123 WARN  [main] a - slow
2024-01-01 10:00:02,123 INFO  [main] a - ok
"""
SYSLOG = """\
Jun 14 15:16:01 h sshd: start
Jun 14 15:16:02 h ftpd: connection at Tue Jun 14 03:00:00 2005
Jun 14 16:00:00 h app: backup of 2005-01-01 04:00:00 done
Jun 14 16:00:01 h app: read_timeout of the pool, 连接错误
"""
ACCESS = "".join(
    f'10.0.0.{n % 3} - - [10/Oct/2023:{13 + n // 30}:{n % 30:02}:00 +0000] "{"POST" if n % 5 == 0 else "GET"} '
    f'/{"ab"[n % 2]} HTTP/1.1" {(200, 404, 200, 500)[n % 4]} {1000 + n} "-" "curl/8"\n'
    for n in range(60)
)
PRI = "".join(
    f"<{8 * 20 + level}>1 2026-09-14T18:00:0{n}Z h{n % 2} vpnd 7 - - certificate of user u{n % 3} rejected\n"
    for n, level in enumerate((3, 4, 4, 6, 6, 6, 2))
)
PODS = """\
NAMESPACE   LAST SEEN   TYPE      REASON      OBJECT    MESSAGE
infra       2h23m       Normal    Pulled      pod/a     Image is there
shop        2h22m       Warning   Unhealthy   pod/b     Readiness probe failed: timeout
shop        2h21m       Warning   BackOff     pod/b     Back-off restarting
infra       2h20m       Warning   Unhealthy   pod/a     Readiness probe failed: 503
"""
TRACED = "".join(
    f"2026-07-30T13:0{n}:00Z ERROR store failed\npanic: full\n\ngoroutine 1 [running]:\n"
    "main.(*Store).append\n\t/s.go:1\nmain.main\n"
    f"2026-07-30T13:0{n}:01Z INFO up, Notification time out: {1600 * (n + 1)}\n"
    for n in range(4)
)
TABLE = "order_id,region,amount\n" + "".join(f"{n},{'NS'[n % 2]},{n / 4}\n" for n in range(20))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        (LOGFMT, "How many errors are there?", "2 lines hold level error."),
        (LOGFMT, "How many lines per level?", "- info: 3\n- error: 2\n- warn: 1"),
        (LOGFMT, "How many warnings are there?", "1 line holds level warning."),
        (LOGFMT, "How many warnings or errors are there?", "3 lines hold level warning or level error."),
        (LOG4J, "How many warnings are there?", "2 lines hold level warning."),
        (SYSLOG, "How many lines per hour?", "- Jun 14 15: 2\n- Jun 14 16: 2\n\nRead as a syslog: 4 of 4 lines fit."),
        (SYSLOG, "How many timeouts are there?", "1 line holds timeouts."),
        (SYSLOG, "How many lines contain 错误?", "1 line holds 错误."),
        (SYSLOG, "How many messages did app log?", "2 lines hold process app."),
        (SYSLOG, "How many lines were logged after 15:30?", "2 lines, after 15:30."),
        ("took=12ms\ntook=850µs\ntook=1.5s\ntook=1m1.5s\n", "What is the maximum duration?", "max = 1m1.5s (61.5 s)"),
        ("took=12ms\ntook=850µs\ntook=1.5s\n", "What is the minimum duration?", "min = 850µs (850 µs)"),
        ("size=1,200 x\nsize=2e3 x\n", "What is the total size?", "sum = 3200 (2 values)"),
        (ACCESS, "How many requests returned 404?", "15 requests with status 404."),
        (ACCESS, "How many requests were not 200?", "30 requests with not status 200."),
        (ACCESS, "How many unique IP addresses are there?", "3 different IP addresses"),
        (ACCESS, "How many POST requests to /a returned 500?", "0 requests with /a and status 500 and POST."),
        (ACCESS, "How many requests were made between 13:10 and 13:20?", "10 requests, between 13:10 and 13:20."),
        (ACCESS, "How many bytes were sent?", "sum = 61770 bytes"),
        (ACCESS, "Which hour had the most requests?", "1. 10/Oct/2023:13:00: 30"),
        (ACCESS, "What percentage of requests failed with a 5xx status?", "25% of the requests: 15 of 60"),
        (TABLE, "How many orders have an amount over 2?", "11 of 20 values of amount are > 2."),
        (TABLE, "What is the average amount per region?", "- S: 2.5\n- N: 2.25"),
        (TABLE, "How many orders are there?", "20 rows."),
        ("port: 8080\nhost: x\n", "What is the port?", "port is 8080."),
        (PRI, "How many messages have severity error or worse?", "2 lines"),
        (PRI, "how many warnings?", "2 lines hold level warning"),
        (PRI, "messages per host", "- h0: 4\n- h1: 3"),
        (PRI, "Which user had the most rejected certificates?", "1. u0: 3"),
        (PODS, "events by reason", "- Unhealthy: 2"),
        (PODS, "which namespace has the most warnings?", "1. shop: 2"),
        (PODS, "readiness probe failures", "2 lines"),
        (PODS, "is any readiness probe failing?", "Yes: 2 lines"),
        (TRACED, "How many errors are there?", "4 lines hold level error."),
        (TRACED, "max notification time out", "max = 6400"),
        (TRACED, "erors per hour", "- 2026-07-30T13: 4"),
        (TRACED, "did it panic? how many times?", "4 lines"),
        (LOGFMT, "info vs error counts", "- info: 3\n- error: 2"),
        (ACCESS, "Top 2 hosts by bytes sent", "- 10.0.0.2: 20610 bytes\n- 10.0.0.1: 20590 bytes\n\n"),
        (ACCESS, "2 largest urls by average size", "- /b: 1030 bytes\n- /a: 1029 bytes"),
    ],
)
async def test_columns_levels_times_and_units_are_read(
    engine: Engine, tmp_path: Path, text: str, question: str, expected: str
) -> None:
    file = tmp_path / "orders.csv" if text == TABLE else tmp_path / "x.log"
    file.write_text(text, "utf-8")
    answer = await ask(engine, question, file)
    assert expected in answer.answer
    assert all(citation.state == "verified" for citation in answer.citations)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("text", "question", "words"),
    [
        (ACCESS, "How many errors are there?", "errors"),
        (ACCESS, "How many visitors came from Germany?", "Germany"),
        (ACCESS, "What is the average response time?", "response time"),
        (ACCESS, "How many users made more than 5 requests?", "users"),
        (SYSLOG, "How many purple dragons does sshd know?", "*purple*, *dragons*, *know*"),
        (SYSLOG, "What is the average latency?", "latency"),
        (PRI, "messages per severity", "severity"),
        (TABLE, "How many customers are from Berlin?", "customers"),
        (CODE, "How many functions are defined by default?", "functions"),
    ],
)
async def test_a_question_that_is_not_understood_gets_no_number(
    engine: Engine, tmp_path: Path, text: str, question: str, words: str
) -> None:
    file = tmp_path / "x.log"
    file.write_text(text, "utf-8")
    answer = await ask(engine, question, file)
    assert answer.answer.startswith("I did not understand")
    assert words in answer.answer


@pytest.mark.asyncio(loop_scope="module")
async def test_where_few_lines_fit_the_shape_there_is_no_number_and_others_are_shown(
    engine: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "x.log"
    file.write_text(LOG4J * 20 + "a line of another kind\n" * 30, "utf-8")
    answer = await ask(engine, "How many warnings are there?", file)
    assert (
        "did not understand the lines well enough for a number: read as log4j lines, only 60 of 90 fit" in answer.answer
    )
    assert "a line of another kind" in answer.answer


@pytest.mark.asyncio(loop_scope="module")
async def test_first_and_last_are_by_time_over_rotated_files(engine: Engine, tmp_path: Path) -> None:
    names = ("app.log", "app.log.1", "app.log.2")
    for day, name in enumerate(reversed(names), 1):
        (tmp_path / name).write_text(f"2024-01-0{day}T00:00:00Z ERROR x\n")
    first = await ask(engine, "When was the first error?", tmp_path)
    last = await ask(engine, "When was the last error?", tmp_path)
    assert "at 2024-01-01 00:00:00Z" in first.answer
    assert "app.log.2:1" in first.answer
    assert "at 2024-01-03 00:00:00Z" in last.answer


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("question", ["Is the disk broken?", "Did the backup of the moon succeed?", "Was it rebooted?"])
async def test_no_line_with_the_words_of_a_question_is_no_no(engine: Engine, tmp_path: Path, question: str) -> None:
    file = tmp_path / "x.log"
    file.write_text(SYSLOG, "utf-8")
    answer = (await ask(engine, question, file)).answer
    assert answer.startswith(("I did not understand", "Found nothing"))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("before", ['{"log":', '{"stream": "stdout", "log": '])
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many errors are there?", "20 lines hold level error."),
        ("Which user has the most 500s?", "1. u2: 10"),
        ("How many requests did u3 make with status 404?", "10 lines hold status 404 and user u3."),
        ("What is the slowest request?", "max = 79"),
    ],
)
async def test_what_a_container_printed_as_logfmt_has_columns(
    engine: Engine, tmp_path: Path, before: str, question: str, expected: str
) -> None:
    file = tmp_path / "json.log"
    levels, states = ("info", "info", "warn", "error"), (200, 200, 500, 404)
    inner = (
        f'level={levels[n % 4]} msg=\\"req done\\" status={states[n // 4 % 2 * n % 4]} dur={n}ms user=u{n % 4}'
        for n in range(80)
    )
    file.write_text("".join(f'{before}"{line}\\n","time":"2024-05-01T10:00:00Z"}}\n' for line in inner), "utf-8")
    assert expected in (await ask(engine, question, file)).answer


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many requests did bob make with status 500?", "0 lines hold status 500 and user bob."),
        ("How many requests did bob make with status 999?", "I did not understand"),
    ],
)
async def test_none_is_said_where_each_condition_holds_of_some_line(
    engine: Engine, tmp_path: Path, question: str, expected: str
) -> None:
    file = tmp_path / "app.log"
    file.write_text("".join(f"level=info status={(200, 500)[n % 2]} user={('bob', 'eve')[n % 2]}\n" for n in range(60)))
    assert expected in (await ask(engine, question, file)).answer


@pytest.mark.asyncio(loop_scope="module")
async def test_what_an_answer_leaves_out_is_said(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "x.log"
    file.write_text("".join(f"level=info user=u{n}\n" for n in range(1200)), "utf-8")
    answer = (await ask(engine, "How many lines are there per user?\nANSWER: user=count", file)).answer
    assert "- and 1,000 more" in answer
    assert "; and 200 more" in answer
    code = tmp_path / "x.py"
    code.write_text("class Base: pass\n" + "".join(f"class C{n}(Base): pass\n" for n in range(1100)), "utf-8")
    answer = (await ask(engine, "Which classes inherit from Base?", code)).answer
    assert "and 100 more" in answer


@pytest.mark.asyncio(loop_scope="module")
async def test_functions_are_counted_without_a_cap(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "many.py"
    file.write_text("".join(f"def f{n}(): pass\n" for n in range(5200)))
    answer = await ask(engine, "How many functions are defined?", file)
    assert "5,200 x function" in answer.answer
