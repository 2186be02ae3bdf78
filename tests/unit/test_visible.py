"""What others wrote is shown, never obeyed: each kind of character, each way out."""

from __future__ import annotations

import io
import json
import sys

import pytest

from rlm_ls.visible import VisibleStream, guard_stderr, plain, visible, visible_json, visible_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Véra → 你好 🎉", "Véra → 你好 🎉"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb", "a\nb"),
        ("a\rb", "a\\rb"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x00\x08\x0b\x7f", "\\x00\\x08\\x0b\\x7f"),
        ("\x80\x9b\x9f\xa0", "\\x80\\x9b\\x9f\xa0"),
        ("\u202e\u2066\u2028", "\\u202e\\u2066\\u2028"),
        ("\ud800 \udfff", "\\ud800 \\udfff"),
        ("\udc80\udc9b\udcff", "\\x80\\x9b\\xff"),
        ("\udc7f\udd00", "\\udc7f\\udd00"),
        ("\u200b", "\u200b"),
    ],
)
def test_a_text_obeys_no_control_but_line_feed_and_tab(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("app.log", "app.log"),
        ("a\nb\tc\rd\r\n", "a\\nb\\tc\\rd\\r\\n"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
        ("Véra.log", "Véra.log"),
        ("\xffé\x9b", "ÿé\\x9b"),
    ],
)
def test_a_name_stands_on_one_line_and_hides_nothing(name: str, shown: str) -> None:
    assert visible_line(name) == shown


@pytest.mark.parametrize("indent", [None, 2])
def test_json_means_the_same_and_holds_no_control(indent: int | None) -> None:
    value = {"Véra\x9b": ["\x1b[2J", "\u202e", "\x7f", 1, None]}
    shown = visible_json(value, indent)
    assert json.loads(shown) == value
    assert visible(shown) == shown
    assert "Véra" in shown
    assert "\\u009b" in shown
    assert "\\u202e" in shown
    assert ("\n" in shown) is (indent is not None)


def test_what_passes_through_a_stream_is_visible() -> None:
    raw = io.StringIO()
    stream = VisibleStream(raw)
    assert stream.write("a\x1bb") == 3
    stream.writelines(["c\n", "\x9b"])
    assert raw.getvalue() == "a\\x1bbc\n\\x9b"
    assert stream.getvalue() == raw.getvalue()  # type: ignore[operator]


def test_a_guarded_stream_calls_itself_no_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert VisibleStream(Terminal()).isatty() is False


def test_the_stream_behind_is_found_however_often_it_is_guarded() -> None:
    raw = io.StringIO()
    assert plain(raw) is raw
    assert plain(VisibleStream(VisibleStream(raw))) is raw  # type: ignore[arg-type]


def test_stderr_is_guarded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.StringIO()
    monkeypatch.setattr(sys, "stderr", raw)
    guard_stderr()
    guard_stderr()
    print("\x1b[2J", file=sys.stderr)
    assert raw.getvalue() == "\\x1b[2J\n"
    assert isinstance(sys.stderr, VisibleStream)
    assert sys.stderr.raw is raw


def test_a_program_without_stderr_needs_no_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    guard_stderr()
    assert sys.stderr is None
