"""Binance USDT-M account: its balances and positions, the private stream by its key, and what futures have beside spot.

Orders are what they are on spot (`order_account`), but that post-only is a time in force, and that an answer tells no
fills: those come with the private stream, or are asked for. The stream has a key that runs out after an hour; asking for
it again returns the one that is there and makes it last, or another one if that has ended, which ends the stream too.

Positions must be of one side ("one-way"): what opens a position and what closes one cannot be told apart by its side where
long and short stand beside each other, so such an account is not traded on.

Fills are asked for by trade id, and by time while none is known: a week at most in one answer. Whether such a week is past
is told by the venue's own clock, as it was last heard.

Source: Binance derivatives docs, USDS-margined futures: trade, account, user data streams.

This file is compiled (`usdm_account.pxd` has the C types).
"""

from collections.abc import Mapping, Sequence

import msgspec

from agents.amounts import parse_amount_e8, rounded_amount_e8
from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, StreamRequest, refuse
from agents.venues.binance.order_account import TRADES_MAX, BinanceAccount, MarketTerms
from agents.venues.binance.usdm_data import (
    BY_TRADES,
    CREATE_TERMS,
    FUNDING,
    ISOLATED,
    ONE_WAY,
    TRANSFERS,
    AccountConfigData,
    CalledPositionData,
    ChangeData,
    ChangedPositionData,
    IncomeData,
    LeverageData,
    ListenKeyData,
    SymbolConfigData,
    UsdmAccountData,
    UsdmEventData,
    UsdmPositionData,
    UsdmReportData,
    UsdmTradeData,
)
from agents.venues.binance.usdm_errors import usdm_error_verdict
from agents.venues.binance.usdm_limits import (
    ACCOUNT,
    ACCOUNT_CONFIG,
    ALL_ORDERS,
    COUNTDOWN,
    INCOME,
    LISTEN_KEY,
    OPEN_ORDERS,
    ORDER,
    POSITIONS,
    SYMBOL_CONFIG,
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
    ContractTerms,
    FillPage,
    FundingDue,
    FundingReport,
    MarginCalled,
    PositionReport,
    PrivateEvent,
    StreamEnded,
    TransferReport,
    reachable_px_e8,
)
from core.decimals import Scale
from mesh.context import VenueCall, VenueReply
from schemas.config import VenueConfig
from schemas.messages import E8
from schemas.orders import Side
from schemas.units import DAY, MINUTE, MS

WS_API_URL = "wss://ws-fapi.binance.com/ws-fapi/v1"
PRIVATE = "/private/ws?listenKey="
STREAM_KEY_NS = 30 * MINUTE
"""Half of the time for which a key lasts."""
KEY_ENDED = "listenKeyExpired"
MARGIN_CALL = "MARGIN_CALL"
CALL_TEXT_MAX = 300
WEEK_MS = 7 * DAY // MS
INCOME_MAX = 1000
"""Entries in one answer at most; so many mean that there may be more."""
FROM_TIME = "@"
"""In a cursor it stands before a time in milliseconds, behind the id of a trade if one is known to be not older."""
BY_ID_MS = 6 * DAY // MS
"""How far back trades are asked for by their ids: without a time the venue gives those of the last seven days."""
MARKET = MarketTerms(
    order=ORDER,
    open_orders=OPEN_ORDERS,
    all_orders=ALL_ORDERS,
    trades=TRADES,
    time=TIME,
    weights=WEIGHTS,
    create_terms=CREATE_TERMS,
    trade_decoder=msgspec.json.Decoder(list[UsdmTradeData]),
    error_verdict=usdm_error_verdict,
    has_reduce_only=True,
)
HEDGE_MODE = "hedge mode: long and short stand apart (found: dualSidePosition = true, allowed: false, one-way mode)"

_ACCOUNT = msgspec.json.Decoder(UsdmAccountData)
_TERMS = msgspec.json.Decoder(list[SymbolConfigData])
_INCOME = msgspec.json.Decoder(list[IncomeData])
_LEVERAGE = msgspec.json.Decoder(LeverageData)
_POSITIONS = msgspec.json.Decoder(list[UsdmPositionData])
_CONFIG = msgspec.json.Decoder(AccountConfigData)
_KEY = msgspec.json.Decoder(ListenKeyData)
_CALLED = msgspec.json.Decoder(list[CalledPositionData])
_EVENT = msgspec.json.Decoder(UsdmEventData)
_REPORT = msgspec.json.Decoder(UsdmReportData)
_CHANGE = msgspec.json.Decoder(ChangeData)
_SIDES = {int(side): side.name for side in Side}


