"""What the model says in these tests: written for the demo's log, so that programs find what they are about."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.editors.vscode.code import ROOT
from tests.patience import PATIENCE

LOOK = """I look at which errors there are, and when the most frequent one began.

```python
print(count(' ERROR '))
for value, n in top(r' ERROR +\\S+ +\\S+ ([A-Za-z]+)', 5):
    print(n, value)
first = find('PoolTimeoutError', limit=3)
print(first)
print(find('config reload', limit=10))
```
"""

ANSWER = """The pool timeouts all come from `pay-03`; I check what was reloaded there before, and submit.

```python
cause = [hit for hit in find('config reload', limit=10) if 'db.pool.size' in hit.text]
places = cause[:1] + first[:1]
where = f'{places[0].doc}:{places[0].line}'
submit('The payments pool on `pay-03` ran dry. A config reload (' + where + ') cut its size; from then on charges '
       + 'failed with **PoolTimeoutError**, first at ' + f'`{places[1].doc}:{places[1].line}`' + '.', cite=places)
```
"""

FOLLOW_UP = """I count the failures.

```python
n = count('OrderFailed')
submit(f'{n} orders failed.', cite=find('OrderFailed', limit=2))
```
"""


def held(text: str) -> dict[str, Any]:
    """Half of it is written, and stands there until the test has seen it and says `release`."""
    return {"text": text, "piece": 12, "hold": "middle"}


@contextmanager
def serving(folder: Path, replies: Sequence[str | dict[str, Any]]) -> Iterator[str]:
    """The base URL of a model that says this, one reply a call."""
    folder.mkdir(exist_ok=True)
    file = folder / "replies.json"
    file.write_text(json.dumps(list(replies)))
    command = [sys.executable, str(ROOT / "tests" / "fakes" / "model_server.py"), "--replies", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(PATIENCE)


def requests(base_url: str) -> list[dict[str, Any]]:
    """What that model was asked."""
    with urlopen(f"{base_url.removesuffix('/v1')}/state", timeout=PATIENCE) as response:
        found: list[dict[str, Any]] = json.load(response)["requests"]
    return found


def model_settings(base_url: str) -> dict[str, Any]:
    return {
        "rlm.models.root": "openai/scripted",
        "rlm.models.apiBase": base_url,
        "rlm.models.apiKeyEnv": "SCRIPTED_KEY",
        "rlm.context.directTokens": 0,
    }
