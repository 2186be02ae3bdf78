"""What a model reads back: output capped head and tail at line ends, errors and notes whole."""

from __future__ import annotations

from rlm_ls.engine.loop.observation import ProgramResult, observation
from rlm_ls.executors.scripts.output import KEEP_ALL, CapturedOutput, cap


def test_an_error_is_whole_after_a_long_output() -> None:
    error = "Error on line 3: x\n" + "E" * 3_000
    shown = observation([ProgramResult("line\n" * 10_000, error)], 4_000)
    assert error in shown
    assert len(shown) < 4_000 + len(error) + 200


def test_notes_and_verdict_are_whole() -> None:
    shown = observation([ProgramResult("", "", ("50 of 1,234",))], 4_000, "9 replies left.")
    assert "50 of 1,234" in shown
    assert shown.endswith("9 replies left.")


def test_a_silent_script_says_so() -> None:
    assert "(nothing was printed)" in observation([ProgramResult("")], 4_000)


def test_a_cut_keeps_head_and_tail_and_counts_the_middle() -> None:
    text = "".join(f"line {n}\n" for n in range(2_000))
    shown = cap(text, 1_000)
    assert shown.startswith("line 0\n")
    assert shown.endswith("line 1999\n")
    assert len(shown) < 1_100
    head, _, tail = shown.partition("[… ")
    kept = head.count("\n") + tail.split("]\n", 1)[1].count("\n")
    lines_cut = int(tail.split(" lines")[0].replace(",", ""))
    assert kept + lines_cut == 2_000
    assert all(line.startswith(("line ", "[…")) for line in shown.splitlines())


def test_one_long_line_is_cut_too() -> None:
    assert len(cap("x" * 100_000, 1_000)) < 1_100


def test_each_print_has_a_cap_of_its_own() -> None:
    printed = CapturedOutput(500)
    printed.write("stdout", "a" * 5_000 + "\n\x1f" + "short\n\x1f")
    shown = printed.text()
    assert shown.endswith("short\n")
    assert len(shown) < 700


def test_a_print_that_never_ends_is_bounded_in_memory() -> None:
    printed = CapturedOutput(500)
    for _ in range(100):
        printed.write("stdout", "y" * 100_000)
    assert len(printed.text()) < 1_000


def test_endless_prints_are_bounded_in_number() -> None:
    printed = CapturedOutput(500)
    for number in range(50_000):
        printed.write("stdout", f"{number}\n\x1f")
    shown = printed.text()
    assert len(printed.first) + len(printed.last) <= 30_000
    assert shown.startswith("0\n")
    assert shown.endswith("49999\n")
    assert "prints cut" in shown


def test_long_prints_without_end_are_bounded_in_memory() -> None:
    printed = CapturedOutput(4_000)
    for _ in range(5_000):
        printed.write("stdout", "x" * 4_000 + "\x1f")
    assert len(printed.text()) < 2 * KEEP_ALL


def test_a_line_that_is_printed_several_times_in_a_row_is_shown_once_with_how_often() -> None:
    line = "7786 A courier who called for whatever had been left at Klin carried it on to Fili.\n"
    shown = observation([ProgramResult(line * 3 + "short\nshort\n" + line)], 4_000)
    assert shown == f"{line.strip()} [×3]\nshort\nshort\n{line.strip()}"
    apart = observation([ProgramResult(line * 4 + "end\n", prints=(line, line, line * 2, "end\n"))], 4_000)
    assert apart.count("courier") == 2
    assert "[×2]" in apart
