"""The paper venue itself, without sockets, clocks or randomness: requests, connections and time go in, replies and
frames come out.

The server (`agents.paper.server`) and the simulator drive the same object. Every call is told the wall time.
`advance` plays the market; it plays no more than `count_max` events at once, so that the driver can wait for slow
sockets between calls: nothing that is due is ever skipped.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from agents.amounts import parse_amount_e8
from agents.paper.account.account_log import PaperEvent
from agents.paper.account.balances import Balances
from agents.paper.account.held_contracts import HeldContracts
from agents.paper.account.told import AccountEvent
from agents.paper.account.trading import Trading
from agents.paper.call import Call, HttpReply, json_reply
from agents.paper.dialect import Floor
from agents.paper.dialects import kind_of_dialect
from agents.paper.faults import FAULTS, Fault, FaultTable
from agents.paper.market.market import Listener, Match, VenueMarket
from agents.paper.market.market_writer import MarketWriter
from agents.paper.money import Listing, format_e8
from agents.paper.orders import VenueOrder
from agents.paper.refusals import Refused
from agents.paper.subscribers import ACCOUNT, MARKET
from agents.venues.credentials import Credentials
from schemas.config import InstrumentConfig, PaperConfig, VenueConfig
from schemas.errors import DecimalError
from schemas.figures import PaperFigures
from schemas.markets import CATEGORIES
from schemas.units import MS, SECOND

LIFE_IDS = 1 << 40
"""Trade and update ids of one life of the venue; more than it can use in years."""


class FundingOrder(msgspec.Struct, forbid_unknown_fields=True):
    """At which rate, a decimal, `POST /paper/funding` has holding a contract paid for at once."""

    symbol: str
    rate: str


MarketSource = Callable[[Mapping[str, Listing], Listener, MarketWriter], VenueMarket]


class TransferOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What `POST /paper/transfer` pays into the account; out of it if `amount`, a decimal, is negative."""

    asset: str
    amount: str


