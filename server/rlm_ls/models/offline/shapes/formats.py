"""The well-known line formats, a table: what stands where in a line, by the names of columns in «marks»."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from rlm_ls.models.offline.shapes.levels import FOREIGN

WORD_LEVELS = (
    "TRACE|FINEST|FINER|FINE|VERBOSE|DEBUG\\d?|INFO(?:RMATION)?|NOTICE|NOTE|CONFIG|WARN(?:ING)?|ERROR|ERR|SEVERE|CRITICAL|"
    "CRIT|ALERT|EMERG(?:ENCY)?|PANIC|FATAL|LOG|INF|WRN|DBG|FTL|TRC|VRB|" + "|".join(FOREIGN.values())
)

FRAGMENTS = {
    "action": r"ACCEPT|REJECT|startup|install|upgrade|status|configure|trigproc|remove|purge|conffile",
    "destination": r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]+)",
    "port": r"\d+",
    "packets": r"\d+",
    "interface": r"eni-\w+|-",
    "type": r"\w+",
    "jail": r"[^\]]+",
    "elb": r"\S+",
    "operation": r"[A-Z]+\.[A-Z.]+",
    "bucket": r"\S+",
    "client": r"\S+",
    "ip": r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]+)",
    "host": r"\S+",
    "user": r"\S+",
    "method": r"[A-Z]+",
    "path": r"[^\s\"]+",
    "status": r"\d{3}",
    "size": r"(?:\d+|-)",
    "referer": r"[^\"]*",
    "agent": r"[^\"]*",
    "duration": r"\d+(?:\.\d+)?",
    "level": rf"(?i:{WORD_LEVELS})",
    "letter": r"[VDIWEFA]",
    "digit": r"[0-7]",
    "printer": r"[^#\s]\S*",
    "job_id": r"\d+",
    "pages": r"\d+",
    "document": r"\S+",
    "media": r"\S+",
    "sides": r"\S+",
    "process": r"[^\s:\[\]][^:\[\]]*?",
    "pid": r"\d+",
    "tid": r"\d+",
    "thread": r"[^\]]+?",
    "logger": r"[\w.$/-]+",
    "qualified": r"\w+(?:\.[\w$]+){2,}",
    "tag": r"[^\s:(][^:(]*?",
    "component": r"[\w$.-]+",
    "module": r"\w+",
    "code": r"[\w-]+",
    "source": r"[\w.-]+",
    "request_id": r"[\w-]+",
    "database": r"[\w.-]+",
    "subsystem": r"[\w.-]+",
    "stream": r"stdout|stderr",
    "cache": r"\w+",
    "hierarchy": r"\w+",
    "frontend": r"\S+",
    "backend": r"[^\s/]+",
    "server": r"[^\s/]+",
    "alert": r"\S+",
    "severity": r"[A-Z]+\d?",
    "pri": r"<\d{1,3}>",
    "bean": r"[\w.$/\[\]-]+",
    "mac_level": r"Default|Info|Debug|Error|Fault|Activity",
    "uptime": r"\d+\.\d+",
    "line": r"\d+",
    "job": r"\S+",
}
"""What a column looks like where the table says no more; `ip` stands for client, `bean` for logger;
`letter`, `severity`, `mac_level`, `pri` for level."""

SAME = {
    "qualified": "logger",
    "ip": "client",
    "letter": "level",
    "digit": "level",
    "severity": "level",
    "mac_level": "level",
    "pri": "level",
    "bean": "logger",
}

REQUEST = r"\"(?:[^\"\\]|\\.)*\""
SYSLOG = r"^(?:<\d+>)?«time» (?=\w)«host» "
HAPROXY = r"^(?:.{0,80}haproxy\[\d+\]: )?"
ACCESS = r"^(?:\S+:\d+ )?«client» \S+ «user» \[«time»\] "


@dataclass(frozen=True, slots=True)
class Format:
    """`templates` are patterns of a line, the first of every line; columns that only some lines have stand in the
    others. `unit` is that of its durations, which such lines do not write. `access` says that a line is a request.
    `names` are those that a column has in the format's own documentation, by its mark."""

    name: str
    templates: tuple[str, ...]
    unit: str = ""
    access: bool = False
    klog: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    entries: tuple[str, ...] = ()
    """What people call an entry of it, besides a request or a line."""


