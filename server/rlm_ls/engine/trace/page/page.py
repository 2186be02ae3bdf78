"""A run as one web page: its timeline, self-contained, for a browser and for editors' views.

The files beside this one are the only copies: editors get the page from here (`rlm/trace` with format "html") and
feed it the events of a run that is still under way.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from rlm_ls.engine.answer import Answer
from rlm_ls.engine.trace.charts.pictures import pictures
from rlm_ls.store.rows import RunRow

SCRIPTS = ("tree.js", "highlight.js", "charts.js", "events.js", "page.js", "excerpts.js")
"""Files that are joined to one script, in this order."""


def trace_html(row: RunRow, events: Sequence[Mapping[str, Any]], excerpts: Sequence[Mapping[str, Any]] = ()) -> str:
    """The page for a run and its stored events, with `excerpts` of what it cites (see engine/sharing/excerpts.py).

    Nothing in it is fetched from anywhere, and nothing in it is trusted: texts of models and documents are data, and
    only the page's own script and style may run."""
    style, script = _part("page.css"), "\n".join(['"use strict";', *map(_part, SCRIPTS)])
    only = f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    policy = f"default-src 'none'; {only}; base-uri 'none'; form-action 'none'"
    run = inline_json(row.described())
    # One by one: of a long trace the whole would keep other threads waiting.
    trace = (
        f'{{"run":{run},"events":[{",".join(map(inline_json, events))}],"excerpts":{inline_json(list(excerpts))},'
        f'"charts":{inline_json(_pictures(row))}}}'
    )
    parts = {
        "policy": policy,
        "title": escape(" ".join(row.question.split())[:120].encode("utf-8", "replace").decode()),
        "style": style,
        "trace": trace,
        "script": script,
    }
    # In one pass: what is put in is not looked through again.
    return re.sub(r"\{\{([a-z]+)\}\}", lambda place: parts[place[1]], _part("page.html"))


def _pictures(row: RunRow) -> list[dict[str, Any]]:
    return [] if row.answer is None else pictures(Answer.model_validate(row.answer).charts)


def inline_json(value: Any) -> str:
    """JSON that may stand in a `<script>`: no `<` in it, nothing but ASCII; numbers that JSON lacks are null."""
    try:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(json.loads(json.dumps(value), parse_constant=lambda _: None), separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _part(name: str) -> str:
    return (files("rlm_ls.engine.trace.page") / name).read_text("utf-8")


def _digest(source: str) -> str:
    """The source expression of a Content-Security-Policy that allows exactly this inline text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
