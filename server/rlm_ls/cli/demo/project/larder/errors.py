"""Errors that cross a module's border. Handlers turn them into HTTP statuses."""


class LarderError(Exception):
    status = 500


class NotFound(LarderError):
    status = 404


class OutOfStock(LarderError):
    status = 409

    def __init__(self, sku: str, wanted: int, available: int) -> None:
        super().__init__(f"{sku}: {wanted} wanted, {available} available")
        self.sku = sku
        self.wanted = wanted
        self.available = available


class InvalidTransition(LarderError):
    status = 409


class TooManyRequests(LarderError):
    status = 429


class PaymentError(LarderError):
    """A charge that did not go through. `code` is the provider's."""

    status = 502

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


class PaymentDeclined(PaymentError):
    """The bank said no. Trying again costs a fee and changes nothing."""

    status = 402
