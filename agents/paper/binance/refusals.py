"""How the venue refuses: Binance's error codes, texts and HTTP statuses (binance-spot-api-docs, errors.md)."""

from typing import Any

from agents.paper.call import HttpReply, json_reply
from agents.paper.refusals import Refused, Why
from schemas.errors import TickmeshError


class Refusal(TickmeshError):
    """A request that the venue does not carry out: `code`, `text`, `data` of Binance's error body, `status` of a reply."""

    def __init__(
        self, code: int, text: str, status: int = 400, retry_after_s: int = 0, data: dict[str, Any] | None = None
    ) -> None:
        """Keep what the reply will hold."""
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status
        self.retry_after_s = retry_after_s
        self.data = data


def mandatory(name: str) -> Refusal:
    """Return the refusal of a request without a mandatory parameter."""
    return Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def illegal(name: str, legal: str) -> Refusal:
    """Return the refusal of a parameter with characters outside its legal range."""
    return Refusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def filter_failure(name: str) -> Refusal:
    """Return the refusal of an order that fails one of its symbol's filters."""
    return Refusal(-1013, f"Filter failure: {name}")


UNKNOWN_ORDER = (-1006, "An unexpected response was received from the message bus. Execution status unknown.")
TIMED_OUT = (-1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.")


def insufficient_balance() -> Refusal:
    """Return the refusal of an order that the account cannot pay for."""
    return Refusal(-2010, "Account has insufficient balance for requested action.")


def would_take() -> Refusal:
    """Return the refusal of a LIMIT_MAKER order that would take."""
    return Refusal(-2010, "Order would immediately match and take.")


def duplicate_order() -> Refusal:
    """Return the refusal of a client order id that an open order has."""
    return Refusal(-2010, "Duplicate order sent.")


def reduce_only() -> Refusal:
    """Return the refusal of a reduce-only order that would not reduce."""
    return Refusal(-2022, "ReduceOnly Order is rejected.")


def unknown_cancel() -> Refusal:
    """Return the refusal to cancel an order that is not open."""
    return Refusal(-2011, "Unknown order sent.")


def no_such_order() -> Refusal:
    """Return the answer to a query for an order that the venue does not know."""
    return Refusal(-2013, "Order does not exist.")


def invalid_symbol() -> Refusal:
    """Return the refusal of a symbol that the venue does not list."""
    return Refusal(-1121, "Invalid symbol.")


_SPOKEN = {
    Why.DUPLICATE_ORDER: duplicate_order,
    Why.TOO_MANY_ORDERS: lambda: filter_failure("MAX_NUM_ORDERS"),
    Why.WOULD_TAKE: would_take,
    Why.INSUFFICIENT_BALANCE: insufficient_balance,
    Why.PRICE: lambda: filter_failure("PRICE_FILTER"),
    Why.QUANTITY: lambda: filter_failure("LOT_SIZE"),
    Why.NOTIONAL: lambda: filter_failure("NOTIONAL"),
    Why.NO_SUCH_ORDER: no_such_order,
    Why.NOT_OPEN: unknown_cancel,
    Why.NOT_REDUCING: reduce_only,
}


def spoken(refused: Refused) -> Refusal:
    """Return a refusal of the venue's core in Binance's code and words."""
    return _SPOKEN[refused.why]()


def refusal_reply(refusal: Refusal) -> HttpReply:
    """Return the reply to a refused request, in Binance's error shape."""
    body: dict[str, Any] = {"code": refusal.code, "msg": refusal.text}
    reply = json_reply(body if refusal.data is None else body | {"data": refusal.data}, refusal.status)
    if refusal.retry_after_s:
        reply.headers["Retry-After"] = str(refusal.retry_after_s)
    return reply
