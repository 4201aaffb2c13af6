"""What stands beside the path must not slow it: a follower that is stopped, and a tap whose client is stopped.

The latency of one live follower at a steady rate, from the time at which each message was due to its handler: alone, beside
a follower that was stopped before the first message and stays so, and with a stopped client on the publisher's tap.
"""

import signal
from functools import partial

import numpy as np

from bench.chain import pace
from bench.processes import Processes
from bench.scenario import Bench
from bench.streams import PUBLISHER, Watch, start_streams, stream_config
from bench.tape import Column, create

NAME = "bystanders"
TITLE = "Slow subscriber and stopped tap beside the path"
WEIGHT = 1.0
RATE = 5_000
QUEUE = 500
LIVE, STOPPED = "live", "stopped"
TIMEOUT_S = 60.0
TAP = "tap"


def run(bench: Bench) -> None:
    """Measure."""
    made = bench.programs()
    if not made:
        return
    count = bench.settings.n(20_000, 4_000, 500)
    kinds = ("alone", "stopped_follower", "stopped_tap")
    found = bench.rounds({kind: partial(once, bench, kind, count, made["feed"]) for kind in kinds})
    for kind, rounds in found.items():
        bench.latencies("live_path", kind, rounds)


def once(bench: Bench, kind: str, count: int, feed: str) -> np.ndarray:
    """Return the live follower's latencies in ns."""
    names = [LIVE, STOPPED] if kind == "stopped_follower" else [LIVE]
    with bench.folder() as folder, Processes(folder) as processes:
        tape = create(folder / "live.bin", count)
        config = stream_config(folder, dict.fromkeys(names, QUEUE), publisher_hwm=QUEUE)
        cpus = dict.fromkeys(config.agents, bench.settings.cpu) | {STOPPED: bench.settings.helper_cpu}
        tapes = {LIVE: tape.path, PUBLISHER: tape.path}
        start_streams(processes, folder, config, count, cpus, tapes)
        try:
            with Watch(config, processes) as watch:
                watch.until_live(list(config.agents))
                if kind == "stopped_follower":
                    processes.signal(STOPPED, signal.SIGSTOP)
                if kind == "stopped_tap":
                    processes.python(TAP, "bench.tap_client", str(folder / "config.json"), PUBLISHER)
                    log = folder / f"{TAP}.log"
                    processes.until(lambda: log.stat().st_size, TIMEOUT_S, "the tap's first frame")
                    processes.signal(TAP, signal.SIGSTOP)
                pace(tape, 0, np.full(count, 1e9 / RATE), processes, feed, bench.settings.helper_cpu)
                watch.until_seen([LIVE], count, TIMEOUT_S)
            return np.subtract(tape.array(Column.ORDERED), tape.array(Column.SCHEDULED))
        finally:
            tape.close()
