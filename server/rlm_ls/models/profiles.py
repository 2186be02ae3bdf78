from __future__ import annotations

from dataclasses import dataclass

from rlm_ls.settings import Settings


@dataclass(frozen=True, slots=True)
class Profile:
    characters: int = 100_000
    batch: int = 80
    reply_tokens: int = 2048
    prompt: str = ""


def profile(name: str, settings: Settings) -> Profile:
    return Profile()
