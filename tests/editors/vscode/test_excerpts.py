"""A log of 210 MB, and a compressed one, in a real VS Code: from the question to the cited line, which no tab shows."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from tests.editors.vscode.code import running
from tests.editors.vscode.replies import model_settings, serving

QUESTION = "What failed, and why?"
CITED = "NEEDLE the pool ran dry"
FURTHER = "SECOND the pool was filled"
ANSWER = f"""I look.
```python
hit = find('{CITED}', limit=1)
chart('bars', '(NEEDLE|SECOND) the pool', 'What was said of the pool')
submit('The pool ran dry.', cite=hit)
```
"""
LINE = "2026-03-14T03:07:04.318Z INFO payments pay-03 request served in 12 ms, nothing to see here at all, number {}\n"
AT = 1_700_000


def huge(path: Path) -> None:
    """210 MB, with the cited line at AT."""
    block = "".join(LINE.format(n) for n in range(1000))
    with path.open("w") as file:
        for _ in range(AT // 1000 - 1):
            file.write(block)
        file.write("".join(LINE.format(n) for n in range(999)) + f"2026-03-14T04:00:00Z ERROR {CITED}\n")
        file.write(block + FURTHER + "\n" + block * 200)


def test_what_the_editor_does_not_show_is_asked_about_and_cited_lines_are_a_click_away(
    vsix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_KEY", "sk-test")
    with serving(tmp_path, [ANSWER, ANSWER]) as base_url:
        settings = {**model_settings(base_url), "editor.minimap.enabled": False}
        with running(tmp_path, settings=settings, options=("--disable-workspace-trust",), vsix=vsix) as code:
            huge(code.workspace / "huge.log")
            assert (code.workspace / "huge.log").stat().st_size > 200e6
            text = "".join(f"2026-03-14T03:00:00Z line {n}\n" for n in range(1, 500)) + CITED + "\n"
            (code.workspace / "small.log.gz").write_bytes(gzip.compress(text.encode()))
            found = code.drive("excerpts", question=QUESTION, cited=CITED, further=FURTHER)
    assert "large" in found["warning"]
    assert found["about"] == "about huge.log"
    assert f"{AT}|2026-03-14T04:00:00Z ERROR {CITED}" in found["excerpt"].split("\n")
    assert f"{AT - 1}|2026" in found["excerpt"]
    assert found["selection"] == f"Ln 61, Col 1 ({len(CITED) + 27} selected)"
    assert "huge.log" in found["tab"].replace("\n", "")
    assert any("The whole hour" in lens for lens in found["lenses"])
    assert f"{AT + 1001}|{FURTHER}" in found["bar"]
    assert found["drawn"] == {"points": 2, "heading": "What was said of the pool", "table": 0}
    assert f"{AT + 1001}|{FURTHER}" in found["further"]
    assert "huge.log" in found["peeked"]
    assert f"500|{CITED}" in found["gz"]
