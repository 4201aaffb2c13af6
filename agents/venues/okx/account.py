"""OKX account: calls for orders in spot and linear swaps, what their answers prove, and the events of the private stream.

An answer to a create, an amend or a cancel says that the request was taken, and no more: what becomes of the order is told
by its channel. A create carries a time after which the venue does not process it any more (`expTime`, which the signer
writes), so "no such order" proves something from then on. Positions are in the account's net mode; spot is
traded with cash, swaps with cross margin. All orders of this agent carry one tag, by which its dead man's switch cancels.

Orders over the private websocket name an instrument by a number that only the venue's listing tells: it is asked for with
the first passes of the reconciliation, and orders go over REST until it is known.

Source: OKX v5 docs, order book trading, trading account, rate limits, cancel all after.
"""

import zlib
from collections.abc import Sequence

import msgspec

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, StreamRequest, VenueLimit, refuse
from agents.venues.okx.account_data import SIDE_WORDS, TYPE_WORDS, OkxInstrumentCode
from agents.venues.okx.account_events import OkxEvents
from agents.venues.okx.answers import FILLS_MAX, OkxAnswers
from agents.venues.okx.contracts import OkxContracts
from agents.venues.okx.history import OkxAnswer, decode_own_time, rows, time_call
from agents.venues.okx.listing import INSTRUMENTS, TYPES
from agents.venues.okx.paths import (
    AMEND,
    BALANCE,
    CANCEL,
    CANCEL_ALL_AFTER,
    CONFIG,
    FILLS,
    ORDER,
    PENDING,
    PRIVATE,
    WS_URL,
)
from agents.venues.okx.signer import EXPIRES_MS
from agents.venues.okx.subscriptions import HEARTBEAT, announces_upgrade
from agents.venues.okx.transfers import transfer_call, transfer_page
from agents.venues.port import TradingAccount
from agents.venues.reports import (
    BalanceReport,
    ContractTerms,
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
from schemas.orders import Side, TimeInForce
from schemas.units import MS, SECOND

SETTLE_NS = EXPIRES_MS * MS + 2 * SECOND
"""After its time is over, a second for the venue to have dealt with it, and one for the clocks."""
QUERY_LAG_NS = 10 * SECOND
"""How long queries and lists may lack an order that the channel told of. The venue promises nothing; this is ours."""
CREATES_MAX, CREATES_MAX_ALL = 60, 1_000
WINDOW_MS = 2_000
"""New orders in one instrument, and all of a sub-account, in one window."""
REQUESTS_PER_MINUTE = 1_800
"""Of fills, the tightest of what a pass asks for again and again: 60 in 2 s."""
SWITCH_S_MIN, SWITCH_S_MAX = 10, 120
EVENTS_ONLY = '{"updateInterval":"0"}'
CHANNELS = ({"channel": "account", "extraParams": EVENTS_ONLY},)
CONTRACT_CHANNELS = (
    {"channel": "positions", "instType": "SWAP", "extraParams": EVENTS_ONLY},
    {"channel": "balance_and_position"},
)
"""What tells of contracts beside: without an interval, only when something happens."""
MODES = {"spot": "cash", "linear": "cross"}
_CODES = msgspec.json.Decoder(OkxAnswer[OkxInstrumentCode])


class OkxAccount(TradingAccount):
    """Builds the calls of one account and reads their answers; of the venue it keeps the numbers of the instruments."""

    def __init__(self, venue: VenueConfig, instruments: list[InstrumentInfo]) -> None:
        """Take the account and the instruments that may be traded on it."""
        super().__init__(
            private_url=(venue.ws_api_url or venue.ws_url or WS_URL).rstrip("/") + PRIVATE,
            settle_ns=venue.settle_ms * MS or SETTLE_NS,
            query_lag_ns=QUERY_LAG_NS,
            pass_weight=4 + len(instruments),
            weight_per_minute_max=venue.weight_per_minute_max or REQUESTS_PER_MINUTE,
            limits=_limits(venue, len(instruments)),
            heartbeat=HEARTBEAT,
            has_amend=True,
            has_dead_man_switch=True,
            dead_man_of_account=True,
        )
        self._timeout_ms = venue.request_timeout_ms
        self._instruments = {info.id: info for info in instruments}
        by_symbol = {info.venue_symbol: info for info in instruments}
        contracts = [info for info in instruments if info.margin]
        settle_coin = contracts[0].config.quote if contracts else ""
        self._contracts = OkxContracts(contracts, venue.request_timeout_ms)
        self._answers = OkxAnswers(by_symbol, settle_coin)
        self._events = OkxEvents(by_symbol, settle_coin)
        self._channels = [*CHANNELS, *(CONTRACT_CHANNELS if contracts else ())]
        self._types = list(dict.fromkeys(TYPES[info.category] for info in instruments))
        self.tag = tag_of(venue, instruments)
        """Of all orders of this agent, so that its switch cancels no others of the account."""
        self._codes: dict[int, str] = {}
        self._asked: dict[int, dict[str, str]] = {info.id: {"instId": info.venue_symbol} for info in instruments}
        self._creates: dict[tuple[int, int, int], dict[str, str]] = {
            (info.id, side, time_in_force): self._create_params(info, side, time_in_force)
            for info in instruments
            for side in SIDE_WORDS
            for time_in_force in TYPE_WORDS
        }

    # Calls

    def time_call(self) -> VenueCall:
        """Return the call that asks for the venue's time."""
        return time_call()

    def setup_calls(self) -> Sequence[VenueCall]:
        """Return a call for each instrument whose number is not known yet, and that for how the account is set."""
        codes = [
            VenueCall("GET", INSTRUMENTS, {"instType": TYPES[info.category], "instId": info.venue_symbol})
            for info in self._instruments.values()
            if info.id not in self._codes
        ]
        return [*codes, *self._contracts.setup_calls()]

    def learn(self, reply: VenueReply) -> None:
        """Take the numbers in an answer, or how the account is set; VenueError if it is not what the venue documents."""
        if reply.call.path == CONFIG:
            self._contracts.learn(reply)
            return
        try:
            listed = {each.inst_id: each.code for each in rows(_CODES.decode(reply.body))}
        except DECODE_ERRORS as error:
            raise refuse(error, "instruments") from error
        for info in self._instruments.values():
            code = listed.get(info.venue_symbol, 0)
            if code > 0:
                self._codes[info.id] = self._asked[info.id]["instIdCode"] = str(code)
                for side in SIDE_WORDS:
                    for time_in_force in TYPE_WORDS:
                        self._creates[info.id, side, time_in_force]["instIdCode"] = str(code)

    def unfit(self) -> str:
        """Return why no orders may be created on the account as it is."""
        return self._contracts.unfit()

    def mode(self) -> str:
        """Return how contracts are traded, in words."""
        return self._contracts.mode()

    def stream_requests(self, number: int) -> Sequence[StreamRequest]:
        """Return the login, then the subscriptions of orders, of the account, and of what is told of contracts."""
        orders = [
            StreamRequest(f"orders:{name}", _subscribe({"channel": "orders", "instType": name})) for name in self._types
        ]
        login = StreamRequest("login", {"op": "login"}, signed=True)
        return [login, *orders, *(StreamRequest(arg["channel"], _subscribe(arg)) for arg in self._channels)]

    def create(
        self, info: InstrumentInfo, client_order_id: str, side: int, qty_lots: int, price_ticks: int, time_in_force: int,
        reduce_only: bool = False,
    ) -> VenueCall:  # fmt: skip
        """Return the call that asks for a limit order; GTX is the venue's post_only."""
        params = self._creates[info.id, side, time_in_force].copy()
        params["clOrdId"] = client_order_id
        params["sz"] = info.qty.format(qty_lots)
        params["px"] = info.price.format(price_ticks)
        if reduce_only and info.margin:
            params["reduceOnly"] = "true"
        return self._signed("POST", ORDER, params)

    def amend(
        self, info: InstrumentInfo, client_order_id: str, venue_order_id: str, side: int, qty_lots: int,
        price_ticks: int,
    ) -> VenueCall:  # fmt: skip
        """Return the call that asks for another quantity, what is filled included, and another price."""
        params = self._order_key(info, client_order_id, venue_order_id)
        params["newSz"] = info.qty.format(qty_lots)
        params["newPx"] = info.price.format(price_ticks)
        return self._signed("POST", AMEND, params)

    def cancel(self, info: InstrumentInfo, client_order_id: str, venue_order_id: str = "") -> VenueCall:
        """Return the call that asks for a cancel, by the venue's id if it is given."""
        return self._signed("POST", CANCEL, self._order_key(info, client_order_id, venue_order_id))

    def dead_man_switch(self, info: InstrumentInfo, timeout_ms: int) -> VenueCall:
        """Return the call that has the venue cancel all that carries our tag, unless it is made again in time."""
        seconds = min(max(-(-timeout_ms // 1000), SWITCH_S_MIN), SWITCH_S_MAX) if timeout_ms else 0
        return self._signed("POST", CANCEL_ALL_AFTER, {"timeOut": str(seconds), "tag": self.tag})

    def query(self, info: InstrumentInfo, client_order_id: str, venue_order_id: str = "") -> VenueCall:
        """Return the call that asks for one order, by the venue's id if it is given."""
        params = {"instId": info.venue_symbol}
        params |= {"ordId": venue_order_id} if venue_order_id else {"clOrdId": client_order_id}
        return self._signed("GET", ORDER, params)

    def open_orders(self) -> VenueCall:
        """Return the call for the newest 100 open orders of the account; others are asked for one by one."""
        return self._signed("GET", PENDING, {})

    def balances(self) -> VenueCall:
        """Return the call for the account's balances."""
        return self._signed("GET", BALANCE, {})

    def position_calls(self) -> Sequence[VenueCall]:
        """Return the call for all positions."""
        return self._contracts.position_calls()

    def terms_calls(self) -> Sequence[VenueCall]:
        """Return the calls for the leverage of the contracts."""
        return self._contracts.terms_calls()

    def funding_calls(self, since_ns: int, now_ns: int) -> Sequence[VenueCall]:
        """Return the call for the newest bills of funding."""
        return self._contracts.funding_calls(since_ns, now_ns)

    def transfer_calls(self, since_ns: int, now_ns: int) -> Sequence[VenueCall]:
        """Return the call for the newest bills of transfers."""
        return [transfer_call(since_ns, now_ns, self._timeout_ms)]

    def fills_of(self, info: InstrumentInfo, venue_order_id: str) -> VenueCall:
        """Return the call for the fills of one order."""
        return self._signed("GET", FILLS, self._fills_key(info) | {"ordId": venue_order_id})

    def fills_since(self, info: InstrumentInfo, cursor: str, since_ns: int) -> VenueCall:
        """Return the call for the newest fills after a bill id, or from a time on while there is none.

        The cursor of a next page is `BEFORE<BILL`: the fills after one bill id that are older than another.
        """
        newer, _, older = cursor.partition("<")
        params = self._fills_key(info)
        params |= {"before": newer} if newer else {"begin": str(since_ns // MS)}
        if older:
            params["after"] = older
        return self._signed("GET", FILLS, params)

    def _create_params(self, info: InstrumentInfo, side: Side, time_in_force: TimeInForce) -> dict[str, str]:
        return {
            "instId": info.venue_symbol,
            "tdMode": MODES[info.category],
            "side": SIDE_WORDS[side],
            "ordType": TYPE_WORDS[time_in_force],
            "tag": self.tag,
        }

    def _order_key(self, info: InstrumentInfo, client_order_id: str, venue_order_id: str) -> dict[str, str]:
        key = {"ordId": venue_order_id} if venue_order_id else {"clOrdId": client_order_id}
        return self._asked[info.id] | key

    def _fills_key(self, info: InstrumentInfo) -> dict[str, str]:
        return {"instType": TYPES[info.category], "instId": info.venue_symbol, "limit": str(FILLS_MAX)}

    def _signed(self, method: str, path: str, params: dict[str, str]) -> VenueCall:
        return VenueCall(method, path, params, True, self._timeout_ms)

    # Answers

    def order_verdict(self, reply: VenueReply) -> Verdict:
        """Return TAKEN for an acknowledgement, and what a query states."""
        return self._answers.order_verdict(reply)

    def proof(self, reply: VenueReply) -> Verdict:
        """Return what status and code of a reply prove; an error is an answer with status 200 too."""
        return self._answers.proof(reply)

    def orders(self, body: bytes) -> tuple[list[OrderReport], int]:
        """Return the open orders in a reply, and how many are of other instruments; VenueError if it cannot be read."""
        return self._answers.orders(body)

    def fills(self, info: InstrumentInfo, body: bytes) -> FillPage:
        """Return the fills in a first page, oldest first; VenueError if it cannot be read."""
        return self._answers.fills(info, body, {})

    def fill_page(self, info: InstrumentInfo, reply: VenueReply) -> FillPage:
        """Return the fills in any page: those of a later one are older than the place that the first one gave."""
        return self._answers.fills(info, reply.body, reply.call.params)

    def balance_report(self, body: bytes) -> BalanceReport:
        """Return all balances in a reply, zero ones left out; VenueError if it cannot be read."""
        return self._answers.balance_report(body)

    def position_page(self, reply: VenueReply) -> tuple[list[PositionReport], VenueCall | None]:
        """Return the positions in an answer, which has all of them; VenueError if it cannot be read."""
        return self._contracts.position_page(reply)

    def terms(self, reply: VenueReply) -> Sequence[ContractTerms]:
        """Return leverage and mode in an answer; VenueError if it cannot be read."""
        return self._contracts.terms(reply)

    def transfer_page(self, reply: VenueReply) -> tuple[list[TransferReport], VenueCall | None]:
        """Return the transfers in an answer, and the call for older ones; VenueError if it is not as documented."""
        return transfer_page(reply)

    def funding_page(self, reply: VenueReply) -> tuple[list[FundingReport], VenueCall | None]:
        """Return the funding in an answer, and the call for what is older; VenueError if it cannot be read."""
        return self._contracts.funding_page(reply)

    def venue_time_ns(self, body: bytes) -> int:
        """Return the venue's time; VenueError if the reply tells none."""
        return decode_own_time(body)

    def private_events(self, frame: bytes) -> Sequence[PrivateEvent]:
        """Return what a frame of the private stream says, in order; VenueError if it is not what the venue documents."""
        try:
            return self._events.read(frame)
        except DECODE_ERRORS as error:
            raise refuse(error, "private stream") from error

    def ends_soon(self, frame: bytes) -> bool:
        """Return whether the venue announces that it upgrades the service."""
        return announces_upgrade(frame)


def tag_of(venue: VenueConfig, instruments: Sequence[InstrumentInfo]) -> str:
    """Return the tag of the orders in these instruments: at most 16 letters and digits, the same after every start."""
    names = ",".join(sorted(info.venue_symbol for info in instruments))
    return f"tm{zlib.crc32(f'{venue.name}:{names}'.encode()):08x}"


def _subscribe(arg: dict[str, str]) -> dict[str, object]:
    return {"op": "subscribe", "args": [arg]}


def _limits(venue: VenueConfig, instruments: int) -> tuple[VenueLimit, ...]:
    """Return the limits of one account; no answer tells what is used of them."""
    if venue.orders_per_10s_max:
        return (VenueLimit("new orders in 10 seconds", 10_000, venue.orders_per_10s_max, "", counts_orders=True),)
    count = min(CREATES_MAX * max(1, instruments), CREATES_MAX_ALL)
    return (VenueLimit("new orders in 2 seconds", WINDOW_MS, count, "", counts_orders=True),)
