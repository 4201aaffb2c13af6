"""One unified account of Bybit, spot and linear: its calls, what answers to them prove, and its private stream.

An answer to a create, an amend or a cancel says that the request was taken, and nothing more: what becomes of the order is
told by the private stream, a post-only order that would have taken included. What an order has filled is told by its
executions alone; a state of the order that follows from its fills is left to them. Nothing is told again when the stream is
subscribed.

An order is looked for among the open and the last ended ones first, and in the history if it is not there: a restart of the
venue's service empties the former, the latter is some seconds late.

Source: Bybit API v5 documentation, trade, position and account endpoints, websocket private streams.

This file is compiled (`account.pxd` has the C types).
"""

from collections.abc import Mapping, Sequence

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, StreamRequest, refuse
from agents.venues.bybit.account_answers import (
    ORDER_PATHS,
    decode_executions,
    decode_order_id,
    decode_orders,
    decode_private,
    decode_wallets,
    fill_pages,
    next_call,
    reply_to,
)
from agents.venues.bybit.account_data import (
    CONDITIONAL,
    FUNDING,
    POSITION_CHANGES,
    WORDS,
    ExecutionRow,
    OrderRow,
    balances_e8,
    fill_report,
    margin_of,
    order_of_execution,
    order_report,
)
from agents.venues.bybit.contracts import BybitContracts, funding_report
from agents.venues.bybit.feeds import HEARTBEAT
from agents.venues.bybit.fill_cursor import LIMIT, since_params
from agents.venues.bybit.history import TIME, decode_own_time
from agents.venues.bybit.limits import (
    AMEND,
    BALANCE,
    CANCEL,
    CANCEL_ALL,
    CREATE,
    DISCONNECT,
    EXECUTIONS,
    HISTORY,
    PER_MINUTE,
    QUERY_LAG_NS,
    REALTIME,
    SETTLE_MARGIN_NS,
    limits_of,
    used_of_creates,
)
from agents.venues.bybit.outcomes import proof
from agents.venues.bybit.transfers import transfer_calls, transfer_page
from agents.venues.port import TradingAccount
from agents.venues.reports import (
    BalanceReport,
    CallResult,
    ContractTerms,
    ExecutionEvent,
    FillPage,
    FundingReport,
    OrderReport,
    PositionReport,
    PrivateEvent,
    TransferReport,
    Verdict,
)
from mesh.context import VenueCall, VenueReply
from schemas.config import VenueConfig
from schemas.orders import Reason, Side
from schemas.units import MS

DEMO = "-demo."
"""In the name of a host of demo trading, which takes orders over REST only."""
OPEN_ORDERS_MAX = "50"
TOPICS = ("order", "execution", "wallet", "position")
DCP_TOPICS = {"spot": "dcp.spot", "linear": "dcp.future"}
DCP_PRODUCTS = {"spot": "SPOT", "linear": "DERIVATIVES"}
DCP_SECONDS_MIN, DCP_SECONDS_MAX = 3, 300
_SIDES = {int(Side.BUY): "Buy", int(Side.SELL): "Sell"}
_TIMES_IN_FORCE = {int(time_in_force): word for time_in_force, word in WORDS.items()}


