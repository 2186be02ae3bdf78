"""The life of an order, and which step may follow which."""

from enum import Enum

from larder.errors import InvalidTransition


class State(Enum):
    OPEN = "open"
    RESERVED = "reserved"
    PAYMENT_PENDING = "payment_pending"
    PAID = "paid"
    PAYMENT_FAILED = "payment_failed"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


FOLLOWS: dict[State, frozenset[State]] = {
    State.OPEN: frozenset({State.RESERVED, State.CANCELLED}),
    State.RESERVED: frozenset({State.PAYMENT_PENDING, State.CANCELLED}),
    State.PAYMENT_PENDING: frozenset({State.PAID, State.PAYMENT_FAILED}),
    # A customer may name another card; support may cancel.
    State.PAYMENT_FAILED: frozenset({State.PAYMENT_PENDING, State.CANCELLED}),
    State.PAID: frozenset({State.SHIPPED}),
    State.SHIPPED: frozenset(),
    State.CANCELLED: frozenset(),
}


def check(before: State, after: State) -> None:
    if after not in FOLLOWS[before]:
        raise InvalidTransition(f"an order that is {before.value} cannot become {after.value}")
