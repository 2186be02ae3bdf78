"""`rlm-ls trace RUN --html` in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.editors.vscode.code import Code

from rlm_ls.engine.answer import Answer, Chart, ChartRow, Citation, RunUsage
from rlm_ls.engine.trace import events
from rlm_ls.engine.trace.page.page import trace_html
from rlm_ls.store.rows import RunRow

HOSTILE = "</script><script>globalThis.hacked = true</script><img src=x onerror='globalThis.hacked = true'>"
CITED = Citation(
    uri="file:///w/app.log",
    path="app.log",
    line=3,
    end_line=3,
    start_byte=0,
    end_byte=4,
    start_utf16=(2, 0),
    end_utf16=(2, 4),
    quote=HOSTILE,
)


CHART = Chart(
    kind="bars",
    title=f"Failures {HOSTILE}",
    columns=("host", "failures"),
    rows=(ChartRow(cells=(HOSTILE, 3), cited=1), ChartRow(cells=("pay-04", 2))),
)
ANSWER = Answer(
    run_id="r-1",
    status="answered",
    reason="",
    route="rlm",
    answer=HOSTILE,
    citations=(CITED, CITED.model_copy(update={"line": 9, "end_line": 9, "charted": True})),
    charts=(CHART,),
    usage=RunUsage(turns=1, prompt_tokens=1100, completion_tokens=30, usd=0.25, sub_calls=2),
)
EXCERPTS = [
    {"label": f"app.log:{n}", "first": n, "lines": [HOSTILE], "marked": [0, 0], "notes": [], "charted": n == 9}
    for n in (3, 9)
]


def told() -> list[dict[str, Any]]:
    reply = {"turn": 1, "finish": "stop", "cached_tokens": 0, "usd": 0.25, "seconds": 1.0}
    call = {"turn": 1, "batch": 1, "key": "k", "prompt_tokens": 10, "completion_tokens": 2}
    program = {"turn": 1, "index": 1}
    made: list[events.Event] = [
        events.TurnStarted(run_id="", turn=1),
        events.ModelCalled(run_id="", turn=1, model="m", messages=(), prompt_tokens_estimate=1),
        events.ModelReplied(run_id="", text=f"I ask. {HOSTILE}", prompt_tokens=1000, completion_tokens=20, **reply),
        events.ProgramStarted(run_id="", language="python", source="# look\nprint('x')", **program),
        events.CompileStarted(
            run_id="", turn=1, name="tally", language="rust", target="wasm", source="fn analyze() {}"
        ),
        events.CompileFinished(run_id="", turn=1, name="tally", ok=False, cached=False, seconds=0.1, error="E0425: no"),
        events.ProgramRan(run_id="", turn=1, name="tally", seconds=0.1, bytes=5000, shards=2),
        events.SubCallsStarted(
            run_id="",
            turn=1,
            batch=1,
            verb="llm_map",
            count=2,
            model="m",
            endpoint="e",
            characters=9,
            places=("app.log:1",),
        ),
        events.SubCallFinished(run_id="", index=0, text="first", cached=True, **call),
        events.SubCallFinished(run_id="", index=1, text="", error="refused", tries=3, **call),
        events.ChildStarted(run_id="", child="1", question="And there?", documents=1, size=9, levels=("dsl",)),
        events.TurnStarted(run_id="", child="1", turn=1),
        events.ModelReplied(run_id="", child="1", text="Child.", prompt_tokens=100, completion_tokens=10, **reply),
        events.ChildFinished(run_id="", child="1", status="answered", answer="There too.", turns=1, seconds=0.5),
        events.ProgramFinished(run_id="", output="x", error="", submitted=True, seconds=0.5, **program),
        events.TurnFinished(run_id="", turn=1, loop_seconds=0.1, tokens=1130, usd=0.25),
        events.RunFinished(run_id="", answer=ANSWER),
    ]
    return [event.model_copy(update={"seq": n, "at": n / 2}).wire() for n, event in enumerate(made, 1)]


def test_a_trace_is_drawn_by_itself_and_stays_text(tmp_path: Path) -> None:
    row = RunRow("r-1", f"What? {HOSTILE}", "answered", 1.0, 2.0, 0.25, "m", ANSWER.wire(), {})
    page = tmp_path / "trace.html"
    page.write_text(trace_html(row, told(), EXCERPTS), encoding="utf-8")
    found = Code(page.as_uri(), tmp_path).drive("page")
    assert found["problems"] == []
    assert found["requests"] == [page.as_uri()]
    assert found["hacked"] is False
    assert found["light"] != found["dark"]
    for shown in (
        "And there?",
        "There too.",
        "2 calls to m",
        "cached",
        "refused",
        "3 tries",
        "1 failed",
        "app.log:3",
        "$0.25",
    ):
        assert shown in found["text"], shown
    assert "app.log:9" not in found["text"].partition("What is cited")[0]
    assert found["chart"] == {"points": 1, "before": False, "after": True}
    assert "program" in found["tree"].split()
    assert found["keyboard"].startswith("I ask.")
