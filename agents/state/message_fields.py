"""The fields of messages that compiled code reads for each tick, signal and order, grouped by message.

A message is a Struct, and a Struct's attribute is looked up by name; a reader takes it from its place in the object
(`core.struct_field`). Here is every pair of message and field that is read so, once: `SIGNAL.side.of(signal)` is the value
as it is, `SIGNAL.side.int_of(signal)` its number in C. A module that reads a message imports its group, and names the
group's type in its table of C types, so that a reader is one pointer further than a reader of its own would be.

This stands with what roles share, not in `core`: only the roles read messages so, and `core` knows of no trading. A field
that is read seldom needs no reader. This file is compiled (`message_fields.pxd` has the C types).
"""

from core.struct_field import StructField
from schemas.messages import (
    Approved,
    BookDelta,
    Denied,
    Equity,
    MarkPrice,
    OrderFilled,
    OrderInitialized,
    OrderUpdated,
    Quote,
    Signal,
    SubmitOrder,
    Trade,
)


class TradeFields:
    """The fields of a `Trade`."""

    def __init__(self) -> None:
        """Find them."""
        self.ts_event_ns = StructField(Trade, "ts_event_ns")
        self.ts_recv_ns = StructField(Trade, "ts_recv_ns")
        self.price_ticks = StructField(Trade, "price_ticks")
        self.qty_lots = StructField(Trade, "qty_lots")
        self.trade_id = StructField(Trade, "trade_id")


class BookDeltaFields:
    """The fields of a `BookDelta`."""

    def __init__(self) -> None:
        """Find them."""
        self.ts_event_ns = StructField(BookDelta, "ts_event_ns")
        self.ts_recv_ns = StructField(BookDelta, "ts_recv_ns")


class QuoteFields:
    """The fields of a `Quote`."""

    def __init__(self) -> None:
        """Find them."""
        self.ts_event_ns = StructField(Quote, "ts_event_ns")
        self.ts_recv_ns = StructField(Quote, "ts_recv_ns")
        self.update_id = StructField(Quote, "update_id")
        self.bid_ticks = StructField(Quote, "bid_ticks")
        self.bid_lots = StructField(Quote, "bid_lots")
        self.ask_ticks = StructField(Quote, "ask_ticks")
        self.ask_lots = StructField(Quote, "ask_lots")


class MarkPriceFields:
    """The fields of a `MarkPrice`."""

    def __init__(self) -> None:
        """Find them."""
        self.mark_e8 = StructField(MarkPrice, "mark_e8")


class SignalFields:
    """The fields of a `Signal`."""

    def __init__(self) -> None:
        """Find them."""
        self.signal_id = StructField(Signal, "signal_id")
        self.strategy = StructField(Signal, "strategy")
        self.instrument_id = StructField(Signal, "instrument_id")
        self.side = StructField(Signal, "side")
        self.qty_lots = StructField(Signal, "qty_lots")
        self.price_ticks = StructField(Signal, "price_ticks")
        self.time_in_force = StructField(Signal, "time_in_force")
        self.causes = StructField(Signal, "causes")
        self.exec_inst = StructField(Signal, "exec_inst")
        self.lifetime_ms = StructField(Signal, "lifetime_ms")
        self.take_profit_ticks = StructField(Signal, "take_profit_ticks")
        self.stop_ticks = StructField(Signal, "stop_ticks")
        self.replaces = StructField(Signal, "replaces")


class DecisionOrigin:
    """Where a decision of one type says which signal it is about."""

    def __init__(self, owner: type[Approved] | type[Denied]) -> None:
        """Find the fields."""
        self.signal_id = StructField(owner, "signal_id")
        self.signal_sender = StructField(owner, "signal_sender")
        self.signal_epoch = StructField(owner, "signal_epoch")


class OrderTerms:
    """Where a message of one type has the terms of its order."""

    def __init__(self, owner: type[Approved] | type[OrderInitialized]) -> None:
        """Find the fields."""
        self.client_order_id = StructField(owner, "client_order_id")
        self.strategy = StructField(owner, "strategy")
        self.instrument_id = StructField(owner, "instrument_id")
        self.side = StructField(owner, "side")
        self.qty_lots = StructField(owner, "qty_lots")
        self.price_ticks = StructField(owner, "price_ticks")
        self.time_in_force = StructField(owner, "time_in_force")
        self.exec_inst = StructField(owner, "exec_inst")
        self.lifetime_ms = StructField(owner, "lifetime_ms")
        self.take_profit_ticks = StructField(owner, "take_profit_ticks")
        self.stop_ticks = StructField(owner, "stop_ticks")
        self.replaces = StructField(owner, "replaces")


class SubmitOrderFields:
    """The fields of a `SubmitOrder`."""

    def __init__(self) -> None:
        """Find them."""
        self.decision = StructField(SubmitOrder, "decision")


class OrderInitializedFields(OrderTerms):
    """The fields of an `OrderInitialized`."""

    def __init__(self) -> None:
        """Find them."""
        super().__init__(OrderInitialized)
        self.causes = StructField(OrderInitialized, "causes")
        self.external = StructField(OrderInitialized, "external")
        self.approver = StructField(OrderInitialized, "approver")
        self.parent = StructField(OrderInitialized, "parent")


class OrderUpdatedFields:
    """The fields of an `OrderUpdated`."""

    def __init__(self) -> None:
        """Find them."""
        self.client_order_id = StructField(OrderUpdated, "client_order_id")
        self.status = StructField(OrderUpdated, "status")
        self.venue_order_id = StructField(OrderUpdated, "venue_order_id")
        self.cum_qty_lots = StructField(OrderUpdated, "cum_qty_lots")
        self.reason = StructField(OrderUpdated, "reason")


class OrderFilledFields:
    """The fields of an `OrderFilled`."""

    def __init__(self) -> None:
        """Find them."""
        self.client_order_id = StructField(OrderFilled, "client_order_id")
        self.instrument_id = StructField(OrderFilled, "instrument_id")
        self.side = StructField(OrderFilled, "side")
        self.status = StructField(OrderFilled, "status")
        self.venue_order_id = StructField(OrderFilled, "venue_order_id")
        self.trade_id = StructField(OrderFilled, "trade_id")
        self.last_qty_lots = StructField(OrderFilled, "last_qty_lots")
        self.last_px_ticks = StructField(OrderFilled, "last_px_ticks")
        self.cum_qty_lots = StructField(OrderFilled, "cum_qty_lots")
        self.commission_e8 = StructField(OrderFilled, "commission_e8")
        self.commission_asset = StructField(OrderFilled, "commission_asset")


class EquityFields:
    """The fields of an `Equity`."""

    def __init__(self) -> None:
        """Find them."""
        self.equity_e8 = StructField(Equity, "equity_e8")
        self.day_start_equity_e8 = StructField(Equity, "day_start_equity_e8")
        self.peak_equity_e8 = StructField(Equity, "peak_equity_e8")


TRADE = TradeFields()
BOOK_DELTA = BookDeltaFields()
QUOTE = QuoteFields()
MARK_PRICE = MarkPriceFields()
SIGNAL = SignalFields()
APPROVED = OrderTerms(Approved)
APPROVED_ORIGIN = DecisionOrigin(Approved)
DENIED_ORIGIN = DecisionOrigin(Denied)
SUBMIT_ORDER = SubmitOrderFields()
ORDER_INITIALIZED = OrderInitializedFields()
ORDER_UPDATED = OrderUpdatedFields()
ORDER_FILLED = OrderFilledFields()
EQUITY = EquityFields()
