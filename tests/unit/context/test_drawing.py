"""What a terminal drew is read as its reader saw it, on the lines that the file has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context, ContextOptions
from rlm_ls.context.sources.drawing import drawn, drawn_chunks, may_draw
from rlm_ls.context.workers.pool import SearchPool

END = re.compile(rb"\r\n|\r|\n")


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        (b"\x1b[31mERROR\x1b[0m disc\x1b[41monnect\x1b[0m\n", b"ERROR disconnect\n"),
        (b"\x1b[38;5;196m\x1b[1;4mred\x1b[m\n", b"red\n"),
        (b"\x1b[38:2::255:0:0mred\x1b[0m\n", b"red\n"),
        (b"\x1b]0;a title\x07text\n", b"text\n"),
        (b"see \x1b]8;;https://evil.example/\x1b\\here\x1b]8;;\x1b\\\n", b"see here\n"),
        (b"\x1b]52;c;ZXZpbA==\x07copied\n", b"copied\n"),
        (b"\x1b(B\x1b=text\x1b7\x1b8\n", b"text\n"),
        ("\u009b31mred\u009b0m\n".encode(), b"red\n"),
        ("\u009d0;a title\u009ctext\u0085\n".encode(), "text\u0085\n".encode()),
        (b"name\x1b[10Cvalue\n", b"name          value\n"),
        (b"N\x08NA\x08AM\x08ME\x08E\n", b"NAME\n"),
        (b"_\x08u_\x08nder\n", b"under\n"),
        ("é\bé\n".encode(), "é\n".encode()),
        (b"|\x08/\x08-\x08\\\x08done\n", b"done\n"),
        (b" 10%\r 55%\r100%\n", b"\r\r100%\n"),
        (b"[#   ] 1/4\r[##  ] 2/4\r[####] 4/4\ndone\n", b"\r\r[####] 4/4\ndone\n"),
        (b"Downloading\r\x1b[KInstalling\r\x1b[2KDone\n", b"\r\rDone\n"),
        (b"get a 10%\r\nget b 10%\r\n", b"get a 10%\r\nget b 10%\r\n"),
        (b"a 1%\ra 2%\r\nnext\r\n", b"\ra 2%\r\nnext\r\n"),
        (b"one line\ranother line\nthird\n", b"one line\ranother line\nthird\n"),
        (b"one\rone line\nthird\n", b"one\rone line\nthird\n"),
        (b"old\rMac\rlines 1\rlines 2\r", b"old\rMac\rlines 1\rlines 2\r"),
        (b"Progress:   5%" + 14 * b"\x08" + b"Progress: done\n", b"Progress: done\n"),
        (b"12 of 99\x1b[8D99\x1b[K\n", b"99\n"),
        (b"step one\x1b[Gdone\x1b[K\n", b"done\n"),
        (b"abcdef\x1b[3DXYZ\x1b[31m!\x1b[0m\n", b"abcXYZ!\n"),
        (b"one\ra\x1b[5D\x1b[2Kb\n", b"\rb\n"),
        (b"u\x08_n\x08_der\n", b"under\n"),
        (b"name\x1b[999C\x08value\n", b"name" + 195 * b" " + b"value\n"),
        (b"\x1b]1337;File=inline=1:" + 9000 * b"A" + b"\x07shown\n", b"shown\n"),
        (b"\x1b_Gf=100;" + 9000 * b"A" + b"\x1b\\shown\n", b"shown\n"),
        ("\u009d0;caf\u00e9 \u00a9\u009ctext\n".encode(), b"text\n"),
        (
            b"objects: 50% (1/2)\robjects: 100% (2/2), 1 MiB | 2 MiB/s, done.\n",
            b"\robjects: 100% (2/2), 1 MiB | 2 MiB/s, done.\n",
        ),
        (b" 0%| | 0/9 [00:00<?, ?it/s]\r99%|#| 9/9 [00:02<00:00, 5.0it/s]\n", b"\r99%|#| 9/9 [00:02<00:00, 5.0it/s]\n"),
        (b"fetching 2.5 MB\rdone           \n", b"\rdone           \n"),
        (b"\0\0\0ERROR\0 one\n", b"ERROR one\n"),
        (b"an unfinished \x1b[31", b"an unfinished [31"),
        (b"plain\n", b"plain\n"),
    ],
)
def test_it_is_read_as_its_reader_saw_it(raw: bytes, seen: bytes) -> None:
    assert drawn(raw) == seen
    assert may_draw(raw) or raw == seen
    assert b"".join(drawn_chunks(raw[at : at + 3] for at in range(0, len(raw), 3))) == seen


@given(
    st.lists(st.sampled_from([b"\x1b[31m", b"\x1b[K", b"\r", b"\n", b"\r\n", b"1%", b"\x08", b"ab", b"\x1b]0;t\x07"]))
)
def test_every_line_end_stays(parts: list[bytes]) -> None:
    raw = b"".join(parts)
    assert END.findall(drawn(raw)) == END.findall(raw)


@pytest.mark.parametrize("sign", [b"\xc2\x9d", b"\x1b]", b"\x1b[", b"\x1b[1;", b"a\x08", b"\x1b[9D", b"\x1b[200Cx\x08"])
def test_signs_without_end_are_gone_through_once(sign: bytes) -> None:
    seen = drawn(sign * (1 << 17) + b"\n")  # minutes, where each of them looks for its end anew
    assert seen.endswith(b"\n")
    assert len(seen) <= len(sign) << 17


async def searched(scope: Scope, pattern: str) -> tuple[int, int]:
    """Lines that hold the pattern, and the line of the first."""
    pool = SearchPool(1)
    try:
        async with await Context.take(scope, pool, ContextOptions()) as context:
            search = Search(context, pool, 60.0)
            hit = (await search.regex(pattern, context.limit, limit=1)).hits[0]
            count = await search.count(pattern, context.limit, by="line")
            assert isinstance(count, int)
            return count, hit.span.line
    finally:
        await pool.close()


RED = "\x1b[2m00:00:{n:02}\x1b[0m \x1b[31mERR\x1b[41mOR\x1b[0m {n}\n"


@pytest.mark.parametrize("lines", [50, 60_000])
async def test_a_coloured_file_of_any_size_is_searched_and_cited_by_its_own_lines(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "a.log"
    path.write_text("plain\n" + "".join(RED.format(n=n % 60) for n in range(lines)))
    count, line = await searched(Scope("document", files=(str(path),)), r"ERROR 7$")
    assert (count, line) == (len([n for n in range(lines) if n % 60 == 7]), 9)


async def test_colours_that_begin_late_in_a_large_file_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("plain line of a log\n" * 200_000 + RED.format(n=7))
    assert (await searched(Scope("document", files=(str(path),)), r"ERROR 7$")) == (1, 200_001)


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "latin-1"])
@pytest.mark.parametrize(
    "mark", ["\x1b[31mERR\x1b[41mOR\x1b[0m 7", " 5% of 7\r10% of 7\rERROR 7", "E\bER\bRR\bRO\bOR\bR 7"]
)
async def test_a_large_text_in_any_encoding_is_seen_to_be_drawn(tmp_path: Path, codec: str, mark: str) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(("ligne à lire, tracée plus tard\n" * 100_000 + f"{mark} à\n").encode(codec))
    assert await searched(Scope("document", files=(str(path),)), r"^ERROR 7 à$") == (1, 100_001 + mark.count("\r"))
    assert (await searched(Scope("document", files=(str(path),)), r"^ligne"))[0] == 100_000


async def test_colours_of_an_open_text_are_left_out_too() -> None:
    buffer = Buffer("untitled:log", "x\n" + RED.format(n=7))
    scope = Scope("document", files=("untitled:log",), buffers=(buffer,))
    assert (await searched(scope, r"ERROR 7$")) == (1, 2)


@pytest.mark.parametrize("lines", [50, 60_000])
async def test_what_a_truncated_log_begins_with_does_not_hide_its_first_line(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"\0" * 5000 + b"2024-01-01 ERROR 1\n" * lines + b"\0" * 99 + b"2024-01-02 ERROR 2\n")
    assert (await searched(Scope("document", files=(str(path),)), r"^2024-\S+ ERROR")) == (lines + 1, 1)
    assert (await searched(Scope("document", files=(str(path),)), r"^2024-01-02")) == (1, lines + 1)


async def test_a_text_that_is_larger_as_it_was_drawn_writes_over_no_other(tmp_path: Path) -> None:
    wide = b"\x1b[199Cx\n" * 50_000
    (tmp_path / "a.log").write_bytes(wide)
    for number in range(100):
        (tmp_path / f"b{number}.log").write_bytes(b"ERROR %d\n" % number * 10_000)
    scope = Scope("workspace", roots=(str(tmp_path),))
    assert (await searched(scope, r"^ERROR \d+$"))[0] == 1_000_000
    assert (await searched(scope, r"^ {199}x$"))[0] == 50_000


async def test_utf_16_with_colours_is_both(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(("x\n" + RED.format(n=7)).encode("utf-16"))
    assert (await searched(Scope("document", files=(str(path),)), r"ERROR 7$")) == (1, 2)
