"""Orders in memory. The real one speaks SQL; the service knows only these four methods."""

import threading
from collections.abc import Iterator

from larder.errors import NotFound
from larder.orders.model import Order
from larder.orders.states import State


class OrderStore:
    def __init__(self) -> None:
        self._orders: dict[str, Order] = {}
        self._lock = threading.Lock()

    def put(self, order: Order) -> None:
        with self._lock:
            self._orders[order.id] = order

    def get(self, order_id: str) -> Order:
        with self._lock:
            try:
                return self._orders[order_id]
            except KeyError:
                raise NotFound(f"no order {order_id}") from None

    def in_state(self, state: State) -> Iterator[Order]:
        with self._lock:
            found = [order for order in self._orders.values() if order.state is state]
        yield from found

    def of_customer(self, customer: str) -> list[Order]:
        with self._lock:
            return sorted((o for o in self._orders.values() if o.customer == customer), key=lambda o: o.created)
