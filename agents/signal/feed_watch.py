"""Whether each feed may be acted on, told to the strategies that have an `on_feed`.

A feed is judged as it is when a signal is to rest on it (`MarketView.fault`): at once when it reports a fault or a
stream of it changes its state, and every tenth of a second for what only time shows. Without a strategy that wants to
know there is no watch.
"""

from collections.abc import Sequence

from agents.signal.runner import Runner
from agents.signal.signal_client import SignalClient
from agents.state.market_view import MarketView
from schemas.orders import Reason
from schemas.units import MS

CHECK_NS = 100 * MS


class FeedWatch:
    """The feeds of one agent, and what was told of each last."""

    def __init__(self, client: SignalClient, feeds: Sequence[MarketView], runners: Sequence[Runner]) -> None:
        """Tell those of `runners` that want to know."""
        self._client = client
        self._runners = [runner for runner in runners if runner.takes_feeds]
        self._faults: dict[int, Reason] = {}
        self._feeds = list(feeds)

    def check(self) -> None:
        """Tell what has changed since the last time."""
        for feed in self._feeds:
            if self._judge(feed):
                for runner in self._runners:
                    if runner.active and feed.info.id in runner.feeds:
                        runner.tell("on_feed", feed.info, self._faults[feed.info.id])

    def begin(self, runner: Runner) -> None:
        """Tell a strategy that begins how its feeds are."""
        if runner in self._runners:
            for number, feed in runner.feeds.items():
                if number not in self._faults:
                    self._judge(feed)
                if runner.active:
                    runner.tell("on_feed", feed.info, self._faults[number])

    def _judge(self, feed: MarketView) -> bool:
        """Take how a feed is now; return whether that is new."""
        fault = self._client.fault(feed)
        reason = Reason.NONE if fault is None else fault[0]
        new = self._faults.get(feed.info.id) != reason
        self._faults[feed.info.id] = reason
        return new