FORMATS: tuple[Format, ...] = (
    Format(
        "an HTTP access log",
        (
            ACCESS + REQUEST + r" «status» «size»",
            ACCESS + r"\"«method» «path»(?: [^\"]*)?\" ",
            ACCESS + REQUEST + r" \d{3} \S+ \"«referer»\" \"«agent»\"",
            ACCESS + REQUEST + r" \d{3} \S+ \"[^\"]*\" \"[^\"]*\" «duration»$",
        ),
        unit="s",
        access=True,
    ),
    Format(
        "HAProxy's log",
        (
            HAPROXY + r"«ip»:\d+ \[[^\]]+\] «frontend» «backend»/«server» [-\d]+/[-\d]+/[-\d]+/[-\d]+/\+?«duration» "
            r"«status» \+?«size» ",
            HAPROXY + r"[\d.:a-f]+ \[.*\"«method» «path»",
            r"^«time» \S+ haproxy",
            r"^[\d.]+:\d+ \[«time»\]",
        ),
        unit="ms",
        access=True,
    ),
    Format(
        "a load balancer's access log (AWS)",
        (
            r"^(?:(?:https?|h2|wss?|grpcs?) )?«time» «elb» «ip»:\d+ (?:\S+) [-\d.]+ [-\d.]+ [-\d.]+ «status» ",
            r"^(?:\w+ )?\S+ \S+ \S+ «backend» [-\d.]+ «duration» [-\d.]+ \S+ \S+ \d+ «size» ",
            r"^.{0,300}? \d+ \d+ \"«method» (?:https?://[^/\"]+)?«path»[? ][^\"]*\" \"«agent»\"",
        ),
        unit="s",
        access=True,
        names={"duration": "target_processing_time", "status": "elb_status_code"},
    ),
    Format(
        "S3's access log",
        (
            r"^\w+ «bucket» \[«time»\] «ip» «user» \w+ «operation» ",
            r"^\w+ \S+ \[[^\]]+\] \S+ \S+ \w+ \S+ \S+ \"«method» «path» [^\"]*\" «status» \S+ «size» \S+ «duration» ",
        ),
        unit="ms",
        access=True,
    ),
    Format(
        "Envoy's access log",
        (r"^\[«time»\] \"«method» «path» [^\"]*\" «status» \S+ (?:\S+ (?:\S+ )?\"[^\"]*\" )?\d+ «size» «duration» ",),
        unit="ms",
        access=True,
    ),
    Format(
        "Django's server log",
        (r"^\[«time»\] \"«method» «path» [^\"]*\" «status» «size»$",),
        access=True,
    ),
    Format(
        "a flow log (AWS VPC)",
        (r"^\d+ \d+ «interface» «ip» «destination» \d+ «port» \d+ «packets» «size» «time» \d+ «action» ",),
    ),
    Format("Minecraft's log", (r"^\[«time»\] \[«thread»/«level»\](?: \[[^\]]*\])?: ",)),
    Format(
        "Cisco's log",
        (r"^(?:<\d+>)?«time»(?: [\w.-]+)?(?: ?:)? %\w+-«digit»-«code»: ", r"^(?:<\d+>)?«time» «host» ?: %"),
    ),
    Format(
        "CUPS' page log",
        (r"^«printer» «user» «job_id» \[«time»\] (?:\d+|total) «pages» \S+ «client» «document» «media» «sides»",),
        access=True,
        entries=("job", "jobs", "print", "prints", "printed", "printing", "printouts", "print-outs"),
    ),
    Format("auditd's log", (r"^type=«type» msg=audit\(«time»:\d+\): ",)),
    Format("fail2ban's log", (r"^«time» «logger»\s+\[«pid»\]: «level»\s+\[«jail»\] ",)),
    Format("dpkg's log", (r"^«time» «action» ",)),
    Format("MongoDB's log", (r"^«time» «letter» «component»\s+\[«thread»\] ",)),
    Format("Cassandra's log", (r"^«level»\s+\[«thread»\] «time» «source»:«line» - ",)),
    Format("JBoss' log", (r"^«time»,?\s+«level»\s+\[«logger»\] \(«thread»\) ",)),
    Format(
        "Squid's access log",
        (r"^«time»\s+«duration» «client» «cache»/«status» «size» «method» «path» «user» «hierarchy»/",),
        unit="ms",
        access=True,
    ),
    Format("klog lines (Kubernetes)", (r"^«letter»«time»\s+«pid» «source»:«line»\] ",), klog=True),
    Format("Android's logcat", (r"^«time»\s+«pid»\s+«tid»\s+«letter»\s+«tag»\s*: ",)),
    Format("Android's logcat", (r"^«time»\s+«letter»/«tag»\s*\(\s*«pid»\): ",)),
    Format("Android's logcat, brief", (r"^«letter»/«tag»\s*\(\s*«pid»\): ",)),
    Format(
        "Apache's error log",
        (
            r"^\[«time»\] \[(?:\w*:)?«level»\] ",
            r"^\[«time»\] \[(?:\w*:)?\w+\] (?:\[pid [\d:tid ]+\] )?\[client «ip»",
            r"^\[«time»\] \[«module»:\w+\] ",
            r"^\[«time»\] \[(?:\w*:)?\w+\] \[pid «pid»",
        ),
    ),
    Format(
        "nginx's error log",
        (
            r"^«time» \[«level»\] «pid»#\d+: ",
            r"^«time» \[\w+\] \d+#\d+: .*client: «ip»",
            r"^«time» \[\w+\] \d+#\d+: .*request: \"«method» «path»",
        ),
    ),
    Format(
        "PostgreSQL's log",
        (
            r"^«time»(?: \w+)? \[«pid»\] (?:\S+ )??«severity»:  ?",
            r"^«time»(?: \w+)? \[\d+\] «user»@«database» ",
        ),
    ),
    Format("MySQL's log", (r"^«time» «tid» \[«level»\] ", r"^«time» \d+ \[\w+\] \[«code»\] \[«subsystem»\] ")),
    Format("macOS's unified log", (r"^«time»\s+0x[0-9a-f]+\s+«mac_level»\s+0x[0-9a-f]+\s+«pid»\s+\d+\s+«process»: ",)),
    Format("Windows' CBS log", (r"^«time», «level»\s+«component»\s+",)),
    Format("BlueGene's log", (r"^«alert» \d+ [\d.]+ «host» «time» \S+ \w+ «component» «level» ",)),
    Format("Thunderbird's log", (r"^«alert» \d+ [\d.]+ «host» «time» \S+ «process»(?:\[\d+\])?: ",)),
    Format("Proxifier's log", (r"^\[«time»\] «process»(?: \*64)? - ",)),
    Format("HealthApp's log", (r"^«time»\|«component»\|«pid»\|",)),
    Format("container lines (CRI)", (r"^«time» «stream» [FP] ",)),
    Format(
        "OpenStack's log",
        (
            r"^(?:\S+ )?«time» «pid» «level» «logger» \[",
            r"^(?:\S+ )?[\d-]+ [\d:.]+ \d+ [A-Z]+ \S+ \[«request_id»",
            r"^(?:\S+ )?[\d-]+ [\d:.]+ \d+ [A-Z]+ \S+ \[[^\]]*\] «ip» \"«method» «path»",
            r"^(?:\S+ )?[\d-]+ .*\" status: «status» len: «size» time: «duration»",
        ),
        unit="s",
    ),
    Format("Spring Boot's log", (r"^«time»\s+«level» «pid» --- (?:\[[^\]]*\] )?\[\s*«thread»\] «bean»\s*: ",)),
    Format("ZooKeeper's log", (r"^«time» - «level»\s+\[.*?:«logger»@\d+\] - ",)),
    Format("log4j lines", (r"^«time»,?\s+«level»\s+\[«thread»\]:? \(?«logger»\)?(?::| -) ?",)),
    Format("log4j lines", (r"^«time»,?\s+\[«thread»\] «level»\s+«logger»(?::\d+)?(?::| -) ?",)),
    Format("Tomcat's log", (r"^«time» «level» \[«thread»\] «qualified» ",)),
    Format("HDFS' log", (r"^«time» «pid» «level» «logger»: ",)),
    Format("Spark's log", (r"^«time» «level» «logger»: ",)),
    Format("Python's logging", (r"^«time» - «logger» - «level» - ",)),
    Format("Python's logging", (r"^«time»\s+«level»\s+«logger»:(?:\d+:)? ",)),
    Format("Python's logging", (r"^«time»\s+\[«level»\]\s+«logger»: ",)),
    Format("Python's logging", (r"^«level»:«logger»:",)),
    Format(
        "a syslog (RFC 5424)",
        (
            r"^«pri»1 «time» «host» «process» \S+ \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) ",
            r"^<\d+>1 \S+ \S+ \S+ «pid» ",
        ),
    ),
    Format("a syslog", (SYSLOG + r"«process»(?:\[\d+\])?: ", SYSLOG + r"[^:\[\]]+\[«pid»\]: ")),
    Format("the kernel's ring buffer", (r"^(?:<\d+>)?\[\s*«uptime»\] ", r"^(?:<\d+>)?\[\s*\d+\.\d+\] «subsystem»: ")),
)
"""In order: the first that most lines of a sample have."""

MARK = re.compile("«(\\w+)»")


def marked(template: str, time: str) -> list[tuple[str, str, str]]:
    """(column, what stands before it, what it looks like) of each mark, without groups."""
    found, before, at = [], "", 0
    for mark in MARK.finditer(template):
        before += template[at : mark.start()]
        fragment = time if mark[1] == "time" else FRAGMENTS[mark[1]]
        found.append((SAME.get(mark[1], mark[1]), before, fragment))
        before += f"(?:{fragment})"
        at = mark.end()
    return found


def whole_line(template: str, time: str) -> str:
    """A template as a pattern without groups."""
    return MARK.sub(lambda mark: f"(?:{time if mark[1] == 'time' else FRAGMENTS[mark[1]]})", template)
