"""Mails to customers. Texts are short on purpose: the order page says the rest."""

from collections.abc import Callable
from email.message import EmailMessage

from larder.orders.model import Order
from larder.orders.states import State

TEXTS = {
    State.PAID: ("Your order {id} is paid", "Thank you! We pack {count} things and tell you when they leave."),
    State.PAYMENT_FAILED: (
        "We could not charge you for order {id}",
        "Nothing was charged. Please choose another way to pay: https://larder.example/orders/{id}",
    ),
    State.SHIPPED: ("Your order {id} is on its way", "It should arrive within two days."),
}


def compose(order: Order, sender: str) -> EmailMessage | None:
    """The mail for the order's present state, or None where there is nothing to tell."""
    if order.state not in TEXTS:
        return None
    subject, text = TEXTS[order.state]
    values = {"id": order.id[:8], "count": sum(line.quantity for line in order.lines)}
    message = EmailMessage()
    message["From"] = sender
    message["To"] = order.customer
    message["Subject"] = subject.format(**values)
    message.set_content(text.format(**values))
    return message


class Mailer:
    def __init__(self, send: Callable[[EmailMessage], None], sender: str) -> None:
        self._send = send
        self._sender = sender

    def tell(self, order: Order) -> bool:
        message = compose(order, self._sender)
        if message is None:
            return False
        self._send(message)
        return True
