"""What portfolio publishes: positions, equity, what that is measured from; and what venues say of accounts on margin."""

from schemas.messages.base import Count, Message, Money, Text, Time


class Position(Message, frozen=True):
    """Net position in one instrument: quantities and money times 10**8, in base and quote currency.

    `net_qty`, `avg_px` and `mark_px` are the same as decimals, exact at any size (the average to 16 decimals). The integers
    are rounded down, and stop at the bounds of 64 bits: 92.2 thousand million units are no position of the cheapest coins.
    `funding_e8` is the part of the realised profit that funding of a contract was.
    """

    instrument_id: Count
    net_qty_e8: Money
    avg_px_e8: Money
    mark_px_e8: Money
    realised_pnl_e8: Money
    unrealised_pnl_e8: Money
    fees_e8: Money
    ts_event_ns: Time
    order_seq: Count = 0
    net_qty: str = ""
    avg_px: str = ""
    mark_px: str = ""
    funding_e8: Money = 0


class Equity(Message, frozen=True):
    """Equity of accounts at a moment, in the desk's currency: what they hold, valued at the marks.

    Of all accounts that a portfolio follows it is on the stream of no venue; where it follows several, each one's own is on
    the stream of its venue, measured from its own day's start and peak.

    It is `opening_e8`, what they held at the first agreement with their venues, and P&L less fees since, and
    `transfers_e8`: what was paid in less what was paid out, in all, which is part of the equity and no profit. What
    contracts had gained before is part of the opening, so P&L counts from there; each `Position` counts from its entry.
    """

    ts_recv_ns: Time
    equity_e8: Money
    realised_e8: Money
    unrealised_e8: Money
    fees_e8: Money
    day_start_equity_e8: Money
    peak_equity_e8: Money
    transfers_e8: Money = 0
    opening_e8: Money = 0


class EquityReset(Message, frozen=True):
    """The peak, or the day's start, begins anew at the equity of now, on an operator's word."""

    ts_recv_ns: Time
    peak: bool
    day_start: bool
    text: Text


class InflowValued(Message, frozen=True):
    """What came into an account by no trade, by the order event `order_seq`, and what it is worth, which is `value_e8`.

    `opening` is what the account held when it first agreed with its venue, else it is a transfer. `amounts` are decimals by
    asset (negative: paid out), `marks` the prices that they were valued at; what has none there counts as worth nothing.
    A contract that was held at the opening stands by the instrument's name, worth what it had gained since its entry.
    """

    ts_recv_ns: Time
    venue_id: Count
    order_seq: Count
    opening: bool
    amounts: dict[str, str]
    marks: dict[str, str]
    value_e8: Money


class PositionMargin(Message, frozen=True):
    """One position on margin as its venue states it: negative if it is short; prices times 10**8, 0 where it has none.

    `leverage_e8` is what it is margined by, times 10**8; `isolated` says that only its own margin stands for it.
    """

    instrument_id: Count
    qty_lots: Money
    entry_px_e8: Money
    mark_px_e8: Money
    liquidation_px_e8: Money
    leverage_e8: Money
    isolated: bool = False


class AccountMargin(Message, frozen=True):
    """What an account on margin has, needs and may still use, by its venue's word, in `currency`.

    `available_e8` is what new positions may be margined by, `initial_e8` and `maintenance_e8` what those that are held
    need. `leverages_e8` are the leverages that hold for new positions, by instrument number.
    """

    ts_recv_ns: Time
    currency: str
    equity_e8: Money
    available_e8: Money
    initial_e8: Money
    maintenance_e8: Money
    positions: tuple[PositionMargin, ...] = ()
    leverages_e8: dict[Count, Money] = {}
