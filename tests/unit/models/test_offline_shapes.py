"""What the rules find out about a text by a sample of its lines: its format, its columns, its own time, its levels."""

from __future__ import annotations

import re

import pytest

from rlm_ls.models.offline.question import OfflineDocument, Question
from rlm_ls.models.offline.recognition.recognition import shape_of
from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.shapes.shape import Shape

SAMPLES = {
    "syslog": "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; uid=0 rhost=218.188.2.4",
    "combined": '1.2.3.4 - bob [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 2326 "http://x" "Mozilla/4.08 (a b)"',
    "common": '1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 404 -',
    "hdfs": "081109 203615 148 INFO dfs.DataNode$PacketResponder: PacketResponder 1 for block blk_3 terminating",
    "zookeeper": "2015-07-29 17:41:44,747 - WARN  [Q[myid=1]/0:0:0:0:2181:FastLeaderElection@774] - Notification",
    "hadoop": "2015-10-18 18:01:47,978 ERROR [main] org.apache.hadoop.mapreduce.v2.app.MRAppMaster: Created",
    "klog": "E0102 15:04:05.678901    1234 file.go:123] failed foo took=12ms",
    "logcat": "03-17 16:13:38.811  1702  2395 D WindowManager: printing",
    "postgres": "2024-01-01 10:00:00.123 UTC [1234] app@shop LOG:  duration: 12.345 ms  statement: SELECT 1",
    "mysql": "2024-01-01T10:00:00.123456Z 8 [Warning] [MY-010055] [Server] IP address",
    "json": '{"time":"2024-01-01T00:00:00Z","level":"info","msg":"x","http":{"status":200},"duration_ms":12.5}',
    "logfmt": 'ts=2024-01-01T00:00:02Z level=error msg="disk full" errors=0',
    "squid": "1157689312.049   5006 10.105.21.199 TCP_MISS/200 19763 CONNECT login.yahoo.com:443 bob DIRECT/1.2.3.4 -",
    "cbs": "2016-09-28 04:30:30, Info                  CBS    Loaded Servicing Stack v6.1",
    "haproxy": "Feb  6 12:14:14 lb haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 "
    '10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {} {} "GET /index.html HTTP/1.1"',
    "nginx error": '2024/01/01 10:00:00 [error] 1#1: *1 failed, client: 1.2.3.4, server: _, request: "GET /x HTTP/1.1"',
    "apache error": "[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok /etc/httpd/conf/workers2.properties",
    "spring": "2024-01-01 10:00:00.123  INFO 1234 --- [           main] c.e.demo.App    : Started in 2.5 seconds",
    "python": "2024-01-01 10:00:00,123 - app.db - ERROR - failed",
    "bluegene": "- 1117838570 2005.06.03 R02-M1-N0-C:J1 2005-06-03-15.42.50.363779 R02-M1-N0 RAS KERNEL INFO corrected",
    "thunderbird": "- 1131566461 2005.11.09 dn228 Nov 9 12:01:01 dn228/dn228 crond(pam_unix)[2915]: session closed",
    "healthapp": "20171224-0:7:20:444|Step_LSC|30002312|onStandStepChanged 3579",
    "dmesg": "[   12.345678] usb 1-1: new device",
    "own, letters": "[E] 10:00:01 disk full",
    "own, angles": "10:00:00 <err> bad",
}


def holds(shape: Shape, kind: str, line: str) -> str | None:
    """What the shape reads from a line's one column of a kind."""
    columns = [shape.level()] if kind == "level" else shape.of_kind(kind)
    assert len(columns) == 1
    assert columns[0] is not None
    match = re.search(columns[0].capture, line)
    return match and match[1]


