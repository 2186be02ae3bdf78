from larder.orders.model import Line
from larder.orders.pricing import SHIPPING_CENTS, price


def test_small_baskets_pay_shipping():
    assert price([Line("tea", 2, 450)]).total_cents == 900 + SHIPPING_CENTS


def test_shipping_is_free_from_the_limit_on():
    assert price([Line("oil", 7, 700)]).shipping_cents == 0


def test_a_dozen_is_a_tenth_cheaper():
    assert price([Line("egg", 12, 30)]).discount_cents == 36


def test_a_discount_never_exceeds_the_goods():
    assert price([Line("egg", 1, 1)], voucher="TENTH").discount_cents <= 1
