"""What `./dev test --fast` leaves out, and why: the one place to change when a file has become slow.

`pytest --durations=40` tells what is slow.
"""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parent

LEFT_OUT = {
    "agents": "starts servers of other protocols",
    "cli": "starts the command for each test",
    "cluster": "starts clusters",
    "editors": "drives real editors",
    "faults": "breaks things on purpose, and waits for what becomes of it",
    "lsp": "starts the server for each test",
    "recorded": "replays whole runs over large texts",
    "release": "builds packages and installs them",
    "remote": "starts a server of buckets",
    "servers": "starts real model servers",
    "unit/bench": "runs every measurement in small",
    "unit/models/test_hostile_endpoints.py": "starts a server for every provider",
    "unit/models/test_live_model.py": "waits for models that say nothing",
    "unit/models/test_offline_hostile.py": "asks about texts that are long, and twice as long",
    "unit/models/test_reported_texts.py": "opens an engine anew for each test",
    "unit/engine/test_first_look.py": "opens an engine anew for each test",
    "unit/engine/test_guided.py": "opens an engine anew for each test",
    "unit/engine/test_sub_model_calls.py": "opens an engine anew for each test",
    "unit/engine/test_resumed_models.py": "opens an engine anew for each test",
    "unit/context/test_line_index.py": "waits until files count as settled",
    "unit/context/test_snapshot_cache.py": "waits until files count as settled",
    "unit/context/test_compressed.py": "waits until files count as settled",
    "unit/context/test_growing_files.py": "waits until files count as settled",
    "unit/context/test_pool.py": "starts and kills worker processes",
    "unit/context/test_backtracking.py": "compares thousands of patterns with Python's engine",
    "unit/context/test_documents.py": "starts workers that take documents apart",
    "unit/context/test_many_weighed.py": "looks at each allocation of thousands of documents",
    "unit/context/test_dense.py": "compares thousands of patterns with Python's engine",
    "unit/models/test_choose_model.py": "loads LiteLLM in processes of its own",
    "unit/models/test_own_servers.py": "loads LiteLLM, in processes of its own too",
    "unit/executors/test_jail.py": "starts jailed processes",
    "unit/executors/test_wasm.py": "compiles",
    "unit/executors/test_programs.py": "compiles",
    "unit/executors/test_toolchain.py": "compiles",
}
"""Folders and files of tests by their path here."""


def left_out(path: Path) -> bool:
    """Whether this file or folder is none of the fast tests."""
    return any(path.is_relative_to(TESTS / name) for name in LEFT_OUT)
