"""How USDT-M refuses: its own codes and texts, where they are not those of spot.

(Derivatives documentation, USDT-M, error codes. There -4116 is "clientOrderId is duplicated"; the venue answers as here.)
"""

from agents.paper.binance.refusals import Refusal
from agents.paper.refusals import Refused, Why

UNKNOWN_ERROR = (-1000, "Unknown error, please check your request or try again later.")
UNSUPPORTED = (-1020, "This operation is not supported.")
PRECISION = (-1111, "Precision is over the maximum defined for this asset.")
BAD_COMBINATION = (-1128, "Combination of optional parameters invalid.")
POSITION_SIDE = (-4061, "Order's position side does not match user's setting.")
CONDITIONAL = (-4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.")
FILL_OR_KILL = (-5021, "Due to the order could not be filled immediately, the FOK order has been rejected.")
POST_ONLY = (-5022, "Due to the order could not be executed as maker, the Post Only order will be rejected.")
SAME_ORDER = (-5027, "No need to modify the order.")
NOT_REDUCE_ONLY = (-5047, "The original order is not a reduce-only order.")

_SPOKEN = {
    Why.DUPLICATE_ORDER: (-4116, "ClientOrderId is duplicated."),
    Why.TOO_MANY_ORDERS: (-2025, "Reach max open order limit."),
    Why.WOULD_TAKE: POST_ONLY,
    Why.INSUFFICIENT_BALANCE: (-2019, "Margin is insufficient."),
    Why.PRICE: (-4014, "Price not increased by tick size."),
    Why.QUANTITY: (-4023, "Qty not increased by step size."),
    Why.NOTIONAL: (-4164, "Order's notional is out of bounds (unless you choose reduce only)."),
    Why.NO_SUCH_ORDER: (-2013, "Order does not exist."),
    Why.NOT_OPEN: (-2011, "Unknown order sent."),
    Why.NOT_REDUCING: (-2022, "ReduceOnly Order is rejected."),
}


def spoken(refused: Refused) -> Refusal:
    """Return a refusal of the venue's core in the code and words of futures."""
    return Refusal(*_SPOKEN[refused.why])
