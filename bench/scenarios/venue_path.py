"""Tick to order with the venue's own I/O: websocket frames in, signed REST requests out, over loopback.

From the frame's hand-over to the venue's socket (or from the time at which it was due) until the request of its order has
arrived at the venue. The agents are those of `tickmesh agent`, with nothing of them replaced; the venue is `bench.venue`,
on another CPU. This is what a real venue would see of us, less the network.
"""

import secrets
from collections.abc import Callable
from pathlib import Path

from bench.chain import Launch, Plan
from bench.desk import BESIDE, CHAIN, desk_config
from bench.hops import Served
from bench.launch import histograms_of
from bench.processes import Processes
from bench.scenario import Bench
from bench.scenarios.tick_to_order import calls_ticks, drive, tell
from mesh.run.default_config import free_port

NAME = "venue_path"
TITLE = "Tick to order with websocket and REST"
WEIGHT = 1.2
CREDENTIALS = "TICKMESH_BENCH_VENUE"


def run(bench: Bench) -> None:
    """Measure."""
    made = bench.programs()
    if made:
        n = bench.settings.n
        plan = Plan(closed=n(2000, 300, 20), rates={100: n(500, 50, 10)}, calls=calls_ticks(bench))
        tell(bench, drive(bench, {"agents_ipc": _launch(bench)}, plan, made["feed"]))


def _launch(bench: Bench) -> Launch:
    cpu, beside = bench.settings.cpu, bench.settings.helper_cpu

    def launch(processes: Processes, folder: Path, tape: Path) -> Callable[[], Served]:
        port = free_port()
        venue = {
            "rest_url": f"http://127.0.0.1:{port}",
            "ws_url": f"ws://127.0.0.1:{port}",
            "ws_api_url": f"ws://127.0.0.1:{port}/ws-api/v3",
            "credentials": CREDENTIALS,
        }
        config = desk_config(folder, venue=venue)
        env = {f"{CREDENTIALS}_{end}": secrets.token_hex(16) for end in ("KEY", "SECRET")}
        processes.python("venue", "bench.venue", str(tape), str(port), cpu=beside)
        for name in (*CHAIN, BESIDE):
            at = beside if name == BESIDE else cpu
            processes.python(name, "bench.agent", name, str(folder / "config.json"), cpu=at, env=env)
        return lambda: histograms_of(config)

    return launch
