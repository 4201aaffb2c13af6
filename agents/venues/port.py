"""The port: what a venue is to the roles that trade on it and follow it.

Execution is written against `TradingAccount`, market data against `MarketFeeds` and `FrameReader` (`market_port`, handed on
here); neither names a venue.
An adapter derives from these, and `agents.venues.adapters` says which one a configured kind of venue has. What differs
between venues is a method here (how a call is written, what an answer proves, how a book is joined) or an attribute.

All of it is plain functions of bytes and numbers: an adapter holds no socket, no clock and no state of orders. What needs a
key or the time of day is a `Signer` (`agents.venues.signing`), which only the shell calls.

This file is compiled (`port.pxd`): what comes with every frame and order is called as C. An adapter may be plain Python.
"""

from collections.abc import Mapping, Sequence

from agents.instruments import InstrumentInfo
from agents.venues.base import Heartbeat, StreamRequest, VenueLimit
from agents.venues.market_port import FrameReader, MarketFeeds
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

__all__ = ["FrameReader", "MarketFeeds", "TradingAccount"]


class TradingAccount:
    """One account of one venue: builds its calls, and reads its answers and the frames of its private stream.

    Quantities are lots and prices ticks of the instrument; of a venue that counts contracts, lots of contracts. Whatever
    reads an answer or a frame raises VenueError if that is not what the venue documents.
    """

    def __init__(
        self,
        *,
        private_url: str,
        settle_ns: int,
        query_lag_ns: int,
        pass_weight: int,
        weight_per_minute_max: int,
        limits: Sequence[VenueLimit] = (),
        create_weight: int = 1,
        heartbeat: Heartbeat | None = None,
        has_amend: bool = False,
        amend_only_reduces: bool = False,
        amend_counts: bool = False,
        has_cancel_all: bool = False,
        has_dead_man_switch: bool = False,
        dead_man_of_account: bool = False,
        connection_life_ms: int = 0,
        order_url: str = "",
        stream_key_ns: int = 0,
    ) -> None:
        """Take what the account can do and what its venue allows."""
        self.private_url = private_url
        """Where the private stream is; empty where it has a key that runs out."""
        self.stream_key_ns = stream_key_ns
        """How often the key of the private stream is asked for again, so that it lasts; 0 where it has none."""
        self.settle_ns = settle_ns
        """How long after a create was sent "no such order" begins to prove something."""
        self.query_lag_ns = query_lag_ns
        """How long an order that the venue has told of must be missing everywhere before that proves that it ended."""
        self.pass_weight = pass_weight
        """Request weight of asking for all open orders, the balances, and the fills of each instrument."""
        self.weight_per_minute_max = weight_per_minute_max
        """Request weight that the venue takes in a minute."""
        self.limits = tuple(limits)
        """What the venue allows, as far as it tells; nothing is held back where it tells nothing."""
        self.create_weight = create_weight
        """Request weight of a create."""
        self.heartbeat = heartbeat
        """The private stream's; without one the websocket's own ping says whether the venue is there."""
        self.has_amend = has_amend
        self.amend_only_reduces = amend_only_reduces
        """Whether an amend can do nothing but make the quantity smaller."""
        self.amend_counts = amend_counts
        """Whether an amend counts as a new order."""
        self.has_cancel_all = has_cancel_all
        self.has_dead_man_switch = has_dead_man_switch
        self.dead_man_of_account = dead_man_of_account
        """Whether one switch is of all instruments, so that it is told once and not of each."""
        self.connection_life_ms = connection_life_ms
        """After how long the venue ends the private stream's connection, 0 if it does not; another one is there before."""
        self.order_url = order_url
        """Where the socket for orders is, if the venue has one and it is not the private stream's."""

    # Calls

    def weight_of(self, call: VenueCall) -> int:
        """Return the request weight of a call that this account has built."""
        return 1

    def time_call(self) -> VenueCall:
        """Return the call that asks what time it is at the venue; it needs no key."""
        raise NotImplementedError

    def setup_calls(self) -> Sequence[VenueCall]:
        """Return the calls for what must still be known of the instruments or the account; `learn` takes the answers."""
        return ()

    def learn(self, reply: VenueReply) -> None:
        """Take the answer to one of `setup_calls`; VenueError if it is not what the venue documents."""

    def unfit(self) -> str:
        """Return why no orders may be created on the account as it is, by what it has learned; empty if they may."""
        return ""

    def stream_key_call(self) -> VenueCall:
        """Return the call for the key of the private stream, which lasts on by it; one that has ended is replaced."""
        raise NotImplementedError

    def stream_url_of(self, reply: VenueReply) -> str:
        """Return where the private stream is by the answer to `stream_key_call`; VenueError if it is not as documented."""
        raise NotImplementedError

    def stream_requests(self, number: int) -> Sequence[StreamRequest]:
        """Return what logs in and subscribes the private stream, for the `number`th time.

        Each is sent when the one before was acknowledged. Two calls with one `number` return the same. A key needs none.
        """
        raise NotImplementedError

    def create(
        self, info: InstrumentInfo, client_order_id: str, side: int, qty_lots: int, price_ticks: int, time_in_force: int,
        reduce_only: bool = False,
    ) -> VenueCall:  # fmt: skip
        """Return the call that places a limit order; the venue sees to `reduce_only` too, if it has that and is told."""
        raise NotImplementedError

    def amend(
        self, info: InstrumentInfo, client_order_id: str, venue_order_id: str, side: int, qty_lots: int,
        price_ticks: int,
    ) -> VenueCall:  # fmt: skip
        """Return the call that changes an order of `side`, which keeps its ids, if the account `has_amend`.

        `qty_lots` counts what is filled.
        """
        raise NotImplementedError

    def cancel(self, info: InstrumentInfo, client_order_id: str, venue_order_id: str = "") -> VenueCall:
        """Return the call that cancels an order, by the venue's id if it is given."""
        raise NotImplementedError

    def cancel_all(self, info: InstrumentInfo) -> VenueCall:
        """Return the call that cancels all orders in an instrument, if the account `has_cancel_all`."""
        raise NotImplementedError

    def dead_man_switch(self, info: InstrumentInfo, timeout_ms: int) -> VenueCall:
        """Return the call that has the venue cancel all unless it is made again in time (0: no more), if it does that."""
        raise NotImplementedError

    def query(self, info: InstrumentInfo, client_order_id: str, venue_order_id: str = "") -> VenueCall:
        """Return the call that asks for one order, by the venue's id if it is given."""
        raise NotImplementedError

    def open_orders(self) -> VenueCall:
        """Return the call for all open orders of the account."""
        raise NotImplementedError

    def open_order_calls(self) -> Sequence[VenueCall]:
        """Return the calls that together ask for all open orders, where that takes several."""
        return (self.open_orders(),)

    def balances(self) -> VenueCall:
        """Return the call for the account's balances."""
        raise NotImplementedError

    def position_calls(self) -> Sequence[VenueCall]:
        """Return the calls that together ask for all positions in contracts; none where nothing but coins is held."""
        return ()

    def terms_calls(self) -> Sequence[VenueCall]:
        """Return the calls that together ask for margin mode and leverage of the contracts; people may change them."""
        return ()

    def funding_calls(self, since_ns: int, now_ns: int) -> Sequence[VenueCall]:
        """Return the calls that together ask for the funding that was settled in a span of Unix time; none without any."""
        return ()

    def transfer_calls(self, since_ns: int, now_ns: int) -> Sequence[VenueCall]:
        """Return the calls that together ask for deposits and withdrawals of a span of Unix time.

        None where the private stream tells of each how much it was.
        """
        return ()

    def tells_of_transfers(self) -> bool:
        """Return whether the private stream says that there was a deposit or a withdrawal, however much it was."""
        return True

    def fills_of(self, info: InstrumentInfo, venue_order_id: str) -> VenueCall:
        """Return the call for the fills of one order."""
        raise NotImplementedError

    def fills_since(self, info: InstrumentInfo, cursor: str, since_ns: int) -> VenueCall:
        """Return the call for the fills after `cursor`, which a `FillPage` gave; from a time on while there is none."""
        raise NotImplementedError

    # Answers

    def order_verdict(self, reply: VenueReply) -> Verdict:
        """Return what the reply to a create, an amend, a cancel or a query proves."""
        raise NotImplementedError

    def proof(self, reply: VenueReply) -> Verdict:
        """Return what any reply proves: ACCEPTED if its body is the answer to what was asked."""
        raise NotImplementedError

    def orders(self, body: bytes) -> tuple[list[OrderReport], int]:
        """Return the open orders in a reply, and how many are of instruments that are not configured."""
        raise NotImplementedError

    def open_page(self, reply: VenueReply) -> tuple[list[OrderReport], int, VenueCall | None]:
        """Return what the answer to one of `open_order_calls` says, as `orders` does, and the call for what it lacks."""
        return (*self.orders(reply.body), None)

    def position_page(self, reply: VenueReply) -> tuple[list[PositionReport], VenueCall | None]:
        """Return the positions in an answer to one of `position_calls` and the call for the rest."""
        raise NotImplementedError

    def terms(self, reply: VenueReply) -> Sequence[ContractTerms]:
        """Return what an answer to one of `terms_calls` says of the contracts that are traded."""
        raise NotImplementedError

    def funding_page(self, reply: VenueReply) -> tuple[list[FundingReport], VenueCall | None]:
        """Return the funding in an answer to one of `funding_calls` and the call for the rest."""
        raise NotImplementedError

    def transfer_page(self, reply: VenueReply) -> tuple[list[TransferReport], VenueCall | None]:
        """Return the transfers in an answer to one of `transfer_calls` and the call for the rest."""
        raise NotImplementedError

    def mode(self) -> str:
        """Return in words how the account trades contracts, as far as it has learned that; empty where it has none."""
        return ""

    def query_elsewhere(self, reply: VenueReply) -> VenueCall | None:
        """Return the call that asks where else an order may be that is not there by the answer to a `query`."""
        return None

    def limit_headers(self, reply: VenueReply) -> Mapping[str, str]:
        """Return how much of each of the `limits` is used, as far as an answer tells it."""
        return reply.headers

    def fill_page(self, info: InstrumentInfo, reply: VenueReply) -> FillPage:
        """Do the same as `fills` where an answer says less without its call."""
        return self.fills(info, reply.body)

    def fills(self, info: InstrumentInfo, body: bytes) -> FillPage:
        """Return the fills in a reply, oldest first."""
        raise NotImplementedError

    def balance_report(self, body: bytes) -> BalanceReport:
        """Return all balances in a reply, zero ones left out."""
        raise NotImplementedError

    def venue_time_ns(self, body: bytes) -> int:
        """Return the venue's time in a reply to `time_call`, Unix time."""
        raise NotImplementedError

    def private_events(self, frame: bytes) -> Sequence[PrivateEvent]:
        """Return what a frame of the private stream says, in order; nothing if it is nothing of ours."""
        raise NotImplementedError

    def ends_soon(self, frame: bytes) -> bool:
        """Return whether a frame that says nothing of the account announces that the venue ends its connection."""
        return False
