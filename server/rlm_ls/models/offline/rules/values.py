"""What something is set to: a key that the question names, and the value behind it."""

from __future__ import annotations

import re

from rlm_ls.models.offline.parsing.patterns import escaped
from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.script import Script, plain_text, raw, script, within

NAME = r"(?P<name>[`'\"“]?[\w.-]+(?: [\w.-]+){0,3}?[`'\"”]?)"
SET_TO = re.compile(
    rf"what(?:['’]?s| is| was)? (?:the )?(?:(?:configured|current|set) )?(?:value (?:of|for) (?:the )?)?{NAME}"
    r"(?: (?:set|configured|equal)(?: to)?)?",
    re.IGNORECASE,
)

SET = r"""
pairs = top($pattern, n=20$where)
cite = regex($pattern$where, limit=5)
values = list(dict.fromkeys(a or b for (a, b), n in pairs))
short = values[0] if len(values) == 1 else ''
rows = '\n'.join(f'- {s.doc}:{s.line}: {s.text.strip()[:300]}' for s in cite)
answer = f'$name is {values[0]}.\n{rows}' if len(values) == 1 else ''
"""


def set_to(asked: Asked) -> Script | None:
    """The one value that a key has; where it has several, or none, passages answer."""
    question = asked.question
    if not re.match(r"\W*(?:what|which)\b", question.body, re.I):
        return None
    named = SET_TO.fullmatch(question.unnamed.replace(" in the file ", " ").strip(" ?.!"))
    if named is None:
        return None
    name = named["name"].strip("`'\"“”")
    words = re.split(r"[\s_-]+", name)
    plain = [word for word in words if word.lower() not in {"default", "current", "configured"}]
    lead = r"(?:default[\s_.-]?)?" if len(plain) < len(words) else ""
    words = plain or words
    if len(words) > 4:
        return None
    key = r"[\s_.-]?".join(escaped(word) for word in words)
    value = r"([^\s\"',;][^\"',;#]*?)[\"']?\s*(?:[,;#].*|//.*)?$"
    # Of sentences only the plainest: `the passphrase is PURPLE-OTTER-7`.
    told = r"(?:is|was|are)\s+[\"']?([^\s\"',;]*[A-Z0-9_][^\s\"',;]*?)[\"']?[.!]?\s*$"
    pattern = rf"(?:^|[^\w-])(?i:{lead}{key})[\"'\])]*(?:\s*(?:=>|:=|=|:)\s*[\"']?{value}|\s+{told})"
    return script(
        f"I look for what {name} is set to.",
        SET,
        pattern=raw(pattern),
        where=within(asked.place),
        name=plain_text(name),
    ).reading((), "line")
