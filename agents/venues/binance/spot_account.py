"""Binance spot account: REST calls for orders, what their replies prove, and the events of the private stream.

Orders are placed under our own client order id and looked up by it. A 4xx reply with a listed code proves that the
request was refused; -2013 says that no such order is known (yet); 5xx, -1006 and -1007 mean in the venue's own words that
the execution status is unknown. A create is never sent twice: the venue takes an id again once its order is filled.

Source: binance-spot-api-docs rest-api.md (timing security, general information on endpoints), errors.md,
user-data-stream.md, web-socket-api.md (signed requests, user data stream subscriptions), data sources of REST endpoints.

This file is compiled (`spot_account.pxd` has the C types).
"""

from collections.abc import Sequence

import msgspec

from agents.amounts import parse_amount_e8
from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, StreamRequest, parse_e8, refuse
from agents.venues.binance.connection_end import CONNECTION_LIFE_MS, announces_end
from agents.venues.binance.history import TimeData
from agents.venues.binance.spot_answers import AnswerReader, Traded
from agents.venues.binance.spot_data import (
    REASONS,
    SIDES,
    AccountData,
    AccountTradeData,
    BalanceData,
    BalanceUpdateData,
    EventName,
    FillData,
    OrderData,
    PositionBalanceData,
    PositionData,
    PrivateFrame,
    ReportData,
    status_of,
    time_in_force_of,
)
from agents.venues.binance.spot_errors import SUBSCRIPTION_ACTIVE, error_verdict
from agents.venues.binance.spot_limits import (
    ACCOUNT,
    ENGINE_TIMEOUT_NS,
    OPEN_ORDERS,
    ORDER,
    QUERY_LAG_NS_MAX,
    TIME,
    TRADES,
    WEIGHTS,
    limits_of,
    pass_weight,
    weight_per_minute,
)
from agents.venues.port import TradingAccount
from agents.venues.reports import (
    BalanceReport,
    BalancesChanged,
    CallResult,
    ExecutionEvent,
    FillPage,
    FillReport,
    OrderReport,
    PrivateEvent,
    StreamEnded,
    SubscriptionReply,
    TransferReport,
    Verdict,
)
from mesh.context import CallOutcome, VenueCall, VenueReply
from schemas.config import VenueConfig
from schemas.errors import VenueError
from schemas.orders import Liquidity, Reason, Side
from schemas.units import MS

WS_API_URL = "wss://ws-api.binance.com:443/ws-api/v3"
TRADES_MAX = 1000
"""Trades in one answer at most; so many mean that there may be more."""

_ACCEPTED = Verdict(CallResult.ACCEPTED)
_ANSWERED = CallOutcome.ANSWERED
_ORDER = msgspec.json.Decoder(OrderData)
_ORDERS = msgspec.json.Decoder(list[OrderData])
_TRADES = msgspec.json.Decoder(list[AccountTradeData])
_ACCOUNT = msgspec.json.Decoder(AccountData)
_REPORT = msgspec.json.Decoder(ReportData)
_POSITION = msgspec.json.Decoder(PositionData)
_TIME = msgspec.json.Decoder(TimeData)
_TRANSFER = msgspec.json.Decoder(BalanceUpdateData)
_FRAME = msgspec.json.Decoder(PrivateFrame)
_NAME = msgspec.json.Decoder(EventName)