class BybitAccount(TradingAccount):
    """Builds the calls of one account and reads their answers; holds no state of orders.

    Its dead man's switch is the venue's disconnection protection, which only institutions have: the venue cancels all if
    every private connection that wants that is gone, or sends no heartbeat, for so long. Each tell sets it anew.
    """

    def __init__(self, venue: VenueConfig, instruments: list[InstrumentInfo], *, url: str) -> None:
        """Take the account and the instruments that may be traded on it; `url` is that of its websockets."""
        categories = frozenset(info.category for info in instruments)
        base = (venue.ws_api_url or venue.ws_url or url).rstrip("/")
        super().__init__(
            private_url=f"{base}/v5/private",
            order_url="" if DEMO in base else f"{base}/v5/trade",
            settle_ns=venue.settle_ms * MS or venue.recv_window_ms * MS + SETTLE_MARGIN_NS,
            query_lag_ns=QUERY_LAG_NS,
            pass_weight=2 * len(categories) + 3 + 2 * len(instruments),
            weight_per_minute_max=venue.weight_per_minute_max or PER_MINUTE,
            limits=limits_of(venue, categories),
            heartbeat=HEARTBEAT,
            has_amend=True,
            has_cancel_all=True,
            has_dead_man_switch=venue.disconnect_cancel,
        )
        self._timeout_ms = venue.request_timeout_ms
        self._instruments = list(instruments)
        self._by_symbol: dict[tuple[str, str], InstrumentInfo] = {
            (info.category, info.venue_symbol): info for info in instruments
        }
        contracts = [info for info in instruments if info.margin]
        self._settle_coins = {info.config.quote: None for info in contracts}
        self._settle_coin = next(iter(self._settle_coins), "")
        self._contracts = BybitContracts(contracts, venue.request_timeout_ms)
        self._topics = [*TOPICS, *(DCP_TOPICS[each] for each in sorted(categories) if venue.disconnect_cancel)]

    # Calls

    def time_call(self) -> VenueCall:
        """Return the call that asks for the venue's time."""
        return VenueCall("GET", TIME, {}, False, self._timeout_ms)

    def stream_requests(self, number: int) -> Sequence[StreamRequest]:
        """Return the login, whose answer names no request, and the subscription."""
        name = f"user-{number}"
        return (
            StreamRequest("auth", {"op": "auth"}, signed=True),
            StreamRequest(name, {"req_id": name, "op": "subscribe", "args": self._topics}),
        )

    def create(
        self, info: InstrumentInfo, client_order_id: str, side: int, qty_lots: int, price_ticks: int, time_in_force: int,
        reduce_only: bool = False,
    ) -> VenueCall:  # fmt: skip
        """Return the call that places a limit order; GTX is the venue's PostOnly."""
        params = {
            "category": info.category,
            "symbol": info.venue_symbol,
            "side": _SIDES[side],
            "orderType": "Limit",
            "qty": info.qty.format(qty_lots),
            "price": info.price.format(price_ticks),
            "timeInForce": _TIMES_IN_FORCE[time_in_force],
            "orderLinkId": client_order_id,
        }
        if reduce_only and info.margin:
            params["reduceOnly"] = "true"
        return VenueCall("POST", CREATE, params, True, self._timeout_ms)

    def amend(
        self, info: InstrumentInfo, client_order_id: str, venue_order_id: str, side: int, qty_lots: int,
        price_ticks: int,
    ) -> VenueCall:  # fmt: skip
        """Return the call that changes an order, which keeps its ids."""
        terms = {"qty": info.qty.format(qty_lots), "price": info.price.format(price_ticks)}
        return self._signed("POST", AMEND, {**_order_key(info, client_order_id, venue_order_id), **terms})

    def cancel(self, info: InstrumentInfo, client_order_id: str, venue_order_id: str = "") -> VenueCall:
        """Return the call that cancels an order, by the venue's id if it is given."""
        return self._signed("POST", CANCEL, _order_key(info, client_order_id, venue_order_id))

    def cancel_all(self, info: InstrumentInfo) -> VenueCall:
        """Return the call that cancels all orders in an instrument: of a contract, 500 of them that the venue picks."""
        return self._signed("POST", CANCEL_ALL, _instrument(info))

    def dead_man_switch(self, info: InstrumentInfo, timeout_ms: int) -> VenueCall:
        """Return the call that sets how long the private connection may be gone; it cannot be set to never."""
        seconds = min(max(-(-timeout_ms // 1000), DCP_SECONDS_MIN), DCP_SECONDS_MAX)
        return self._signed("POST", DISCONNECT, {"product": DCP_PRODUCTS[info.category], "timeWindow": str(seconds)})

    def query(self, info: InstrumentInfo, client_order_id: str, venue_order_id: str = "") -> VenueCall:
        """Return the call that asks for one order, by the venue's id if it is given."""
        return self._signed("GET", REALTIME, _order_key(info, client_order_id, venue_order_id))

    def query_elsewhere(self, reply: VenueReply) -> VenueCall | None:
        """Return the same question to the history, if it was not asked there."""
        return self._signed("GET", HISTORY, dict(reply.call.params)) if reply.call.path == REALTIME else None

    def open_orders(self) -> VenueCall:
        """Return the first of the calls for the open orders."""
        return self.open_order_calls()[0]

    def open_order_calls(self) -> Sequence[VenueCall]:
        """Return a call for spot, and one for each coin that settles contracts."""
        calls = []
        if any(not info.margin for info in self._instruments):
            calls.append(self._signed("GET", REALTIME, {"category": "spot", "limit": OPEN_ORDERS_MAX}))
        for coin in self._settle_coins:
            params = {"category": "linear", "settleCoin": coin, "limit": OPEN_ORDERS_MAX}
            calls.append(self._signed("GET", REALTIME, params))
        return calls

    def balances(self) -> VenueCall:
        """Return the call for the account's balances."""
        return self._signed("GET", BALANCE, {"accountType": "UNIFIED"})

    def position_calls(self) -> Sequence[VenueCall]:
        """Return a call for each coin that settles contracts."""
        return self._contracts.position_calls()

    def setup_calls(self) -> Sequence[VenueCall]:
        """Return the call for how the account is set, until that is known."""
        return self._contracts.setup_calls()

    def terms_calls(self) -> Sequence[VenueCall]:
        """Return a call for each contract."""
        return self._contracts.terms_calls()

    def funding_calls(self, since_ns: int, now_ns: int) -> Sequence[VenueCall]:
        """Return a call for each week."""
        return self._contracts.funding_calls(since_ns, now_ns)

    def transfer_calls(self, since_ns: int, now_ns: int) -> Sequence[VenueCall]:
        """Return two calls for each week: for what came in, and for what went out."""
        return transfer_calls(since_ns, now_ns, self._timeout_ms)

    def tells_of_transfers(self) -> bool:
        """Return that the wallet stream does not say why a balance changed."""
        return False

    def fills_of(self, info: InstrumentInfo, venue_order_id: str) -> VenueCall:
        """Return the call for the fills of one order."""
        return self._signed("GET", EXECUTIONS, {**_instrument(info), "orderId": venue_order_id, "limit": LIMIT})

    def fills_since(self, info: InstrumentInfo, cursor: str, since_ns: int) -> VenueCall:
        """Return the call for the fills from the time in `cursor` on, or for the page that it names."""
        return self._signed("GET", EXECUTIONS, {**_instrument(info), **since_params(cursor, since_ns)})

    def _signed(self, method: str, path: str, params: Mapping[str, str]) -> VenueCall:
        return VenueCall(method, path, params, True, self._timeout_ms)

    # Answers

    def order_verdict(self, reply: VenueReply) -> Verdict:
        """Return TAKEN for what was asked to be done, and what a query states of the order."""
        found = proof(reply)
        if found.result != CallResult.ACCEPTED:
            return found
        try:
            if reply.call.path in ORDER_PATHS:
                return Verdict(CallResult.TAKEN, venue_order_id=decode_order_id(reply.body))
            category, entries, _ = decode_orders(reply)
            if not entries:
                return Verdict(CallResult.NOT_FOUND, Reason.ORDER_NOT_FOUND, f"not in {reply.call.path}")
            info = self._by_symbol.get((category, entries[0].symbol))
            if info is None:
                raise refuse(entries[0].symbol, f"an order of {category} that is not configured")
            return Verdict(CallResult.ACCEPTED, order=order_report(info, entries[0]))
        except DECODE_ERRORS as error:
            return Verdict(CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN, f"answer not understood: {error}")

    def proof(self, reply: VenueReply) -> Verdict:
        """Return what status and code of an answer prove."""
        return proof(reply)

    def limit_headers(self, reply: VenueReply) -> Mapping[str, str]:
        """Return how much of the limit of creates is used, by the answer to one."""
        return used_of_creates(reply)

    def open_page(self, reply: VenueReply) -> tuple[list[OrderReport], int, VenueCall | None]:
        """Return the open orders in an answer, how many are not ours to follow, and the call for the next page.

        Raises:
            VenueError: If the answer is not what the venue documents.
        """
        try:
            category, entries, cursor = decode_orders(reply)
            known = [
                order_report(info, data)
                for data in entries
                if (info := self._by_symbol.get((category, data.symbol))) is not None and data.status not in CONDITIONAL
            ]
        except DECODE_ERRORS as error:
            raise refuse(error, "open orders") from error
        more = next_call(reply.call, cursor) if len(entries) >= int(OPEN_ORDERS_MAX) else None
        return known, len(entries) - len(known), more

    def fill_page(self, info: InstrumentInfo, reply: VenueReply) -> FillPage:
        """Return the fills in an answer, oldest first; VenueError if it is not what the venue documents."""
        try:
            entries, cursor, now_ms = decode_executions(reply.body)
            own = [data for data in entries if data.symbol == info.venue_symbol and data.type in POSITION_CHANGES]
            fills = [fill_report(info, data) for data in own]
        except DECODE_ERRORS as error:
            raise refuse(error, f"executions of {info.symbol}") from error
        return fill_pages(reply.call, fills, len(entries), cursor, now_ms)

    def balance_report(self, body: bytes) -> BalanceReport:
        """Return all balances in an answer, zero ones left out; VenueError if it is not what the venue documents."""
        try:
            wallets = decode_wallets(body)
            found = balances_e8(wallets)
            margin = margin_of(wallets, self._settle_coin)
        except DECODE_ERRORS as error:
            raise refuse(error, "wallet balance") from error
        return BalanceReport({coin: amount for coin, amount in found.items() if amount}, margin)

    def position_page(self, reply: VenueReply) -> tuple[list[PositionReport], VenueCall | None]:
        """Return the positions in an answer, and the call for the next page; VenueError if it is not as documented."""
        return self._contracts.position_page(reply)

    def learn(self, reply: VenueReply) -> None:
        """Take how the account is set; VenueError if the answer is not what the venue documents."""
        self._contracts.learn(reply)

    def unfit(self) -> str:
        """Return why no orders may be created on the account as it is."""
        return self._contracts.unfit()

    def mode(self) -> str:
        """Return how contracts are traded, in words."""
        return self._contracts.mode()

    def terms(self, reply: VenueReply) -> Sequence[ContractTerms]:
        """Return leverage and modes in an answer; VenueError if it is not what the venue documents."""
        return self._contracts.terms(reply)

    def funding_page(self, reply: VenueReply) -> tuple[list[FundingReport], VenueCall | None]:
        """Return the funding in an answer, and the call for the next page; VenueError if it is not as documented."""
        return self._contracts.funding_page(reply)

    def transfer_page(self, reply: VenueReply) -> tuple[list[TransferReport], VenueCall | None]:
        """Return the transfers in an answer, and the call for the next page; VenueError if it is not as documented."""
        return transfer_page(reply)

    def venue_time_ns(self, body: bytes) -> int:
        """Return the venue's time; VenueError if the answer tells none."""
        return decode_own_time(body)

    def private_events(self, frame: bytes) -> Sequence[PrivateEvent]:
        """Return what a frame of the private stream says, in order; nothing if it is nothing of ours.

        Raises:
            VenueError: If the frame is not what the venue documents, or an execution changes a position in an unknown way.
        """
        try:
            topic, entries = decode_private(frame)
            if topic == "order":
                return [event for data in entries for event in self._of_order(data)]
            if topic == "execution":
                return [event for data in entries for event in self._of_execution(data)]
            if topic == "position":
                return [event for data in entries if (event := self._contracts.position_event(data)) is not None]
            if topic == "wallet":
                return [BalanceReport(balances_e8(entries), margin_of(entries, self._settle_coin))]
            answer = reply_to(frame) if not topic else None
        except DECODE_ERRORS as error:
            raise refuse(error, "private stream") from error
        return [] if answer is None else [answer]

    def _of_order(self, data: OrderRow) -> Sequence[PrivateEvent]:
        """Return what the state of an order says that its executions do not."""
        info = self._by_symbol.get((data.category, data.symbol))
        if info is None or data.status in CONDITIONAL or data.status in ("PartiallyFilled", "Filled"):
            return ()
        return (ExecutionEvent(order_report(info, data)),)

    def _of_execution(self, data: ExecutionRow) -> Sequence[PrivateEvent]:
        info = self._by_symbol.get((data.category, data.symbol))
        if info is None:
            return ()
        if data.type == FUNDING:
            return (funding_report(info, data),)
        if data.type not in POSITION_CHANGES:
            raise refuse(data.type[:40], f"an execution of {info.symbol} of a type that is not known")
        fill = fill_report(info, data)
        return (ExecutionEvent(order_of_execution(info, data, fill), fill),)


def _instrument(info: InstrumentInfo) -> dict[str, str]:
    return {"category": info.category, "symbol": info.venue_symbol}


def _order_key(info: InstrumentInfo, client_order_id: str, venue_order_id: str) -> dict[str, str]:
    key = {"orderId": venue_order_id} if venue_order_id else {"orderLinkId": client_order_id}
    return {**_instrument(info), **key}
