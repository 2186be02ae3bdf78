"""In a real VS Code: questions about what no tab shows, and what is taken away from an answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.editors.vscode.code import running
from tests.editors.vscode.replies import model_settings, requests, serving
from tests.fakes.web import web
from tests.unit.context.document_files import pdf

QUESTION = "Which hosts failed?"
CITED = "NEEDLE the pool ran dry"
HOSTS = """I count.
```python
hosts = [{"host": value, "failures": n} for value, n in top(r"ERROR host=(\\S+)", 5)]
submit(f"{len(hosts)} hosts failed.", cite=find("ERROR", limit=1), data=hosts)
```
"""
FOUND = (
    f'I look.\n```python\nhits = find("{CITED}")\nsubmit(f"It ran dry in {{len(hits)}} places.", cite=hits[:1])\n```\n'
)


def test_a_table_is_copied_and_saved_an_answer_copied_and_a_log_looked_at_again(
    vsix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_KEY", "sk-test")
    with serving(tmp_path, [HOSTS, HOSTS]) as base_url:
        with running(
            tmp_path, settings=model_settings(base_url), options=("--disable-workspace-trust",), vsix=vsix
        ) as code:
            log = code.workspace / "app.log"
            log.write_text("ERROR host=pay-03 x\nINFO y\n" * 50 + "ERROR host==evil x\n")
            found = code.drive("takeaway", question=QUESTION)
            told = requests(base_url)[-1]
        assert found["csv"] == "host,failures\npay-03,50\n'=evil,1\n"
        hosts = [{"host": "pay-03", "failures": 50}, {"host": "=evil", "failures": 1}]
        assert json.loads(found["json"]) == [{"name": "data", "rows": hosts}]
        assert (code.workspace / "hosts.csv").read_text() == found["csv"]
        assert json.loads((code.workspace / "hosts.json").read_text()) == json.loads(found["json"])
    assert found["cited"].startswith(f"# {QUESTION}\n\n2 hosts failed.\n\n- `app.log:1`: `ERROR host=pay-03 x`\n")
    assert "3 hosts failed." in found["again"]
    assert found["question"] == QUESTION
    assert "app.log goes on: lines 102 to 102 are new" in json.dumps(told)


def test_an_address_several_files_a_folder_and_a_pdf_are_asked_about(
    vsix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_KEY", "sk-test")
    far = tmp_path / "far"
    far.mkdir()
    (far / "far.log").write_text(f"one\n{CITED}\n")
    with (
        web(far) as address,
        serving(tmp_path, [FOUND] * 4) as base_url,
        running(tmp_path, settings=model_settings(base_url), options=("--disable-workspace-trust",), vsix=vsix) as code,
    ):
        for name in ("a.log", "b.log", "c.log", "logs/d.log", "logs/e.log", "logs/f.log"):
            path = code.workspace / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"zero\n{CITED}\n")
        pages = [[f"Page {page}, line {n}" for n in range(1, 31)] for page in range(1, 8)]
        pages[4][9] = CITED
        (code.workspace / "report.pdf").write_bytes(pdf(pages))
        found = code.drive("asked_about", question=QUESTION, cited=CITED, address=f"{address}/far.log")
    assert "It ran dry in 1 places." in found["address"]
    assert "It ran dry in 2 places." in found["several"]
    assert "It ran dry in 3 places." in found["folder"]
    assert "It ran dry in 1 places." in found["pdf"]
    assert "page 5" in found["pdf"]
    assert f"({len(CITED)} selected)" in found["selection"]
    lines = [line.replace("\u00a0", " ") for line in found["lines"]]
    assert any("Page 5, line 9" in line for line in lines)
