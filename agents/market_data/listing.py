"""What the venue lists of the instruments: asked for at start and now and then, as venues change their filters."""

from collections.abc import Mapping

from agents.instruments import InstrumentInfo
from agents.market_data.rest_calls import RestCalls
from agents.venues.market_port import MarketFeeds
from mesh.context import CallOutcome, Context, VenueReply
from schemas.counters import Counter
from schemas.errors import VenueError
from schemas.messages import Instrument
from schemas.streams import Kind
from schemas.units import MS

LISTING = "listing"
"""Name of the timer."""
WAIT_NS = 1_000 * MS
WAIT_NS_MAX = 60_000 * MS
AGAIN_NS = 300_000 * MS
TROUBLE_MAX = 400


class InstrumentListing:
    """The instruments as they are published, and the calls for what the venue lists of them."""

    def __init__(self, feeds: MarketFeeds, calls: RestCalls, instruments: list[InstrumentInfo]) -> None:
        """Begin with what the configuration says."""
        self._feeds = feeds
        self._calls = calls
        self._instruments = {info.stream(Kind.INSTRUMENT): info.message() for info in instruments}
        self._stream_of = {info.id: info.stream(Kind.INSTRUMENT) for info in instruments}
        self._whole = self._refused = False
        self._out = 0
        self._failed = ""
        self._wait_ns = WAIT_NS
        self.trouble = "not asked for yet"
        """Why the venue's filters are not known, empty if they are."""

    @property
    def instruments(self) -> Mapping[int, Instrument]:
        """The instruments by the streams that they are published on."""
        return self._instruments

    def begin(self, ctx: Context) -> None:
        """Publish what the configuration says, and ask."""
        self._ctx = ctx
        for stream, instrument in self._instruments.items():
            ctx.publish(stream, instrument)
        self.ask()

    def ask(self) -> None:
        """Ask what the venue lists, if it may be asked now, or else as soon as it may."""
        if self._calls.may_call(LISTING):
            calls = self._feeds.listing_calls(whole=self._whole)
            self._out, self._failed, self._refused = len(calls), "", False
            for call in calls:
                self._calls.make(call, self._on_reply)

    def _on_reply(self, reply: VenueReply) -> None:
        """Publish what one answer lists; after the last one ask again, sooner if one of them failed."""
        ctx = self._ctx
        self._out -= 1
        self._refused = self._refused or reply.status == 400
        try:
            if reply.outcome != CallOutcome.ANSWERED or reply.status != 200:
                raise VenueError(f"exchange information: {reply.outcome.name} {reply.status} {reply.text}".rstrip())
            self._publish(self._feeds.listed(reply))
        except VenueError as error:
            ctx.count(Counter.LISTING_FAILED)
            self._failed = str(error)[:TROUBLE_MAX]
        if self._out:
            return
        self._whole, self.trouble = self._refused, self._failed
        ctx.set_timer(LISTING, ctx.now_ns + (self._wait_ns if self._failed else AGAIN_NS))
        self._wait_ns = min(2 * self._wait_ns, WAIT_NS_MAX) if self._failed else WAIT_NS

    def _publish(self, listed: list[Instrument]) -> None:
        """Publish the instruments that the venue lists otherwise than was known."""
        ctx = self._ctx
        for instrument in listed:
            stream = self._stream_of[instrument.instrument_id]
            if instrument != self._instruments[stream]:
                if instrument.fault:
                    ctx.count(Counter.INSTRUMENT_DOES_NOT_FIT)
                self._instruments[stream] = instrument
                ctx.publish(stream, instrument)
