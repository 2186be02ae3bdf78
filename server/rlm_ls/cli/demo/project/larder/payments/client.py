"""The payment provider's HTTP interface.

A charge is tried three times before the client gives up (see DEFAULT_MAX_ATTEMPTS in retry.py).
"""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass

from larder.errors import PaymentDeclined, PaymentError

DECLINED = frozenset({"card_declined", "insufficient_funds", "expired_card", "stolen_card"})


@dataclass(frozen=True)
class Receipt:
    charge_id: str
    cents: int


class PaymentClient:
    """One request a call. Whether to try again is for the caller to say."""

    def __init__(self, endpoint: str, api_key: str, timeout: float) -> None:
        self._endpoint = endpoint
        self._api_key = api_key
        self._timeout = timeout

    def charge(self, cents: int, currency: str, key: str) -> Receipt:
        """Charge once. The provider answers a repeated `key` with the first result instead of charging again.

        Raises PaymentDeclined, or PaymentError with the code `timeout`, `unreachable`, `busy` or `internal`.
        """
        body = json.dumps({"amount": cents, "currency": currency}).encode()
        request = urllib.request.Request(
            f"{self._endpoint}/charges",
            data=body,
            headers={
                "Authorization": f"Bearer {self._api_key}",
                "Content-Type": "application/json",
                "Idempotency-Key": key,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            raise self._explain(error) from error
        except TimeoutError as error:
            raise PaymentError("timeout") from error
        except urllib.error.URLError as error:
            raise PaymentError("unreachable", str(error.reason)) from error
        return Receipt(charge_id=answer["id"], cents=answer["amount"])

    @staticmethod
    def _explain(error: urllib.error.HTTPError) -> PaymentError:
        try:
            code = json.load(error).get("code", "internal")
        except ValueError:
            code = "internal"
        if code in DECLINED:
            return PaymentDeclined(code)
        return PaymentError("busy" if error.code == 429 else code)
