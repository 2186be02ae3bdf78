"""Questions in the text itself: a line `rlm: how are retries done?`, in any language's comment or in none."""

from __future__ import annotations

import re

from lsprotocol import types

from rlm_ls.lsp.commands import ASK

WIDTH = 2000
"""Characters of a line that are looked at."""

MARKS = ("rlm:", "RLM:", "Rlm:")
"""One of these is in a line that holds a question; finding them costs far less than the pattern."""

_QUESTION = re.compile(r"(?:^|\W)(?:rlm|RLM|Rlm):[ \t]+(?P<question>\S.{2,})")
_CLOSERS = re.compile(r"(?:\*/|-->|\*\)|#\}|%>|\"\"\"|''')$")


def question_in(line: str) -> str | None:
    """The question of a line such as `# rlm: how are retries done?`."""
    match = _QUESTION.search(line)
    if match is None:
        return None
    return _CLOSERS.sub("", match["question"].rstrip()).strip() or None


def answer_command(question: str, uri: str, line: int) -> types.Command:
    """Has the question answered from the document that it stands in, its own line left out."""
    scope = {"kind": "document", "textDocument": {"uri": uri}, "leaveOut": [line]}
    arguments = [{"question": question, "scope": scope}]
    return types.Command(f"Answer this question: {shortened(question)}", ASK, arguments=arguments)


def shortened(text: str, most: int = 60) -> str:
    """One line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
