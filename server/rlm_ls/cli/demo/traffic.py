"""The shop's traffic: requests that pass through several services, each leaving its lines."""

from __future__ import annotations

import math
from random import Random
from statistics import NormalDist

from rlm_ls.cli.demo.story import HEAD, HOST, TAIL, stamp

Entry = tuple[int, bytes]

NODES = {
    "gateway": ("gw-01", "gw-02"),
    "auth": ("auth-01", "auth-02"),
    "orders": ("ord-01", "ord-02", "ord-03"),
    "payments": ("pay-01", "pay-02", "pay-03", "pay-04"),
    "inventory": ("inv-01", "inv-02"),
    "search": ("srch-01", "srch-02"),
    "notifications": ("ntf-01",),
}
MEDIAN_MS = {
    "gateway": 18.0,
    "auth": 9.0,
    "orders": 46.0,
    "payments": 110.0,
    "inventory": 21.0,
    "search": 64.0,
    "notifications": 35.0,
}
NAMES = (
    "Anna Schmidt",
    "Véra Nováková",
    "José Ñíguez",
    "Ольга Петрова",
    "李小龍",
    "Zoë Brontë",
    "Søren Ærø",
    "Łukasz Żak",
    "עדי כהן",
    "さくら 🌸",
    "Mary O'Neil",
    "François Lefèvre",
)
DECLINES = (
    "insufficient_funds",
    "insufficient_funds",
    "insufficient_funds",
    "expired_card",
    "expired_card",
    "fraud_check",
)
ATTACKER = "203.0.113.66"
"""Guesses passwords while the incident runs; a red herring."""

ATTEMPTS = 4
MINUTE = 60_000

POOL_TRACE = (
    "    at shop.payments.db.Pool.acquire(Pool.kt:88)\n"
    "    at shop.payments.charge.ChargeStore.reserve(ChargeStore.kt:141)\n"
    "    at shop.payments.charge.ChargeHandler.handle(ChargeHandler.kt:57)\n"
    "    caused by: java.util.concurrent.TimeoutException: waited 2000 ms\n"
)
RESET_TRACE = (
    "    at shop.inventory.feed.Reader.read(Reader.kt:203)\n"
    "    caused by: java.io.IOException: Connection reset by peer\n"
)


