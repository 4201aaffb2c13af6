"""Binance spot account: its balances, and the events of the private stream; the rest stands in `order_account`.

Source: binance-spot-api-docs rest-api.md, user-data-stream.md, web-socket-api.md (signed requests, user data stream
subscriptions).

This file is compiled (`spot_account.pxd` has the C types).
"""

from collections.abc import Sequence

import msgspec

from agents.amounts import parse_amount_e8
from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, StreamRequest, refuse
from agents.venues.binance.order_account import BinanceAccount, MarketTerms
from agents.venues.binance.order_answers import Traded
from agents.venues.binance.spot_data import (
    CREATE_TERMS,
    REASONS,
    SIDES,
    AccountData,
    AccountTradeData,
    AmendAnswerData,
    AmendedOrderData,
    BalanceData,
    BalanceUpdateData,
    EventName,
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
    AMEND,
    OPEN_ORDERS,
    ORDER,
    TIME,
    TRADES,
    WEIGHTS,
    limits_of,
    pass_weight,
    weight_per_minute,
)
from agents.venues.reports import (
    BalanceReport,
    BalancesChanged,
    CallResult,
    OrderReport,
    PrivateEvent,
    StreamEnded,
    SubscriptionReply,
    TransferReport,
    Verdict,
)
from mesh.context import VenueCall
from schemas.config import VenueConfig
from schemas.errors import VenueError
from schemas.orders import Reason
from schemas.units import MS

WS_API_URL = "wss://ws-api.binance.com:443/ws-api/v3"
MARKET = MarketTerms(
    order=ORDER,
    open_orders=OPEN_ORDERS,
    all_orders=OPEN_ORDERS,
    trades=TRADES,
    time=TIME,
    weights=WEIGHTS,
    create_terms=CREATE_TERMS,
    trade_decoder=msgspec.json.Decoder(list[AccountTradeData]),
    error_verdict=error_verdict,
)

_AMENDED = msgspec.json.Decoder(AmendAnswerData)
_ACCOUNT = msgspec.json.Decoder(AccountData)
_REPORT = msgspec.json.Decoder(ReportData)
_POSITION = msgspec.json.Decoder(PositionData)
_TRANSFER = msgspec.json.Decoder(BalanceUpdateData)
_FRAME = msgspec.json.Decoder(PrivateFrame)
_NAME = msgspec.json.Decoder(EventName)


class SpotAccount(BinanceAccount):
    """Builds the calls of one spot account and reads their replies; holds no state of orders."""

    def __init__(self, venue: VenueConfig, instruments: list[InstrumentInfo]) -> None:
        """Take the account and the instruments that may be traded on it."""
        super().__init__(
            venue,
            instruments,
            MARKET,
            private_url=venue.ws_api_url or WS_API_URL,
            pass_weight=pass_weight(len(instruments)),
            weight_per_minute_max=weight_per_minute(venue),
            limits=limits_of(venue),
            order_url=venue.ws_api_url or WS_API_URL,
            has_amend=True,
            amend_only_reduces=True,
        )

    # Calls

    def stream_requests(self, number: int) -> Sequence[StreamRequest]:
        """Return the request that subscribes the private stream; there is no login beside it."""
        request = f"user-{number}"
        message = {"id": request, "method": "userDataStream.subscribe.signature", "params": {}}
        return (StreamRequest(request, message, signed=True),)

    def amend(
        self, info: InstrumentInfo, client_order_id: str, venue_order_id: str, side: int, qty_lots: int,
        price_ticks: int,
    ) -> VenueCall:  # fmt: skip
        """Return the call that makes an order smaller, which keeps its ids, its price and its place in the queue."""
        params = self._order_key(info, client_order_id, venue_order_id)
        params["newQty"] = info.qty.format(qty_lots)
        params["newClientOrderId"] = client_order_id
        return self._signed("PUT", AMEND, params)

    def balances(self) -> VenueCall:
        """Return the call for the account's balances."""
        return self._signed("GET", ACCOUNT, {"omitZeroBalances": "true"})

    # Replies

    def decoded(self, body: bytes) -> Verdict:
        """Return what an answer states; that to an amend has the order within."""
        try:
            data = _AMENDED.decode(body)
            if data.order is None:
                return BinanceAccount.decoded(self, body)
            return Verdict(CallResult.ACCEPTED, order=self._amended(data.order, data.transact_ms))
        except DECODE_ERRORS as error:
            return Verdict(CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN, f"answer not understood: {error}")

    def _amended(self, data: AmendedOrderData, transact_ms: int) -> OrderReport:
        traded: Traded | None = self._by_symbol.get(data.symbol)
        if traded is None:
            raise VenueError(f"order of {data.symbol}, which is not configured")
        return OrderReport(
            traded.id,
            data.client_order_id,
            str(data.venue_order_id),
            status_of(data.status),
            SIDES[data.side],
            traded.qty.parse(data.qty),
            traded.price.parse(data.price),
            time_in_force_of(data.type, data.time_in_force),
            traded.qty.parse(data.cum_qty),
            transact_ms * MS,
            REASONS.get(data.status, Reason.NONE),
        )

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


def _reply(head: PrivateFrame) -> SubscriptionReply | None:
    """Return which request a frame without an event answers."""
    if head.error is not None and head.error.code != SUBSCRIPTION_ACTIVE:
        return SubscriptionReply(str(head.id), False, f"{head.error.code} {head.error.msg}")
    return SubscriptionReply(str(head.id), True) if head.error is not None or head.status == 200 else None


def _total_e8(data: BalanceData | PositionBalanceData) -> int:
    return parse_amount_e8(data.free) + parse_amount_e8(data.locked)
