"""What was charged and given back. Sums must agree with the provider's monthly statement."""

from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    order_id: str
    charge_id: str
    cents: int
    """Negative for refunds."""


class PaymentLedger:
    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def charged(self, order_id: str, charge_id: str, cents: int) -> None:
        # The provider may answer one charge twice: same key, same charge id.
        if not any(entry.charge_id == charge_id and entry.cents > 0 for entry in self._entries):
            self._entries.append(Entry(order_id, charge_id, cents))

    def refunded(self, order_id: str, charge_id: str, cents: int) -> None:
        if cents > self.balance(order_id):
            raise ValueError(f"refund of {cents} exceeds what order {order_id} paid")
        self._entries.append(Entry(order_id, charge_id, -cents))

    def balance(self, order_id: str) -> int:
        return sum(entry.cents for entry in self._entries if entry.order_id == order_id)

    def totals(self) -> dict[str, int]:
        sums: dict[str, int] = defaultdict(int)
        for entry in self._entries:
            sums["charged" if entry.cents > 0 else "refunded"] += abs(entry.cents)
        return dict(sums)