class SpotAccount(TradingAccount):
    """Builds the calls of one spot account and reads their replies; holds no state of orders."""

    def __init__(self, venue: VenueConfig, instruments: list[InstrumentInfo]) -> None:
        """Take the account and the instruments that may be traded on it."""
        super().__init__(
            private_url=venue.ws_api_url or WS_API_URL,
            # The venue's receive window, its engine's timeout, and a second for the clocks.
            settle_ns=venue.recv_window_ms * MS + ENGINE_TIMEOUT_NS + 1_000 * MS,
            query_lag_ns=QUERY_LAG_NS_MAX,
            pass_weight=pass_weight(len(instruments)),
            weight_per_minute_max=weight_per_minute(venue),
            limits=limits_of(venue),
            has_cancel_all=True,
            connection_life_ms=CONNECTION_LIFE_MS,
            order_url=venue.ws_api_url or WS_API_URL,
        )
        self._timeout_ms = venue.request_timeout_ms
        self._by_symbol = {info.symbol: Traded(info) for info in instruments}
        self._by_id = {traded.id: traded for traded in self._by_symbol.values()}
        self._answers = AnswerReader(self._by_symbol.values())

    # Calls

    def weight_of(self, call: VenueCall) -> int:
        """Return the request weight of a call."""
        return WEIGHTS.get((call.method, call.path), 1)

    def time_call(self) -> VenueCall:
        """Return the call that asks for the venue's time."""
        return VenueCall("GET", TIME, {}, False, self._timeout_ms)

    def stream_requests(self, number: int) -> Sequence[StreamRequest]:
        """Return the request that subscribes the private stream; there is no login beside it."""
        request = f"user-{number}"
        message = {"id": request, "method": "userDataStream.subscribe.signature", "params": {}}
        return (StreamRequest(request, message, signed=True),)

    def create(
        self, info: InstrumentInfo, client_order_id: str, side: int, qty_lots: int, price_ticks: int, time_in_force: int
    ) -> VenueCall:
        """Return the call that places a limit order; GTX is the venue's LIMIT_MAKER."""
        traded: Traded = self._by_id[info.id]
        params = traded.create_params(side, time_in_force)
        params["quantity"] = traded.qty.format(qty_lots)
        params["price"] = traded.price.format(price_ticks)
        params["newClientOrderId"] = client_order_id
        return self._signed("POST", ORDER, params)

    def cancel(self, info: InstrumentInfo, client_order_id: str, venue_order_id: str = "") -> VenueCall:
        """Return the call that cancels an order, by the venue's id if it is given."""
        return self._signed("DELETE", ORDER, self._order_key(info, client_order_id, venue_order_id))

    def cancel_all(self, info: InstrumentInfo) -> VenueCall:
        """Return the call that cancels all orders in an instrument."""
        return self._signed("DELETE", OPEN_ORDERS, {"symbol": info.symbol})

    def query(self, info: InstrumentInfo, client_order_id: str, venue_order_id: str = "") -> VenueCall:
        """Return the call that asks for one order, by the venue's id if it is given."""
        return self._signed("GET", ORDER, self._order_key(info, client_order_id, venue_order_id))

    def open_orders(self) -> VenueCall:
        """Return the call for all open orders of the account."""
        return self._signed("GET", OPEN_ORDERS, {})

    def balances(self) -> VenueCall:
        """Return the call for the account's balances."""
        return self._signed("GET", ACCOUNT, {"omitZeroBalances": "true"})

    def fills_of(self, info: InstrumentInfo, venue_order_id: str) -> VenueCall:
        """Return the call for the fills of one order."""
        return self._signed("GET", TRADES, {"symbol": info.symbol, "orderId": venue_order_id})

    def fills_since(self, info: InstrumentInfo, cursor: str, since_ns: int) -> VenueCall:
        """Return the call for the fills from the trade id `cursor` on, or from a time on while there is none."""
        params = {"symbol": info.symbol, "limit": str(TRADES_MAX)}
        if cursor:
            params["fromId"] = cursor
        else:
            params["startTime"] = str(since_ns // MS)
        return self._signed("GET", TRADES, params)

    def _order_key(self, info: InstrumentInfo, client_order_id: str, venue_order_id: str) -> dict[str, str]:
        if venue_order_id:
            return {"symbol": info.symbol, "orderId": venue_order_id}
        return {"symbol": info.symbol, "origClientOrderId": client_order_id}

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
            return _ACCEPTED if 200 <= reply.status < 300 else error_verdict(reply)
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
            found = sorted(_TRADES.decode(body), key=lambda data: data.trade_id)
            fills = tuple([self._fill(info, data) for data in found])
        except DECODE_ERRORS as error:
            raise refuse(error, f"trades of {info.symbol}") from error
        if not found:
            return FillPage(())
        last = found[len(found) - 1].trade_id
        return FillPage(fills, str(last + 1), len(found) >= TRADES_MAX, str(last))

    def balance_report(self, body: bytes) -> BalanceReport:
        """Return all balances in a reply, zero ones left out.

        Raises:
            VenueError: If the reply is not what the venue documents.
        """
        try:
            sums = {data.asset: _total_e8(data) for data in _ACCOUNT.decode(body).balances}
        except DECODE_ERRORS as error:
            raise refuse(error, "account") from error
        return BalanceReport({asset: total for asset, total in sums.items() if total})

    def venue_time_ns(self, body: bytes) -> int:
        """Return the venue's time, in whole milliseconds.

        Raises:
            VenueError: If the reply is not what the venue documents.
        """
        try:
            return _TIME.decode(body).server_ms * MS
        except DECODE_ERRORS as error:
            raise refuse(error, "time") from error

    def private_events(self, frame: bytes) -> Sequence[PrivateEvent]:
        """Return what a frame of the private stream says, one thing at most.

        Raises:
            VenueError: If the frame is not what the venue documents.
        """
        try:
            head = _FRAME.decode(frame)
            body = bytes(head.event)
            event = self._event(body) if body else _reply(head)
        except DECODE_ERRORS as error:
            raise refuse(error, "private stream") from error
        return () if event is None else (event,)

    def _event(self, body: bytes) -> PrivateEvent | None:
        name = _NAME.decode(body).name
        if name == "executionReport":
            data = _REPORT.decode(body)
            return self._execution(data) if data.symbol in self._by_symbol else None
        if name == "outboundAccountPosition":
            return BalanceReport({data.asset: _total_e8(data) for data in _POSITION.decode(body).balances})
        if name == "balanceUpdate":
            moved = _TRANSFER.decode(body)
            return TransferReport(moved.asset, parse_amount_e8(moved.delta), moved.clear_ms * MS)
        if name == "externalLockUpdate":
            return BalancesChanged(name)
        return StreamEnded(name) if name == "eventStreamTerminated" else None

    def ends_soon(self, frame: bytes) -> bool:
        """Return whether a frame is the `serverShutdown` event."""
        return announces_end(frame)

    def _execution(self, data: ReportData) -> ExecutionEvent:
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
        if data.execution != "TRADE":
            return ExecutionEvent(order)
        if data.trade_id < 0:
            raise VenueError(f"trade id {data.trade_id} of order {data.venue_order_id}")
        return ExecutionEvent(order, self._last_fill(traded, order, data))

    def _last_fill(self, traded: Traded, order: OrderReport, data: ReportData) -> FillReport:
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

    def _fill(self, info: InstrumentInfo, data: AccountTradeData) -> FillReport:
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


def _reply(head: PrivateFrame) -> SubscriptionReply | None:
    """Return which request a frame without an event answers."""
    if head.error is not None and head.error.code != SUBSCRIPTION_ACTIVE:
        return SubscriptionReply(str(head.id), False, f"{head.error.code} {head.error.msg}")
    return SubscriptionReply(str(head.id), True) if head.error is not None or head.status == 200 else None


def _total_e8(data: BalanceData | PositionBalanceData) -> int:
    return parse_amount_e8(data.free) + parse_amount_e8(data.locked)
