"""Paper runs whose venue is known: passive orders on a market of the order-flow model, under a model that a seed draws."""

import json
import random
from pathlib import Path
from typing import NamedTuple

from agents.backtest import CaptureSource, played_logs
from agents.backtest.desk import BacktestDesk
from agents.backtest.sources import MarketPlayed
from agents.instruments import InstrumentInfo
from agents.paper.market.queue_models import MODELS
from agents.signal.strategy import Market, Params, Strategy
from core.book import OrderBook
from mesh.config import parse
from mesh.run.default_config import default_tree, make_capture, toml_text, tree_of
from schemas.config import Config
from schemas.orders import Side
from schemas.units import MS

SYMBOL = "BTCUSDT"
LATENCIES = ("1ms", "4ms", "12ms", "measured")
MEASURED_STEPS = [[1_000_000, 3_000_000, 6], [3_000_000, 9_000_000, 3], [20_000_000, 30_000_000, 1]]
CANDIDATES = f"{','.join(MODELS)}/{','.join(LATENCIES)}"
"""Sixteen: each queue at each distance."""
POWER = 3.0


class Hidden(NamedTuple):
    """What a paper venue is."""

    queue: str
    latency: str

    @property
    def name(self) -> str:
        """Return the model as a report names it."""
        return f"{self.queue}:{POWER:g}/{self.latency}" if self.queue == "power" else f"{self.queue}/{self.latency}"


def drawn(seed: int) -> Hidden:
    """Return the venue that a seed draws."""
    rng = random.Random(f"hidden {seed}")
    return Hidden(rng.choice(MODELS), rng.choice(LATENCIES))


def market(folder: Path, seed: int, duration_s: float) -> MarketPlayed:
    """Return the market of a seed, whose logs lie below `folder`."""
    capture = folder / "model.gz"
    make_capture(capture, seed=seed, duration_s=duration_s)
    return CaptureSource([str(capture)]).open(config_of(folder, 0, Hidden("log", "1ms")), folder / "logs", _untold)


def config_of(folder: Path, seed: int, hidden: Hidden) -> Config:
    """Return a desk whose orders rest in the book, at a venue that is `hidden`."""
    tree = default_tree(folder / "logs", 1)
    del tree["agents"]["archive"], tree["agents"]["reaper"]
    tree["instruments"] = [each for each in tree["instruments"] if each["symbol"] == SYMBOL]
    tree["agents"]["md"]["instruments"] = [SYMBOL]
    path = f"{__name__}:Rester"
    strategy = {"name": "rester", "path": path, "instruments": [SYMBOL], "warm_up_bars": 0, "params": {"seed": seed}}
    tree["agents"]["signal"]["strategies"] = [strategy]
    tree["agents"]["risk"]["limits"] |= {
        "orders_per_second_max": 1e5,
        "orders_burst_max": 100_000,
        "open_orders_max": 100,
        "price_collar": 0.5,
        "correlation_max": 1.0,
        "order_notional_max": "1000000",
        "position_max": "1000",
        "exposure_gross_max": "1000000000",
        "exposure_net_max": "1000000000",
        "daily_loss_max": "0",
    }
    tree["agents"]["paper"]["balances"] = {"BTC": "1000", "USDT": "100000000"}
    entry = {"us": float(hidden.latency.removesuffix("ms")) * 1_000} if hidden.latency != "measured" else None
    if entry is None:
        steps = folder / "steps.json"
        steps.write_text(json.dumps(MEASURED_STEPS))
        entry = {"model": "measured", "file": str(steps)}
    queue = {"queue": hidden.queue, "queue_power": POWER, "seed": seed}
    tree["backtest"] = {**queue, "entry": entry, "answer": {"us": 2_000.0}}
    return parse(tree)


def paper_run(folder: Path, played: MarketPlayed, seed: int, hidden: Hidden) -> Path:
    """Leave a run of that venue in `folder`, whose market is in its logs already; return the folder.

    Its configuration says nothing of what was hidden.
    """
    config = config_of(folder, seed, hidden)
    data = played.data
    desk = BacktestDesk(config, played.recordings, folder / "logs", seed=seed, clocks_ns=data.clock_ahead_ns)
    desk.replay.play()
    desk.settle()
    desk.replay.end()
    (folder / "tickmesh.toml").write_text(toml_text(tree_of(config_of(folder, 0, Hidden("risk_averse", "1ms")))))
    (folder / "result.json").write_text("{}")
    return folder


def hidden_run(folder: Path, seed: int, hidden: Hidden, duration_s: float = 60.0) -> Path:
    """Return the folder of a run of a seed's market at a venue that is hidden."""
    return paper_run(folder, market(folder, seed, duration_s), seed, hidden)


class Rester(Strategy):
    """Rests small orders some steps from the best price on both sides, each for some seconds at most."""

    def __init__(self, params: Params, market: Market) -> None:
        super().__init__(params, market)
        self._rng = random.Random(int(params["seed"]))
        self._asked_ns = 0

    def on_book(self, instrument: InstrumentInfo, book: OrderBook) -> None:
        """Ask for one now and then."""
        if self.ctx.now_ns < self._asked_ns or not (book.best_bid and book.best_ask):
            return
        self._asked_ns = self.ctx.now_ns + self._rng.randrange(50, 250) * MS
        side = self._rng.choice((Side.BUY, Side.SELL))
        levels = book.depth(int(side), 3)
        price_ticks, _ = levels[self._rng.randrange(len(levels))]
        self.ctx.signal(
            instrument,
            side,
            self._rng.randrange(500, 20_000),
            price_ticks,
            confidence=1.0,
            reason="rests",
            post_only=True,
            lifetime_ms=self._rng.randrange(500, 6_000),
        )


def _untold(done: int, whole: int) -> None:
    """Nobody waits."""


__all__ = ["CANDIDATES", "Hidden", "Rester", "drawn", "hidden_run", "market", "paper_run", "played_logs"]
