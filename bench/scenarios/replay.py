"""Replay: how fast recorded ticks go through the agents when nothing waits for a clock.

`strategy` is the signal agent with its engine and a Python strategy, given publications one by one, sequence check and all,
with no order. `desk` is all five agents in the simulator, with every hop, log and timer, and a strategy that never trades;
`orders_per_tick` the same with an order every 70 ticks through its whole life, as time per tick. Beside it the engine of
nautilus_trader with an order as often, if an interpreter that has it is named in TICKMESH_NAUTILUS (it asks for other
versions of numpy and pandas than Tickmesh, so it cannot be installed beside it).
"""

import os
import subprocess
from collections.abc import Callable
from time import monotonic_ns, perf_counter_ns, time_ns

from bench.desk import desk_config
from bench.engines import driven, publication
from bench.measure import quiet, time_each_ns
from bench.processes import ROOT
from bench.result import Source
from bench.scenario import Bench
from bench.shells import SYMBOL
from bench.simulated import SimulatedDesk
from schemas.config import StrategyConfig
from schemas.messages import Trade
from schemas.streams import Kind, stream_id

NAME = "replay"
TITLE = "Replay"
WEIGHT = 1.0
NAUTILUS = "TICKMESH_NAUTILUS"
EVERY = 70
NEVER = 1 << 60
TIMEOUT_S = 120.0
M = 1e-6


def run(bench: Bench) -> None:
    """Measure."""
    n = bench.settings.n
    cases: dict[str, Callable[[], float]] = {
        "strategy": lambda: strategy(bench, n(110_000, 22_000, 220)),
        "desk": lambda: 1e3 / desk(bench, NEVER, n(20_000, 2_000, 100)),
        "orders_per_tick": lambda: desk(bench, EVERY, n(20_000, 2_000, 100)),
    }
    interpreter = os.environ.get(NAUTILUS, "")
    if interpreter and bench.settings.peers:
        cases["nautilus_per_tick"] = lambda: nautilus(interpreter, n(100_000, 20_000, 0))
    else:
        bench.skip(f"nautilus_trader: name an interpreter that has it in {NAUTILUS}")
    units = {"strategy": "M ticks/s", "desk": "M ticks/s"}
    with bench.on_cpu():
        found = bench.rounds(cases)
    for name, rounds in found.items():
        source: Source = "peer" if name == "nautilus_per_tick" else "tickmesh"
        better = "higher" if name in units else "lower"
        bench.figure(name, units.get(name, "ns"), rounds, source=source, better=better)  # type: ignore[arg-type]


def strategy(bench: Bench, n: int) -> float:
    """Return millions of ticks a second through the signal agent."""
    with bench.folder() as folder:
        ema = StrategyConfig(name="ema", path="agents.strategies.ema_cross:EmaCross", instruments=(SYMBOL,), bar_ms=100)
        config = desk_config(folder, strategies=[ema])
        stream = stream_id(Kind.TRADE, 1, 1)
        with driven("signal", config, folder) as signal:
            engine = signal.engine
            tracker = engine.trackers["md"]
            tracker.set(stream, 1, 0)
            wall_ns = time_ns()
            frames = [
                (seq, publication(stream, seq, Trade(wall_ns, wall_ns, 10_000 + seq % 50, 5, 1, seq)))
                for seq in range(1, n + 1)
            ]

            def take(item: tuple[int, bytes]) -> None:
                tracker.observe(stream, 1, item[0])
                engine.on_deliver("md", item[1], monotonic_ns(), time_ns())

            return 1e3 / time_each_ns(take, frames)


def desk(bench: Bench, every: int, n: int) -> float:
    """Return nanoseconds per tick of the whole desk in the simulator."""
    with bench.folder() as folder:
        each = StrategyConfig(name="nth", path="bench.strategies:EveryNth", instruments=(SYMBOL,), params={"n": every})
        made = SimulatedDesk(folder, each)
        made.ticks(n // 10)
        with quiet():
            begun_ns = perf_counter_ns()
            made.ticks(n)
            took_ns = perf_counter_ns() - begun_ns
        expected = (n + n // 10) // every
        assert abs(made.orders - expected) <= 1 + expected // 10, f"{made.orders} orders, expected {expected}"
        return took_ns / n


def nautilus(interpreter: str, n: int) -> float:
    """Return nanoseconds per tick of nautilus_trader, asked of its own interpreter."""
    command = [interpreter, str(ROOT / "bench" / "peers" / "nautilus.py"), str(n), str(EVERY)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_S)
    return float(ended.stdout.splitlines()[-1])
