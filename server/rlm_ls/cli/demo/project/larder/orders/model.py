"""An order and its lines. Money is in cents, always."""

from dataclasses import dataclass, field, replace

from larder.orders.states import State, check


@dataclass(frozen=True)
class Line:
    sku: str
    quantity: int
    unit_cents: int

    @property
    def cents(self) -> int:
        return self.quantity * self.unit_cents


@dataclass(frozen=True)
class Order:
    id: str
    customer: str
    lines: tuple[Line, ...]
    created: float
    state: State = State.OPEN
    total_cents: int = 0
    history: tuple[tuple[float, State], ...] = field(default=())

    def to(self, state: State, at: float) -> "Order":
        """The order one step on. Raises InvalidTransition."""
        check(self.state, state)
        return replace(self, state=state, history=(*self.history, (at, state)))

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt to charge this order, so that the provider charges once."""
        return f"order-{self.id}-{self.total_cents}"
