"""Binance spot's endpoints of an account, what a call of each weighs, and how much the venue takes.

Source: binance-spot-api-docs rest-api.md (limits, and the weight of each endpoint).
"""

from agents.venues.base import VenueLimit
from schemas.config import VenueConfig
from schemas.units import DAY, MINUTE, MS

ORDER = "/api/v3/order"
AMEND = "/api/v3/order/amend/keepPriority"
OPEN_ORDERS = "/api/v3/openOrders"
TRADES = "/api/v3/myTrades"
ACCOUNT = "/api/v3/account"
TIME = "/api/v3/time"
WEIGHT_PER_MINUTE_MAX = 6_000
ORDERS_PER_10S_MAX = 100
ORDERS_PER_DAY_MAX = 200_000
"""What exchangeInfo's rateLimits say for everyone (rest-api.md, limits); the headers of each answer tell what is used."""

OPEN_ORDERS_WEIGHT, ACCOUNT_WEIGHT, TRADES_WEIGHT = 80, 20, 20
WEIGHTS = {
    ("GET", ORDER): 4,
    ("PUT", AMEND): 4,
    ("GET", OPEN_ORDERS): OPEN_ORDERS_WEIGHT,
    ("GET", TRADES): TRADES_WEIGHT,
    ("GET", ACCOUNT): ACCOUNT_WEIGHT,
}
"""Request weights by method and path; 1 for all others."""


def pass_weight(instruments: int) -> int:
    """Return what asking for open orders, balances, and the fills of so many instruments weighs."""
    return OPEN_ORDERS_WEIGHT + ACCOUNT_WEIGHT + TRADES_WEIGHT * instruments


def weight_per_minute(venue: VenueConfig) -> int:
    """Return the request weight that the venue takes in a minute."""
    return venue.weight_per_minute_max or WEIGHT_PER_MINUTE_MAX


def limits_of(venue: VenueConfig) -> tuple[VenueLimit, ...]:
    """Return the limits of one account, and where its answers tell what is used of them."""
    orders = "X-Mbx-Order-Count-"
    soon, day = venue.orders_per_10s_max or ORDERS_PER_10S_MAX, venue.orders_per_day_max or ORDERS_PER_DAY_MAX
    return (
        VenueLimit("request weight in 1 minute", MINUTE // MS, weight_per_minute(venue), "X-Mbx-Used-Weight-1M"),
        VenueLimit("new orders in 10 seconds", 10_000, soon, f"{orders}10S", counts_orders=True),
        VenueLimit("new orders in 1 day", DAY // MS, day, f"{orders}1D", counts_orders=True),
    )
