"""Binance USDT-M's endpoints of an account, what a call of each weighs, and how much the venue takes.

A create or an amend that is taken weighs nothing, and counts as an order of ten seconds and of a minute; there is no limit
by the day. Orders of COIN-M, and calls of other accounts of this address, count together with these.

Source: Binance derivatives docs, USDS-margined futures, trade and account endpoints, general info (limits).
"""

from agents.venues.base import VenueLimit
from schemas.config import VenueConfig
from schemas.units import DAY, MINUTE, MS

ORDER = "/fapi/v1/order"
OPEN_ORDERS = "/fapi/v1/openOrders"
ALL_ORDERS = "/fapi/v1/allOpenOrders"
TRADES = "/fapi/v1/userTrades"
ACCOUNT = "/fapi/v3/account"
BALANCE = "/fapi/v3/balance"
INCOME = "/fapi/v1/income"
POSITIONS = "/fapi/v3/positionRisk"
ACCOUNT_CONFIG = "/fapi/v1/accountConfig"
SYMBOL_CONFIG = "/fapi/v1/symbolConfig"
LISTEN_KEY = "/fapi/v1/listenKey"
COUNTDOWN = "/fapi/v1/countdownCancelAll"
TIME = "/fapi/v1/time"

WEIGHT_PER_MINUTE_MAX = 2_400
ORDERS_PER_10S_MAX = 300
MINUTE_SHARE = 4
"""Orders of a minute are so many times those of ten seconds (1,200 of 300)."""

OPEN_ORDERS_WEIGHT, ACCOUNT_WEIGHT, TRADES_WEIGHT = 40, 5, 5
WEIGHTS = {
    ("POST", ORDER): 0,
    ("PUT", ORDER): 0,
    ("GET", OPEN_ORDERS): OPEN_ORDERS_WEIGHT,
    ("GET", TRADES): TRADES_WEIGHT,
    ("GET", ACCOUNT): ACCOUNT_WEIGHT,
    ("GET", BALANCE): ACCOUNT_WEIGHT,
    ("GET", INCOME): 30,
    ("GET", POSITIONS): ACCOUNT_WEIGHT,
    ("GET", ACCOUNT_CONFIG): ACCOUNT_WEIGHT,
    ("GET", SYMBOL_CONFIG): ACCOUNT_WEIGHT,
    ("POST", COUNTDOWN): 10,
}
"""Request weights by method and path; 1 for all others."""


def pass_weight(instruments: int) -> int:
    """Return what asking for open orders, balances, positions, and the fills of so many instruments weighs."""
    return OPEN_ORDERS_WEIGHT + 2 * ACCOUNT_WEIGHT + TRADES_WEIGHT * instruments


def weight_per_minute(venue: VenueConfig) -> int:
    """Return the request weight that the venue takes in a minute."""
    return venue.weight_per_minute_max or WEIGHT_PER_MINUTE_MAX


def limits_of(venue: VenueConfig) -> tuple[VenueLimit, ...]:
    """Return the limits of one account, and where its answers tell what is used of them."""
    orders = "X-Mbx-Order-Count-"
    soon, day = venue.orders_per_10s_max or ORDERS_PER_10S_MAX, venue.orders_per_day_max
    return (
        VenueLimit("request weight in 1 minute", MINUTE // MS, weight_per_minute(venue), "X-Mbx-Used-Weight-1M"),
        VenueLimit("new orders in 10 seconds", 10_000, soon, f"{orders}10S", counts_orders=True),
        VenueLimit("new orders in 1 minute", MINUTE // MS, MINUTE_SHARE * soon, f"{orders}1M", counts_orders=True),
        *((VenueLimit("new orders in 1 day", DAY // MS, day, "", counts_orders=True),) if day else ()),
    )
