"""The messages of a run. What was read is not sent again with each turn: a long program and a long observation are
whole in the request that they are new in, and a few lines later. All else is append-only, so that providers' prompt
caches hit, until it would outgrow the window."""

from __future__ import annotations

from dataclasses import dataclass, field

from rlm_ls.models.base import READ_ONCE, Message

KEEP_NEWEST = 4
"""Messages at the end that are never compacted."""
COMPACTED = (
    "[An older observation of {size:,} characters was dropped to make room. The variables it spoke of are still there.]"
)
FENCE = "```"
HEAD = 400
"""Characters that stay of what was read."""
READ = "[… {size:,} more characters that you have read; print again what you still need]"
RAN = "[… {size:,} more characters of this reply, which ran; its variables are still there]"


@dataclass(slots=True)
class Conversation:
    """Compacting replaces old observations by a line each, many at once, so that caches are lost rarely."""

    messages: list[Message] = field(default_factory=list)
    _sent: int = 0
    _sent_before: int = 0

    def append(self, message: Message) -> None:
        self.messages.append(message)

    def observe(self, reply: str, observation: str) -> None:
        """A reply and what came of it. The reply and the observation before it have been read."""
        if len(self.messages) > 3:
            self.messages[-2:] = [_beginning(self.messages[-2], RAN), _beginning(self.messages[-1], READ)]
        self.append(Message("assistant", reply))
        self.append(Message("user", observation))

    @property
    def characters(self) -> int:
        return sum(len(message.content) for message in self.messages)

    def unsent(self) -> list[Message]:
        """What was appended since the last call to `unsent`."""
        self._sent_before = self._sent
        new, self._sent = self.messages[self._sent :], len(self.messages)
        return new

    def send_again(self) -> None:
        """The newest messages have not arrived: the next call to `unsent` gives them once more."""
        self._sent = self._sent_before

    def compact(self, window: int, characters_per_token: float, reply_tokens: int, keep: int = KEEP_NEWEST) -> bool:
        """Make the messages fit `window` tokens, and leave `reply_tokens` of it free, if they do not; the last `keep`
        stay whole. True if something was dropped."""
        room = max(1000, int((window - reply_tokens) * characters_per_token))
        if self.characters <= room:
            return False
        changed = False
        for index in range(2, len(self.messages) - keep):
            message = self.messages[index]
            short = COMPACTED.format(size=len(message.content))
            if message.role == "user" and len(message.content) > len(short):
                self.messages[index] = Message("user", short)
                changed = True
                if self.characters <= room // 2:
                    break
        return changed


def _beginning(message: Message, note: str) -> Message:
    """The first lines of a message that was read, and how much more there was; a short one as it is."""
    text = message.content
    if len(text) <= READ_ONCE:
        return message
    head = text[:HEAD].rpartition("\n")[0] or text[:HEAD]
    fence = f"{FENCE}\n" * (f"\n{head}".count(f"\n{FENCE}") % 2)  # a program that is cut ends all the same
    return Message(message.role, f"{head}\n{fence}{note.format(size=len(text) - len(head))}")
