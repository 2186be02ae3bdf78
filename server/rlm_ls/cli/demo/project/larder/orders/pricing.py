"""What a basket costs: lines, discounts, shipping, tax."""

from collections.abc import Sequence
from dataclasses import dataclass

from larder.orders.model import Line

SHIPPING_CENTS = 490
TAX_PERCENT = 7
"""Food. Included in the prices, shown on the invoice."""


@dataclass(frozen=True)
class Price:
    goods_cents: int
    discount_cents: int
    shipping_cents: int

    @property
    def total_cents(self) -> int:
        return self.goods_cents - self.discount_cents + self.shipping_cents

    @property
    def tax_cents(self) -> int:
        """The tax inside the total, rounded half up to the cent."""
        return (self.total_cents * TAX_PERCENT * 2 + 100 + TAX_PERCENT) // (2 * (100 + TAX_PERCENT))


def price(lines: Sequence[Line], voucher: str = "", free_shipping_from_cents: int = 4900) -> Price:
    goods = sum(line.cents for line in lines)
    discount = min(goods, bulk_discount(lines) + voucher_discount(voucher, goods))
    shipping = 0 if goods - discount >= free_shipping_from_cents else SHIPPING_CENTS
    return Price(goods, discount, shipping)


def bulk_discount(lines: Sequence[Line]) -> int:
    """A tenth off each line of twelve or more of one thing."""
    return sum(line.cents // 10 for line in lines if line.quantity >= 12)


def voucher_discount(voucher: str, goods_cents: int) -> int:
    """`HELLO5` takes 5 EUR off from 30 EUR on; `TENTH` takes a tenth off."""
    match voucher.upper():
        case "HELLO5" if goods_cents >= 3000:
            return 500
        case "TENTH":
            return goods_cents // 10
    return 0
