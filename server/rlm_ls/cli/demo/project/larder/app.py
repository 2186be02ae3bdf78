"""Puts the parts together."""

import os
from dataclasses import dataclass

from larder.clock import Clock, SystemClock
from larder.http.handlers import Handlers
from larder.http.ratelimit import RateLimit
from larder.inventory.reservations import Reservations
from larder.jobs.cleanup import Cleanup
from larder.jobs.scheduler import Scheduler
from larder.orders.service import OrderService
from larder.orders.store import OrderStore
from larder.payments.client import PaymentClient
from larder.payments.ledger import PaymentLedger
from larder.payments.queue import ChargeQueue
from larder.payments.worker import PaymentWorker
from larder.settings import Settings, load


@dataclass
class App:
    handlers: Handlers
    worker: PaymentWorker
    scheduler: Scheduler
    charges: ChargeQueue
    store: OrderStore


def build(
    settings: Settings, stock: dict[str, int], client: PaymentClient | None = None, clock: Clock | None = None
) -> App:
    clock = clock or SystemClock()
    client = client or PaymentClient(
        settings["payments.endpoint"], os.environ.get("LARDER_PAYMENT_KEY", ""), settings["payments.timeout"]
    )
    store, charges, reservations = OrderStore(), ChargeQueue(), Reservations(stock)
    orders = OrderService(store, reservations, charges, settings, clock)
    worker = PaymentWorker(charges, client, orders, PaymentLedger(), settings, clock)
    scheduler = Scheduler(clock)
    scheduler.add("charges", 1.0, lambda: drain(worker))
    scheduler.add("cleanup", 60.0, Cleanup(orders, store, reservations, clock).run)
    limit = RateLimit(settings["server.rate_limit_per_minute"], clock)
    return App(Handlers(orders, store, limit), worker, scheduler, charges, store)


def drain(worker: PaymentWorker) -> int:
    count = 0
    while worker.step():
        count += 1
    return count


def main() -> None:
    clock = SystemClock()
    app = build(load(), stock={})
    while True:
        clock.sleep(app.scheduler.tick())


if __name__ == "__main__":
    main()
