"""Structured logs: fields by name, in JSON and logfmt, by themselves and as collectors wrap them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rlm_ls.context.ops.fields.describing import described
from rlm_ls.context.ops.fields.filtering import field_filter
from rlm_ls.context.ops.fields.paths import MISSING, FieldOf, value_in
from rlm_ls.context.ops.fields.records import record_of
from rlm_ls.context.search.fields import Fields, fields_of_lines, roles
from rlm_ls.errors import BadPattern, ProgramError

from .conftest import Asking

INNER = '{"level":"error","http":{"status":502},"items":[{"id":7}],"msg":"no {luck}"}'
LOGFMT = 'level=error http.status=502 msg="no \\"luck\\" level=x" took=1.5'
WRAPPED = {
    "plain": INNER,
    "docker": json.dumps({"log": INNER + "\n", "stream": "stderr", "time": "2026-03-14T01:02:03Z"}),
    "journald": json.dumps({"MESSAGE": INNER, "PRIORITY": "3", "_HOSTNAME": "web-1"}),
    "journald bytes": json.dumps({"MESSAGE": list(INNER.encode()), "PRIORITY": "3"}),
    "kubernetes": f"2026-03-14T01:02:03.5Z stdout F {INNER}",
    "docker in kubernetes": "2026-03-14T01:02:03.5Z stderr F " + json.dumps({"log": INNER}),
    "syslog": f"Mar 14 01:02:03 web-1 app[12]: {INNER}",
    "a brace before": f"Mar 14 01:02:03 web-1 {{app}}: {INNER}",
    "filebeat": json.dumps({"@timestamp": "2026", "message": INNER}),
    "logfmt": LOGFMT,
    "logfmt in docker": json.dumps({"log": LOGFMT + "\n", "stream": "stdout"}),
    "logfmt after a time": f"2026-03-14T01:02:03Z {LOGFMT}",
    "windows line end": INNER + "\r",
    "colours in docker": json.dumps({"log": f"\x1b[36m{LOGFMT}\x1b[0m".replace("level", "\x1b[2mlevel\x1b[0m", 1)}),
    "colours in journald bytes": json.dumps({"MESSAGE": list(f"\x1b[1m{INNER}\x1b[0m".encode())}),
}


def value(line: str, name: str) -> Any:
    return value_in(record_of(line.encode()), name)


@pytest.mark.parametrize("line", WRAPPED.values(), ids=WRAPPED)
def test_a_field_is_found_in_every_envelope(line: str) -> None:
    assert value(line, "level") == "error"
    assert str(value(line, "http.status")) == "502"
    assert value(line, "lvl") is MISSING


def test_envelopes_keep_their_own_fields() -> None:
    assert value(WRAPPED["docker"], "stream") == "stderr"
    assert value(WRAPPED["journald"], "_HOSTNAME") == "web-1"
    assert value(WRAPPED["kubernetes"], "stream") == "stdout"
    assert value('{"log":"just text\\n","stream":"stdout"}', "log") == "just text\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("items[0].id", 7), ("items.0.id", 7), ("items[1].id", MISSING), ("http", {"status": 502}), ("http.x", MISSING)],
)
def test_paths_go_into_objects_and_lists(name: str, expected: Any) -> None:
    assert value(INNER, name) == expected


def test_a_key_may_hold_dots_itself() -> None:
    assert value('{"http.status":1,"a.b":{"c.d":2}}', "http.status") == 1
    assert value('{"http.status":1,"a.b":{"c.d":2}}', "a.b.c.d") == 2


def test_pairs_may_be_cut_by_commas_and_stand_in_brackets() -> None:
    assert value("a=1,b=2;c=x,y,d=3", "a") == "1"
    assert value("a=1,b=2;c=x,y,d=3", "c") == "x,y"
    assert value("done (took=5) [code=7], f=g(1)", "took") == "5"
    assert value("done (took=5) [code=7], f=g(1)", "code") == "7"
    assert value("done (took=5) [code=7], f=g(1)", "f") == "g(1)"


def test_null_is_not_missing() -> None:
    assert value('{"user":null}', "user") is None


def test_logfmt_values_are_unquoted_and_a_pair_inside_one_is_none() -> None:
    assert value(LOGFMT, "msg") == 'no "luck" level=x'
    assert value('a="x\\ny" b= c=1', "a") == "x\ny"
    assert value('a="x" b= c=1', "b") == ""


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[1]",
        '"text"',
        "{" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"log":' * 50_000,
        "x {" * 100_000 + "}",
        '{"a":1',
        "no record",
        '{"MESSAGE":[1,99999]}',
        "a" * 100_000 + "=",
        'k="' + "\\" * 100_000,
    ],
    ids=range(13),
)
def test_what_is_no_record_has_no_field_and_takes_no_time(line: str) -> None:
    assert value(line, "level") is MISSING


@pytest.mark.parametrize("name", ["level", "took", "a", "stream", "msg", "x.y", "no such", "k"])
@pytest.mark.parametrize(
    "line",
    [
        *WRAPPED.values(),
        'msg="level=no" level=yes',
        'msg="a \\" level=no" level=yes',
        "xlevel=no level=yes,took=1;a=2",
        "level=",
        'k="open level=1',
        "a=b=c level==x",
        "(level=1) [took=2]",
        "2026-03-14T01:02:03.5Z stdout F level=1 stream=x",
        'x.y=1 5" disk level=1',
        'level="q\\tq"',
    ],
)
def test_reading_one_field_is_the_same_as_reading_all(line: str, name: str) -> None:
    assert FieldOf(name)(line.encode()) == value(line, name)


def lines(*levels: str | None) -> str:
    rows = [json.dumps({"level": one, "took": n, "host": f"web-{n % 2}"}) for n, one in enumerate(levels)]
    return "\n".join(rows) + "\n"


async def test_values_are_tallied_and_lines_without_the_field_told(asking: Asking) -> None:
    search = await asking(lines("info", "error", "info", None) + 'broken {"level":\n{"other":1}\n\n')
    fields = Fields(("level",))
    found, distinct, total, partial = await search.top("", search.context.limit, 2, fields=fields)
    assert (found, distinct, total, partial) == ([("info", 2), ("error", 1)], 3, 4, "")
    assert await search.check_seen(fields, search.context.limit) == (
        "of 6 lines, 2 hold no field level, in 1 level is null"
    )


async def test_a_pattern_is_matched_in_the_fields_value(asking: Asking) -> None:
    search = await asking('{"path":"/api/users/1","x":"/api/none"}\n{"path":"/api/orders","x":"/api/none"}\n')
    found, *_ = await search.top(r"/api/(\w+)", search.context.limit, fields=Fields(("path",)))
    assert found == [("orders", 1), ("users", 1)]


async def test_values_keep_their_types(asking: Asking) -> None:
    search = await asking('{"a":1,"b":"x"}\n{"a":2.5}\n{"a":null,"b":true}\n{"a":[1],"b":{"c":1}}\n')
    packs, _ = await search.extracted("", search.context.limit, fields=Fields(("a",)))
    assert json.loads(f"[{packs[0][0]}]") == [1, 2.5, None, [1]]
    packs, _ = await search.extracted("", search.context.limit, fields=Fields(("a", "b")))
    assert json.loads(f"[{packs[0][0]}]") == [[1, "x"], [2.5, None], [None, True], [[1], {"c": 1}]]


async def test_numbers_of_one_field_and_by_another(asking: Asking) -> None:
    search = await asking(lines(*["info"] * 5) + '{"took":"7","host":"web-1"}\n{"took":"slow","host":"web-1"}\n')
    found, ignored, _ = await search.stats("", search.context.limit, fields=Fields(("took",)))
    assert found[None]["max"] == 7
    assert (found[None]["count"], ignored) == (6, 1)
    found, _, _ = await search.stats("", search.context.limit, fields=Fields(("host", "took")))
    assert {name: numbers["sum"] for name, numbers in found.items()} == {"web-0": 6, "web-1": 11}


async def test_lines_are_counted_by_document(asking: Asking) -> None:
    search = await asking(lines("error", "info"), lines("error", "ERROR", "info"))
    counts = await search.count_lines("^error$", search.context.limit, Fields(("level",)), ignore_case=True)
    assert counts == {"1.txt": 1, "2.txt": 2}


async def test_a_filter_by_a_field_keeps_or_leaves_out_lines_with_their_places(asking: Asking) -> None:
    text = lines("info", "error", "info") + "error without a field\r\n" + lines("error")
    search = await asking(text)
    [part] = search.context.limit
    for keep, expected in ((True, [2, 5]), (False, [1, 3, 4])):
        within = (type(part)(part.doc, part.start, part.end, ((field_filter("level", "error"), keep),)),)
        found = await search.regex("^.*$", within)
        assert [json.loads(row)[1] for row in found.rows] == expected


async def test_messages_that_journald_wrote_as_bytes_are_read_with_the_others(asking: Asking) -> None:
    plain = [json.dumps({"MESSAGE": json.dumps({"level": level})}) for level in ("error", "info", "error")]
    told = [json.dumps({"MESSAGE": list(json.dumps({"level": "error"}).encode())}) for _ in range(2)]
    search = await asking("\n".join([*plain, *told, "no record"]) + "\n")
    fields = Fields(("level",))
    assert (await search.top("", search.context.limit, fields=fields))[0] == [("error", 4), ("info", 1)]
    [part] = search.context.limit
    within = (type(part)(part.doc, part.start, part.end, ((field_filter("level", "error"), True),)),)
    found = await search.regex("^.*$", within)
    assert [json.loads(row)[1] for row in found.rows] == [1, 3, 4, 5]


async def test_a_filter_that_no_verb_made_is_refused(asking: Asking) -> None:
    search = await asking("a\n")
    [part] = search.context.limit
    with pytest.raises(BadPattern):
        await search.count("a", (type(part)(part.doc, part.start, part.end, (("\0field:[1", True),)),))


async def test_a_field_that_no_line_has_is_answered_by_those_there_are(asking: Asking) -> None:
    search = await asking(lines("info", "error"))
    fields = Fields(("lvl",))
    await search.top("", search.context.limit, fields=fields)
    with pytest.raises(ProgramError) as raised:
        await search.check_seen(fields, search.context.limit)
    assert raised.value.remedy == "Fields: level, took, host."
    plain = await asking("no field here\n")
    await plain.top("", plain.context.limit, fields=fields)
    with pytest.raises(ProgramError, match="No line holds"):
        await plain.check_seen(fields, plain.context.limit)


async def test_large_logs_are_counted_piece_by_piece_as_a_whole(asking: Asking) -> None:
    count = 120_000
    text = "".join(f'{{"n":{n},"level":"{("info", "error")[n % 3 == 0]}","pad":"{"x" * 80}"}}\n' for n in range(count))
    search = await asking(text, on_disk=True)
    fields = Fields(("level",))
    found, *_ = await search.top("", search.context.limit, fields=fields)
    assert found == [("info", 80_000), ("error", 40_000)]
    assert (fields.lines, fields.missing) == (count, 0)


def test_the_form_and_the_fields_of_lines_are_told() -> None:
    form, fields, meant = fields_of_lines([INNER, '{"level":"info","http":{"status":200}}'])
    assert form == "JSON"
    assert fields["http.status"] == "number"
    assert meant == {"level": "level", "status": "http.status", "message": "msg"}
    assert described([b"2026 INFO worker=1 took=3", b"2026 INFO worker=1 took=4"])[0] == ""
    assert described([LOGFMT.encode()])[0] == "logfmt"


def test_what_a_field_is_for_is_told_by_its_name() -> None:
    assert roles(["Timestamp", "log.level", "message", "request.status"]) == {
        "level": "log.level",
        "time": "Timestamp",
        "status": "request.status",
        "message": "message",
    }
