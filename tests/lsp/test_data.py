"""`rlm/data`: what an answer holds for a spreadsheet."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lsp.editor import Connect, RpcError, document, settings_for
from tests.scripted import script


async def test_data_and_tables_of_a_stored_answer(editor: Connect, models: Connect, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("one\n")
    served = await models([script("submit('| n |\\n| --- |\\n| =2 |', cite=[], data={'hosts': [{'name': 'pay'}]})")])
    connected = await editor(options=settings_for(served.base_url))
    scope = document((tmp_path / "a.log").as_uri())
    run = (await connected.request("rlm/ask", {"question": "q", "scope": scope}))["runId"]
    found = await connected.request("rlm/data", {"runId": run})
    assert found == {"text": "name\npay\n\nn\n'=2\n", "tables": 2}
    found = await connected.request("rlm/data", {"runId": run, "format": "json"})
    assert '"name": "pay"' in found["text"]
    found = await connected.request("rlm/data", {"runId": run, "format": "markdown"})
    assert found["text"].startswith("# q\n")
    with pytest.raises(RpcError) as error:
        await connected.request("rlm/data", {"runId": "none"})
    assert error.value.code == 4401
    with pytest.raises(RpcError, match="csv, json, markdown"):
        await connected.request("rlm/data", {"runId": run, "format": "xls"})
