"""From a basket to a paid order."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from larder.clock import Clock
from larder.inventory.reservations import Reservations
from larder.orders.model import Line, Order
from larder.orders.pricing import price
from larder.orders.states import State
from larder.orders.store import OrderStore
from larder.payments.queue import ChargeQueue, ChargeTask
from larder.settings import Settings


class OrderService:
    def __init__(
        self, store: OrderStore, reservations: Reservations, charges: ChargeQueue, settings: Settings, clock: Clock
    ) -> None:
        self._store = store
        self._reservations = reservations
        self._charges = charges
        self._settings = settings
        self._clock = clock

    def place(self, customer: str, lines: Sequence[Line], voucher: str = "") -> Order:
        """Reserve the goods and queue the charge. Raises OutOfStock before anything has changed."""
        now = self._clock.now()
        total = price(lines, voucher, self._settings["orders.free_shipping_from_cents"]).total_cents
        order = Order(uuid.uuid4().hex, customer, tuple(lines), created=now, total_cents=total)
        self._reservations.reserve(order.id, lines, until=now + self._settings["orders.reservation_ttl"])
        order = order.to(State.RESERVED, now).to(State.PAYMENT_PENDING, now)
        self._store.put(order)
        self._charges.put(ChargeTask(order_id=order.id, cents=total, key=order.idempotency_key, due=now))
        return order

    def paid(self, order_id: str) -> Order:
        order = self._store.get(order_id).to(State.PAID, self._clock.now())
        self._reservations.commit(order_id)
        self._store.put(order)
        return order

    def payment_failed(self, order_id: str) -> Order:
        """All attempts are used up, or the bank declined. The goods go back on the shelf."""
        order = self._store.get(order_id).to(State.PAYMENT_FAILED, self._clock.now())
        self._reservations.release(order_id)
        self._store.put(order)
        return order

    def retry_payment(self, order_id: str) -> Order:
        """A customer named another card: a new charge with all its attempts, under a new key."""
        now = self._clock.now()
        order = self._store.get(order_id).to(State.PAYMENT_PENDING, now)
        self._reservations.reserve(order_id, order.lines, until=now + self._settings["orders.reservation_ttl"])
        self._store.put(order)
        key = f"{order.idempotency_key}-{len(order.history)}"
        self._charges.put(ChargeTask(order_id=order.id, cents=order.total_cents, key=key, due=now))
        return order

    def cancel(self, order_id: str) -> Order:
        order = self._store.get(order_id)
        cancelled = replace(order).to(State.CANCELLED, self._clock.now())
        self._reservations.release(order_id)
        self._store.put(cancelled)
        return cancelled
