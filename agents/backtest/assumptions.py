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
    tables = (each for each in config.agents.values() if isinstance(each, PaperConfig) and each.venue == venue.name)
    paper = next(tables, None)
    balances = own.balances if own.balances is not None else {} if paper is None else paper.balances
    if not balances:
        raise ConfigError(
            f'{key}.balances: not set (allowed: what the account begins with, such as {{ USDT = "10000" }})'
        )
    fees = {}
    for name in ("maker_fee", "taker_fee"):
        fees[name] = getattr(own, name) or getattr(whole if paper is None else paper, name)
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
        paper=PaperConfig(id=0, venue=venue.name, balances=balances, forget_after_s=0.0, **fees),
        queue=QueueModel(own.queue or whole.queue, own.queue_power or whole.queue_power),
        feed=ways["feed"],
        entry=entry,
        answer=answer,
    )


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
    return Latency(f"measured {Path(found.file).name}", 0, _measured(found.file, f"{key}.file"), seed)


def _measured(path: str, key: str) -> Sequence[tuple[int, int, int]]:
    """Return the steps of a histogram in a file."""
    if not path:
        raise ConfigError(f"{key}: not set (allowed: a JSON file with [from_ns, to_ns, count] for each step)")
    try:
        steps = msgspec.convert(json.loads(Path(path).read_bytes()), list[tuple[int, int, int]])
        Latency("checked", 0, steps)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{key}: {path}: {error}") from error
    return steps
