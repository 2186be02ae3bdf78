"""Small files that are judged many at a time come out as if each had been judged alone."""

from __future__ import annotations

import tempfile
from array import array
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_ls.context.ops.files.packing import small
from rlm_ls.context.ops.files.quick import Quick
from rlm_ls.context.snapshot.intake import IncomingFile, IncomingFiles
from rlm_ls.context.workers.deadline import Deadline

PIECES = [
    b"2024-01-01 INFO ok\n", b"a", b"\n", b"\r\n", b"\r", b"\t", b"\x0c", b"\x0b", b"\0", b"\x1b[31m", b"x\x08y",
    b"\x7f", "é".encode(), b"\xff", b"\xef\xbb\xbf", b"\xff\xfea\0", b"From a@b.c Mon Jan  1 00:00:00 2024\nTo: x\n",
    b"Received: by x\nFrom: a\nTo: b\nSubject: c\n\n", b"%PDF-1.4\n", b"PK\x03\x04", b"BZh91AY&SY", b"\x1f\x8b\x08",
    b'{"cells": [], "cell_type": 1}', b"ghp_" + b"a1B2" * 9, b"AKIA" + b"Q7W3E5R9T1Y2U4I6",
    b"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n", b"P" * 257 + b"ustar", b"\xc2\x9b1m",
]  # fmt: skip
NAMES = st.sampled_from(["a.log", "a.py", "b", "mail.eml", "n.ipynb", "d/x.txt"])
FILES = st.lists(st.tuples(NAMES, st.lists(st.sampled_from(PIECES), max_size=4).map(b"".join)), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(FILES, st.sampled_from(["auto", "utf-8", "latin-1", "utf-8-replace"]))
def test_many_at_a_time_as_one_by_one(files: list[tuple[str, bytes]], option: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        incoming = []
        for number, (name, raw) in enumerate(files):
            path = Path(folder) / str(number)
            path.write_bytes(raw)
            incoming.append(IncomingFile(str(path), name, len(raw), True))
        together = IncomingFiles(
            "\0".join([one.path for one in incoming]),
            "\0".join([one.name for one in incoming]),
            array("q", [one.size for one in incoming]),
            True,
        )
        assert list(together.each) == incoming
        alone = told(folder, [tuple(one) for one in incoming], option)
        assert told(folder, together, option) == alone


def told(folder: str, incoming: Any, option: str) -> tuple[Any, bytes]:
    """What became of the files, and the bytes of the pack."""
    pack = Path(folder) / "pack"
    pack.write_bytes(b"")
    texts, others = small(Deadline(60), incoming, str(pack), 0, option)
    rows = [texts.text(row) for row in range(len(texts))]
    return (rows, others), pack.read_bytes()


def test_nearly_all_files_are_sure_at_a_look() -> None:
    raws = [b"2024-01-01 INFO ok\n", b"import os\n\n\ndef main():\n    pass\n", b"# Title\n\nText.\n"]
    quick = Quick(raws, "a.log\0b.py\0c.md")
    assert all(quick.sure(raw, name) for raw, name in zip(raws, ["a.log", "b.py", "c.md"], strict=True))
