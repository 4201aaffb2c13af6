"""The market half of the port: what a venue is to the roles that follow it.

Market data and the recorder are written against `MarketFeeds` and `FrameReader`; an adapter derives from these. What
is said in `agents.venues.port` holds here too. This file is compiled (`market_port.pxd`).
"""

from collections.abc import Mapping, Sequence

from agents.instruments import InstrumentInfo
from agents.venues.base import Channel, Heartbeat, StreamRequest, Tick
from agents.venues.book_sync import BookSync
from agents.venues.depth_update import DepthUpdate
from agents.venues.reports import SubscriptionReply
from agents.venues.trade_spans import TradeSpans
from mesh.context import VenueCall, VenueReply
from schemas.messages import BookSnapshot, Instrument, Kline, Trade


class FrameReader:
    """Reads the frames of one channel in the layout in which the venue usually writes them, and no others."""

    def read(self, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | list[Tick] | None:
        """Return what a frame of the channel says, a list if it says several things.

        None leaves it to `MarketFeeds.decode`: it is in another layout, or of another channel.
        """
        raise NotImplementedError

    def channel_name(self, frame: bytes) -> bytes | None:
        """Return the name of the channel, whichever it is, at the head of a frame; None if none stands there."""
        raise NotImplementedError


class MarketFeeds:
    """The feeds of some instruments of one venue: where they are, how they are asked for, and what their frames say."""

    def __init__(
        self,
        channels: Sequence[Channel],
        heartbeat: Heartbeat | None = None,
        snapshot_depths: Sequence[int] = (),
        connection_life_ms: int = 0,
    ) -> None:
        """Take the channels; without a `heartbeat` the websocket's own ping says whether the venue is there."""
        self.channels = list(channels)
        self.heartbeat = heartbeat
        self.snapshot_depths = tuple(snapshot_depths)
        """How many levels of each side a snapshot may be asked for; any number where it is empty."""
        self.connection_life_ms = connection_life_ms
        """After how long the venue ends each connection, 0 if it does not; another one is there before."""

    def urls(self) -> Mapping[str, str]:
        """Return the websocket URL of each connection that the channels need."""
        raise NotImplementedError

    def requests(self, connection: str) -> Sequence[StreamRequest]:
        """Return what subscribes the channels of a connection once it is up; nothing where the URL says it."""
        return ()

    def request_again(self, request: StreamRequest) -> StreamRequest:
        """Return what is sent, under its id, after one of `requests` was refused or not answered."""
        return request

    def reply_of(self, frame: bytes) -> SubscriptionReply | None:
        """Return which request a frame that is of no channel answers; None if it is no such answer."""
        return None

    def ends_soon(self, frame: bytes) -> bool:
        """Return whether a frame that is of no channel, and no answer, announces that the venue ends its connection."""
        return False

    def channel(self, frame: bytes) -> Channel | None:
        """Return the channel that a frame is of, None if it is not a frame of a feed that was asked for."""
        raise NotImplementedError

    def channel_of(self, connection: str, frame: bytes) -> Channel | None:
        """Do the same for a frame that came on `connection`, where channels of two connections may have one name."""
        return self.channel(frame)

    def reader(self, channel: Channel) -> FrameReader:
        """Return what reads the frames of `channel` that are in the venue's usual layout; `decode` reads any."""
        raise NotImplementedError

    def decode(self, channel: Channel, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | list[Tick]:
        """Return what a frame of `channel` says, a list if it says several things.

        A `BookSnapshot` replaces the book at once.

        Raises:
            VenueError: If the frame is not what the venue documents, or not in whole ticks and lots.
        """
        raise NotImplementedError

    def book_sync(self) -> BookSync:
        """Return the venue's rule for joining snapshots and updates, for one book."""
        raise NotImplementedError

    def snapshot_call(self, info: InstrumentInfo, depth: int) -> VenueCall | None:
        """Return the REST call for a snapshot of the book; None where snapshots come in the stream, and nowhere else."""
        return None

    def decode_snapshot(self, info: InstrumentInfo, body: bytes, ts_recv_ns: int) -> BookSnapshot:
        """Return the book in the answer to `snapshot_call`.

        Raises:
            VenueError: If the answer is not what the venue documents, or not in whole ticks and lots.
        """
        raise NotImplementedError

    def snapshot_requests(self, channel: Channel) -> Sequence[StreamRequest]:
        """Return what has the venue send the snapshot of a book in the stream anew, where it does that.

        Where there is a `snapshot_call` too, this is sent when that has failed.
        """
        return ()

    def listing_call(self, *, whole: bool) -> VenueCall:
        """Return the REST call for what the venue lists of the instruments; `whole` asks for all that it lists.

        It is asked for whole when the venue refused the other (status 400): it does not know one of the symbols.
        """
        raise NotImplementedError

    def listing_calls(self, *, whole: bool) -> Sequence[VenueCall]:
        """Return the calls that together ask for the listing, where that takes several."""
        return [self.listing_call(whole=whole)]

    def listed(self, reply: VenueReply) -> list[Instrument]:
        """Return the instruments that the answer to one of `listing_calls` is about; raise as `decode_listing`."""
        return self.decode_listing(reply.body)

    def decode_listing(self, body: bytes) -> list[Instrument]:
        """Return the instruments with the venue's filters, or with what is wrong with them.

        Raises:
            VenueError: If the answer is not what the venue documents.
        """
        raise NotImplementedError

    def time_call(self) -> VenueCall | None:
        """Return the REST call for the time by the clock that stamps the feeds; None where the venue does not tell it."""
        return None

    def decode_time(self, body: bytes) -> int:
        """Return the venue's time (Unix nanoseconds) in the answer to `time_call`.

        Raises:
            VenueError: If the answer is not what the venue documents.
        """
        raise NotImplementedError

    def numbers_trades(self, channel: Channel) -> bool:
        """Return whether the trades of a channel are numbered one after another, so that a missing one shows."""
        return False

    def trade_spans(self, channel: Channel) -> TradeSpans | None:
        """Return which messages of a channel that numbers its trades stand for several; None where none does."""
        return None

    def trades_call(self, channel: Channel, first_id: int, count: int) -> VenueCall | None:
        """Return the REST call for some trades of a channel from `first_id` on; None where the venue does not give them.

        The answer may hold others too, and fewer than were asked for.
        """
        return None

    def decode_trades(self, channel: Channel, body: bytes, ts_recv_ns: int) -> list[Trade]:
        """Return the trades in the answer to `trades_call`, as the channel's frames tell them.

        Raises:
            VenueError: If the answer is not what the venue documents, or not in whole ticks and lots.
        """
        raise NotImplementedError

    def klines_call(self, info: InstrumentInfo, interval_ms: int, count: int, end_ns: int) -> VenueCall | None:
        """Return the REST call for the last `count` bars that began before `end_ns` (0: now); None without such bars."""
        return None

    def decode_klines(self, info: InstrumentInfo, body: bytes) -> list[Kline]:
        """Return the bars in the answer to `klines_call`, oldest first; the last one may not have ended.

        Raises:
            VenueError: If the answer is not what the venue documents, or not in whole ticks and lots.
        """
        raise NotImplementedError

    def retry_after_ns(self, reply: VenueReply) -> int:
        """Return how long the venue asks this address not to call, 0 if it does not ask for it."""
        return 0
