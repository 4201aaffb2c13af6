"""A burst of ready publications drained through signal, risk and execution, with a Python handler for every tick.

In the place of market data stands a publisher of ready trades (`bench.stand_ins`), on the other CPU; the real signal, risk
and execution agents share the measured one. The strategy is called for every trade and asks for an order at every 70th;
each order passes every risk check and is answered by its venue. The rate is from the time at which all trades were due
until the last was handled and the last order was out. (`tick_to_order` has the drain from venue frames on, with an order
for every tick.) Orders that signal withheld because it could not vouch for its market just then are told as `no_order`.
"""

import numpy as np

from bench.agent import STAND_INS, TAPE
from bench.chain import pace, settle
from bench.desk import BESIDE, desk_config
from bench.processes import Processes, ProcessFailedError
from bench.scenario import Bench
from bench.shells import SYMBOL
from bench.stand_ins import STREAM_TAPE
from bench.streams import PUBLISHER, Watch
from bench.tape import Column, Head, create
from schemas.config import StrategyConfig

NAME = "burst"
TITLE = "Burst drained, four processes"
WEIGHT = 0.8
EVERY = 70
AGENTS = ("signal", "risk", "execution")
TIMEOUT_S = 60.0


def run(bench: Bench) -> None:
    """Measure."""
    made = bench.programs()
    if not made:
        return
    count = EVERY * bench.settings.n(2_000, 400, 10)
    rounds = bench.rounds({"agents": lambda: once(bench, count, made["feed"])}).get("agents", [])
    if rounds:
        bench.figure("agents", "k ticks/s", [rate for rate, _ in rounds], better="higher")
        bench.figure("agents.no_order", "share", [share for _, share in rounds], source="info")


def once(bench: Bench, count: int, feed: str) -> tuple[float, float]:
    """Return thousands of ticks a second, and the share of orders that did not come out.

    Raises:
        ProcessFailedError: If ticks are not handled in time, or no order came out.
    """
    strategy = StrategyConfig(
        name="nth", path="bench.noting:NotingEveryNth", instruments=(SYMBOL,), params={"n": EVERY}
    )
    beside = bench.settings.helper_cpu
    with bench.folder() as folder, Processes(folder) as processes:
        tape = create(folder / "tape.bin", count)
        config = desk_config(folder, strategies=[strategy])
        file, path = str(folder / "config.json"), str(tape.path)
        stand_in = {STAND_INS: "market_data", STREAM_TAPE: path}
        processes.python(PUBLISHER, "bench.agent", PUBLISHER, file, cpu=beside, env=stand_in)
        processes.python(BESIDE, "bench.agent", BESIDE, file, cpu=beside)
        for name in AGENTS:
            processes.python(name, "bench.agent", name, file, cpu=bench.settings.cpu, env={TAPE: path})
        try:
            with Watch(config, processes) as watch:
                watch.until_live([PUBLISHER, BESIDE, *AGENTS])
                watch.until_heard("risk", BESIDE)
            pace(tape, 0, np.zeros(count), processes, feed, beside)
            handled = tape.columns[Column.SIGNAL]
            processes.until(lambda: handled[count - 1], TIMEOUT_S, f"{count} ticks handled")
            settle(tape, processes, count // EVERY, TIMEOUT_S)
            out = tape.words[Head.ARRIVED]
            if not out:
                raise ProcessFailedError(f"no order came out of {count} ticks\n{processes.words()}")
            end_ns = max(handled[count - 1], int(tape.array(Column.ORDERED).max()))
            return count * 1e6 / (end_ns - tape.columns[Column.SCHEDULED][0]), 1 - out / (count // EVERY)
        finally:
            tape.close()