@pytest.mark.parametrize(
    ("sample", "kind", "value"),
    [
        ("syslog", "host", "combo"),
        ("syslog", "process", "sshd(pam_unix)"),
        ("combined", "client", "1.2.3.4"),
        ("combined", "user", "bob"),
        ("combined", "status", "200"),
        ("combined", "path", "/a"),
        ("combined", "agent", "Mozilla/4.08 (a b)"),
        ("common", "status", "404"),
        ("common", "size", "-"),
        ("hdfs", "level", "INFO"),
        ("hdfs", "logger", "dfs.DataNode$PacketResponder"),
        ("zookeeper", "level", "WARN"),
        ("hadoop", "thread", "main"),
        ("klog", "level", "E"),
        ("klog", "duration", "12ms"),
        ("logcat", "level", "D"),
        ("logcat", "tag", "WindowManager"),
        ("postgres", "level", "LOG"),
        ("postgres", "database", "shop"),
        ("postgres", "duration", "12.345 ms"),
        ("mysql", "level", "Warning"),
        ("json", "status", "200"),
        ("json", "duration", "12.5"),
        ("logfmt", "level", "error"),
        ("squid", "duration", "5006"),
        ("squid", "status", "200"),
        ("cbs", "level", "Info"),
        ("haproxy", "status", "200"),
        ("haproxy", "duration", "109"),
        ("haproxy", "path", "/index.html"),
        ("nginx error", "client", "1.2.3.4"),
        ("apache error", "level", "notice"),
        ("spring", "logger", "c.e.demo.App"),
        ("python", "level", "ERROR"),
        ("bluegene", "level", "INFO"),
        ("own, letters", "level", "E"),
        ("own, angles", "level", "err"),
    ],
)
def test_a_column_is_known_by_the_format_or_by_what_it_holds(sample: str, kind: str, value: str) -> None:
    assert holds(shape_of([SAMPLES[sample]] * 3), kind, SAMPLES[sample]) == value


@pytest.mark.parametrize(
    ("sample", "hour"),
    [
        ("syslog", "Jun 14 15"),
        ("combined", "10/Oct/2000:13"),
        ("hdfs", "081109 20"),
        ("zookeeper", "2015-07-29 17"),
        ("klog", "0102 15"),
        ("logcat", "03-17 16"),
        ("json", "2024-01-01T00"),
        ("logfmt", "2024-01-01T00"),
        ("cbs", "2016-09-28 04"),
        ("haproxy", "Feb  6 12"),
        ("nginx error", "2024/01/01 10"),
        ("apache error", "Sun Dec 04 04"),
        ("bluegene", "2005-06-03-15"),
        ("thunderbird", "Nov 9 12"),
        ("healthapp", "20171224-0"),
        ("own, letters", "10"),
    ],
)
def test_the_time_is_the_lines_own(sample: str, hour: str) -> None:
    time = shape_of([SAMPLES[sample]] * 3).time
    assert time is not None
    match = re.search(time.capture("hour"), SAMPLES[sample])
    assert match is not None
    assert match[1] == hour


def test_a_time_in_the_message_is_not_the_lines_own() -> None:
    lines = [
        "Jun 14 15:16:02 h ftpd: connection at Tue Jun 14 03:00:00 2005",
        "Jun 14 16:00:00 h app: backup of 2005-01-01 04:00:00 done",
    ]
    time = shape_of(lines).time
    assert time is not None
    assert [match[1] for line in lines if (match := re.search(time.capture("hour"), line))] == [
        "Jun 14 15",
        "Jun 14 16",
    ]


def test_columns_of_a_table_have_the_names_of_its_heading() -> None:
    shape = shape_of(["order_id,customer,amount", "1,bob,3.5", "2,al,4"])
    assert [column.name for column in shape.columns] == ["order_id", "customer", "amount"]
    assert re.search(shape.columns[2].capture, "1,bob,3.5")[1] == "3.5"  # type: ignore[index]
    assert re.fullmatch(shape.header, "order_id,customer,amount")


def test_prose_has_no_columns_and_no_time() -> None:
    shape = shape_of(["It was the best of times, it was the worst of times,", "it was the age of wisdom."])
    assert (shape.entry, shape.head, shape.columns, shape.time) == ("line", "", (), None)


@pytest.mark.parametrize(
    "line",
    [
        "a-" * 5000,
        '{"a":' * 4000,
        '"' * 9000,
        "[" * 9000,
        "a,b\0c",
        'a="' + '\\"' * 4000,
        "1h1m" * 3000,
        " " * 9000 + "x",
    ],
)
def test_a_hostile_line_is_read_in_a_bounded_time(line: str) -> None:
    """Without the bounds the first one takes minutes."""
    assert shape_of([line] * 80).name in {"text", "lines that begin with a time"}


@pytest.mark.parametrize("text", ["x" * 50_000, "errors and " * 5000, "how many " * 5000, '"' * 9999])
def test_a_hostile_question_is_not_parsed(text: str) -> None:
    asked = Asked(Question(text, (OfflineDocument("a.log", "", 2, ("a line", "errors and more")),)))
    assert asked.grounded is None