class PaperExchange:
    """One paper venue with one account."""

    def __init__(
        self,
        config: PaperConfig,
        venue: VenueConfig,
        instruments: Sequence[InstrumentConfig],
        source: MarketSource,
        credentials: tuple[str, ...],
        *,
        send: Callable[[int, bytes], None] | None = None,
        close: Callable[[int], None] | None = None,
    ) -> None:
        """List the instruments of `venue`, and speak its dialect.

        `credentials` are key, secret and, where the venue wants one, passphrase of the account; `send` and `close` act on
        connections, and may be set later by `attach`.
        """
        self.venue = venue
        kind = kind_of_dialect(venue.kind)
        usual = CATEGORIES[venue.kind][0]
        self.listings = {
            each.symbol: Listing.of(each, usual, margin=kind.margin) for each in instruments if each.venue == venue.name
        }
        writer = kind.writer()
        self.market = source(self.listings, self, writer)
        self.account = Balances(config.balances, config.maker_fee, config.taker_fee)
        self.trading = Trading(self.account, self.listings, self.market, self._account_event)
        self.contracts = HeldContracts(self.trading, self.listings, self.market, self._account_event)
        self.faults = FaultTable()
        self.ticks_sent = 0
        self._ending: dict[int, int] = {}
        """When each websocket is closed that was told so."""
        self.halted = False
        """While set, `advance` plays nothing; what became due meanwhile is played at once afterwards, unless put off."""
        self._put_off_ns = 0
        self._wall_ns = 0
        self._send_out: Callable[[int, bytes], None] = send or _drop
        self._close_out: Callable[[int], None] = close or _drop
        self.credentials = Credentials(*credentials)
        floor = Floor(
            listings=self.listings,
            market=self.market,
            trading=self.trading,
            faults=self.faults,
            credentials=self.credentials,
            send=self._send,
            close=self._close,
            forget_ns=int(config.forget_after_s * SECOND),
            answer=self._answer,
        )
        self.dialect = kind.dialect(floor, writer)

    def attach(self, send: Callable[[int, bytes], None], close: Callable[[int], None]) -> None:
        """Say how frames leave and connections are closed."""
        self._send_out = send
        self._close_out = close

    def attach_log(self, log: Callable[[PaperEvent], object], life: int) -> None:
        """Hand every change of the account to `log` before it is made; `life` numbers the starts of the venue from 1.

        Trade and update ids of one life are above those of all earlier ones.
        """
        self.trading.log = log
        self.market.number_from((life - 1) * LIFE_IDS)

    def restore(self, event: PaperEvent) -> None:
        """Apply the next event of earlier lives; raises ConfigError if its instrument is not configured any more."""
        self.trading.ledger.apply(event)

    def begin(self, wall_ns: int) -> None:
        """Go on where the restored events end, before anything else is asked of the venue."""
        self._wall_ns = max(self._wall_ns, wall_ns)
        self.trading.begin(wall_ns)

    def http(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, now_ns: int
    ) -> HttpReply:
        """Answer one request; header names in any case. `now_ns` is wall time."""
        self._wall_ns = max(self._wall_ns, now_ns)
        now_ns += self.faults.clock_ns
        named = {name.lower(): value for name, value in headers.items()}
        call = Call(method, path, query, named, body.decode("utf-8", "replace"), now_ns)
        if path == "/paper/fault" and method == "POST":
            return self._tell_fault(call)
        if path == "/paper/transfer" and method == "POST":
            return self._transfer(call)
        if path == "/paper/funding" and method == "POST":
            return self._fund(call)
        if path == "/paper/status" and method == "GET":
            return json_reply(msgspec.to_builtins(self.figures()))
        return self._answer(call)

    def ws_open(self, conn_id: int, path_and_query: str, now_ns: int) -> bool:
        """Take on a websocket; return False if its address is not served."""
        self._wall_ns = max(self._wall_ns, now_ns)
        return self.dialect.ws_open(conn_id, path_and_query, now_ns)

    def ws_message(self, conn_id: int, text: str, now_ns: int) -> None:
        """Take one text message of a client."""
        self._wall_ns = max(self._wall_ns, now_ns)
        self.dialect.ws_message(conn_id, text, now_ns + self.faults.clock_ns)

    def ws_close(self, conn_id: int) -> None:
        """Forget a websocket that has closed."""
        self._ending.pop(conn_id, None)
        self.dialect.ws_close(conn_id)

    def advance(self, wall_ns: int, count_max: int = 256) -> int | None:
        """Play what is due, at most `count_max` events; return when to call again, None if nothing is to come yet."""
        self._wall_ns = max(self._wall_ns, wall_ns)
        later_ns = _first(self.dialect.advance(wall_ns), self._close_ending(wall_ns))
        due_ns = None if self.halted else self._play(wall_ns, count_max)
        return _first(later_ns, due_ns)

    def put_off(self, duration_ns: int) -> None:
        """Let the market stand still for as long as it could not be played; a recording is played late instead."""
        self._put_off_ns += duration_ns
        self.market.put_off(duration_ns)

    def _play(self, wall_ns: int, count_max: int) -> int | None:
        due_ns = self.market.advance(wall_ns, count_max)
        self.contracts.advance(wall_ns)
        return due_ns

    @property
    def done(self) -> bool:
        """Return whether the capture has been played to its end."""
        return self.market.done

    def market_frame(self, stream: str, ticks: int, frame: bytes) -> None:
        """Send a frame of the market to its subscribers, unless a fault drops it."""
        if self.faults.silent(stream, self._wall_ns):
            return
        if self.faults.use("drop_market", stream) is None:
            self.ticks_sent += ticks * self.dialect.market_frame(stream, frame)

    def maker_fill(self, order: VenueOrder, match: Match) -> None:
        """Book an execution of a resting order of the account."""
        self.trading.maker_fill(order, match, self._wall_ns)

    def figures(self) -> PaperFigures:
        """Return what there is to tell of the venue."""
        positions = self.trading.positions(self.listings)
        return PaperFigures(
            market=self.market.kind,
            captured=self.market.tick_count,
            sent=self.ticks_sent + self.dialect.hub.opening_ticks,
            frames_sent=self.dialect.hub.sent,
            frames_unheard=self.dialect.hub.unheard,
            done=self.done,
            connections=len(self.dialect.hub),
            account=self.account.figures(),
            positions={symbol: format_e8(qty) for symbol, qty in positions.items()},
            commission={asset: format_e8(e8) for asset, e8 in self.account.commission_e8.items()},
            funding={asset: format_e8(e8) for asset, e8 in self.account.funding_e8.items()},
            orders=self.trading.counts(),
            open_orders=len(self.trading.open_orders(None, 1 << 62)),
            fills=sum(len(order.fills) for order in self.trading.orders.values()),
            contracts={symbol: format_e8(positions[symbol]) for symbol, each in self.listings.items() if each.margined},
            creates_by_client_id_max=max(self.trading.creates.values(), default=0),
            put_off_ms=self._put_off_ns // MS,
        )

    def _answer(self, call: Call) -> HttpReply:
        """Answer a request of the dialect's as the faults that are to happen have it."""
        dialect = self.dialect
        banned = dialect.banned(call)
        if banned is not None:
            return banned
        places = (f"{call.method} {call.path}", call.path)
        limited = self.faults.use("rate_limit", *places)
        if limited is not None:
            return dialect.limited(call, limited.retry_after)
        delayed = self.faults.use("delay", *places)
        if dialect.is_create(call):
            answer = self.faults.creating(
                places, self.trading.orders, call.wall_ns, lambda: dialect.http(call), self._failed(call)
            )
        else:
            answer = self.faults.answering(places, lambda: dialect.http(call), self._failed(call))
        reply = HttpReply(0, {}, b"null") if answer is None else answer
        reply.delay_ms = delayed.ms if delayed is not None else 0
        return reply

    def _failed(self, call: Call) -> Callable[[int, bool], HttpReply]:
        """Return what answers `call` with a status as a venue that broke down before or after carrying it out."""
        return lambda status, executed: self.dialect.failed(call, status, executed=executed)

    def _tell_fault(self, call: Call) -> HttpReply:
        try:
            fault = msgspec.json.decode(call.body, type=Fault)
        except msgspec.MsgspecError as error:
            return _wrong(f"not a fault: {error}")
        if fault.fault not in FAULTS:
            return _wrong(f"no such fault: {fault.fault[:40]!r}")
        if fault.fault == "ban":
            self.dialect.ban(call.wall_ns, fault.retry_after * SECOND)
            return json_reply({"fault": fault.fault})
        if fault.fault == "shutdown":
            self._shut_down(call.wall_ns, call.wall_ns + int(fault.seconds * SECOND))
            return json_reply({"fault": fault.fault})
        if fault.fault == "silence":
            self.faults.silence(fault.stream, call.wall_ns + int(fault.seconds * SECOND))
            return json_reply({"fault": fault.fault})
        if fault.fault == "reset_sequence":
            if not self.dialect.reset_sequence(fault.stream):
                return _wrong("this venue, or this market, has no such numbers that begin anew")
            return json_reply({"fault": fault.fault})
        closing = {"close_user": ACCOUNT, "close_market": MARKET}.get(fault.fault)
        if closing is None:
            self.faults.tell(fault)
        else:
            for conn_id in self.dialect.hub.of_role(closing):
                self.dialect.ws_close(conn_id)
                self._close(conn_id)
        return json_reply({"fault": fault.fault})

    def _shut_down(self, wall_ns: int, end_ns: int) -> None:
        """Announce to all websockets that they will be closed at `end_ns`; where the venue does not, close them now."""
        announced = {conn_id: self.dialect.announce_end(conn_id, wall_ns) for conn_id in self.dialect.hub.all()}
        self._ending |= {conn_id: end_ns if told else wall_ns for conn_id, told in announced.items()}
        self._close_ending(wall_ns)

    def _close_ending(self, wall_ns: int) -> int | None:
        """Close the websockets whose time has come; return when the next one's comes."""
        for conn_id in [conn_id for conn_id, end_ns in self._ending.items() if end_ns <= wall_ns]:
            del self._ending[conn_id]
            self.dialect.ws_close(conn_id)
            self._close(conn_id)
        return min(self._ending.values(), default=None)

    def _transfer(self, call: Call) -> HttpReply:
        try:
            asked = msgspec.json.decode(call.body, type=TransferOrder)
            self.trading.transfer(asked.asset, parse_amount_e8(asked.amount), call.wall_ns)
        except (msgspec.MsgspecError, DecimalError, Refused) as error:
            return _wrong(f"not a transfer: {error}")
        return json_reply(msgspec.to_builtins(asked))

    def _fund(self, call: Call) -> HttpReply:
        try:
            asked = msgspec.json.decode(call.body, type=FundingOrder)
            listing = self.listings.get(asked.symbol)
            if listing is None or not listing.margined:
                return _wrong(f"no such contract: {asked.symbol[:40]!r}")
            self.contracts.settle(listing, parse_amount_e8(asked.rate), call.wall_ns)
        except (msgspec.MsgspecError, DecimalError) as error:
            return _wrong(f"not a funding: {error}")
        return json_reply(msgspec.to_builtins(asked))

    def _account_event(self, event: AccountEvent) -> None:
        if self.faults.use("mute_user") is None:
            self.dialect.account_event(event)

    def _send(self, conn_id: int, frame: bytes) -> None:
        self._send_out(conn_id, frame)

    def _close(self, conn_id: int) -> None:
        self._close_out(conn_id)


def _first(one_ns: int | None, other_ns: int | None) -> int | None:
    if one_ns is None or other_ns is None:
        return other_ns if one_ns is None else one_ns
    return min(one_ns, other_ns)


def _wrong(text: str) -> HttpReply:
    return json_reply({"error": text}, 400)


def _drop(*_: object) -> None:
    """Stand in for a driver that is not attached yet."""
