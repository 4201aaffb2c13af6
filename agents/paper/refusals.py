"""Why the venue does not carry something out, in no dialect: each has its own codes and words for it."""

from enum import Enum

from schemas.errors import TickmeshError


class Why(Enum):
    """What stands against a request."""

    DUPLICATE_ORDER = "an open order has this client order id"
    TOO_MANY_ORDERS = "as many orders of the instrument are open as may be"
    WOULD_TAKE = "an order that may only make would take"
    INSUFFICIENT_BALANCE = "the account cannot pay for it"
    PRICE = "the price is out of bounds or no whole number of ticks"
    QUANTITY = "the quantity is out of bounds or no whole number of lots"
    NOTIONAL = "price times quantity is out of bounds"
    NO_SUCH_ORDER = "the venue knows no such order"
    NOT_OPEN = "the order is not open"
    NOT_REDUCING = "a reduce-only order would not reduce the position"


class Refused(TickmeshError):
    """A request that is not carried out; nothing has changed."""

    def __init__(self, why: Why) -> None:
        """Keep the reason."""
        super().__init__(why.value)
        self.why = why