class UsdmAccount(BinanceAccount):
    """Builds the calls of one account and reads their replies; knows how it trades and what time it was, and no orders."""

    def __init__(self, venue: VenueConfig, instruments: list[InstrumentInfo], *, url: str) -> None:
        """Take the account and the instruments that may be traded on it; `url` is that of the venue's streams."""
        super().__init__(
            venue,
            instruments,
            MARKET,
            private_url="",
            stream_key_ns=STREAM_KEY_NS,
            pass_weight=pass_weight(len(instruments)),
            weight_per_minute_max=weight_per_minute(venue),
            limits=limits_of(venue),
            create_weight=0,
            has_amend=True,
            amend_counts=True,
            has_dead_man_switch=True,
            order_url=venue.ws_api_url or WS_API_URL,
        )
        self._stream_url = f"{(venue.ws_url or url).rstrip('/')}{PRIVATE}"
        self._hedges: bool | None = None
        self._joins_assets = False
        self._venue_ms = 0

    # Calls

    def setup_calls(self) -> Sequence[VenueCall]:
        """Return the call for how the account trades, until it is known to be one that can be traded on."""
        return () if self._hedges is False else (self._signed("GET", ACCOUNT_CONFIG, {}),)

    def learn(self, reply: VenueReply) -> None:
        """Take how the account trades; VenueError if the answer is not what the venue documents."""
        try:
            found = _CONFIG.decode(reply.body)
            self._hedges, self._joins_assets = found.hedges, found.joins_assets
        except DECODE_ERRORS as error:
            raise refuse(error, "account configuration") from error

    def unfit(self) -> str:
        """Return why orders cannot be created on the account: it is in hedge mode, or what matters is not told yet.

        Without the venue's time it is not known whether more fills are to be asked for.
        """
        if not self._venue_ms:
            return f"{TIME} has not told the venue's time yet"
        if self._hedges is None:
            return f"{ACCOUNT_CONFIG} has not told yet whether the account is in one-way mode"
        return HEDGE_MODE if self._hedges else ""

    def mode(self) -> str:
        """Return in words how the account trades, as far as it has told that."""
        if self._hedges is None:
            return ""
        return f"{'hedge' if self._hedges else 'one-way'}, {'multi-assets' if self._joins_assets else 'single-asset'}"

    def stream_key_call(self) -> VenueCall:
        """Return the call for the key of the private stream, which lasts for another hour by it."""
        return self._signed("POST", LISTEN_KEY, {})

    def stream_url_of(self, reply: VenueReply) -> str:
        """Return where the private stream is; VenueError if the answer is not what the venue documents."""
        try:
            return self._stream_url + _KEY.decode(reply.body).key
        except DECODE_ERRORS as error:
            raise refuse(error, "listen key") from error

    def stream_requests(self, number: int) -> Sequence[StreamRequest]:
        """Return nothing: the address says it all."""
        return ()

    def amend(
        self, info: InstrumentInfo, client_order_id: str, venue_order_id: str, side: int, qty_lots: int,
        price_ticks: int,
    ) -> VenueCall:  # fmt: skip
        """Return the call that changes quantity, what is filled included, and price of an order, which keeps its ids."""
        params = self._order_key(info, client_order_id, venue_order_id)
        params["side"] = _SIDES[side]
        params["quantity"] = info.qty.format(qty_lots)
        params["price"] = info.price.format(price_ticks)
        return self._signed("PUT", ORDER, params)

    def dead_man_switch(self, info: InstrumentInfo, timeout_ms: int) -> VenueCall:
        """Return the call that has the venue cancel all orders in the instrument, unless it is made again in time."""
        return self._signed("POST", COUNTDOWN, {"symbol": info.venue_symbol, "countdownTime": str(timeout_ms)})

    def balances(self) -> VenueCall:
        """Return the call for the account's balances, and what of them margins positions."""
        return self._signed("GET", ACCOUNT, {})

    def position_calls(self) -> Sequence[VenueCall]:
        """Return the call for all positions."""
        return (self._signed("GET", POSITIONS, {}),)

    def terms_calls(self) -> Sequence[VenueCall]:
        """Return the call for margin mode and leverage of all contracts."""
        return (self._signed("GET", SYMBOL_CONFIG, {}),)

    def funding_calls(self, since_ns: int, now_ns: int) -> Sequence[VenueCall]:
        """Return the call for the first funding that was settled in a span of time."""
        span = {"startTime": str(since_ns // MS), "endTime": str(now_ns // MS)}
        return (self._signed("GET", INCOME, {"incomeType": FUNDING, **span, "limit": str(INCOME_MAX), "page": "1"}),)

    def fills_since(self, info: InstrumentInfo, cursor: str, since_ns: int) -> VenueCall:
        """Return the call for the fills from a trade on, or of the week that begins at a time.

        The venue gives what is older than a week only to who asks for its time (account trade list), so a trade that
        long ago is gone on from by its time.
        """
        params = {"symbol": info.venue_symbol, "limit": str(TRADES_MAX)}
        trade_id, _, then_ms = cursor.partition(FROM_TIME)
        if trade_id and (not then_ms or int(then_ms) > self._venue_ms - BY_ID_MS):
            params["fromId"] = trade_id
        else:
            start_ms = int(then_ms) if then_ms else since_ns // MS
            params["startTime"] = str(start_ms)
            params["endTime"] = str(start_ms + WEEK_MS)
        return self._signed("GET", TRADES, params)

    # Replies

    def fill_page(self, info: InstrumentInfo, reply: VenueReply) -> FillPage:
        """Return the fills in a reply, oldest first; VenueError if it is not what the venue documents.

        A week that is past is not all that there is.
        """
        page, params = self.fills(info, reply.body), reply.call.params
        start_ms, end_ms = int(params.get("startTime", -1)), int(params.get("endTime", self._venue_ms))
        if end_ms < self._venue_ms and not page.more:
            week = f"{FROM_TIME}{end_ms}"
            return FillPage(page.fills, week, True, week)
        if not page.fills:
            return page
        last_ms = page.fills[len(page.fills) - 1].ts_event_ns // MS
        # So many at one moment that its time leads no further: the id is all that can.
        time = f"{FROM_TIME}{last_ms}" if last_ms > start_ms else ""
        next_page = f"{page.next_page}{time}" if page.more else ""
        return FillPage(page.fills, f"{page.cursor}{time}", page.more, next_page)

    def venue_time_ns(self, body: bytes) -> int:
        """Return the venue's time, in whole milliseconds; VenueError if the reply is not what the venue documents."""
        time_ns = BinanceAccount.venue_time_ns(self, body)
        self._venue_ms = time_ns // MS
        return time_ns

    def balance_report(self, body: bytes) -> BalanceReport:
        """Return all balances in a reply, zero ones left out; VenueError if it is not what the venue documents."""
        try:
            data = _ACCOUNT.decode(body)
            found = {each.asset: parse_amount_e8(each.wallet) for each in data.assets}
            margin = data.margin(joined=self._joins_assets)
        except DECODE_ERRORS as error:
            raise refuse(error, "account") from error
        return BalanceReport({asset: amount for asset, amount in found.items() if amount}, margin)

    def position_page(self, reply: VenueReply) -> tuple[list[PositionReport], VenueCall | None]:
        """Return the positions in a reply; VenueError if it is not what the venue documents."""
        try:
            found = [
                self._position(data)
                for data in _POSITIONS.decode(reply.body)
                if data.side == ONE_WAY and data.symbol in self._by_symbol
            ]
        except DECODE_ERRORS as error:
            raise refuse(error, "positions") from error
        return found, None

    def terms(self, reply: VenueReply) -> Sequence[ContractTerms]:
        """Return margin mode and leverage of the contracts; VenueError if it is not what the venue documents."""
        try:
            return [
                ContractTerms(self._by_symbol[data.symbol].id, data.leverage * E8, data.isolated)
                for data in _TERMS.decode(reply.body)
                if data.symbol in self._by_symbol
            ]
        except DECODE_ERRORS as error:
            raise refuse(error, "terms of the contracts") from error

    def funding_page(self, reply: VenueReply) -> tuple[list[FundingReport], VenueCall | None]:
        """Return the funding in a reply, and the call for the rest; VenueError if it is not what the venue documents."""
        try:
            found = _INCOME.decode(reply.body)
            settled = [self._funding(data) for data in found if data.symbol in self._by_symbol]
        except DECODE_ERRORS as error:
            raise refuse(error, "income") from error
        if len(found) < INCOME_MAX:
            return settled, None
        params: Mapping[str, str] = reply.call.params
        return settled, self._signed("GET", INCOME, {**params, "page": str(int(params["page"]) + 1)})

    def private_events(self, frame: bytes) -> Sequence[PrivateEvent]:
        """Return what a frame of the private stream says, in order; VenueError if it is not what the venue documents."""
        try:
            event = _EVENT.decode(frame)
            if not event.name and bytes(event.data):
                event = _EVENT.decode(event.data)
            if event.name == "ORDER_TRADE_UPDATE":
                order = _REPORT.decode(event.order)
                return (self._execution(order),) if order.symbol in self._by_symbol else ()
            if event.name == "ACCOUNT_UPDATE":
                return self._changes(_CHANGE.decode(event.change), event.transact_ms)
            if event.name == MARGIN_CALL:
                return self._margin_call(_CALLED.decode(event.positions) if bytes(event.positions) else [])
            if event.name == "ACCOUNT_CONFIG_UPDATE" and bytes(event.leverage):
                found = _LEVERAGE.decode(event.leverage)
                traded = self._by_symbol.get(found.symbol)
                return () if traded is None else (ContractTerms(traded.id, found.leverage_e8),)
        except DECODE_ERRORS as error:
            raise refuse(error, "private stream") from error
        return (StreamEnded(event.name),) if event.name == KEY_ENDED else ()

    def _margin_call(self, positions: list[CalledPositionData]) -> Sequence[PrivateEvent]:
        """Return for which positions the venue calls: with one on cross margin among them, for the account's."""
        said = [f"{each.symbol} {each.qty} needs {each.needed}, has gained {each.gain}" for each in positions]
        text = f"{MARGIN_CALL}: {'; '.join(said)}"[:CALL_TEXT_MAX]
        if not positions or any(each.margin_mode.lower() != ISOLATED for each in positions):
            return (MarginCalled(text),)
        known = tuple([self._by_symbol[each.symbol].id for each in positions if each.symbol in self._by_symbol])
        return (MarginCalled(text, known),) if known else ()

    def _changes(self, data: ChangeData, time_ms: int) -> Sequence[PrivateEvent]:
        """Return balances and positions as they are now, and what came in or went out without a trade."""
        events: list[PrivateEvent] = []
        if data.balances:
            events.append(BalanceReport({each.asset: parse_amount_e8(each.wallet) for each in data.balances}))
        for each in data.positions:
            if each.side == ONE_WAY and each.symbol in self._by_symbol:
                events.append(self._changed_position(each, time_ms))
        moved = [(each.asset, parse_amount_e8(each.change)) for each in data.balances]
        if data.reason == BY_TRADES:
            return events
        if data.reason == FUNDING:
            return [*events, FundingDue(data.reason)]
        if data.reason in TRANSFERS and any(amount for _, amount in moved):
            return events + [TransferReport(asset, amount, time_ms * MS) for asset, amount in moved if amount]
        return [*events, BalancesChanged(data.reason)]

    def _changed_position(self, data: ChangedPositionData, time_ms: int) -> PositionReport:
        traded = self._by_symbol[data.symbol]
        lots = _signed_lots(traded.qty, data.qty)
        isolated = data.margin_mode == ISOLATED
        return PositionReport(traded.id, lots, rounded_amount_e8(data.entry), time_ms * MS, isolated=isolated)

    def _position(self, data: UsdmPositionData) -> PositionReport:
        traded = self._by_symbol[data.symbol]
        return PositionReport(
            traded.id,
            _signed_lots(traded.qty, data.qty),
            rounded_amount_e8(data.entry),
            data.update_ms * MS,
            rounded_amount_e8(data.mark),
            reachable_px_e8(rounded_amount_e8(data.liquidation)),
            rounded_amount_e8(data.leverage),
            data.isolated,
        )

    def _funding(self, data: IncomeData) -> FundingReport:
        number = f"{data.symbol}:{data.number}"
        traded = self._by_symbol[data.symbol]
        return FundingReport(traded.id, data.asset, parse_amount_e8(data.amount), number, data.time_ms * MS)


def _signed_lots(qty: Scale, text: str) -> int:
    lots = qty.parse(text.removeprefix("-"))
    return -lots if text.startswith("-") else lots
