"""Orders: sides, times in force, trading modes, states, and which state may follow which.

The states are those of FIX and of the venues, plus UNKNOWN: the request was sent and its outcome cannot be proven. An
UNKNOWN order counts fully against every limit and leaves that state only by evidence from the venue (a query, a fill, an
account snapshot), never by a timeout.

Other systems have more states, which nothing here could be in. DENIED: a signal that risk denies never becomes an order;
the denial is a message of its own, with its reason. TRIGGERED and PENDING_UPDATE: a stop becomes an order when it is
triggered, and of an order that is amended the old one ends and a new one is there. What some call ACCEPTED is NEW, as in
FIX and at the venues.
"""

from enum import IntEnum, IntFlag


class Side(IntEnum):
    """Side of an order or of an aggressor; the sign of a position that it opens."""

    BUY = 1
    SELL = -1


class TradingMode(IntEnum):
    """What may be ordered: everything, only what reduces a position, or nothing; cancels may in every mode.

    HALTED lets an order through that an operator asked for to close a position (`ExecInst.CLOSE`), and no other.
    """

    ACTIVE = 0
    REDUCING = 1
    HALTED = 2


class ExecInst(IntFlag):
    """How an order is to be handled (FIX tag 18): it may only reduce the position; it closes one on an operator's word."""

    REDUCE_ONLY = 1
    CLOSE = 2


class TimeInForce(IntEnum):
    """How long an order rests: till canceled, not at all, all or nothing, or only if it would be maker."""

    GTC = 1
    IOC = 2
    FOK = 3
    GTX = 4


class Liquidity(IntEnum):
    """Whether a fill took liquidity or made it."""

    UNSTATED = 0
    MAKER = 1
    TAKER = 2


class OrderStatus(IntEnum):
    """State of an order as execution knows it."""

    INITIALIZED = 1
    SUBMITTED = 2
    NEW = 3
    PARTIALLY_FILLED = 4
    PENDING_CANCEL = 5
    UNKNOWN = 6
    FILLED = 7
    CANCELED = 8
    REJECTED = 9
    EXPIRED = 10


_S = OrderStatus
_VENUE_ANSWERS = frozenset({_S.NEW, _S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELED, _S.REJECTED, _S.EXPIRED})

TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    _S.INITIALIZED: _VENUE_ANSWERS | {_S.SUBMITTED, _S.UNKNOWN},
    _S.SUBMITTED: _VENUE_ANSWERS | {_S.UNKNOWN, _S.PENDING_CANCEL},
    _S.NEW: frozenset(
        {_S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELED, _S.REJECTED, _S.EXPIRED, _S.PENDING_CANCEL, _S.UNKNOWN}
    ),
    _S.PARTIALLY_FILLED: frozenset(
        {_S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELED, _S.EXPIRED, _S.PENDING_CANCEL, _S.UNKNOWN}
    ),
    _S.PENDING_CANCEL: frozenset(
        {_S.NEW, _S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELED, _S.REJECTED, _S.EXPIRED, _S.UNKNOWN}
    ),
    _S.UNKNOWN: _VENUE_ANSWERS | {_S.PENDING_CANCEL},
    _S.FILLED: frozenset(),
    _S.CANCELED: frozenset({_S.NEW, _S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELED}),
    _S.REJECTED: frozenset({_S.NEW, _S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELED, _S.EXPIRED}),
    _S.EXPIRED: frozenset({_S.PARTIALLY_FILLED, _S.FILLED, _S.EXPIRED}),
}
"""Legal next states. Fills after CANCELED, REJECTED or EXPIRED are real: the fill was on its way. A fill that leaves a
canceled or expired order partly filled keeps it in that state (its `cum_qty` grows). NEW follows CANCELED only where the
cancel was concluded from the venue not knowing the order (ORDER_NOT_FOUND) and the venue then knows it again."""

TERMINAL: frozenset[OrderStatus] = frozenset({_S.FILLED, _S.CANCELED, _S.REJECTED, _S.EXPIRED})
"""States in which the order cannot trade any more, as far as the venue has told."""

