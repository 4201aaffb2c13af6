"""What strategies see beside positions and orders, for who looks back: indicators, and the market as it reached them."""

from collections.abc import Iterable
from typing import Any

from agents.signal.runner import Runner
from agents.state.book_levels import levels_of
from agents.state.market_view import MarketView
from core.indicators import Indicators
from schemas.units import MS


def seen(feeds: Iterable[MarketView], runners: Iterable[Runner]) -> dict[str, Any]:
    """Return by instrument its market, and by strategy, instrument and length of bars in ms the indicators."""
    return {
        "market": {feed.info.name: _market(feed) for feed in feeds},
        "indicators": {runner.name: _indicators(runner) for runner in runners},
    }


def _market(feed: MarketView) -> dict[str, Any]:
    px = feed.info.price.format
    prices = {"bid": feed.bid_ticks(), "ask": feed.ask_ticks(), "last": feed.last_px_ticks}
    found: dict[str, Any] = {name: px(ticks) for name, ticks in prices.items() if ticks}
    if feed.book_valid:
        found["book"] = levels_of(feed.info, feed.book)
    return found


def _indicators(runner: Runner) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for (number, duration_ns), each in runner.indicators.items():
        found.setdefault(runner.feeds[number].info.name, {})[str(duration_ns // MS)] = _values(each)
    return found


def _values(indicators: Indicators) -> dict[str, float]:
    """Return how many bars they are of, and each value; one that is not known yet is NaN."""
    return {"count": indicators.count} | {name: getattr(indicators, name) for name in indicators.fields}
