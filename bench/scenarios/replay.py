"""Replay: how fast recorded ticks go through the agents when nothing waits for a clock.

Signal, risk, execution and portfolio in one process, with every hop, log and timer, a Python strategy that is called for
each tick, and a venue that fills each order. `strategy` is that with an order every ten thousand ticks and the ticks in
memory, `strategy_log` the same out of a publication log; `orders_per_tick` has an order every 70 ticks, as time per tick.
Beside it the engine of nautilus_trader with an order as often, in an environment of its own (`nautilus_python`): it asks
for other versions of numpy and pandas than Tickmesh.

`signal` is the signal agent with its engine alone, and `signal_batches` the agent with a strategy that takes its trades 64
at a time.
"""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic_ns, perf_counter_ns

from bench.desk import desk_config
from bench.engines import Driven, begin_strategies, driven
from bench.measure import quiet, time_each_ns
from bench.processes import ROOT
from bench.result import Source
from bench.scenario import Bench
from bench.settings import nautilus_python
from bench.shells import SYMBOL
from bench.simulated import BEGIN_NS, TRADES, ReplayedDesk, logged, recorded, trade
from core.frame import Header
from mesh.protocol.codec import type_number
from schemas.config import StrategyConfig
from schemas.messages import Message, Trade

NAME = "replay"
TITLE = "Replay"
WEIGHT = 1.0
EVERY = 70
FEW = 10_000
NEVER = 1 << 60
BATCH = 64
TIMEOUT_S = 120.0
PEERS = ("nautilus_per_tick",)


def run(bench: Bench) -> None:
    """Measure."""
    n = bench.settings.n
    many, some = n(100_000, 30_000, 220), n(30_000, 5_000, 220)
    cases: dict[str, Callable[[], float]] = {
        "strategy": lambda: 1e3 / desk(bench, FEW, many, from_log=False),
        "strategy_log": lambda: 1e3 / desk(bench, FEW, many, from_log=True),
        "orders_per_tick": lambda: desk(bench, EVERY, some, from_log=False),
        "signal": lambda: signal(bench, many),
        "signal_batches": lambda: signal_batches(bench, many),
    }
    interpreter = nautilus_python()
    if interpreter and bench.settings.peers:
        cases["nautilus_per_tick"] = lambda: nautilus(interpreter, n(100_000, 20_000, 0))
    else:
        bench.skip("nautilus_trader: `make bench` installs it, or name an interpreter that has it in TICKMESH_NAUTILUS")
    with bench.on_cpu():
        found = bench.rounds(cases)
    for name, rounds in found.items():
        source: Source = "peer" if name in PEERS else "tickmesh"
        if name.endswith("_per_tick"):
            bench.figure(name, "ns", rounds, source=source)
        else:
            bench.figure(name, "M ticks/s", rounds, source=source, better="higher")


def desk(bench: Bench, every: int, count: int, *, from_log: bool) -> float:
    """Return nanoseconds per tick of the whole desk, with an order every so many."""
    with bench.folder() as folder:
        recordings = logged(count, folder / "md") if from_log else recorded(count)
        made = ReplayedDesk(folder, _strategy("EveryNth", every), recordings)
        with quiet():
            begun_ns = perf_counter_ns()
            made.replay.play()
            took_ns = perf_counter_ns() - begun_ns
        made.end()
        assert made.orders == count // every, f"{made.orders} orders, expected {count // every}"
        return took_ns / count


def signal(bench: Bench, count: int) -> float:
    """Return millions of ticks a second through the signal agent alone."""
    with _signal(bench, "EveryNth") as made:
        engine = made.engine
        link = engine.link("md")
        now_ns = monotonic_ns()

        def take(item: tuple[Header, Trade]) -> None:
            engine.take_decoded(link, item[0], item[1], now_ns, BEGIN_NS)

        return 1e3 / time_each_ns(take, _ticks(count))


def signal_batches(bench: Bench, count: int) -> float:
    """Return millions of ticks a second through the signal agent alone, by batches."""
    with _signal(bench, "EveryNthOfBatches") as made:
        ticks = _ticks(count)
        batches = [ticks[start : start + BATCH] for start in range(0, count, BATCH)]
        split: list[tuple[list[Header], list[Message]]] = [
            ([header for header, _ in batch], [message for _, message in batch]) for batch in batches
        ]
        take_all = made.agent.handlers().message.on_messages

        def take(batch: tuple[list[Header], list[Message]]) -> None:
            take_all("md", batch[0], batch[1])

        return 1e3 * BATCH / time_each_ns(take, split)


def nautilus(interpreter: str, n: int) -> float:
    """Return nanoseconds per tick of nautilus_trader, asked of its own interpreter."""
    command = [interpreter, str(ROOT / "bench" / "peers" / "nautilus.py"), str(n), str(EVERY)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_S)
    return float(ended.stdout.splitlines()[-1])


def _strategy(name: str, every: int) -> StrategyConfig:
    path = f"bench.strategies:{name}"
    return StrategyConfig(name="nth", path=path, instruments=(SYMBOL,), params={"n": every})


@contextmanager
def _signal(bench: Bench, strategy: str) -> Iterator[Driven]:
    with bench.folder() as folder:
        config = desk_config(folder, strategies=[_strategy(strategy, NEVER)])
        with driven("signal", config, folder) as made:
            begin_strategies(made, config)
            yield made


def _ticks(count: int) -> list[tuple[Header, Trade]]:
    number = type_number(trade(0))
    return [(Header(stream=TRADES, type=number, sender=2, epoch=1, seq=n + 1), trade(n)) for n in range(count)]
