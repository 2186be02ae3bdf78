"""Which hosts are this machine itself, by what they are called."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host, without port and brackets, is an address of this machine's loopback, or `localhost`.

    No other name is: whoever answers for it may say anything.
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
