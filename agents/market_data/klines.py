"""Bars of the venue for whoever asks: a strategy that starts wants what was before it.

An agent asks market data and not the venue: the calls of this address go through one place, which knows how long the venue
wants it to wait. Only bars that have ended are handed on, by the venue's clock as far as it is known. Bars of a length that
the venue does not have are made of its shorter ones, as far as one answer of the venue reaches.

A bar follows the one before it, so one that an answer leaves out shows. The venue is asked once more then; what it leaves
out again is told with the bars that there are (`KlinesAnswer.missing`) and counted.
"""

from collections.abc import Sequence

import msgspec

from agents.instruments import InstrumentInfo
from agents.market_data.clock import ClockPublisher
from agents.market_data.rest_calls import RestCalls
from agents.venues.market_port import MarketFeeds
from agents.venues.venue_clock import ERROR_NS_MAX
from mesh.context import CallOutcome, Context, Request, VenueCall, VenueReply
from schemas.counters import Counter
from schemas.errors import VenueError
from schemas.messages import Kline, KlinesAnswer, KlinesRequest
from schemas.units import DAY, HOUR, MINUTE, MS, SECOND

TEXT_MAX = 400
ANSWER_MAX = 1_000
"""Bars that a venue gives at once."""
TRIES_MAX = 2
"""How often the venue is asked for an answer without a hole, while whoever wants it waits."""
_LENGTHS = (SECOND, *(n * MINUTE for n in (1, 3, 5, 15, 30)), *(n * HOUR for n in (1, 2, 4, 6, 8, 12)), DAY)
LENGTHS_MS = tuple([length // MS for length in reversed(_LENGTHS)])
"""Lengths of which others are made, longest first: those that begin anew with each day."""


class _Search(msgspec.Struct, eq=False):
    """A request that the venue is asked about: the call, how long its bars are, and those that it gave before."""

    request: Request
    asked: KlinesRequest
    info: InstrumentInfo
    call: VenueCall
    length_ms: int
    found: dict[int, Kline] = {}
    tries: int = 0


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
            trouble = f"instrument {asked.instrument_id} is not published here"
            self._answer(request, asked, trouble=trouble, lasting=True)
            return
        if self._ctx.now_ns < self._calls.blocked_until_ns:
            wait_ms = (self._calls.blocked_until_ns - self._ctx.now_ns) // MS
            self._answer(request, asked, trouble=f"the venue wants no calls for {wait_ms} ms")
            return
        shorter = [length for length in LENGTHS_MS if length < asked.interval_ms and asked.interval_ms % length == 0]
        for length_ms in (asked.interval_ms, *shorter):
            # One more than asked: the last one may not have ended.
            count = (asked.count + 1) * (asked.interval_ms // length_ms)
            call = self._feeds.klines_call(info, length_ms, min(count, ANSWER_MAX + 1), asked.end_ns)
            if call is not None:
                self._make(_Search(request, asked, info, call, length_ms))
                return
        self._answer(request, asked, trouble=f"{info.venue.kind} has no bars of {asked.interval_ms} ms", lasting=True)

    def _make(self, search: _Search) -> None:
        self._calls.make(search.call, lambda reply: self._on_reply(search, reply))

    def _on_reply(self, search: _Search, reply: VenueReply) -> None:
        asked = search.asked
        try:
            if reply.outcome != CallOutcome.ANSWERED or reply.status != 200:
                raise VenueError(f"klines: {reply.outcome.name} {reply.status} {reply.text}".rstrip())
            klines = self._feeds.decode_klines(search.info, reply.body)
        except VenueError as error:
            self._answer(search.request, asked, trouble=str(error)[:TEXT_MAX])
            return
        search.found |= {each.open_ns: each for each in self._ended(klines, search.length_ms * MS)}
        search.tries += 1
        ended = [search.found[open_ns] for open_ns in sorted(search.found)]
        if (
            search.tries < TRIES_MAX
            and missing(ended, search.length_ms)
            and self._calls.blocked_until_ns <= self._ctx.now_ns
        ):
            self._make(search)
            return
        if search.length_ms != asked.interval_ms:
            ended = together(ended, search.length_ms, asked.interval_ms)
        found = ended[-asked.count :]
        lacking = missing(found, asked.interval_ms)
        if lacking:
            self._ctx.count(Counter.KLINES_MISSING, lacking)
        self._answer(search.request, asked, found, missing=lacking)

    def _ended(self, klines: list[Kline], interval_ns: int) -> list[Kline]:
        """Return the bars that have ended for sure; of a clock that cannot be followed, all but the last."""
        clock = self._clock.last
        if clock.error_ns >= ERROR_NS_MAX:
            return klines[:-1]
        until_ns = self._ctx.wall_ns + clock.offset_ns - clock.error_ns
        return [each for each in klines if each.open_ns + interval_ns <= until_ns]

    def _answer(
        self,
        request: Request,
        asked: KlinesRequest,
        klines: Sequence[Kline] = (),
        trouble: str = "",
        *,
        lasting: bool = False,
        missing: int = 0,
    ) -> None:
        answer = KlinesAnswer(asked.instrument_id, asked.interval_ms, tuple(klines), trouble, lasting, missing)
        self._ctx.reply(request, answer)


def missing(klines: Sequence[Kline], length_ms: int) -> int:
    """Return how many bars, of those that last so long, are not there between the first and the last."""
    if not klines:
        return 0
    return max(0, (klines[-1].open_ns - klines[0].open_ns) // (length_ms * MS) + 1 - len(klines))


def together(klines: list[Kline], length_ms: int, interval_ms: int) -> list[Kline]:
    """Return the bars of `interval_ms` that ones of `length_ms` make; those that lack a part are left out."""
    parts: dict[int, list[Kline]] = {}
    for each in klines:
        parts.setdefault(each.open_ns - each.open_ns % (interval_ms * MS), []).append(each)
    return [
        Kline(
            open_ns,
            own[0].open_ticks,
            max(each.high_ticks for each in own),
            min(each.low_ticks for each in own),
            own[-1].close_ticks,
            sum(each.volume_lots for each in own),
            sum(each.trades for each in own),
        )
        for open_ns, own in parts.items()
        if len(own) == interval_ms // length_ms
    ]
