"""What `./dev mutate` changes and asks is there: a file that moves away would be left out in silence."""

from __future__ import annotations

from tests.mutation.__main__ import ROOT, configured
from tests.mutation.explained import ELSEWHERE


def test_every_file_that_is_named_is_there() -> None:
    paths = configured()
    assert paths["changed"]
    assert [
        path for path in (*paths["changed"], *paths["tests"], *ELSEWHERE.values()) if not (ROOT / path).is_file()
    ] == []
