"""How logs write how bad a line is, and how people ask for it."""

from __future__ import annotations

import re
from collections.abc import Iterable

LEVELS: dict[str, str] = {
    "trace": "TRACE|FINEST|FINER|VERBOSE|TRC|VRB|V|T",
    "debug": "DEBUG\\d?|FINE|DBG|D\\d?|DEBU",
    "info": "INFO(?:RMATION)?|INF|I|LOG",
    "notice": "NOTICE|NOTE|N",
    "warning": "WARN(?:ING)?|WRN|W",
    "error": "ERRO(?:R)?|ERR|E|SEVERE|EROR",
    "critical": "CRIT(?:ICAL)?|C|FAULT",
    "alert": "ALERT",
    "emergency": "EMERG(?:ENCY)?",
    "panic": "PANIC|DPANIC",
    "fatal": "FATAL|FTL|F",
}
"""The level, as it is spoken of, and the spellings of it in a column of levels."""

FOREIGN: dict[str, str] = {
    "info": "HINWEIS|INFORMACI[OÓ]N|INFORMAZIONE|信息|情報",
    "warning": "WARNUNG|AVERTISSEMENT|ADVERTENCIA|AVISO|AVVISO|WAARSCHUWING|警告",
    "error": "FEHLER|ERREUR|ERRORE|FOUT|ОШИБКА|エラー|错误|錯誤",
    "critical": "KRITISCH|CRITIQUE|CR[IÍ]TICO",
}
"""The same in other languages, looked for where a sample has one of them."""

NUMERIC = {"trace": "10", "debug": "20", "info": "30", "warning": "40", "error": "50", "fatal": "60"}
"""As pino and bunyan write them."""
PRIORITIES = {
    "emergency": "0",
    "alert": "1",
    "critical": "2",
    "error": "3",
    "warning": "4",
    "notice": "5",
    "info": "6",
    "debug": "7",
}
"""As journald and syslog write them."""

SAID = {
    "error": r"errors?|err|severe",
    "warning": r"warnings?|warns?",
    "info": r"infos?|informational",
    "debug": r"debug",
    "notice": r"notices?",
    "trace": r"trace|verbose",
    "critical": r"criticals?|crit",
    "fatal": r"fatals?|fatal errors?",
    "alert": r"alerts?",
    "emergency": r"emergency|emerg",
    "panic": r"panics?",
}
"""How a question names a level."""

RISING = ("trace", "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency", "panic", "fatal")
"""From the least to the worst."""


def level_said(word: str) -> str | None:
    """The level that a word of a question names."""
    return next((level for level, said in SAID.items() if re.fullmatch(said, word.lower())), None)


def spellings(level: str, values: Iterable[str]) -> str:
    """The pattern of `level` in a column that holds `values`: its words, or the numbers that stand for it."""
    seen = set(values)
    if seen and all(is_pri(value) for value in seen):
        return "<(?:" + "|".join(str(n) for n in range(192) if str(n % 8) == PRIORITIES.get(level)) + ")>"
    if seen and all(value.isdigit() for value in seen):
        table = PRIORITIES if all(len(value) == 1 for value in seen) else NUMERIC
        return table.get(level, r"[^\s\S]")
    foreign = any(re.fullmatch(f"(?i:{words})", value) for words in FOREIGN.values() for value in seen)
    return f"(?i:{LEVELS[level]}|{FOREIGN[level]})" if foreign and level in FOREIGN else f"(?i:{LEVELS[level]})"


def is_pri(value: str) -> bool:
    """Whether this is what syslog puts before a line: <8 times the facility, and the priority>."""
    return value[:1] == "<" and value[-1:] == ">" and value[1:-1].isdigit()


def is_levels(values: Iterable[str]) -> bool:
    """Whether these are the values of a column of levels."""
    seen = set(values)
    known = "|".join([*LEVELS.values(), *FOREIGN.values()])
    calm = {PRIORITIES[level] for level in ("notice", "info", "debug")}
    priorities = seen <= set(PRIORITIES.values()) and bool(seen & calm)
    numbers = seen <= set(NUMERIC.values()) or priorities or all(map(is_pri, seen))
    words = [
        value
        for value in seen
        if re.fullmatch(f"(?i:{known}|STATEMENT|DETAIL|HINT|CONTEXT|DEFAULT|NORMAL|ACTIVITY|SYSTEM|FAILURE)", value)
    ]
    return bool(seen) and (len(words) == len(seen) or numbers)
