"""What a scenario tried, and what it lost, leaked and froze."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts of what was done; a sentence for each thing that went wrong.

    `lost`: requests without exactly one answer, runs that ended otherwise than they must, money paid twice. `leaked`:
    processes, descriptors and memory that stayed. `frozen`: pings that took longer than `bound` seconds, or a process
    that did not end. `worst` is the longest ping in seconds, `grown` the most that memory grew, in MB.
    """

    bound: float
    messages: int = 0
    runs: int = 0
    kills: int = 0
    scripts: int = 0
    worst: float = 0.0
    grown: float = 0.0
    lost: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    frozen: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        return [*self.lost, *self.leaked, *self.frozen]

    def pinged(self, seconds: float, when: str) -> None:
        self.worst = max(self.worst, seconds)
        if seconds > self.bound:
            self.frozen.append(f"{when}: a ping took {seconds * 1000:.0f} ms")

    def add(self, other: Tally) -> None:
        for name in ("messages", "runs", "kills", "scripts"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.worst, self.grown = max(self.worst, other.worst), max(self.grown, other.grown)
        self.lost += other.lost
        self.leaked += other.leaked
        self.frozen += other.frozen
