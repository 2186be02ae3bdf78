"""What stands behind a label, `Chair: Ann Bo`, or before a role in brackets, `Ann Bo (chair)`: asked for by the label's
word, in any of its forms, and by nothing else but what the text is about."""

from __future__ import annotations

import re

from rlm_ls.models.offline.grounding.little import GLUE, HARMLESS
from rlm_ls.models.offline.grounding.words import stem
from rlm_ls.models.offline.parsing.vocabulary import FUNCTION
from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.script import Script, plain_text, script
from rlm_ls.models.offline.shapes.shape import SHORT
from rlm_ls.models.offline.suites.outcomes import runner_of

ASKS = r"\W*(?:who|whom|what|which|where|when|at (?:what|which) (?:time|place)|(?:on|in) (?:what|which) \w+)\b"
LABEL = re.compile(r"^\W{0,4}([A-Z][\w-]*(?: [\w-]+)?):\W{0,3}\s+(\S.*)$")
SAME = {
    form: stem(label)
    for label, forms in {
        "apologies": "absent excused missing",
        "attendance": "attending",
        "present": "attended",
    }.items()
    for form in forms.split()
}
"""What people call what a label of minutes says."""
ROLE = r"((?:[A-Z][\w.'-]+ )+)\((?i:{role})\)"
HEADING = 4
"""Lines of a text's start that say what it is about."""
MOST_LINES = 5

TOLD = r"""
part = lines($first, $last)
cite = [part]
short = $short
answer = f'{short}\n\n{part.doc}:{part.line}:\n\n```text\n{part.text}\n```'
"""


def labelled(asked: Asked) -> Script | None:
    """Of a whole text that is no log: where one line, and no other, has the label or the role."""
    question = asked.question
    whole = asked.text.whole and asked.shape.entry == "line" and len(question.documents) == 1
    if not whole or not re.match(ASKS, question.unnamed, re.IGNORECASE) or runner_of(asked.sample) is not None:
        return None
    lines = [line[:SHORT] for line in asked.sample]
    said = [word for word in re.findall(r"[^\W\d][\w'-]*", question.unnamed) if word.lower() not in FUNCTION]
    about = {stem(word) for line in lines[:HEADING] for word in re.findall(r"[^\W\d]+", line)}
    same = {stem(word): SAME[word.lower()] for word in said if word.lower() in SAME}
    words = {stem(word) for word in said if word.lower() not in HARMLESS | GLUE}
    found = [
        (number, match[2])
        for number, line in enumerate(lines, 1)
        if (match := LABEL.match(line)) is not None
        and (own := {stem(word) for word in match[1].split()}) <= {stem(word) for word in said} | set(same.values())
        and all(one in own or same.get(one) in own or one in about for one in words)
    ]
    roles = [word for word in words if words - {word} <= about] if re.match(r"\W*who\b", question.unnamed, re.I) else []
    found += [
        (number, match[1].strip())
        for number, line in enumerate(lines, 1)
        for role in roles
        for match in re.finditer(ROLE.format(role=re.escape(role)), line)
    ]
    if len(found) != 1:
        return None
    first, value = found[0]
    last = first
    while last < min(len(lines), first + MOST_LINES) and lines[last].strip() and not LABEL.match(lines[last]):
        last += 1
    return script(
        "I read what stands behind the label.", TOLD, first=first, last=last, short=repr(plain_text(value[:200]))
    ).reading((), "time" if re.search(r"\d", value) else "line")
