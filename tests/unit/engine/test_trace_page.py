"""The timeline as a web page: whatever the texts in it are, they stay data."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from rlm_ls.engine.trace.page.page import inline_json, trace_html
from rlm_ls.store.rows import RunRow

HOSTILE = "</script><script>alert(1)</script><!-- {{script}} {{trace}} \u2028 \u2029 é \ud800 & \" '"


def page(question: str = "Why?", **event: Any) -> str:
    row = RunRow("r-1", question, "answered", 1.0, 2.0, None, "m", None, {})
    return trace_html(row, [{"type": "warned", "seq": 1, "at": 0.1, "message": "x", **event}])


def data(html: str) -> Any:
    (found,) = re.findall(r'<script type="application/json" id="trace">(.*?)</script>', html, re.DOTALL)
    return json.loads(found)


def test_hostile_texts_stay_data() -> None:
    html = page(question=HOSTILE, message=HOSTILE)
    assert data(html)["run"]["question"] == HOSTILE
    assert data(html)["events"][0]["message"] == HOSTILE
    assert html.count("</script>") == page().count("</script>")
    assert "\u2028" not in html
    html.encode("utf-8")


def test_only_the_pages_own_script_and_style_may_run() -> None:
    html = page()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        (source,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert directives[directive] == f"'sha256-{digest}'"
    assert re.findall(r"<[^>]*\s(?:on\w+|style)=", html) == []


def test_nothing_is_fetched() -> None:
    assert re.findall(r"(?:src|href)\s*=\s*[\"']|url\(|@import|https?://", page()) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_lacks_are_null(value: float) -> None:
    assert json.loads(inline_json({"usd": value})) == {"usd": None}


def test_excerpts_of_what_is_cited_are_data_too() -> None:
    row = RunRow("r-1", "Why?", "answered", 1.0, 2.0, None, "m", None, {})
    one = {"label": HOSTILE, "first": 7, "lines": (HOSTILE, "b"), "marked": (0, 0), "notes": (HOSTILE,)}
    html = trace_html(row, [], [one])
    assert data(html)["excerpts"][0]["lines"] == [HOSTILE, "b"]
    assert html.count("</script>") == page().count("</script>")
