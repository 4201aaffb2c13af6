"""Bars of the venue for whoever asks: a strategy that starts wants what was before it.

An agent asks market data and not the venue: the calls of this address go through one place, which knows how long the venue
wants it to wait. Only bars that have ended are handed on, by the venue's clock as far as it is known.
"""

from agents.instruments import InstrumentInfo
from agents.market_data.clock import ClockPublisher
from agents.market_data.rest_calls import RestCalls
from agents.venues.port import MarketFeeds
from agents.venues.venue_clock import ERROR_NS_MAX
from mesh.context import CallOutcome, Context, Request, VenueReply
from schemas.errors import VenueError
from schemas.messages import Kline, KlinesAnswer, KlinesRequest
from schemas.units import MS

TEXT_MAX = 400


class KlineAnswers:
    """Answers requests for bars of some instruments."""

    def __init__(
        self, feeds: MarketFeeds, calls: RestCalls, clock: ClockPublisher, instruments: list[InstrumentInfo]
    ) -> None:
        """Answer for `instruments`."""
        self._feeds = feeds
        self._calls = calls
        self._clock = clock
        self._instruments = {info.id: info for info in instruments}

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def on_request(self, request: Request, asked: KlinesRequest) -> None:
        """Ask the venue, and answer with what it says or with why there is nothing."""
        info = self._instruments.get(asked.instrument_id)
        if info is None:
            self._answer(request, asked, trouble=f"instrument {asked.instrument_id} is not published here")
            return
        if self._ctx.now_ns < self._calls.blocked_until_ns:
            wait_ms = (self._calls.blocked_until_ns - self._ctx.now_ns) // MS
            self._answer(request, asked, trouble=f"the venue wants no calls for {wait_ms} ms")
            return
        # One more than asked: the last one may not have ended.
        call = self._feeds.klines_call(info, asked.interval_ms, asked.count + 1, asked.end_ns)
        if call is None:
            self._answer(request, asked, trouble=f"{info.venue.kind} has no bars of {asked.interval_ms} ms")
            return
        self._calls.make(call, lambda reply: self._on_reply(request, asked, info, reply))

    def _on_reply(self, request: Request, asked: KlinesRequest, info: InstrumentInfo, reply: VenueReply) -> None:
        try:
            if reply.outcome != CallOutcome.ANSWERED or reply.status != 200:
                raise VenueError(f"klines: {reply.outcome.name} {reply.status} {reply.text}".rstrip())
            klines = self._feeds.decode_klines(info, reply.body)
        except VenueError as error:
            self._answer(request, asked, trouble=str(error)[:TEXT_MAX])
            return
        ended = self._ended(klines, asked.interval_ms * MS)
        self._answer(request, asked, tuple(ended[-asked.count :]))

    def _ended(self, klines: list[Kline], interval_ns: int) -> list[Kline]:
        """Return the bars that have ended for sure; of a clock that cannot be followed, all but the last."""
        clock = self._clock.last
        if clock.error_ns >= ERROR_NS_MAX:
            return klines[:-1]
        until_ns = self._ctx.wall_ns + clock.offset_ns - clock.error_ns
        return [each for each in klines if each.open_ns + interval_ns <= until_ns]

    def _answer(
        self, request: Request, asked: KlinesRequest, klines: tuple[Kline, ...] = (), trouble: str = ""
    ) -> None:
        self._ctx.reply(request, KlinesAnswer(asked.instrument_id, asked.interval_ms, klines, trouble))
