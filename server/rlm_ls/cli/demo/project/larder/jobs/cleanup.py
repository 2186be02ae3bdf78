"""Orders nobody paid for: their reservations expire and they are cancelled."""

import logging

from larder.clock import Clock
from larder.errors import InvalidTransition
from larder.inventory.reservations import Reservations
from larder.orders.service import OrderService
from larder.orders.states import State
from larder.orders.store import OrderStore

log = logging.getLogger(__name__)

KEEP_FAILED = 7 * 24 * 3600.0
"""How long a customer may come back with another card."""


class Cleanup:
    def __init__(self, orders: OrderService, store: OrderStore, reservations: Reservations, clock: Clock) -> None:
        self._orders = orders
        self._store = store
        self._reservations = reservations
        self._clock = clock

    def run(self) -> int:
        """Returns how many orders were cancelled."""
        now = self._clock.now()
        for order_id in self._reservations.expire(now):
            log.info("reservation of %s expired", order_id)
        cancelled = 0
        for order in self._store.in_state(State.PAYMENT_FAILED):
            if order.history[-1][0] + KEEP_FAILED <= now:
                try:
                    self._orders.cancel(order.id)
                    cancelled += 1
                except InvalidTransition:
                    log.info("order %s moved on while it was being cancelled", order.id)
        return cancelled
