"""What each route does. JSON in, JSON and a status out; LarderError becomes its status."""

import json
import logging
from typing import Any

from larder.errors import LarderError
from larder.http.ratelimit import RateLimit
from larder.http.router import Router
from larder.orders.model import Line, Order
from larder.orders.service import OrderService
from larder.orders.store import OrderStore

log = logging.getLogger(__name__)


class Handlers:
    def __init__(self, orders: OrderService, store: OrderStore, limit: RateLimit) -> None:
        self._orders = orders
        self._store = store
        self._limit = limit
        self.router = Router()
        self.router.add("POST", "/orders", self.place)
        self.router.add("GET", "/orders/{order_id}", self.show)
        self.router.add("POST", "/orders/{order_id}/payment", self.pay_again)
        self.router.add("DELETE", "/orders/{order_id}", self.cancel)
        self.router.add("GET", "/health", self.health)

    def handle(self, method: str, path: str, client: str, body: bytes = b"") -> tuple[int, dict[str, Any]]:
        try:
            self._limit.check(client)
            handler, arguments = self.router.find(method, path)
            return handler(body=json.loads(body or b"{}"), **arguments)
        except LarderError as error:
            return error.status, {"error": type(error).__name__, "message": str(error)}
        except (ValueError, KeyError) as error:
            return 400, {"error": "BadRequest", "message": repr(error)}
        except Exception:
            log.exception("unexpected error in %s %s", method, path)
            return 500, {"error": "Internal", "message": "see the log"}

    def place(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        lines = [Line(item["sku"], int(item["quantity"]), int(item["unitCents"])) for item in body["lines"]]
        return 202, _show(self._orders.place(body["customer"], lines, body.get("voucher", "")))

    def show(self, body: dict[str, Any], order_id: str) -> tuple[int, dict[str, Any]]:
        return 200, _show(self._store.get(order_id))

    def pay_again(self, body: dict[str, Any], order_id: str) -> tuple[int, dict[str, Any]]:
        return 202, _show(self._orders.retry_payment(order_id))

    def cancel(self, body: dict[str, Any], order_id: str) -> tuple[int, dict[str, Any]]:
        return 200, _show(self._orders.cancel(order_id))

    def health(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return 200, {"ok": True}


def _show(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "state": order.state.value,
        "totalCents": order.total_cents,
        "lines": [{"sku": line.sku, "quantity": line.quantity} for line in order.lines],
    }
