"""What a backtest assumes of each venue, as its configuration says: account, fees, queue, latencies.

What the table of a venue does not set is the whole backtest's; but balances and fees are first those of the paper venue of
this name, if there is one. Whatever is drawn has a generator of its own, made of the backtest's seed and its place in the
file: what one venue draws says nothing to another.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from agents.paper.market.queue_models import QueueModel
from mesh.sim.venue_side import Latency
from schemas.backtest_config import BacktestVenueConfig, LatencyConfig
from schemas.config import Config, PaperConfig, VenueConfig
from schemas.errors import ConfigError
from schemas.units import US

WAYS = ("feed", "entry", "answer")
Step = tuple[int, int, int]
"""From, to, and how many: nanoseconds, both inclusive."""


class VenueAssumptions(msgspec.Struct, frozen=True):
    """One venue's; a `feed` of None comes as it was recorded."""

    paper: PaperConfig
    """Balances and fees, as the paper venue takes them."""
    queue: QueueModel
    feed: Latency | None
    entry: Latency
    answer: Latency

    def named(self) -> dict[str, Any]:
        """Return the models by name, as a result tells them."""
        return {
            "queue": self.queue.name,
            **({"queue_power": self.queue.power} if self.queue.name == "power" else {}),
            "feed": "recorded" if self.feed is None else self.feed.text,
            "entry": self.entry.text,
            "answer": self.answer.text,
            "maker_fee": self.paper.maker_fee,
            "taker_fee": self.paper.taker_fee,
            "balances": dict(self.paper.balances),
        }


def assumptions_of(config: Config, venue: VenueConfig, seed: int) -> VenueAssumptions:
    """Return what is assumed of a venue.

    Raises:
        ConfigError: If the account has no balances, or a model cannot be made; it names the key.
    """
    whole, key = config.backtest, f"backtest.venues.{venue.name}"
    own = whole.venues.get(venue.name, BacktestVenueConfig())
    paper = _paper(config, venue)
    balances = own.balances if own.balances is not None else {} if paper is None else paper.balances
    if not balances:
        raise ConfigError(
            f'{key}.balances: not set (allowed: what the account begins with, such as {{ USDT = "10000" }})'
        )
    maker_fee, taker_fee = fees_of(config, venue)
    numbers = {name: config.venues.index(venue) * len(WAYS) + place for place, name in enumerate(WAYS)}
    ways = {}
    for name in WAYS:
        given = getattr(own, name)
        where = f"{key}.{name}" if given is not None else f"backtest.{name}"
        ways[name] = latency_of(given or getattr(whole, name), where, seed * 1_000 + numbers[name], feed=name == "feed")
    entry, answer = ways["entry"], ways["answer"]
    assert entry is not None, "only a feed may be as it was recorded"
    assert answer is not None, "only a feed may be as it was recorded"
    return VenueAssumptions(
        paper=PaperConfig(
            id=0, venue=venue.name, balances=balances, forget_after_s=0.0, maker_fee=maker_fee, taker_fee=taker_fee
        ),
        queue=QueueModel(own.queue or whole.queue, own.queue_power or whole.queue_power),
        feed=ways["feed"],
        entry=entry,
        answer=answer,
    )


def fees_of(config: Config, venue: VenueConfig) -> tuple[str, str]:
    """Return what a venue charges makers and takers, as shares of a fill."""
    own = config.backtest.venues.get(venue.name, BacktestVenueConfig())
    other = _paper(config, venue) or config.backtest
    return own.maker_fee or other.maker_fee, own.taker_fee or other.taker_fee


def _paper(config: Config, venue: VenueConfig) -> PaperConfig | None:
    """Return the table of the paper venue of that name."""
    tables = (each for each in config.agents.values() if isinstance(each, PaperConfig) and each.venue == venue.name)
    return next(tables, None)


def latency_of(found: LatencyConfig, key: str, seed: int, *, feed: bool) -> Latency | None:
    """Return the model in a table; None for a feed that comes as it was recorded.

    Raises:
        ConfigError: If it does not fit, or the file of what was measured cannot be read.
    """
    if found.model == "recorded":
        if not feed:
            raise ConfigError(f"{key}.model: found 'recorded' (allowed: constant, measured; only a feed is recorded)")
        return None
    if found.model == "constant":
        return Latency(f"constant {found.us:g} us", int(found.us * US))
    name = f"measured {Path(found.file).name}{f' {found.hop}' if found.hop else ''}"
    return Latency(name, 0, _measured(found, key), seed)


def _measured(found: LatencyConfig, key: str) -> Sequence[tuple[int, int, int]]:
    """Return the steps of a histogram in a file."""
    if not found.file:
        raise ConfigError(f"{key}.file: not set (allowed: a JSON file: steps of a histogram, or the report of a run)")
    try:
        tree = json.loads(Path(found.file).read_bytes())
        steps = _of_report(tree, found.hop, key) if isinstance(tree, dict) else msgspec.convert(tree, list[Step])
        Latency("checked", 0, steps)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{key}.file: {found.file}: {error}") from error
    return steps


def _of_report(report: dict[str, Any], hop: str, key: str) -> list[Step]:
    """Return what the percentiles of a hop tell of it: as much between two of them as lies there.

    How far below its median the lower half begins is not told; it is taken to begin at half of it.
    """
    hops = report.get("latency_ns", {})
    if hop not in hops:
        raise ConfigError(f"{key}.hop: found {hop!r} (allowed: {', '.join(hops) or 'none: it is no report of a run'})")
    told = hops[hop]
    bounds = (told["p50"] // 2, told["p50"], told["p99"], told["p999"], told["max"])
    return [(low, high, parts) for low, high, parts in zip(bounds[:-1], bounds[1:], (500, 490, 9, 1), strict=True)]
