"""Tiny warehouse stock keeper."""
from __future__ import annotations

import csv
import hashlib
import logging
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable, Optional

log = logging.getLogger(__name__)

MAX_SHELF = 64
DEFAULT_CURRENCY = "EUR"
RETRY_DELAYS = (0.5, 2, 8)


class StockError(Exception):
    """Base of all errors here."""


class OutOfStock(StockError):
    def __init__(self, sku: str, wanted: int, have: int):
        super().__init__(f"{sku}: wanted {wanted}, have {have}")
        self.sku = sku


class UnknownSku(StockError):
    pass


@dataclass
class Item:
    sku: str
    name: str
    price: float = 0.0
    qty: int = 0
    tags: list[str] = field(default_factory=list)

    def value(self) -> float:
        return self.price * self.qty


class Ledger:
    """Remembers the last movements."""

    def __init__(self, limit: int = 250):
        self._moves = deque(maxlen=limit)

    def note(self, sku: str, delta: int, why: str = "manual") -> None:
        self._moves.append((sku, delta, why))

    def last(self, n: int = 10) -> list:
        return list(self._moves)[-n:]


class Warehouse:
    def __init__(self, name: str, ledger: Optional[Ledger] = None):
        self.name = name
        self.items: dict[str, Item] = {}
        self.ledger = ledger or Ledger()

    def _get(self, sku: str) -> Item:
        try:
            return self.items[sku]
        except KeyError:
            raise UnknownSku(sku) from None

    def add(self, item: Item) -> None:
        if len(self.items) >= MAX_SHELF:
            raise StockError("no shelf left")
        self.items[item.sku] = item
        self.ledger.note(item.sku, item.qty, "new")

    def take(self, sku: str, n: int = 1) -> float:
        """Take n pieces off the shelf and return their price."""
        it = self._get(sku)
        if it.qty < n:
            raise OutOfStock(sku, n, it.qty)
        it.qty -= n
        self.ledger.note(sku, -n, "sale")
        return n * it.price

    def restock(self, sku: str, n: int, *, low_water: int = 5) -> bool:
        it = self._get(sku)
        was_low = it.qty <= low_water
        it.qty += n
        self.ledger.note(sku, n, "restock")
        if was_low:
            log.info("%s was low", sku)
        return was_low

    def total_value(self) -> float:
        return sum(i.value() for i in self.items.values())

    def find_by_tag(self, tag: str) -> Iterable[Item]:
        for it in self.items.values():
            if tag in it.tags:
                yield it


def checksum(path: Path, block: int = 65536) -> str:
    h = hashlib.sha256()
    with path.open("rb") as f:
        while chunk := f.read(block):
            h.update(chunk)
    return h.hexdigest()


def load_csv(path: Path, sep: str = ";", encoding: str = "utf-8-sig") -> Warehouse:
    """Read a warehouse from a CSV file with a header line."""
    w = Warehouse(path.stem)
    digest = checksum(path)
    log.debug("loading %s (%s)", path, digest[:8])
    with path.open(newline="", encoding=encoding) as f:
        for row in csv.DictReader(f, delimiter=sep):
            w.add(parse_row(row))
    return w


def parse_row(row: dict) -> Item:
    # prices come with a decimal comma
    price = float(row["price"].replace(",", "."))
    tags = [t.strip() for t in row.get("tags", "").split("|") if t.strip()]
    return Item(row["sku"].upper(), row["name"], price, int(row["qty"]), tags)


def save_csv(w: Warehouse, path: Path, sep: str = ";") -> int:
    # TODO: write to a temporary file first
    with path.open("w", newline="", encoding="utf-8") as f:
        out = csv.writer(f, delimiter=sep)
        out.writerow(["sku", "name", "price", "qty", "tags"])
        for it in w.items.values():
            out.writerow([it.sku, it.name, str(it.price).replace(".", ","), it.qty, "|".join(it.tags)])
    return len(w.items)


def report(w: Warehouse, top: int = 20) -> str:
    rows = sorted(w.items.values(), key=Item.value, reverse=True)[:top]
    lines = [f"Stock of {w.name}"]
    for it in rows:
        lines.append(f"{it.sku:<12}{it.qty:>6}{it.value():>12.2f} {DEFAULT_CURRENCY}")
    lines.append(f"total {w.total_value():.2f}")
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    logging.basicConfig(level=logging.INFO)
    w = load_csv(Path(argv[1]))
    print(report(w))
    return 0


if __name__ == "__main__":
    import sys

    raise SystemExit(main(sys.argv))
