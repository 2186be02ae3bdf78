"""Replies of a model, written here: the turns that the measurements repeat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rlm_ls import __version__
from rlm_ls.models.base import Usage
from rlm_ls.models.recorded import RecordedCall, RecordedModel
from rlm_ls.store.recording import Header, write_recording


def reply(script: str) -> str:
    return f"The next step.\n\n```python\n{script}\n```\n"


SIX_TURNS = tuple(
    reply(script)
    for script in (
        "print(docs())\nprint(count('ERROR'), count('WARN'))\nprint(lines(1, 20))",
        "hits = find('PoolTimeoutError', limit=50)\nshow(hits, 20)\nprint(top(r'ERROR +(\\w+)', 10))",
        "slow = regex(r'took=(\\d{4,})ms', limit=50)\nshow(slow, 20)\nprint(stats(r'took=(\\d+)ms', within=hits))",
        "errors = filter('ERROR')\nprint(count('Timeout', within=errors), top(r'(\\w+-\\d\\d) ', 5, within=errors))",
        "for hit in hits[:5]:\n    print(around(hit, 2, 2))",
        "if hits:\n    submit('Counted: ' + str(len(hits)), cite=hits[:15])",
    )
)
"""What a run does: looks, counts, ranks, filters, reads around; submits with as many citations as real answers have."""


def model(replies: Sequence[str]) -> RecordedModel:
    """Says these replies in order, at once, whatever it is asked."""
    return RecordedModel([RecordedCall(None, text, Usage(1000, 100, 0, 0.0)) for text in replies], strict=True)


def recording(path: Path, replies: Sequence[str]) -> str:
    """Write the same as a file; what to give as `model` in a request."""
    events = [
        event
        for text in replies
        for event in ({"type": "modelCalled"}, {"type": "modelReplied", "text": text, "promptTokens": 1000})
    ]
    write_recording(path, events, Header(rlm_ls=__version__, model="", made=""))
    return f"recorded:{path}"
