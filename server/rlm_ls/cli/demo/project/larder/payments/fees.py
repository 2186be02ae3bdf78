"""What the provider keeps of each charge."""

FIXED_CENTS = 25
PER_MILLE = 14
DECLINED_CENTS = 10
"""Taken for each declined attempt: the reason why declines are never retried."""


def fee(cents: int) -> int:
    """Rounded up, as the provider does."""
    return FIXED_CENTS + -(-cents * PER_MILLE // 1000)


def fees(charges: list[int], declined: int = 0) -> int:
    return sum(map(fee, charges)) + declined * DECLINED_CENTS
