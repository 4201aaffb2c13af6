"""An adapter of a venue that differs from Binance wherever venues differ; the venue is `tests.venues.harbor_server`.

It trades a perpetual in contracts. Trades and orders have UUIDs. A request is only acknowledged; what became of it comes
on the private stream, several events to a frame. Errors come with status 200. The stream wants a login with a
passphrase, then a subscription; books begin with a snapshot in the stream, which may come again at any time; the
heartbeat is a message; fills are paged by a cursor that the venue makes.

All of it is plain Python, as an adapter may be.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from agents.amounts import parse_amount_e8
from agents.instruments import InstrumentInfo
from agents.venues.adapters import Adapter
from agents.venues.base import DECODE_ERRORS, Channel, FeedKind, Heartbeat, StreamRequest, Tick, parse_e8, refuse
from agents.venues.book_sync import BookSync
from agents.venues.depth_update import DepthUpdate
from agents.venues.port import FrameReader, MarketFeeds, TradingAccount
from agents.venues.reports import (
    BalanceReport,
    CallResult,
    ExecutionEvent,
    FillPage,
    FillReport,
    OrderReport,
    PrivateEvent,
    SubscriptionReply,
    Verdict,
)
from core.decimals import pack_levels
from mesh.agent import CallOutcome, VenueCall, VenueReply
from schemas.config import VenueConfig
from schemas.errors import VenueError
from schemas.messages import BookDelta, BookSnapshot, Instrument, Trade, TradeCondition
from schemas.orders import Liquidity, OrderStatus, Reason, Side, TimeInForce
from schemas.streams import Kind
from schemas.units import MS
from tests.venues.harbor_signer import HarborSigner

KIND = "harbor_perp"
HEARTBEAT = Heartbeat(ping="ping", pong=b"pong", interval_ms=200)
ERRORS = (*DECODE_ERRORS, KeyError, TypeError, ValueError)
STATUSES = {
    "resting": OrderStatus.NEW,
    "partial": OrderStatus.PARTIALLY_FILLED,
    "done": OrderStatus.FILLED,
    "pulled": OrderStatus.CANCELED,
    "killed": OrderStatus.EXPIRED,
    "bounced": OrderStatus.REJECTED,
}
REFUSALS = {"low_margin": Reason.INSUFFICIENT_BALANCE, "bad_price": Reason.VENUE_REJECTED}
SIDES = {"long": Side.BUY, "short": Side.SELL}
WORDS = {side: word for word, side in SIDES.items()}


class HarborSync(BookSync):
    """Each update names the one before; a snapshot in the stream replaces all."""

    def precedes(self, last: int, snapshot_id: int) -> bool:
        """Never asked: snapshots are not fetched."""
        return last <= snapshot_id

    def joins(self, first: int, last: int, previous: int, snapshot_id: int) -> bool:
        """Never asked either."""
        return previous == snapshot_id

    def continues(self, first: int, previous: int, last_update_id: int) -> bool:
        """Go on with the update that names the last one."""
        return previous == last_update_id


class HarborReader(FrameReader):
    """Reads every frame of one channel."""

    def __init__(self, channel: Channel) -> None:
        """Take the channel."""
        self._channel = channel
        self._head = f'{{"channel":"{channel.name}"'.encode()

    def read(self, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | list[Tick] | None:
        """Return what a frame says, None if it is of another channel or cannot be read."""
        if not frame.startswith(self._head):
            return None
        try:
            return decoded(self._channel, json.loads(frame), ts_recv_ns)
        except ERRORS:
            return None

    def channel_name(self, frame: bytes) -> bytes | None:
        """Return the name at the head of a frame."""
        start = b'{"channel":"'
        return frame[len(start) : frame.index(b'"', len(start))] if frame.startswith(start) else None


def decoded(channel: Channel, data: dict[str, Any], ts_recv_ns: int) -> Tick | DepthUpdate | list[Tick]:
    """Return what a frame of a channel says; trades come several to a frame."""
    info = channel.info
    if channel.kind == FeedKind.TRADE:
        return [
            Trade(
                each["ms"] * MS,
                ts_recv_ns,
                info.price.parse(each["price"]),
                info.qty.parse(each["contracts"]),
                int(SIDES[each["taker"]]),
                each["id"],
                int(TradeCondition.MARKET),
            )
            for each in data["trades"]
        ]
    sides = [pack_levels([tuple(level) for level in data[side]], info.price, info.qty) for side in ("bids", "asks")]
    if data["what"] == "snapshot":
        return BookSnapshot(data["ms"] * MS, ts_recv_ns, data["seq"], *sides)
    return DepthUpdate(BookDelta(data["ms"] * MS, ts_recv_ns, data["seq"], data["seq"], *sides), data["after"])


class HarborFeeds(MarketFeeds):
    """Trades and books over one connection, subscribed by message."""

    def __init__(self, venue: VenueConfig, instruments: list[InstrumentInfo]) -> None:
        """Take the instruments; of their feeds, `trade` and `depth` are known."""
        kinds = {"trade": (FeedKind.TRADE, Kind.TRADE), "depth": (FeedKind.DEPTH, Kind.BOOK)}
        channels = [
            Channel(f"{feed}:{info.symbol}", kinds[feed][0], info, info.stream(kinds[feed][1]), "public")
            for info in instruments
            for feed in info.feeds
        ]
        super().__init__(channels, HEARTBEAT)
        self._url = venue.ws_url
        self._instruments = instruments
        self._by_name = {channel.name: channel for channel in channels}

    def urls(self) -> Mapping[str, str]:
        """Return the one connection."""
        return {"public": f"{self._url}/public"}

    def requests(self, connection: str) -> Sequence[StreamRequest]:
        """Return a subscription for each channel."""
        tags = {f"sub-{name}": name for name in self._by_name}
        return [StreamRequest(tag, {"do": "subscribe", "channel": name, "tag": tag}) for tag, name in tags.items()]

    def reply_of(self, frame: bytes) -> SubscriptionReply | None:
        """Return what the venue says to a subscription."""
        return _reply(json.loads(frame))

    def channel(self, frame: bytes) -> Channel | None:
        """Return the channel that a frame names."""
        return self._by_name.get(json.loads(frame).get("channel", ""))

    def reader(self, channel: Channel) -> HarborReader:
        """Return what reads the channel's frames."""
        return HarborReader(channel)

    def decode(self, channel: Channel, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | list[Tick]:
        """Return what a frame says, or raise what is wrong with it."""
        try:
            return decoded(channel, json.loads(frame), ts_recv_ns)
        except ERRORS as error:
            raise refuse(error, f"frame of {channel.name}") from error

    def book_sync(self) -> BookSync:
        """Return the rule of one book."""
        return HarborSync()

    def snapshot_requests(self, channel: Channel) -> Sequence[StreamRequest]:
        """Return the request for the book anew."""
        return [StreamRequest("again", {"do": "again", "channel": channel.name})]

    def listing_call(self, *, whole: bool) -> VenueCall:
        """Return the call for all that is listed."""
        return VenueCall("GET", "/listing", {})

    def decode_listing(self, body: bytes) -> list[Instrument]:
        """Return the instruments as they are configured, with a fault if the venue's contract is another."""
        try:
            listed = {each["symbol"]: each["contract"] for each in json.loads(body)["result"]}
        except ERRORS as error:
            raise refuse(error, "listing") from error
        faults = {info.id: "" if self._fits(info, listed) else "another contract" for info in self._instruments}
        return [replace(info.message(), fault=faults[info.id]) for info in self._instruments]

    def _fits(self, info: InstrumentInfo, listed: dict[str, str]) -> bool:
        return parse_e8(listed.get(info.symbol, "")) == info.contract_size_e8


class HarborAccount(TradingAccount):
    """The account: orders in contracts, requests that are only acknowledged."""

    def __init__(self, venue: VenueConfig, instruments: list[InstrumentInfo]) -> None:
        """Take the instruments that are traded."""
        super().__init__(
            private_url=f"{venue.ws_url}/private",
            settle_ns=3_000 * MS,
            query_lag_ns=3_000 * MS,
            pass_weight=1,
            weight_per_minute_max=6_000,
            heartbeat=HEARTBEAT,
            has_dead_man_switch=True,
        )
        self._by_symbol = {info.symbol: info for info in instruments}

    def time_call(self) -> VenueCall:
        """Return the call for the time."""
        return VenueCall("GET", "/clock", {})

    def venue_time_ns(self, body: bytes) -> int:
        """Return the venue's time, which it tells in microseconds."""
        return int(self._result(body, "clock")) * 1_000

    def stream_requests(self, number: int) -> Sequence[StreamRequest]:
        """Return the login, then the subscription."""
        return [
            StreamRequest(f"login-{number}", {"do": "login", "tag": f"login-{number}"}, signed=True),
            StreamRequest(f"account-{number}", {"do": "subscribe", "channel": "account", "tag": f"account-{number}"}),
        ]

    def create(
        self, info: InstrumentInfo, client_order_id: str, side: int, qty_lots: int, price_ticks: int, time_in_force: int,
        reduce_only: bool = False,
    ) -> VenueCall:  # fmt: skip
        """Return the call that asks for an order."""
        terms = {
            "symbol": info.symbol,
            "mine": client_order_id,
            "side": WORDS[Side(side)],
            "contracts": info.qty.format(qty_lots),
            "price": info.price.format(price_ticks),
            "lasts": TimeInForce(time_in_force).name,
        }
        return VenueCall("POST", "/orders", terms, signed=True)

    def cancel(self, info: InstrumentInfo, client_order_id: str, venue_order_id: str = "") -> VenueCall:
        """Return the call that asks for a cancel."""
        return VenueCall("POST", "/pull", {"mine": client_order_id}, signed=True)

    def dead_man_switch(self, info: InstrumentInfo, timeout_ms: int) -> VenueCall:
        """Return the call that has the venue wait for another."""
        return VenueCall("POST", "/still-here", {"ms": str(timeout_ms)}, signed=True)

    def query(self, info: InstrumentInfo, client_order_id: str, venue_order_id: str = "") -> VenueCall:
        """Return the call for one order."""
        return VenueCall("GET", "/order", {"mine": client_order_id, "id": venue_order_id}, signed=True)

    def open_orders(self) -> VenueCall:
        """Return the call for the open orders."""
        return VenueCall("GET", "/orders", {}, signed=True)

    def balances(self) -> VenueCall:
        """Return the call for the balances."""
        return VenueCall("GET", "/balances", {}, signed=True)

    def fills_of(self, info: InstrumentInfo, venue_order_id: str) -> VenueCall:
        """Return the call for an order's fills."""
        return VenueCall("GET", "/fills", {"symbol": info.symbol, "id": venue_order_id}, signed=True)

    def fills_since(self, info: InstrumentInfo, cursor: str, since_ns: int) -> VenueCall:
        """Return the call for the fills after the venue's cursor."""
        place = {"symbol": info.symbol, "after": cursor, "ms": str(since_ns // MS)}
        return VenueCall("GET", "/fills", place, signed=True)

    def order_verdict(self, reply: VenueReply) -> Verdict:
        """Return TAKEN for an acknowledgement, and what a query states."""
        proof = self.proof(reply)
        if proof.result != CallResult.ACCEPTED:
            return proof
        result = json.loads(reply.body)["result"]
        if "taken" in result:
            return Verdict(CallResult.TAKEN, venue_order_id=result["taken"])
        return Verdict(CallResult.ACCEPTED, order=self._order(result))

    def proof(self, reply: VenueReply) -> Verdict:
        """Return what a reply proves: an error is an answer with status 200."""
        if reply.outcome == CallOutcome.NOT_SENT:
            return Verdict(CallResult.NOT_SENT, Reason.VENUE_UNREACHABLE, reply.text)
        if reply.outcome != CallOutcome.ANSWERED or reply.status != 200:
            return Verdict(CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN, reply.text)
        problem = json.loads(reply.body).get("problem")
        if problem is None:
            return Verdict(CallResult.ACCEPTED)
        if problem == "no_such_order":
            return Verdict(CallResult.NOT_FOUND, Reason.ORDER_NOT_FOUND, problem)
        reason = REFUSALS.get(problem)
        if reason is None:
            return Verdict(CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN, problem)
        return Verdict(CallResult.REFUSED, reason, problem)

    def orders(self, body: bytes) -> tuple[list[OrderReport], int]:
        """Return the open orders."""
        return [self._order(each) for each in self._result(body, "orders")], 0

    def fills(self, info: InstrumentInfo, body: bytes) -> FillPage:
        """Return a page of fills, with the venue's cursor."""
        result = self._result(body, "fills")
        fills = tuple(self._fill(each) for each in result["fills"])
        return FillPage(fills, result["cursor"], result["more"], result["cursor"])

    def balance_report(self, body: bytes) -> BalanceReport:
        """Return the balances."""
        return BalanceReport({asset: parse_amount_e8(text) for asset, text in self._result(body, "balances").items()})

    def private_events(self, frame: bytes) -> Sequence[PrivateEvent]:
        """Return the events of a frame, in order."""
        try:
            data = json.loads(frame)
            reply = _reply(data)
            return [reply] if reply is not None else [self._event(each) for each in data["events"]]
        except ERRORS as error:
            raise refuse(error, "private stream") from error

    def _result(self, body: bytes, what: str) -> Any:
        try:
            return json.loads(body)["result"]
        except ERRORS as error:
            raise refuse(error, what) from error

    def _event(self, data: dict[str, Any]) -> PrivateEvent:
        fill = self._fill(data["fill"]) if "fill" in data else None
        return ExecutionEvent(self._order(data["order"]), fill)

    def _order(self, data: dict[str, Any]) -> OrderReport:
        info = self._info(data)
        return OrderReport(
            info.id,
            data["mine"],
            data["id"],
            int(STATUSES[data["state"]]),
            int(SIDES[data["side"]]),
            info.qty.parse(data["contracts"]),
            info.price.parse(data["price"]),
            int(TimeInForce[data["lasts"]]),
            info.qty.parse(data["filled"]),
            data["ms"] * MS,
            int(Reason.VENUE_REJECTED if data["state"] == "bounced" else Reason.NONE),
            data.get("why", ""),
        )

    def _fill(self, data: dict[str, Any]) -> FillReport:
        info = self._info(data)
        return FillReport(
            info.id,
            data["order"],
            data["id"],
            int(SIDES[data["side"]]),
            info.qty.parse(data["contracts"]),
            info.price.parse(data["price"]),
            -parse_e8(data["fee"]),  # what is paid is negative there
            data["fee_asset"],
            int(Liquidity.TAKER),
            data["ms"] * MS,
        )

    def _info(self, data: dict[str, Any]) -> InstrumentInfo:
        info = self._by_symbol.get(data["symbol"])
        if info is None:
            raise VenueError(f"instrument {data['symbol']!r} is not configured")
        return info


def _reply(data: dict[str, Any]) -> SubscriptionReply | None:
    return SubscriptionReply(data["to"], data["ok"], data.get("problem", "")) if "to" in data else None


ADAPTER = Adapter(HarborFeeds, HarborSigner, HarborAccount)
