"""How Bybit answers over REST: an envelope with a code, and status 200 whatever the code is."""

from typing import Any

from agents.paper.call import Call, HttpReply, json_reply
from agents.paper.refusals import Refused, Why
from schemas.errors import TickmeshError

Json = dict[str, Any]


class BybitRefusal(TickmeshError):
    """A request that is not carried out: Bybit's code and words."""

    def __init__(self, code: int, text: str, status: int = 200) -> None:
        """Keep what the answer will hold."""
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status


def envelope(result: Any, wall_ms: int) -> Json:
    """Return an answer that is as asked for."""
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": wall_ms}


def refused(refusal: BybitRefusal, call: Call) -> HttpReply:
    """Return the reply to a request that is refused."""
    body = {"retCode": refusal.code, "retMsg": refusal.text, "result": {}, "retExtInfo": {}, "time": call.wall_ms}
    return json_reply(body, refusal.status)


def wrong(what: str) -> BybitRefusal:
    """Return the refusal of a parameter."""
    return BybitRefusal(10001, f"params error: {what}")


_LINEAR = {
    Why.DUPLICATE_ORDER: (110072, "OrderLinkedID is duplicate"),
    Why.TOO_MANY_ORDERS: (110020, "Not allowed to have more than 500 active orders"),
    Why.WOULD_TAKE: (110123, "Order would take"),
    Why.INSUFFICIENT_BALANCE: (110007, "ab not enough for new order"),
    Why.PRICE: (10001, "params error: Price invalid"),
    Why.QUANTITY: (10001, "params error: Qty invalid"),
    Why.NOTIONAL: (110094, "Order does not meet minimum order value"),
    Why.NO_SUCH_ORDER: (110001, "order not exists or too late to cancel"),
    Why.NOT_OPEN: (110001, "order not exists or too late to cancel"),
    Why.NOT_REDUCING: (110017, "current position is zero, cannot fix reduce-only order qty"),
}
_SPOT = {
    Why.DUPLICATE_ORDER: (170141, "Duplicate clientOrderId"),
    Why.TOO_MANY_ORDERS: (170810, "Cannot exceed maximum of 500 conditional, TP/SL and active orders."),
    Why.WOULD_TAKE: (170218, "The LIMIT-MAKER order is rejected due to invalid price."),
    Why.INSUFFICIENT_BALANCE: (170131, "Insufficient balance."),
    Why.PRICE: (170134, "Order price has too many decimals."),
    Why.QUANTITY: (170137, "Order quantity has too many decimals."),
    Why.NOTIONAL: (170140, "Order value exceeded lower limit."),
    Why.NO_SUCH_ORDER: (170213, "Order does not exist."),
    Why.NOT_OPEN: (170213, "Order does not exist."),
    Why.NOT_REDUCING: (110017, "current position is zero, cannot fix reduce-only order qty"),
}


def spoken(reason: Refused, category: str) -> BybitRefusal:
    """Return a refusal of the venue's core in the codes and words of a category."""
    return BybitRefusal(*(_SPOT if category == "spot" else _LINEAR)[reason.why])
