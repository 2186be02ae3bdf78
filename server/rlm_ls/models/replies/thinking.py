"""Tells what a model thought from what it replied, where both come in one text, piece by piece.

Thinking begins with a mark at the start of a line and outside of a program, so that a reply may speak of the marks. It
ends with the same form's closing mark, or with the text.
"""

from __future__ import annotations

import re

TAGS = (
    *(
        "think",
        "thinking",
        "thought",
        "thoughts",
        "reasoning",
        "reflection",
        "antthinking",
        "scratchpad",
        "scratch_pad",
    ),
    *("seed:think", "longcat_think"),
)

FORMS: dict[str, tuple[str, ...]] = {
    **{f"<{tag}>": (f"</{tag}>",) for tag in TAGS},
    "[think]": ("[/think]",),
    "◁think▷": ("◁/think▷",),
    "<|begin_of_thought|>": ("<|end_of_thought|>",),
    "<|start_thinking|>": ("<|end_thinking|>",),
    "<|inner_prefix|>": ("<|inner_suffix|>",),
    "<unused94>": ("<unused95>",),
    "<|channel>thought": ("<channel|>",),
    "<|channel|>analysis<|message|>": ("<|end|>", "<|channel|>final<|message|>"),
    "<|start|>assistant<|channel|>analysis<|message|>": ("<|end|>", "<|channel|>final<|message|>"),
}
"""How thinking begins, in small letters, and the ways in which it ends."""

NOTHING = (
    "<|start|>assistant<|channel|>final<|message|>",
    "<|channel|>final<|message|>",
    "<|start_response|>",
    "<|begin_of_solution|>",
)
"""Marks before the reply itself that are no part of it."""

_LAST = (
    *("<|return|>", "<|end|>", "<|im_end|>", "<|end_response|>", "<|end_of_solution|>", "<|eot_id|>", "<|eom_id|>"),
    *("<|endoftext|>", "<|end_of_text|>", "<end_of_turn>", "<｜end▁of▁sentence｜>", "</s>"),
)
"""Marks after the reply that some servers leave in."""

_OPENING = re.compile("[ \t]*(" + "|".join(re.escape(mark) for mark in (*NOTHING, *FORMS)) + ")", re.I)
_CLOSING = {mark: re.compile("|".join(re.escape(end) for end in ends), re.I) for mark, ends in FORMS.items()}
_LONGEST_END = max(len(end) for ends in FORMS.values() for end in ends)
_LONGEST_MARK = max(len(mark) for mark in (*FORMS, *NOTHING))
_FENCES = ("```", "~~~")
_STARTS = tuple({*FORMS, *NOTHING, *_FENCES})

_ENDS = "|".join(re.escape(ends[0]) for mark, ends in FORMS.items() if not mark.endswith("<|message|>"))
_ALONE = re.compile(f"^[ \t]*(?:{_ENDS})|(?:{_ENDS})[ \t]*$", re.I | re.M)
"""A closing mark that was never opened: some servers' templates put the opening one into the prompt."""

_UNMARKED = re.compile(r"\Aanalysis(?=[A-Z]).*?assistantfinal(?=\S|\Z)", re.S)
"""The channels of gpt-oss from a server that leaves the marks out."""


class ThinkingSplitter:
    """Takes a reply's text as it streams in. `feed` and `end` give what is sure: some of the reply, some thinking."""

    def __init__(self) -> None:
        self._held = ""
        self._closing: re.Pattern[str] | None = None
        self._at_line_start = True
        self._in_program = False

    def feed(self, piece: str) -> tuple[str, str]:
        self._held += piece
        return self._cut(ended=False)

    def end(self) -> tuple[str, str]:
        return self._cut(ended=True)

    def _cut(self, *, ended: bool) -> tuple[str, str]:
        text: list[str] = []
        thought: list[str] = []
        held, at = self._held, 0
        while at < len(held):
            if self._closing is not None:
                found = self._closing.search(held, at)
                sure = found.start() if found else len(held) if ended else max(at, len(held) - _LONGEST_END)
                thought.append(held[at:sure])
                if found is None:
                    at = sure
                    break
                at, self._closing, self._at_line_start = found.end(), None, True
                continue
            if self._at_line_start:
                if not self._in_program and (opened := _OPENING.match(held, at)):
                    at, self._closing = opened.end(), _CLOSING.get(opened[1].lower())
                    continue
                if not ended and _undecided(held, at):
                    break
                if held[at : at + 8].lstrip(" ").startswith(_FENCES):
                    self._in_program = not self._in_program
            newline = held.find("\n", at)
            end = len(held) if newline < 0 else newline + 1
            text.append(held[at:end])
            at, self._at_line_start = end, newline >= 0
        self._held = held[at:]
        return "".join(text), "".join(thought)


def _undecided(held: str, at: int) -> bool:
    """Whether the line that begins at `at` may still turn out to begin with a mark."""
    start = held[at : at + _LONGEST_MARK + 64]
    if "\n" in start or len(start) > _LONGEST_MARK + 60:
        return False
    begun = start.lstrip(" \t").lower()
    return len(begun) < _LONGEST_MARK and (not begun or any(mark.startswith(begun) for mark in _STARTS))


def split(text: str) -> tuple[str, str]:
    """The reply and the thinking of a whole text."""
    splitter = ThinkingSplitter()
    (told, thought), (rest, more) = splitter.feed(text), splitter.end()
    reply, last = without_thinking(told + rest)
    return reply, f"{thought}{more}{last}".strip()


def without_thinking(text: str) -> tuple[str, str]:
    """A whole reply that went through the splitter, once more as a whole: the reply, and thinking that only its end
    gave away."""
    thought = ""
    if unmarked := _UNMARKED.match(text):
        thought, text = unmarked[0].removeprefix("analysis").removesuffix("assistantfinal"), text[unmarked.end() :]
    if found := _closing_alone(text):
        thought, text = thought + text[: found.start()], text[found.end() :]
    while (bare := text.rstrip()).endswith(_LAST) and not (bare.endswith("</s>") and "<s>" in bare):
        text = bare[: bare.rindex("<")]
    return text, thought


def _closing_alone(text: str) -> re.Match[str] | None:
    """The first closing mark outside of a program; one mark's look at what is before it begins where the last ended."""
    seen, in_program = 0, False
    for found in _ALONE.finditer(text):
        before = text[seen : found.start()]
        in_program ^= sum(line.lstrip(" ").startswith(_FENCES) for line in before.split("\n")) % 2 == 1
        seen = found.start()
        if not in_program:
            return found
    return None
