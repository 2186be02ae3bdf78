"""Lines of formats that many systems write are read by their place, the client without its port."""

from __future__ import annotations

import re

import pytest

from rlm_ls.models.offline.recognition.recognition import shape_of

ALB = (
    "https 2026-07-02T22:23:00.186641Z app/lb/50dc 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 502 34 366 "
    '"GET https://www.example.com:443/a/b HTTP/1.1" "curl/7.46.0" ECDHE TLSv1.2 arn "Root=1"'
)
S3 = (
    "79a5 bkt [06/Feb/2019:00:00:38 +0000] 192.0.2.3 me 3E57 REST.GET.OBJECT key "
    '"GET /bkt/key HTTP/1.1" 200 - 2662 3462 70 10 "-" "S3Console/0.4"'
)
ENVOY = '[2026-03-12T07:17:03.123Z] "GET /path HTTP/1.1" 503 - via_upstream - "-" 0 1234 56 55 "-" "agent" "id" "h" "u"'
VPC = "2 123456789010 eni-1235b8ca 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 REJECT OK"
MONGO = '{"t":{"$date":"2026-03-12T07:17:03.123+00:00"},"s":"W","c":"NETWORK","ctx":"conn1","msg":"Slow"}'


@pytest.mark.parametrize(
    ("line", "kind", "value"),
    [
        (ALB, "client", "192.168.131.39"),
        (ALB, "status", "200"),
        (ALB, "path", "/a/b"),
        (ALB, "duration", "0.048"),
        (S3, "client", "192.0.2.3"),
        (S3, "operation", "REST.GET.OBJECT"),
        (ENVOY, "status", "503"),
        (ENVOY, "duration", "56"),
        ('[12/Mar/2026 07:06:37] "GET /x HTTP/1.1" 200 1234', "size", "1234"),
        (VPC, "client", "172.31.16.139"),
        (VPC, "action", "REJECT"),
        ("type=SYSCALL msg=audit(1364481363.243:24287): arch=c0 uid=500", "type", "SYSCALL"),
        ("2026-03-12 07:06:37,123 fail2ban.actions  [1234]: NOTICE  [sshd] Ban 1.2.3.4", "jail", "sshd"),
        ("2026-03-12 07:06:37 remove foo:amd64 1.0 <none>", "action", "remove"),
        ("2026-03-12T07:17:03.123+0000 W NETWORK  [conn1] slow", "component", "NETWORK"),
        ("INFO  [main] 2026-03-12 07:06:37,123 StorageService.java:521 - started", "source", "StorageService.java"),
        ("12-Mar-2026 07:06:37.123 INFO [main] org.a.Catalina.start Started", "logger", "org.a.Catalina.start"),
        ("07:06:37,123 INFO  [org.jboss.as] (MSC thread 1-2) started", "thread", "MSC thread 1-2"),
        ("2026-03-12 07:06:37.123 +00:00 [WRN] slow", "level", "WRN"),
        (MONGO, "level", "W"),
        ('<163>1 2026-09-14T18:06:14Z gw vpnd 7075 AUTH [meta id="7"] certificate rejected', "host", "gw"),
        ("<30>1 2026-09-14T18:06:14Z gw vpnd 7075 - - started", "level", "<30>"),
        ("2026-05-27T06:04:23.535+02:00 ERROR 1 --- [exec-3] o.a.C.[.[/].[dispatcher]    : failed", "level", "ERROR"),
        ("2026-10-02T03:38:57.548000343Z stderr F [WARN] slow", "level", "WARN"),
    ],
)
def test_a_column_is_read_by_its_place(line: str, kind: str, value: str) -> None:
    shape = shape_of([line] * 10)
    columns = [shape.level()] if kind == "level" else shape.of_kind(kind)
    assert len(columns) == 1
    assert columns[0] is not None
    match = re.search(columns[0].capture, line)
    assert match is not None
    assert match[1] == value
    assert shape.time is not None
    assert re.search(shape.time.whole, line)


def test_names_between_blanks_head_values_between_tabs() -> None:
    lines = ["#Version: 1.0", "#Fields: date time c-ip sc-status", *["2026-03-12\t07:17:03\t192.0.2.3\t200"] * 5]
    shape = shape_of(lines)
    assert shape.time is not None
    assert re.search(shape.time.capture("hour"), lines[2])
    assert [match[1] for c in shape.of_kind("client") if (match := re.search(c.capture, lines[2]))] == ["192.0.2.3"]


@pytest.mark.parametrize(("taken", "unit"), [("0.037", "s"), ("37", "ms")])
def test_what_writes_fractions_of_a_second_writes_seconds(taken: str, unit: str) -> None:
    lines = ["#Fields: date time c-ip sc-status time-taken", *[f"2026-03-12 07:17:03 192.0.2.3 200 {taken}"] * 5]
    assert [column.unit for column in shape_of(lines).of_kind("duration")] == [unit]


def test_of_two_times_of_an_entry_its_own_is_taken() -> None:
    shape = shape_of(['{"created_at":"2020-01-01T00:00:00Z","level":"info","ts":"2026-03-12T07:17:03Z"}'] * 5)
    assert shape.time is not None
    assert '"ts"' in shape.time.before.replace("\\", "")
    assert (
        shape_of(['{"created":"2020-01-01T00:00:00Z","level":"info","date":"2026-03-12T07:17:03Z"}'] * 5).time is None
    )
