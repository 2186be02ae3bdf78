from larder.app import build, drain
from larder.clock import FakeClock
from larder.errors import PaymentDeclined, PaymentError
from larder.orders.states import State
from larder.payments.client import Receipt
from larder.settings import load


class Provider:
    """Fails with each of `errors` in turn, then charges."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.keys = []

    def charge(self, cents, currency, key):
        self.keys.append(key)
        if self.errors:
            raise self.errors.pop(0)
        return Receipt("ch_1", cents)


def shop(provider, environment="production"):
    clock = FakeClock()
    app = build(load(environment, environ={}), {"tea": 9}, client=provider, clock=clock)
    body = b'{"customer": "a@b.example", "lines": [{"sku": "tea", "quantity": 2, "unitCents": 450}]}'
    status, order = app.handlers.handle("POST", "/orders", "client", body)
    assert status == 202
    return app, clock, order["id"]


def work(app, clock):
    while len(app.charges):
        drain(app.worker)
        clock.sleep(700)


def test_a_charge_that_fails_twice_is_paid_with_one_key():
    provider = Provider(PaymentError("timeout"), PaymentError("busy"))
    app, clock, order_id = shop(provider)
    work(app, clock)
    assert app.store.get(order_id).state is State.PAID
    assert len(provider.keys) == 3
    assert len(set(provider.keys)) == 1


def test_after_eight_attempts_production_gives_up():
    provider = Provider(*[PaymentError("timeout")] * 20)
    app, clock, order_id = shop(provider)
    work(app, clock)
    assert len(provider.keys) == 8
    assert app.store.get(order_id).state is State.PAYMENT_FAILED
    assert [task.order_id for task in app.charges.dead] == [order_id]


def test_a_declined_card_is_tried_once():
    provider = Provider(PaymentDeclined("card_declined"))
    app, clock, order_id = shop(provider)
    work(app, clock)
    assert len(provider.keys) == 1
    assert app.store.get(order_id).state is State.PAYMENT_FAILED
