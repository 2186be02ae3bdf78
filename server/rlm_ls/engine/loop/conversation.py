"""The messages of a run. Append-only, so that providers' prompt caches hit, until they would outgrow the window."""

from __future__ import annotations

from dataclasses import dataclass, field

from rlm_ls.models.base import Message

ROOM_FOR_REPLY = 4096
"""Tokens of the window kept free for the reply."""
KEEP_NEWEST = 4
"""Messages at the end that are never compacted."""
COMPACTED = (
    "[An older observation of {size:,} characters was dropped to make room. The variables it spoke of are still there.]"
)


@dataclass(slots=True)
class Conversation:
    """Compacting replaces old observations by a line each, many at once, so that caches are lost rarely."""

    messages: list[Message] = field(default_factory=list)
    _sent: int = 0

    def append(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def characters(self) -> int:
        return sum(len(message.content) for message in self.messages)

    def unsent(self) -> list[Message]:
        """What was appended since the last call to `unsent`."""
        new, self._sent = self.messages[self._sent :], len(self.messages)
        return new

    def compact(self, window: int, characters_per_token: float) -> bool:
        """Make the messages fit `window` tokens if they do not. True if something was dropped."""
        room = max(1000, int((window - ROOM_FOR_REPLY) * characters_per_token))
        if self.characters <= room:
            return False
        changed = False
        for index in range(2, len(self.messages) - KEEP_NEWEST):
            message = self.messages[index]
            short = COMPACTED.format(size=len(message.content))
            if message.role == "user" and len(message.content) > len(short):
                self.messages[index] = Message("user", short)
                changed = True
                if self.characters <= room // 2:
                    break
        return changed
