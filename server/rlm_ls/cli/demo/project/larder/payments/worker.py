"""Takes charges from the queue, tries them, and decides what follows a failure."""

import logging

from larder.clock import Clock
from larder.errors import PaymentError
from larder.orders.service import OrderService
from larder.payments.client import PaymentClient
from larder.payments.ledger import PaymentLedger
from larder.payments.queue import ChargeQueue, ChargeTask
from larder.payments.retry import RetryPolicy
from larder.settings import Settings

log = logging.getLogger(__name__)


class PaymentWorker:
    def __init__(
        self,
        queue: ChargeQueue,
        client: PaymentClient,
        orders: OrderService,
        ledger: PaymentLedger,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._queue = queue
        self._client = client
        self._orders = orders
        self._ledger = ledger
        self._currency = settings["payments.currency"]
        self._policy = RetryPolicy.from_settings(settings)
        self._clock = clock

    def step(self) -> bool:
        """Handle one charge that is due. Returns whether there was one."""
        task = self._queue.take(self._clock.now())
        if task is None:
            return False
        try:
            receipt = self._client.charge(task.cents, self._currency, task.key)
        except PaymentError as error:
            self._failed(task, error)
        else:
            self._ledger.charged(task.order_id, receipt.charge_id, receipt.cents)
            self._orders.paid(task.order_id)
        return True

    def _failed(self, task: ChargeTask, error: PaymentError) -> None:
        attempts = task.attempts + 1
        if self._policy.should_retry(error, attempts):
            wait = self._policy.delay(attempts)
            log.warning("charge of %s failed (%s), attempt %d, again in %.0f s", task.order_id, error, attempts, wait)
            self._queue.put(task.again(self._clock.now() + wait, error.code))
            return
        log.error("charge of %s given up after %d attempts: %s", task.order_id, attempts, error)
        self._queue.bury(task.again(self._clock.now(), error.code))
        self._orders.payment_failed(task.order_id)
