from larder.errors import PaymentDeclined, PaymentError
from larder.payments.retry import DEFAULT_MAX_ATTEMPTS, RetryPolicy
from larder.settings import load


def test_without_settings_there_are_three_attempts():
    policy = RetryPolicy()
    assert policy.max_attempts == DEFAULT_MAX_ATTEMPTS == 3
    assert policy.should_retry(PaymentError("timeout"), attempts=2)
    assert not policy.should_retry(PaymentError("timeout"), attempts=3)


def test_production_allows_more_attempts_than_the_defaults():
    assert RetryPolicy.from_settings(load("production", environ={})).max_attempts == 8


def test_staging_fails_fast():
    assert RetryPolicy.from_settings(load("staging", environ={})).max_attempts == 2


def test_a_declined_card_is_never_tried_again():
    assert not RetryPolicy(max_attempts=100).should_retry(PaymentDeclined("card_declined"), attempts=1)


def test_delays_grow_up_to_the_longest():
    policy = RetryPolicy(first_delay=2.0, factor=3.0, longest_delay=600.0)
    assert [policy.delay(attempts) for attempts in range(1, 8)] == [2, 6, 18, 54, 162, 486, 600]