class Traffic:
    """Makes the lines of one minute after another. The order of calls is part of the result."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random
        # Rounded, so that a last digit that differs between systems' libraries cannot change a line.
        normal = NormalDist()
        self._spread = [round(math.exp(0.55 * normal.inv_cdf((k + 0.5) / 2048)), 4) for k in range(2048)]
        self._minute = 0
        self._entries: list[Entry] = []
        self._carried: list[Entry] = []
        self._room = 0

    def minute(self, minute: int, lines: int) -> list[Entry]:
        """Exactly `lines` lines as (millisecond, entry) pairs, in no order."""
        self._minute = minute
        self._entries, self._room = [], lines
        carried, self._carried = self._carried, []
        for moment, entry in carried:
            if moment < 2 * MINUTE:
                self._emit(moment - MINUTE, entry)
            else:
                self._carried.append((moment - MINUTE, entry))
        attacked = 195 <= minute < 210
        while self._room > 0:
            draw = self._random()
            moment = int(self._random() * MINUTE)
            if attacked and draw < 0.12:
                self._password_guess(moment)
            elif draw < 0.40:
                self._order(moment)
            elif draw < 0.70:
                self._search(moment)
            elif draw < 0.84:
                self._sign_in(moment)
            elif draw < 0.95:
                self._stock(moment)
            else:
                self._mail(moment)
        return self._entries

    # Requests

    def _order(self, moment: int) -> None:
        tail = self._caller()
        gateway, orders, payments = self._node("gateway"), self._node("orders"), self._node("payments")
        total, charged = self._charge(moment, self._took("orders"), orders, payments, tail)
        if not charged:
            text = f"orders {orders} OrderFailed: charge gave up after {ATTEMPTS} attempts POST /v1/orders status=503"
            self._log(moment + total, "ERROR", f"{text} took={total}ms {tail}")
            self._access(moment + total, gateway, "POST /v1/orders", 504, total + 12, tail)
            return
        charge = 700 + int(self._random() * 1300) if self._starved(payments) else self._took("payments")
        total += charge
        if self._random() < 0.03:
            text = f"payments {payments} CardDeclined reason={self._pick(DECLINES)} POST /v1/charges status=402"
            self._log(moment + total, "WARN", f"{text} took={charge}ms {tail}")
            self._access(moment + total, gateway, "POST /v1/orders", 402, total, tail)
            return
        text = f"payments {payments} POST /v1/charges status=201 took={charge}ms amount={self._amount()}"
        self._log(moment + total, "INFO", f"{text} {tail}")
        self._log(moment + total, "INFO", f"orders {orders} POST /v1/orders status=201 took={total}ms {tail}")
        self._access(moment + total, gateway, "POST /v1/orders", 201, total + self._took("gateway"), tail)

    def _charge(self, moment: int, total: int, orders: str, payments: str, tail: str) -> tuple[int, bool]:
        """The attempts to reach the payment database: milliseconds so far, and whether one got through."""
        attempt = 1
        while self._starved(payments) and self._random() < 0.72:
            waited = 2000 + int(self._random() * 40)
            total += waited
            self._pool_timeout(moment + total, payments, waited, tail)
            if attempt == ATTEMPTS:
                return total, False
            wait = 200 << attempt
            attempt += 1
            text = f"orders {orders} retrying charge attempt={attempt}/{ATTEMPTS} in {wait}ms target={payments}"
            self._log(moment + total + 4, "WARN", f"{text} cause=PoolTimeoutError {tail}")
            total += wait
        return total, True

    def _starved(self, host: str) -> bool:
        return host == HOST and HEAD <= self._minute < TAIL

    def _pool_timeout(self, moment: int, host: str, waited: int, tail: str) -> None:
        head = (
            f"payments {host} PoolTimeoutError: no connection within 2000 ms (pool payments-db in_use=4/4"
            f" waiting={3 + int(self._random() * 40)}) POST /v1/charges status=500 took={waited}ms {tail}"
        )
        self._log(moment, "ERROR", head, POOL_TRACE if self._random() < 0.25 else "")

    def _search(self, moment: int) -> None:
        tail = self._caller()
        node = self._node("search")
        took = self._took("search")
        if 185 <= self._minute < 218 and node == "srch-02":
            took *= 2
        path = f"GET /v1/search?q={self._pick(('lamp', 'desk', 'café+table', 'rug', 'stól', '椅子'))}"
        if self._random() < 0.004:
            self._log(
                moment, "WARN", f"search {node} IndexStale: shard {int(self._random() * 12)} behind by 40 s {tail}"
            )
        self._log(moment + took, "INFO", f"search {node} {path} status=200 took={took}ms {tail}")
        self._access(moment + took, self._node("gateway"), "GET /v1/search", 200, took + self._took("gateway"), tail)

    def _sign_in(self, moment: int) -> None:
        tail = self._caller()
        node = self._node("auth")
        took = self._took("auth")
        if self._random() < 0.05:
            self._log(moment, "WARN", f"auth {node} TokenExpired POST /v1/sessions status=401 took={took}ms {tail}")
            return
        self._log(
            moment + took,
            "INFO",
            f'auth {node} POST /v1/sessions status=200 took={took}ms name="{self._pick(NAMES)}" {tail}',
        )

    def _password_guess(self, moment: int) -> None:
        user = int(self._random() * 50_000)
        took = self._took("auth")
        self._log(
            moment,
            "WARN",
            f"auth {self._node('auth')} BadPassword POST /v1/sessions status=401 took={took}ms"
            f" req={int(self._random() * 4294967296):08x} user=u{user:05} ip={ATTACKER}",
        )

    def _stock(self, moment: int) -> None:
        tail = self._caller()
        node = self._node("inventory")
        took = self._took("inventory")
        draw = self._random()
        if draw < 0.006:
            self._log(moment, "ERROR", f"inventory {node} FeedError: warehouse feed broke off {tail}", RESET_TRACE)
        elif draw < 0.03:
            item = int(self._random() * 9000)
            self._log(
                moment,
                "WARN",
                f"inventory {node} StockConflict sku=SKU-{item:04} PUT /v1/stock status=409 took={took}ms {tail}",
            )
        else:
            self._log(moment + took, "INFO", f"inventory {node} PUT /v1/stock status=200 took={took}ms {tail}")

    def _mail(self, moment: int) -> None:
        tail = self._caller()
        took = self._took("notifications")
        name = self._pick(NAMES)
        if self._random() < 0.02:
            text = f'notifications ntf-01 SmtpRejected code=550 to="{name}" status=502 took={took}ms {tail}'
            self._log(moment, "ERROR", text)
        else:
            text = (
                f'notifications ntf-01 mail sent to="{name}" template=order-confirmed status=200 took={took}ms {tail}'
            )
            self._log(moment + took, "INFO", text)

    # Pieces of lines

    def _access(self, moment: int, host: str, request: str, status: int, took: int, tail: str) -> None:
        level = "ERROR" if status >= 500 else "INFO"
        cause = " UpstreamTimeout" if status == 504 else ""
        self._log(moment + 1, level, f"gateway {host}{cause} {request} status={status} took={took}ms {tail}")

    def _log(self, moment: int, level: str, text: str, trace: str = "") -> None:
        later, within = divmod(moment, MINUTE)
        line = f"{stamp(self._minute + later, within)} {level:<5} {text}\n{trace}".encode()
        if later:
            self._carried.append((moment, line))
        else:
            self._emit(moment, line)

    def _emit(self, moment: int, entry: bytes) -> None:
        lines = entry.count(b"\n")
        if lines <= self._room:
            self._entries.append((moment, entry))
            self._room -= lines

    def _caller(self) -> str:
        random = self._random
        user = int(random() * random() * 50_000)
        return (
            f"req={int(random() * 4294967296):08x} user=u{user:05}"
            f" ip=10.{int(random() * 32)}.{int(random() * 256)}.{int(random() * 254) + 1}"
        )

    def _node(self, service: str) -> str:
        return self._pick(NODES[service])

    def _took(self, service: str) -> int:
        return int(MEDIAN_MS[service] * self._spread[int(self._random() * 2048)]) + 1

    def _amount(self) -> str:
        return f"{5 + int(self._random() * self._random() * 40_000) / 100:.2f}EUR"

    def _pick(self, values: tuple[str, ...]) -> str:
        return values[int(self._random() * len(values))]
