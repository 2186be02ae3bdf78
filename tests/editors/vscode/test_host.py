"""The tests of host/index.cjs, which run within VS Code's extension host: all of them in one start, each told apart."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.editors.vscode.code import EXTENSION, HERE, PATIENCE, running

NAMES = re.findall(r'^test\("([^"]+)"', (HERE / "host" / "index.cjs").read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def results(vsix: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("host")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("config", "state", "cache", "data"):
            patch.setenv(f"XDG_{name.upper()}_HOME", str(folder / name))
        patch.setenv("RLM_STATE_DIR", str(folder / "state" / "rlm-ls"))
        patch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        patch.setenv("SCRIPTED_KEY", "sk-test")
        patch.setenv("RLM_HOST_RESULTS", str(folder / "results.json"))
        shutil.copytree(HERE / "host" / "fake-models", folder / "extensions" / "rlm-tests.fake-models-1.0.0")
        options = ("--disable-workspace-trust", "--enable-smoke-test-driver")
        with running(folder, settings={}, options=options) as code:
            yield code.drive(
                "host",
                extension=str(EXTENSION),
                tests=str(HERE / "host" / "index.cjs"),
                results=str(folder / "results.json"),
                patience=PATIENCE - 60,  # so that it can say itself what hangs
            )["tests"]


@pytest.mark.parametrize("name", NAMES)
def test_in_the_extension_host(results: dict[str, Any], name: str) -> None:
    assert results[name]["ok"], results[name]["note"]
    if results[name]["note"]:
        print(results[name]["note"])
