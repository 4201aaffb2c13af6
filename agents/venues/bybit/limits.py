"""Bybit's endpoints of an account, and how much of them the venue takes.

Orders are counted for each account and second, apart for creates, amends and cancels, and for REST and websocket
together; an answer tells what is left. All REST calls of one address are counted together.

Source: Bybit API v5 documentation, rate limit.
"""

from collections.abc import Mapping

from agents.venues.base import VenueLimit
from agents.venues.bybit.waits import is_number
from mesh.context import VenueReply
from schemas.config import VenueConfig
from schemas.units import SECOND

CREATE = "/v5/order/create"
AMEND = "/v5/order/amend"
CANCEL = "/v5/order/cancel"
CANCEL_ALL = "/v5/order/cancel-all"
DISCONNECT = "/v5/order/disconnected-cancel-all"
REALTIME = "/v5/order/realtime"
HISTORY = "/v5/order/history"
EXECUTIONS = "/v5/execution/list"
BALANCE = "/v5/account/wallet-balance"
POSITIONS = "/v5/position/list"
ACCOUNT_INFO = "/v5/account/info"
TRANSACTIONS = "/v5/account/transaction-log"

REQUESTS_PER_5S = 600
PER_MINUTE = REQUESTS_PER_5S * 12
SPOT_PER_SECOND, LINEAR_PER_SECOND = 20, 10
CREATES = "Creates"
"""Under this name `used_of_creates` tells of the limit of creates; the venue's own headers tell what is left of any."""
LIMIT, LEFT = "X-Bapi-Limit", "X-Bapi-Limit-Status"

SETTLE_MARGIN_NS = 2 * SECOND
"""Beyond the receive window: after so long a request that was never taken is not taken any more."""
QUERY_LAG_NS = 10 * SECOND
"""How long lists may lack an order that stands at the venue: creates are asynchronous, history is seconds late."""


def limits_of(venue: VenueConfig, categories: frozenset[str]) -> tuple[VenueLimit, ...]:
    """Return the limits of one account: those of everyone, or what the configuration says that this one has."""
    requests = venue.weight_per_minute_max // 12 or REQUESTS_PER_5S
    every_second = LINEAR_PER_SECOND if "linear" in categories else SPOT_PER_SECOND
    orders = (
        VenueLimit("new orders in 10 seconds", 10_000, venue.orders_per_10s_max, "", counts_orders=True)
        if venue.orders_per_10s_max
        else VenueLimit("new orders in 1 second", 1_000, every_second, CREATES, counts_orders=True)
    )
    day = venue.orders_per_day_max
    return (
        VenueLimit("requests in 5 seconds", 5_000, requests, ""),
        orders,
        *((VenueLimit("new orders in 1 day", 86_400_000, day, "", counts_orders=True),) if day else ()),
    )


def used_of_creates(reply: VenueReply) -> Mapping[str, str]:
    """Return how much of the limit of creates is used by the answer to one; nothing by any other answer."""
    if reply.call.path != CREATE:
        return {}
    limit, left = reply.headers.get(LIMIT, ""), reply.headers.get(LEFT, "")
    if not (is_number(limit) and is_number(left)):
        return {}
    return {CREATES: str(max(0, int(limit) - int(left)))}
