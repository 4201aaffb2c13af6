"""What portfolio publishes: positions and equity."""

from schemas.messages.base import Count, Message, Money, Text, Time


class Position(Message, frozen=True):
    """Net position in one instrument, exact: quantities and money times 10**8, in base and quote currency."""

    instrument_id: Count
    net_qty_e8: Money
    avg_px_e8: Money
    mark_px_e8: Money
    realised_pnl_e8: Money
    unrealised_pnl_e8: Money
    fees_e8: Money
    ts_event_ns: Time
    order_seq: Count = 0


class Equity(Message, frozen=True):
    """Account equity at a moment, in the quote currency: starting cash plus P&L less fees.

    `transfers_e8` is what was paid in less what was paid out, in all: part of the equity, and no profit.
    """

    ts_recv_ns: Time
    equity_e8: Money
    realised_e8: Money
    unrealised_e8: Money
    fees_e8: Money
    day_start_equity_e8: Money
    peak_equity_e8: Money
    transfers_e8: Money = 0


class EquityReset(Message, frozen=True):
    """An operator had the peak, or the day's start, begin anew at the equity of now."""

    ts_recv_ns: Time
    peak: bool
    day_start: bool
    text: Text
