"""The words of a question, and which of them were used."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rlm_ls.models.offline.parsing.sentence import GAP

TOKEN = re.compile(rf"{GAP}|[\w@#$%*+][\w.:@/'’+*&-]*|[,;()]")


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    start: int
    end: int

    @property
    def lower(self) -> str:
        return self.text.lower()

    @property
    def stop(self) -> bool:
        """Whether it is no word: what stands on its sides is no phrase."""
        return self.text in {GAP, ",", ";", "(", ")"}


class Words:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [_token(match) for match in TOKEN.finditer(text)]
        self.used = [token.stop for token in self.tokens]

    def take(self, pattern: str) -> tuple[re.Match[str], int, int] | None:
        """Use the first words that match a pattern, in any case, and are still free; where the first and last stand."""
        for match in re.finditer(pattern, self.text, re.IGNORECASE):
            at = [
                n for n, t in enumerate(self.tokens) if t.start < match.end() and t.end > match.start() and not t.stop
            ]
            whole = at and match.start() <= self.tokens[at[0]].start and match.end() >= self.tokens[at[-1]].end
            if whole and not any(self.used[n] for n in at):
                self.use(at[0], at[-1] + 1)
                return match, at[0], at[-1]
        return None

    def use(self, start: int, end: int) -> None:
        for n in range(start, end):
            self.used[n] = True

    def left(self) -> list[str]:
        """The words that nothing used."""
        return [token.text for token, used in zip(self.tokens, self.used, strict=True) if not used]

    def free(self, start: int, end: int) -> bool:
        return end <= len(self.tokens) and not any(self.used[start:end])

    def before(self, n: int) -> str:
        """The two words before a place, in small letters."""
        return " ".join(token.lower for token in self.tokens[max(0, n - 2) : n] if not token.stop)


def _token(match: re.Match[str]) -> Token:
    text = match[0]
    if text != GAP:
        text = re.sub(r"['’]s$", "", text.rstrip(".:'’-&")) or text
    return Token(text, match.start(), match.end())
