"""What a dialect is to the venue: the protocol of one exchange, above the market and the account that all share.

The exchange (`agents.paper.exchange`) has what every venue has: a market, an account with its orders, faults, figures. It
speaks of them in no exchange's words. A dialect has the words: paths, fields, signatures, topics, limits, error codes. It
is given a `Floor` to stand on and holds no order, balance or book of its own: whatever it is asked, it answers out of the
floor, so that a restart, which restores the floor, restores what clients are told.

What a dialect may rely on:

- One thread, no waiting: each call below returns before the next one comes. `wall_ns` is the venue's wall time and never
  goes back; a dialect reads no clock. What it wants to do later it keeps, with its time, until `advance`.
- `floor.send` and `floor.close` act on connections that `ws_open` took on. Frames of one connection arrive in the order in
  which they were sent. A frame that is sent while a request is answered over HTTP may arrive before the answer or after
  it. To have it come after, keep it for `advance`: the drivers call that after every request and every message.
- `floor.trading` carries out orders and raises `Refused` (a reason in no dialect) where it does not; then nothing has
  changed. It tells every change through `account_event` before the call that made it returns: a dialect whose venue
  acknowledges first keeps what it is told until it has sent the acknowledgement.
- `floor.market` moves while `advance` of the exchange runs, and whenever an order trades; its frames come through
  `market_frame`. It stands still until `floor.market.start`, which a dialect calls when the first client wants to hear it.
- Faults are the exchange's: it asks the dialect only how its venue would say so. Orders that come over a websocket are
  turned into the call that means the same and go through `floor.answer`, so that they meet the faults that those over HTTP
  meet; a reply with status 0 is none, and the connection is closed.

What it must keep to: the same bytes for the same calls (no chance, no clock); bytes in a shape that its venue sends, held
against recorded samples in `tests/unit/agents/paper/DIALECT/test_shapes.py`; whatever a client sends is answered or
refused as the venue would, and raises nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

import msgspec

from agents.paper.account.told import AccountEvent
from agents.paper.account.trading import Trading
from agents.paper.call import Call, HttpReply
from agents.paper.faults import FaultTable
from agents.paper.market.market import VenueMarket
from agents.paper.money import Listing
from agents.paper.subscribers import Subscribers
from agents.venues.credentials import Credentials


class Floor(msgspec.Struct, frozen=True):
    """What a dialect stands on: all that the venue has, whatever it speaks.

    `listings` are the configured instruments by our symbol; a recorded market may have symbols beside (`market.symbols`).
    """

    listings: Mapping[str, Listing]
    market: VenueMarket
    trading: Trading
    faults: FaultTable
    credentials: Credentials
    send: Callable[[int, bytes], None]
    close: Callable[[int], None]
    forget_ns: int
    """How long the venue knows an order that was canceled without a fill; 0: as long as its kind does."""
    answer: Callable[[Call], HttpReply]
    """Answers a request of the dialect's own as it is answered over HTTP, faults included: for orders over a websocket."""

    def listing_of(self, category: str, venue_symbol: str) -> Listing | None:
        """Return the instrument that is called `venue_symbol` on the wire, None if none of that category is."""
        found = (each for each in self.listings.values() if each.wire == (category, venue_symbol))
        return next(found, None)


class Dialect(ABC):
    """One protocol. The exchange calls; `hub` has the connections, and `floor` is what it stands on."""

    floor: Floor
    hub: Subscribers

    @abstractmethod
    def http(self, call: Call) -> HttpReply:
        """Answer one request, with the headers that tell of limits; a request that is refused is answered too."""

    @abstractmethod
    def is_create(self, call: Call) -> bool:
        """Return whether `http` would create an order: such requests have faults of their own."""

    @abstractmethod
    def failed(self, call: Call, status: int, *, executed: bool) -> HttpReply:
        """Return the answer of a venue that broke down over `call` with HTTP `status`, before or after carrying it out."""

    @abstractmethod
    def limited(self, call: Call, retry_after_s: int) -> HttpReply:
        """Return the answer to a client that has asked too much."""

    @abstractmethod
    def banned(self, call: Call) -> HttpReply | None:
        """Return the answer to a client that is banned, None if it is not; that it asked may make the ban longer."""

    @abstractmethod
    def ban(self, wall_ns: int, length_ns: int) -> None:
        """Ban the client for so long."""

    @abstractmethod
    def ws_open(self, conn_id: int, path_and_query: str, wall_ns: int) -> bool:
        """Take a websocket into `hub`; return False if its address is not served."""

    @abstractmethod
    def ws_message(self, conn_id: int, text: str, wall_ns: int) -> None:
        """Take one text message of a client; one of a connection that is not open any more is nothing."""

    def ws_close(self, conn_id: int) -> None:
        """Forget a websocket that has closed, by whichever side."""
        self.hub.close(conn_id)

    def announce_end(self, conn_id: int, wall_ns: int) -> bool:
        """Tell a websocket that it will be closed; return whether the venue does that."""
        return False

    def reset_sequence(self, stream: str) -> bool:
        """Have the numbers of a book, or of all, begin anew; return whether this venue and market have such."""
        return False

    def market_frame(self, stream: str, frame: bytes) -> int:
        """Send a frame of the market to all who subscribed its stream; return how many they are."""
        return self.hub.market_frame(stream, frame)

    @abstractmethod
    def account_event(self, event: AccountEvent) -> None:
        """Tell what happened to the account to all who listen to it, in as many frames as the venue makes of it."""

    @abstractmethod
    def advance(self, wall_ns: int) -> int | None:
        """Do what was to be done by now; return when to call again at the latest, None if nothing is waiting."""
