from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlm_ls.errors import BadRequest, StoreFailed
from rlm_ls.store.recording import Header, read_recording, relativise, write_recording

HEADER = Header(rlm_ls="0.1.0", model="some/model", made="2026-03-14", note="for a test")
EVENTS: list[dict[str, Any]] = [
    {"type": "runStarted", "seq": 1, "question": "why? \u2028 🌸"},
    {"type": "modelReplied", "seq": 2, "text": "line one\nline two\r\n"},
]


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "made" / "here.jsonl"
    write_recording(path, EVENTS, HEADER)
    recording = read_recording(path)
    assert recording.header == HEADER
    assert list(recording.events) == EVENTS
    data = path.read_bytes()
    assert b"\r" not in data
    assert data.count(b"\n") == 3
    assert json.loads(data.splitlines()[0])["recording"] == 1


def test_half_a_surrogate_pair_in_a_reply_does_not_stop_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    write_recording(path, [{"type": "modelReplied", "text": "\ud83c"}], HEADER)
    assert read_recording(path).events[0]["text"] == "\ud83c"


def test_a_write_that_fails_leaves_the_old_recording_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    write_recording(path, EVENTS, HEADER)
    with pytest.raises(TypeError):
        write_recording(path, [{"type": "x", "value": object()}], HEADER)
    assert list(read_recording(path).events) == EVENTS
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailed, match="cannot be written"):
        write_recording(tmp_path / "file" / "r.jsonl", EVENTS, HEADER)


def test_a_missing_recording_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreFailed, match="cannot be read"):
        read_recording(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        ([""], "empty"),
        (["{"], ":1 "),
        (['{"type": "runStarted"}'], ":1 "),
        (['{"recording": 1}', '{"type": "a"}', "{bad"], ":3 "),
        (['{"recording": 1}', "", '["a list"]'], ":3 "),
        (['{"recording": 1}', '{"no": "type"}'], ":2 "),
        (['{"recording": 1, "model": 7}'], ":1: `model`"),
    ],
)
def test_a_broken_recording_names_the_line(tmp_path: Path, lines: list[str], place: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(lines))
    with pytest.raises(BadRequest, match=place):
        read_recording(path)


def test_a_recording_of_a_newer_version_asks_for_an_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"recording": 2}\n')
    with pytest.raises(StoreFailed, match="Upgrade"):
        read_recording(path)


def test_the_folder_a_recording_was_made_in_is_taken_out_of_it(tmp_path: Path) -> None:
    root = tmp_path / "a café: x"
    root.mkdir()
    events = [
        {
            "uri": (root / "src" / "é.py").as_uri(),
            "path": str(root / "src" / "é.py"),
            "deep": [{"message": f"in {root}/a.log and {root.as_uri()}/b.log"}],
            "root": str(root),
            "rootUri": root.as_uri(),
            "vscode": root.as_uri().replace("%3A", ":") + "/c.py",
            "number": 3,
        }
    ]
    (event,) = relativise(events, root)
    assert event == {
        "uri": "src/%C3%A9.py",
        "path": "src/é.py",
        "deep": [{"message": "in a.log and b.log"}],
        "root": ".",
        "rootUri": ".",
        "vscode": "c.py",
        "number": 3,
    }


def test_a_folder_whose_name_begins_alike_is_left_alone(tmp_path: Path) -> None:
    (event,) = relativise([{"path": f"{tmp_path}-other/x"}], tmp_path)
    assert event == {"path": f"{tmp_path}-other/x"}
