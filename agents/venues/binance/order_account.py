"""What accounts of Binance have in common, spot and futures: calls for orders, what their replies prove, orders and fills.

Orders are placed under our own client order id and looked up by it. A 4xx reply with a listed code proves that the
request was refused; -2013 says that no such order is known (yet); 5xx, -1006 and -1007 mean in the venue's own words that
the execution status is unknown. A create is never sent twice: the venue takes an id again once its order is filled.

Source: binance-spot-api-docs rest-api.md (timing security, general information on endpoints), errors.md, data sources of
REST endpoints; Binance derivatives docs, USDS-margined futures, trade.

This file is compiled (`order_account.pxd` has the C types).
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, parse_e8, refuse
from agents.venues.binance.connection_end import CONNECTION_LIFE_MS, announces_end
from agents.venues.binance.history import TimeData
from agents.venues.binance.order_answers import AnswerReader, Traded
from agents.venues.binance.spot_data import (
    REASONS,
    SIDES,
    FillData,
    OrderData,
    status_of,
    time_in_force_of,
)
from agents.venues.port import TradingAccount
from agents.venues.reports import CallResult, ExecutionEvent, FillPage, FillReport, OrderReport, Verdict
from mesh.context import CallOutcome, VenueCall, VenueReply
from schemas.config import VenueConfig
from schemas.errors import VenueError
from schemas.orders import Liquidity, Reason, Side, TimeInForce
from schemas.units import MS

TRADES_MAX = 1000
"""Trades in one answer at most; so many mean that there may be more."""
ENGINE_TIMEOUT_NS = 10_000 * MS
"""After so long the venue itself gives up on its matching engine (-1007)."""
LIQUIDATION = "CALCULATED"
"""The execution type of what the venue itself closes of a position in contracts."""
QUERY_LAG_NS_MAX = 30_000 * MS
"""How long queries and lists may lack an order that stands at the venue. They are answered from memory or the database,
with a delay that the venue calls normal and expected, without a bound; this one is ours."""

_ACCEPTED = Verdict(CallResult.ACCEPTED)
_ANSWERED = CallOutcome.ANSWERED
_ORDER = msgspec.json.Decoder(OrderData)
_ORDERS = msgspec.json.Decoder(list[OrderData])
_TIME = msgspec.json.Decoder(TimeData)


class MarketTerms(msgspec.Struct, frozen=True):
    """What differs between the markets in what all accounts do: where it is, how it is written, and what proves what."""

    order: str
    open_orders: str
    all_orders: str
    """Where all orders in an instrument are canceled."""
    trades: str
    time: str
    weights: Mapping[tuple[str, str], int]
    """Request weights by method and path; 1 for all others."""
    create_terms: Mapping[TimeInForce, Mapping[str, str]]
    """What a create says of how long its order rests, and of the answer that is wanted."""
    trade_decoder: Any
    """Reads a list of fills, with the fields of `spot_data.AccountTradeData`."""
    error_verdict: Callable[[VenueReply], Verdict]
    """What a reply proves whose status is not 2xx."""
    has_reduce_only: bool = False
    """Whether a create may say that its order must only reduce a position."""


class BinanceAccount(TradingAccount):
    """Builds the calls of one account and reads their replies; holds no state of orders.

    The accounts of the markets derive from it, and have balances, the private stream, and what else there is.
    """

    def __init__(
        self, venue: VenueConfig, instruments: list[InstrumentInfo], market: MarketTerms, **terms: Any
    ) -> None:
        """Take the account, the instruments that may be traded on it, and those terms of the port that are the market's."""
        super().__init__(
            # The venue's receive window, its engine's timeout, and a second for the clocks.
            settle_ns=venue.settle_ms * MS or venue.recv_window_ms * MS + ENGINE_TIMEOUT_NS + 1_000 * MS,
            query_lag_ns=QUERY_LAG_NS_MAX,
            has_cancel_all=True,
            connection_life_ms=CONNECTION_LIFE_MS,
            **terms,
        )
        self._market = market
        self._order_path = market.order
        self._reduces = market.has_reduce_only
        self._timeout_ms = venue.request_timeout_ms
        self._by_symbol = {info.venue_symbol: Traded(info, market.create_terms) for info in instruments}
        self._by_id = {traded.id: traded for traded in self._by_symbol.values()}
        self._answers = AnswerReader(self._by_symbol.values())

    # Calls

    def weight_of(self, call: VenueCall) -> int:
        """Return the request weight of a call."""
        return self._market.weights.get((call.method, call.path), 1)

    def time_call(self) -> VenueCall:
        """Return the call that asks for the venue's time."""
        return VenueCall("GET", self._market.time, {}, False, self._timeout_ms)

    def create(
        self, info: InstrumentInfo, client_order_id: str, side: int, qty_lots: int, price_ticks: int, time_in_force: int,
        reduce_only: bool = False,
    ) -> VenueCall:  # fmt: skip
        """Return the call that places a limit order; how GTX is written is the market's."""
        traded: Traded = self._by_id[info.id]
        params = traded.create_params(side, time_in_force)
        params["quantity"] = traded.qty.format(qty_lots)
        params["price"] = traded.price.format(price_ticks)
        params["newClientOrderId"] = client_order_id
        if reduce_only and self._reduces:
            params["reduceOnly"] = "true"
        return self._signed("POST", self._order_path, params)

    def cancel(self, info: InstrumentInfo, client_order_id: str, venue_order_id: str = "") -> VenueCall:
        """Return the call that cancels an order, by the venue's id if it is given."""
        return self._signed("DELETE", self._order_path, self._order_key(info, client_order_id, venue_order_id))

    def cancel_all(self, info: InstrumentInfo) -> VenueCall:
        """Return the call that cancels all orders in an instrument."""
        return self._signed("DELETE", self._market.all_orders, {"symbol": info.venue_symbol})

    def query(self, info: InstrumentInfo, client_order_id: str, venue_order_id: str = "") -> VenueCall:
        """Return the call that asks for one order, by the venue's id if it is given."""
        return self._signed("GET", self._order_path, self._order_key(info, client_order_id, venue_order_id))

    def open_orders(self) -> VenueCall:
        """Return the call for all open orders of the account."""
        return self._signed("GET", self._market.open_orders, {})

    def fills_of(self, info: InstrumentInfo, venue_order_id: str) -> VenueCall:
        """Return the call for the fills of one order."""
        params = {"symbol": info.venue_symbol, "orderId": venue_order_id, "limit": str(TRADES_MAX)}
        return self._signed("GET", self._market.trades, params)

    def fills_since(self, info: InstrumentInfo, cursor: str, since_ns: int) -> VenueCall:
        """Return the call for the fills from the trade id `cursor` on, or from a time on while there is none."""
        params = {"symbol": info.venue_symbol, "limit": str(TRADES_MAX)}
        if cursor:
            params["fromId"] = cursor
        else:
            params["startTime"] = str(since_ns // MS)
        return self._signed("GET", self._market.trades, params)

    def _order_key(self, info: InstrumentInfo, client_order_id: str, venue_order_id: str) -> dict[str, str]:
        if venue_order_id:
            return {"symbol": info.venue_symbol, "orderId": venue_order_id}
        return {"symbol": info.venue_symbol, "origClientOrderId": client_order_id}

    def _signed(self, method: str, path: str, params: dict[str, str]) -> VenueCall:
        return VenueCall(method, path, params, True, self._timeout_ms)

    # Replies

    def order_verdict(self, reply: VenueReply) -> Verdict:
        """Return what the reply to a create, a cancel or a query proves."""
        proof = self.proof(reply)
        if proof is not _ACCEPTED:
            return proof
        body = reply.body
        verdict = self._answers.read(body)
        return self.decoded(body) if verdict is None else verdict

    def decoded(self, body: bytes) -> Verdict:
        """Return what an answer states by the typed decoder, which reads whatever the venue may write."""
        try:
            data = _ORDER.decode(body)
            order = self._order(data)
            fills = tuple([self._create_fill(order, fill) for fill in data.fills])
        except DECODE_ERRORS as error:
            return Verdict(CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN, f"answer not understood: {error}")
        return Verdict(CallResult.ACCEPTED, Reason.NONE, "", order, fills)

    def proof(self, reply: VenueReply) -> Verdict:
        """Return what status and error code of a reply prove; the body of a 2xx reply is not looked at."""
        if reply.outcome is _ANSWERED:
            return _ACCEPTED if 200 <= reply.status < 300 else self._market.error_verdict(reply)
        if reply.outcome == CallOutcome.NOT_SENT:
            return Verdict(CallResult.NOT_SENT, Reason.VENUE_UNREACHABLE, reply.text)
        return Verdict(CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN, reply.text)

    def orders(self, body: bytes) -> tuple[list[OrderReport], int]:
        """Return the open orders in a reply, and how many are of instruments that are not configured.

        Raises:
            VenueError: If the reply is not what the venue documents.
        """
        try:
            found = _ORDERS.decode(body)
            known = [self._order(data) for data in found if data.symbol in self._by_symbol]
        except DECODE_ERRORS as error:
            raise refuse(error, "open orders") from error
        return known, len(found) - len(known)

    def fills(self, info: InstrumentInfo, body: bytes) -> FillPage:
        """Return the fills in a reply, oldest first.

        The next page begins with the last trade of this one: of a self-trade that one may hold one side only.

        Raises:
            VenueError: If the reply is not what the venue documents.
        """
        try:
            found = sorted(self._market.trade_decoder.decode(body), key=lambda data: data.trade_id)
            fills = tuple([self._fill(info, data) for data in found])
        except DECODE_ERRORS as error:
            raise refuse(error, f"trades of {info.symbol}") from error
        if not found:
            return FillPage(())
        last = found[len(found) - 1].trade_id
        return FillPage(fills, str(last + 1), len(found) >= TRADES_MAX, str(last))

    def venue_time_ns(self, body: bytes) -> int:
        """Return the venue's time, in whole milliseconds.

        Raises:
            VenueError: If the reply is not what the venue documents.
        """
        try:
            return _TIME.decode(body).server_ms * MS
        except DECODE_ERRORS as error:
            raise refuse(error, "time") from error

    def ends_soon(self, frame: bytes) -> bool:
        """Return whether a frame is the `serverShutdown` event."""
        return announces_end(frame)

    def _execution(self, data: Any) -> ExecutionEvent:
        traded: Traded = self._by_symbol[data.symbol]
        order = OrderReport(
            traded.id,
            data.original_client_order_id or data.client_order_id,
            str(data.venue_order_id),
            status_of(data.status),
            SIDES[data.side],
            traded.qty.parse(data.qty),
            traded.price.parse(data.price),
            time_in_force_of(data.type, data.time_in_force),
            traded.qty.parse(data.cum_qty),
            data.transact_ms * MS,
            REASONS.get(data.status, Reason.NONE),
            "" if data.refusal == "NONE" else data.refusal,
        )
        if data.execution != "TRADE" and (data.execution != LIQUIDATION or not traded.qty.parse(data.last_qty)):
            return ExecutionEvent(order)
        if data.trade_id < 0:
            raise VenueError(f"trade id {data.trade_id} of order {data.venue_order_id}")
        return ExecutionEvent(order, self._last_fill(traded, order, data))

    def _last_fill(self, traded: Traded, order: OrderReport, data: Any) -> FillReport:
        return FillReport(
            traded.id,
            order.venue_order_id,
            str(data.trade_id),
            order.side,
            traded.qty.parse(data.last_qty),
            traded.price.parse(data.last_price),
            parse_e8(data.commission),
            data.commission_asset or "",
            Liquidity.MAKER if data.is_maker else Liquidity.TAKER,
            data.transact_ms * MS,
            data.forced,
        )

    def _order(self, data: OrderData) -> OrderReport:
        traded: Traded | None = self._by_symbol.get(data.symbol)
        if traded is None:
            raise VenueError(f"order of {data.symbol}, which is not configured")
        return OrderReport(
            traded.id,
            data.canceled_client_order_id or data.client_order_id,
            str(data.venue_order_id),
            status_of(data.status),
            SIDES[data.side],
            traded.qty.parse(data.qty),
            traded.price.parse(data.price),
            time_in_force_of(data.type, data.time_in_force),
            traded.qty.parse(data.cum_qty),
            (data.transact_ms or data.update_ms) * MS,
            REASONS.get(data.status, Reason.NONE),
        )

    def _create_fill(self, order: OrderReport, data: FillData) -> FillReport:
        traded: Traded = self._by_id[order.instrument_id]
        return FillReport(
            traded.id,
            order.venue_order_id,
            str(data.trade_id),
            order.side,
            traded.qty.parse(data.qty),
            traded.price.parse(data.price),
            parse_e8(data.commission),
            data.commission_asset,
            Liquidity.TAKER,
            order.ts_event_ns,
        )

    def _fill(self, info: InstrumentInfo, data: Any) -> FillReport:
        return FillReport(
            instrument_id=info.id,
            venue_order_id=str(data.venue_order_id),
            trade_id=str(data.trade_id),
            side=Side.BUY if data.is_buyer else Side.SELL,
            qty_lots=info.qty.parse(data.qty),
            price_ticks=info.price.parse(data.price),
            commission_e8=parse_e8(data.commission),
            commission_asset=data.commission_asset,
            liquidity=Liquidity.MAKER if data.is_maker else Liquidity.TAKER,
            ts_event_ns=data.trade_ms * MS,
        )
