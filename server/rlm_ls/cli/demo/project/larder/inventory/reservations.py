"""Goods that are promised to an order and not yet sold."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from larder.errors import OutOfStock
from larder.orders.model import Line


@dataclass(frozen=True)
class Reservation:
    quantities: dict[str, int]
    until: float


class Reservations:
    def __init__(self, stock: dict[str, int]) -> None:
        self._stock = stock
        self._reserved: dict[str, Reservation] = {}
        self._lock = threading.Lock()

    def available(self, sku: str) -> int:
        held = sum(reservation.quantities.get(sku, 0) for reservation in self._reserved.values())
        return self._stock.get(sku, 0) - held

    def reserve(self, order_id: str, lines: Sequence[Line], until: float) -> None:
        """All lines or none. Raises OutOfStock."""
        wanted: dict[str, int] = {}
        for line in lines:
            wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
        with self._lock:
            for sku, quantity in wanted.items():
                if self.available(sku) < quantity:
                    raise OutOfStock(sku, quantity, self.available(sku))
            self._reserved[order_id] = Reservation(wanted, until)

    def commit(self, order_id: str) -> None:
        """The order is paid: the goods leave the stock."""
        with self._lock:
            reservation = self._reserved.pop(order_id, None)
            if reservation:
                for sku, quantity in reservation.quantities.items():
                    self._stock[sku] -= quantity

    def release(self, order_id: str) -> None:
        with self._lock:
            self._reserved.pop(order_id, None)

    def expire(self, now: float) -> list[str]:
        """Drop reservations whose time is over. Returns the orders they belonged to."""
        with self._lock:
            over = [order_id for order_id, reservation in self._reserved.items() if reservation.until <= now]
            for order_id in over:
                del self._reserved[order_id]
            return over