OPEN: frozenset[OrderStatus] = frozenset(OrderStatus) - TERMINAL
"""States that still bind risk: every one in which the order may trade or may have traded."""


class Reason(IntEnum):
    """Why a signal was denied or an order was not carried out; the code is stable, the name is what people read."""

    NONE = 0
    ORDER_QTY_BELOW_MINIMUM = 1
    ORDER_QTY_ABOVE_MAXIMUM = 2
    NOTIONAL_BELOW_MINIMUM = 3
    NOTIONAL_ABOVE_MAXIMUM = 4
    MAX_POSITION = 5
    MAX_OPEN_ORDERS = 6
    MAX_EXPOSURE_GROSS = 7
    MAX_EXPOSURE_NET = 8
    ORDER_RATE = 9
    PRICE_COLLAR = 10
    DAILY_LOSS = 11
    DRAWDOWN = 12
    CORRELATION = 13
    STALE_MARKET_DATA = 14
    BOOK_INVALID = 15
    DUPLICATE_ID = 16
    SELF_TRADE = 17
    UNKNOWN_ORDERS_OUTSTANDING = 18
    HALTED = 19
    INSTRUMENT_NOT_FOUND = 20
    INVALID_PRICE = 21
    INVALID_SIDE = 22
    UNSUPPORTED_TIME_IN_FORCE = 23
    RECONCILING = 24
    EXECUTION_UNAVAILABLE = 25
    INSUFFICIENT_BALANCE = 26
    DEADLINE_EXPIRED = 27
    PORTFOLIO_UNAVAILABLE = 28
    SHORT_NOT_ALLOWED = 29
    ORDER_QTY_NOT_A_MULTIPLE = 30
    INSTRUMENT_NOT_USABLE = 31
    TRADING_REDUCING = 32
    VENUE_CLOCK = 33
    PRICE_BAND = 34
    BREAKER_OPEN = 35
    NOT_OWN_ORDER = 36
    MARKET_LAG = 37
    RECONCILIATION_TROUBLE = 38
    DOES_NOT_REDUCE = 39
    VENUE_REJECTED = 40
    VENUE_RATE_LIMIT = 41
    VENUE_UNREACHABLE = 42
    NEVER_REACHED_VENUE = 43
    ORDER_NOT_FOUND = 44
    ALREADY_TERMINAL = 45
    FENCED = 46
    OUTCOME_UNKNOWN = 47
    NOT_APPROVED = 48
    BRACKET_NOT_KEPT = 50
    MAX_EXPOSURE_COIN = 51
    CURRENCY_DEPEGGED = 52
    INSUFFICIENT_MARGIN = 53
    LIQUIDATION_NEAR = 54
    UNSUPPORTED_EXEC_INST = 49
    CANCELED_BY_STRATEGY = 60
    CANCELED_BY_OPERATOR = 61
    CANCELED_BY_VENUE = 62
    SELF_TRADE_PREVENTED = 63
    LIFETIME_EXPIRED = 64
    CANCELED_BY_LIMIT = 65
    STRATEGY_GONE = 66
    RISK_GONE = 67
    MARKET_DATA_GONE = 68
    CANCELED_AT_STOP = 69
    CANCELED_AT_START = 70
    CANCELED_BY_REAPER = 71
    CANCELED_BY_OTHER_LEG = 72
    REPLACED = 73


CANCEL_REASONS: frozenset[Reason] = frozenset(
    {
        Reason.CANCELED_BY_STRATEGY,
        Reason.CANCELED_BY_OPERATOR,
        Reason.LIFETIME_EXPIRED,
        Reason.CANCELED_BY_LIMIT,
        Reason.STRATEGY_GONE,
        Reason.RISK_GONE,
        Reason.MARKET_DATA_GONE,
        Reason.CANCELED_AT_STOP,
        Reason.CANCELED_AT_START,
        Reason.CANCELED_BY_REAPER,
        Reason.CANCELED_BY_OTHER_LEG,
        Reason.REPLACED,
    }
)
"""Why we have an order canceled, in distinction from what the venue does of itself."""
