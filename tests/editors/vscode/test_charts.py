"""Charts in a real VS Code, light and dark: drawn beside the answer and in the trace, and a point is a citation."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.editors.vscode.code import running
from tests.editors.vscode.replies import held, model_settings, serving

QUESTION = "How did the errors develop over the night, and on which hosts?"
ANSWER = """I count the errors by hour and by host.

```python
chart("lines", r"^(\\d{4}-\\d\\d-\\d\\d \\d\\d):.* ERROR ", "Errors per hour")
hosts = chart("bars", r" ERROR \\[(\\S+)\\]", "Errors by host")
first = regex(r" ERROR \\[pay-2\\]", limit=1)
submit(f"From 02:00 to 04:00 charges timed out, most of them on **{hosts[0][0]}** ({hosts[0][1]}).", cite=first)
```
"""
HOSTS = ("web-1", "web-2", "pay-1", "pay-2", "db-1")


def night() -> list[str]:
    """Eighteen hours of a gateway, whose payments fail from two to four."""
    lines = []
    for minute in range(18 * 60):
        day, hour = divmod(18 + minute // 60, 24)
        time = f"2026-03-{3 + day:02} {hour:02}:{minute % 60:02}"
        for n, host in enumerate(HOSTS):
            bad = hour in (2, 3) and host.startswith("pay") and (minute + n) % 3 == 0
            rare = (minute * 7 + n * 31) % (53 + 11 * n) == 0
            said = "ERROR [{}] POST /charge 504 upstream timed out" if bad or rare else "INFO [{}] GET /item 200"
            lines.append(f"{time}:{n * 11:02} {said.format(host)}")
    return lines


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_point_of_a_chart_is_a_citation(
    vsix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    monkeypatch.setenv("SCRIPTED_KEY", "sk-test")
    lines = night()
    with serving(tmp_path, [held(ANSWER)]) as base_url:
        settings = {**model_settings(base_url), "workbench.colorTheme": f"Default {theme} Modern"}
        with running(tmp_path, settings=settings, options=("--disable-workspace-trust",), vsix=vsix) as code:
            (code.workspace / "gateway.log").write_text("\n".join(lines) + "\n")
            found = code.drive("charts", question=QUESTION, theme=theme.lower(), model=base_url)
    hour = next(n for n, line in enumerate(lines, 1) if line.startswith("2026-03-04 02:") and " ERROR " in line)
    host = next(n for n, line in enumerate(lines, 1) if " ERROR [pay-1]" in line)
    assert found["titles"] == ["Errors per hour", "Errors by host"]
    assert found["clicked"].startswith(f"Ln {hour},")
    assert found["keyed"].startswith(f"Ln {host},")
    assert found["traced"] == {"titles": found["titles"], "selection": found["clicked"]}
    assert found["table"].startswith("time,count\n2026-03-03 18,")
    # One colour of text in the picture and around it, whatever the theme.
    assert found["ink"] == found["text"]
