"""What was before: the venue's bars, asked of market data where own ones are not enough.

At the start each series of bars gets as many of the venue's as its strategies want, so that indicators are what they
would be had the agent never been away; a strategy begins when all its series have them. How many is for the
configuration to say (`warm_up_bars`), else `runner.MEMORY` times the longest period of its indicators: an average of
period p then weighs what was before by e**-16 if it is exponential and by e**-8 (0.03 %) if it is Wilder's. Later on a
series asks for single bars that it could not build whole.

What cannot be had is asked for again, ever more slowly, and given up after `WAIT_NS_MAX`: the strategy begins cold, and its
figures say so. A venue that has fewer bars than are wanted, as of an instrument that is new, gives what there is.
"""

from collections.abc import Callable, Sequence

from agents.signal.bar_series import BarSeries
from agents.signal.runner import Runner
from mesh.context import Context, Outcome, Reply
from schemas.messages import Kline, KlinesAnswer, KlinesRequest
from schemas.units import MS

TIMER = "history:"
"""A timer's name begins with it; the place of the series follows."""
ASK_MAX = 1_000
"""Bars that market data gives at once."""
TTL_MS = 5_000
RETRY_NS = 250 * MS
RETRY_NS_MAX = 2_000 * MS
WAIT_NS_MAX = 15_000 * MS


class _Search:
    """What one series asks for: what was found, until when it is worth asking, and the request that is out."""

    def __init__(self, series: BarSeries, until_ns: int) -> None:
        self.series = series
        self.until_ns = until_ns
        self.at_start = series.next_ns == 0
        self.count = series.missing()
        self.found: list[Kline] = []
        self.missing = 0
        """Bars that the venue leaves out between those that it gives."""
        self.tries = 0
        self.request_id = 0
        self.trouble = ""

    def is_of(self, reply: Reply) -> bool:
        """Return whether a reply is to the request that is out."""
        return (self.series.publisher, self.request_id) == (reply.peer, reply.request_id)

    def add(self, answer: KlinesAnswer) -> bool:
        """Put older bars before those that were found; return whether still older ones are to be asked for."""
        klines = answer.klines
        self.found[:0] = klines
        self.missing += answer.missing
        first_ns = self.found[0].open_ns if self.found else 0
        return bool(klines) and len(self.found) < self.count and first_ns > self.series.next_ns


class WarmUp:
    """The histories of all series of one agent."""

    def __init__(self, series: Sequence[BarSeries], runners: Sequence[Runner]) -> None:
        """Ask for `series`; `runners` are those that get them."""
        self._series = list(series)
        self._runners = list(runners)
        self._searches: dict[int, _Search] = {}
        self._cold: dict[int, str] = {}
        for runner in runners:
            runner.warm = not any(each.waiting for each in self._of(runner))

    def bind(self, ctx: Context, ready: Callable[[], None]) -> None:
        """Take the context, and what is called when strategies have become warm."""
        self._ctx = ctx
        self._ready = ready
        for each in self._series:
            each.bind(self._begin)

    def start(self) -> None:
        """Ask for what is wanted at the beginning."""
        for each in self._series:
            if each.waiting:
                self._begin(each)

    def on_timer(self, name: str) -> bool:
        """Ask again, if that timer is one of these."""
        if not name.startswith(TIMER):
            return False
        search = self._searches.get(int(name.removeprefix(TIMER)))
        if search is not None:
            self._ask(search)
        return True

    def on_reply(self, reply: Reply) -> None:
        """Take the venue's bars, or that there are none."""
        place = next((n for n, each in self._searches.items() if each.is_of(reply)), -1)
        if place < 0:
            return
        search, answer = self._searches[place], reply.message
        if reply.outcome is not Outcome.ANSWERED or not isinstance(answer, KlinesAnswer):
            self._retry(place, search, f"{reply.peer} did not answer")
        elif answer.trouble and answer.lasting:
            search.series.history = 0
            self._end(place, search, answer.trouble)
        elif answer.trouble:
            self._retry(place, search, answer.trouble)
        elif any(each.open_ns % search.series.duration_ns for each in answer.klines):
            self._end(place, search, "the venue's bars begin at other times")
        elif search.add(answer):
            self._ask(search)
        else:
            self._join(place, search)

    def text(self, runner: Runner) -> str:
        """Return what a strategy's bars lack of history, empty if nothing or once its own bars are as many."""
        lacking = []
        for place, each in enumerate(self._series):
            wanted = runner.history_bars(each.info.id, each.bar_ms) if runner in each.runners else 0
            if wanted and runner.indicators[each.info.id, each.duration_ns].count < wanted:
                search = self._searches.get(place)
                why = self._cold.get(place, "") if search is None or runner.warm else search.trouble or "asked for"
                if why:
                    lacking.append(f"{each.info.symbol} {each.bar_ms} ms: {why}")
        return ", ".join(lacking)

    def _of(self, runner: Runner) -> list[BarSeries]:
        return [each for each in self._series if runner in each.runners]

    def _begin(self, series: BarSeries) -> None:
        place = self._series.index(series)
        if place not in self._searches:
            search = self._searches[place] = _Search(series, self._ctx.now_ns + WAIT_NS_MAX)
            self._ask(search)

    def _ask(self, search: _Search) -> None:
        series = search.series
        end_ns = search.found[0].open_ns if search.found else series.until_ns()
        if not search.found:
            search.count = series.missing()
        count = min(ASK_MAX, search.count - len(search.found))
        asked = KlinesRequest(series.info.id, series.bar_ms, count, end_ns)
        search.request_id = self._ctx.request(series.publisher, asked, TTL_MS)

    def _join(self, place: int, search: _Search) -> None:
        if search.series.join(search.found):
            self._end(place, search, "")
            return
        search.found.clear()
        search.missing = 0
        self._retry(place, search, "the venue has not closed the bar yet")

    def _retry(self, place: int, search: _Search, trouble: str) -> None:
        search.trouble = trouble
        wait_ns = min(RETRY_NS << min(search.tries, 8), RETRY_NS_MAX)
        search.tries += 1
        if self._ctx.now_ns + wait_ns >= search.until_ns:
            self._end(place, search, trouble)
        else:
            search.request_id = 0
            self._ctx.set_timer(f"{TIMER}{place}", self._ctx.now_ns + wait_ns)

    def _end(self, place: int, search: _Search, trouble: str) -> None:
        del self._searches[place]
        if search.at_start:
            self._cold[place] = trouble or (f"the venue left out {search.missing} bars" if search.missing else "")
        if trouble:
            search.series.give_up()
        warmed = False
        for runner in self._runners:
            if not runner.warm and not any(each.waiting for each in self._of(runner)):
                runner.warm = warmed = True
        if warmed:
            self._ready()
