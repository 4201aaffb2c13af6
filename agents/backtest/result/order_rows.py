"""Orders and own trades as rows, folded from the ORDER stream of one account.

An order's row is made when the order has ended and all that it traded has been told, so that only open orders are kept.
Positions and profits of trades are those of the average-cost method (`agents.state.positions`), as the portfolio books
them: what is paid in counts at the marks that the portfolio valued it at.

The result of a closed trade (`closed_pnl`): a fill that makes a position smaller closes a part of it. Its result is the
profit that it realises, less the commission of what it closes, less the part of earlier commissions that the closed part
has borne, by quantity. So each commission in the instrument's own currencies is counted once: the results of all closed
trades less the commissions that open positions bear are the realised profit less fees, but for funding.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from agents.amounts import parse_amount_e8
from agents.backtest.result.parquet_table import decimal_of
from agents.instruments import InstrumentInfo, InstrumentTable
from agents.state.positions import Ledger
from core.frame import Header
from schemas.messages import (
    E8,
    FundingSettled,
    InflowValued,
    Message,
    OrderFilled,
    OrderInitialized,
    OrderUpdated,
)
from schemas.orders import Liquidity, OrderStatus, Reason, Side

ENDED = frozenset({OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED})
Row = dict[str, Any]


class OrderState:
    """One order so far; times are 0 until they are known."""

    def __init__(self, event: OrderInitialized, header: Header, created_ns: int) -> None:
        """Take its first event, which is when it was sent."""
        self.event = event
        self.tick_ns, self.sent_ns = header.origin_ns, header.send_ns
        """On the monotonic clock: the tick that it rests on, and when it was sent."""
        self.created_ns = created_ns
        self.accepted_ns = 0
        self.first_fill_ns = 0
        self.ended_ns = 0
        self.status = event.status
        self.reason = 0
        self.venue_order_id = ""
        self.stated_lots = 0
        self.filled_lots = 0
        self.worth = 0
        """Price in ticks times quantity in lots of all that was filled."""

    def is_over(self) -> bool:
        """Return whether it has ended, and every fill that the venue stated has come."""
        return self.status in ENDED and self.filled_lots >= self.stated_lots


class ClosedPart:
    """Commissions that the open position of one instrument bears (`borne_e16`, in quote currency times 10**16).

    A commission in the base currency is a small sale at the fill's price; what that realises is borne as well.
    """

    def __init__(self, ledger: Ledger) -> None:
        """Begin with the ledger's position."""
        self.ledger = ledger
        self.borne_e16 = 0

    def apply(self, fill: OrderFilled) -> tuple[int, int | None]:
        """Book a fill; return what it realises, and the result of what it closes, None if it closes nothing."""
        ledger = self.ledger
        before_e8, realised_e16, fees_e16 = ledger.net_qty_e8, ledger.realised_e16, ledger.fees_e16
        ledger.apply(fill)
        qty_e8 = fill.side * fill.last_qty_lots * ledger.info.lot_e8
        gained_e16, paid_e16 = ledger.realised_e16 - realised_e16, ledger.fees_e16 - fees_e16
        if before_e8 * qty_e8 >= 0:
            self.borne_e16 += paid_e16 - gained_e16
            return gained_e16, None
        closed_e8 = min(abs(before_e8), abs(qty_e8))
        own_e16 = paid_e16 * closed_e8 // abs(qty_e8)
        share_e16 = self.borne_e16 * closed_e8 // abs(before_e8)
        self.borne_e16 += paid_e16 - own_e16 - share_e16
        return gained_e16, gained_e16 - own_e16 - share_e16


