"""How cost grows: with instruments, with strategies, with the length of the log. (With subscribers: see `fanout`.)

A frame of one of N instruments through market data; a trade to N strategies; opening a log of N records, and reading one
record of it by its sequence. Flat is what is wanted of all but the strategies and the opening.
"""

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from time import monotonic_ns, time_ns

from bench.desk import desk_config, instrument
from bench.engines import begin_strategies, driven, publication
from bench.measure import quiet, time_each_ns
from bench.scenario import Bench
from bench.shells import SYMBOL
from bench.workloads import FRAME_BYTES, frames, trade_frame
from core.log import LogWriter
from schemas.config import StrategyConfig
from schemas.messages import Trade
from schemas.streams import Kind, stream_id

NAME = "growth"
TITLE = "How cost grows"
WEIGHT = 1.2
INSTRUMENTS = (1, 10, 100, 1000)
STRATEGIES = (1, 4, 16, 64)
RECORDS = (10_000, 100_000, 1_000_000)
STREAM = stream_id(Kind.TRADE, 1, 1)
READS = 200


def run(bench: Bench) -> None:
    """Measure."""
    n = bench.settings.n
    cases: dict[str, Callable[[], float]] = {}
    for size in INSTRUMENTS[: n(4, 4, 2)]:
        cases[f"instruments.{size}"] = partial(instruments, bench, size, n(11_000, 2_200, 22))
    for size in STRATEGIES[: n(4, 3, 2)]:
        cases[f"strategies.{size}"] = partial(strategies, bench, size, n(11_000, 2_200, 22))
    lengths = RECORDS[: n(3, 2, 1)]
    with bench.on_cpu():
        found = bench.rounds(cases, 0.6)
        logs = bench.rounds({f"{size}": partial(log, bench, size) for size in lengths})
    for index, name in enumerate(("log_open", "log_read")):
        found |= {f"{name}.{size}": [each[index] for each in rounds] for size, rounds in logs.items()}
    units = {"instruments": "us", "strategies": "us", "log_open": "ms", "log_read": "us"}
    for name, rounds in found.items():
        bench.figure(name, units[name.partition(".")[0]], rounds)
    for group, unit in units.items():
        points = [(float(k.partition(".")[2]), median(v)) for k, v in found.items() if k.startswith(f"{group}.")]
        x = group if not group.startswith("log") else "records"
        bench.growth(group, group, x, unit, points)


def instruments(bench: Bench, size: int, n: int) -> float:
    """Return microseconds per trade frame with `size` instruments, each in turn."""
    with bench.folder() as folder:
        traded = [instrument(i, f"C{i}USDT", feeds=("trade",)) for i in range(1, size + 1)]
        made = [trade_frame(traded[i % size].symbol, i + 1) for i in range(n)]
        with driven("md", desk_config(folder, instruments=traded), folder) as market:
            market.engine.socket_changed("market", True, "", monotonic_ns(), time_ns())
            take = market.engine.frame_received
            for frame in made[: 2 * size]:
                take("market", frame, monotonic_ns(), time_ns())
            return time_each_ns(lambda frame: take("market", frame, monotonic_ns(), time_ns()), made) / 1e3


def strategies(bench: Bench, size: int, n: int) -> float:
    """Return microseconds per trade that `size` strategies follow."""
    with bench.folder() as folder:
        followed = [
            StrategyConfig(name=f"s{i}", path="bench.strategies:EveryNth", instruments=(SYMBOL,), params={"n": 1 << 60})
            for i in range(size)
        ]
        config = desk_config(folder, strategies=followed)
        with driven("signal", config, folder) as signal:
            begin_strategies(signal, config)
            engine = signal.engine
            wall_ns = time_ns()
            made = [publication(STREAM, i, Trade(wall_ns, wall_ns, 10_000, 5, 1, str(i))) for i in range(1, n + 1)]
            return time_each_ns(lambda frame: engine.on_deliver("md", frame, monotonic_ns(), time_ns()), made) / 1e3


def log(bench: Bench, size: int) -> tuple[float, float]:
    """Return ms to open a log of `size` records of 200 bytes, and microseconds to read one of them."""
    with bench.folder() as folder:
        path = str(folder / "log")
        writer = LogWriter(path)
        for first in range(1, size + 1, 10_000):
            for frame in frames(min(10_000, size + 1 - first), first):
                writer.append(frame)
        writer.close()
        with quiet():
            begun_s = time.perf_counter()
            writer = LogWriter(path)
            opened_ms = (time.perf_counter() - begun_s) * 1e3
            spots = [1 + i * size // READS for i in range(READS - 1)]
            begun_s = time.perf_counter()
            for spot in spots:
                writer.read(STREAM, 1, spot, count_max=1, bytes_max=4 * FRAME_BYTES)
            read_us = (time.perf_counter() - begun_s) * 1e6 / len(spots)
        writer.close()
        return opened_ms, read_us