class OrderRows:
    """Folds the ORDER stream of one account, and hands out rows of orders and trades."""

    def __init__(
        self,
        table: InstrumentTable,
        venue_id: int,
        inflows: Iterable[InflowValued],
        order: Callable[[Row, OrderState], None],
        trade: Callable[[Row, OrderFilled], None],
    ) -> None:
        """Take the account's venue, what the portfolio saw come in there, and who takes the rows."""
        self._infos = table.by_id
        self._position_of = table.position_of
        self._account = next((name for name, venue in table.venues.items() if venue.id == venue_id), str(venue_id))
        self._venue_id = venue_id
        self._inflows = sorted((each for each in inflows if each.venue_id == venue_id), key=lambda each: each.order_seq)
        self._order = order
        self._trade = trade
        self._open: dict[str, OrderState] = {}
        self._closing: dict[int, ClosedPart] = {}

    @property
    def ledgers(self) -> dict[int, Ledger]:
        """What is held of each instrument by now."""
        return {number: each.ledger for number, each in self._closing.items()}

    def borne_e16(self, instrument_id: int) -> int:
        """Return the commissions that the open position of an instrument bears."""
        return self._closing[instrument_id].borne_e16

    def fold(self, records: Iterator[tuple[Header, Message]], wall_ns: Callable[[int], int]) -> None:
        """Take the whole stream; `wall_ns` tells what a time of its headers is on the wall clock."""
        for header, message in records:
            while self._inflows and self._inflows[0].order_seq <= header.seq:
                self._pay_in(self._inflows.pop(0))
            if isinstance(message, OrderInitialized):
                self._open[message.client_order_id] = OrderState(message, header, wall_ns(header.send_ns))
            elif isinstance(message, OrderUpdated):
                self._update(message)
            elif isinstance(message, OrderFilled):
                self._fill(message)
            elif isinstance(message, FundingSettled) and message.instrument_id in self._infos:
                self._part(message.instrument_id).ledger.settle(parse_amount_e8(message.amount))
        for state in self._open.values():
            self._order(self._order_row(state), state)
        self._open.clear()

    def _update(self, message: OrderUpdated) -> None:
        state = self._open.get(message.client_order_id)
        if state is None:
            return
        state.status = OrderStatus(message.status)
        state.reason = message.reason or state.reason
        state.stated_lots = max(state.stated_lots, message.cum_qty_lots)
        self._told(state, message.venue_order_id, message.ts_recv_ns)

    def _fill(self, message: OrderFilled) -> None:
        info = self._infos[message.instrument_id]
        gained_e16, closed_e16 = self._part(info.id).apply(message)
        self._trade(self._trade_row(message, info, gained_e16, closed_e16), message)
        state = self._open.get(message.client_order_id)
        if state is None:
            return
        state.status = OrderStatus(message.status)
        state.first_fill_ns = state.first_fill_ns or message.ts_recv_ns
        state.filled_lots += message.last_qty_lots
        state.worth += message.last_qty_lots * message.last_px_ticks
        self._told(state, message.venue_order_id, message.ts_recv_ns)

    def _told(self, state: OrderState, venue_order_id: str, ts_recv_ns: int) -> None:
        """Take what every word of the venue tells of an order, and hand it out if nothing more will come."""
        state.venue_order_id = venue_order_id or state.venue_order_id
        if state.status in ENDED:
            state.ended_ns = ts_recv_ns
        if state.status is not OrderStatus.REJECTED and state.venue_order_id:
            state.accepted_ns = state.accepted_ns or ts_recv_ns
        if state.is_over():
            self._order(self._order_row(state), state)
            del self._open[state.event.client_order_id]

    def _pay_in(self, inflow: InflowValued) -> None:
        for asset, amount in inflow.amounts.items():
            number = self._position_of.get((self._venue_id, asset))
            if number is not None:
                mark_e8 = parse_amount_e8(inflow.marks.get(asset, ""))
                self._part(number).ledger.pay_in(parse_amount_e8(amount), mark_e8)

    def _part(self, number: int) -> ClosedPart:
        if number not in self._closing:
            self._closing[number] = ClosedPart(Ledger(self._infos[number]))
        return self._closing[number]

    def _order_row(self, state: OrderState) -> Row:
        event, info = state.event, self._infos[state.event.instrument_id]
        average_e16 = state.worth * info.tick_e8 * E8 // state.filled_lots if state.filled_lots else None
        return {
            "client_order_id": event.client_order_id,
            "venue_order_id": state.venue_order_id or None,
            "account": self._account,
            "instrument": info.symbol,
            "strategy": event.strategy,
            "side": Side(event.side).name,
            "price": decimal_of(info.px_e8(event.price_ticks)),
            "qty": decimal_of(info.qty_e8(event.qty_lots)),
            "filled_qty": decimal_of(info.qty_e8(state.filled_lots)),
            "average_price": None if average_e16 is None else decimal_of(average_e16, 16),
            "status": state.status.name,
            "reason": Reason(state.reason).name if state.reason else None,
            "created": state.created_ns,
            "accepted": state.accepted_ns or None,
            "first_fill": state.first_fill_ns or None,
            "ended": state.ended_ns or None,
            "time_to_fill": state.first_fill_ns - state.created_ns if state.first_fill_ns else None,
        }

    def _trade_row(self, fill: OrderFilled, info: InstrumentInfo, gained_e16: int, closed_e16: int | None) -> Row:
        return {
            "time": fill.ts_recv_ns,
            "venue_time": fill.ts_event_ns,
            "account": self._account,
            "instrument": info.symbol,
            "strategy": fill.strategy,
            "client_order_id": fill.client_order_id,
            "venue_order_id": fill.venue_order_id,
            "trade_id": fill.trade_id,
            "side": Side(fill.side).name,
            "price": decimal_of(info.px_e8(fill.last_px_ticks)),
            "qty": decimal_of(info.qty_e8(fill.last_qty_lots)),
            "fee": decimal_of(fill.commission_e8),
            "fee_asset": fill.commission_asset,
            "liquidity": Liquidity(fill.liquidity).name,
            "position": decimal_of(self._closing[info.id].ledger.net_qty_e8),
            "quote": info.config.quote,
            "realised_pnl": decimal_of(gained_e16, 16),
            "closed_pnl": None if closed_e16 is None else decimal_of(closed_e16, 16),
        }
