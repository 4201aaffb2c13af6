"""Tick to order with the venue's own I/O: websocket frames in, orders out, over loopback.

From the frame's hand-over to the venue's socket (or from the time at which it was due) until the message or request of its
order has arrived at the venue. `closed` sends the next frame as soon as the order of the last one has arrived, so each
frame stands behind what the order before it still causes; a real venue's frames come when they come, far apart: that is
`100ps` and `500ps`, where the venue sends so many a second, each in its time. Orders go over the venue's websocket
(`agents_ipc`), as they do by default, and over REST (`agents_rest`). The agents are those of `tickmesh agent`, with nothing
of them replaced; the venue is `bench.venue`, on another CPU. This is what a real venue would see of us, less the network.

`agents_binance_spot`, `agents_binance_usdm`, `agents_bybit` and `agents_okx` are the same over the order socket of each
dialect of the paper venue (`bench.dialect_venue`), which does more with an order than `bench.venue`: these are compared
with each other.

Beside them, in turns, what the bare clients of `bench.peers.bare_venue` take for the same frames and the same messages.
"""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from bench.chain import Launch, Plan
from bench.desk import BESIDE, CHAIN, desk_config, instrument
from bench.dialect_venue import DIALECTS
from bench.hops import Served
from bench.launch import histograms_of
from bench.peers.bare_venue import OVER
from bench.processes import Processes
from bench.scenario import Bench
from bench.scenarios.tick_to_order import calls_ticks, drive, tell
from mesh.run.default_config import ORDER_PATHS, free_port

NAME = "venue_path"
TITLE = "Tick to order with the venue's websocket and REST"
WEIGHT = 2.4
CREDENTIALS = "TICKMESH_BENCH_VENUE"
CATEGORIES = {"binance_usdm": "linear"}
"""Of the instrument that a dialect trades, where it is no coin."""
PACED = 500
"""Ticks a second, a tenth of what the chain can do: the venue's own pace, at which what an order still causes is done with
before the next tick. Back to back the next frame comes as soon as the order has arrived, and stands behind that."""


def run(bench: Bench) -> None:
    """Measure."""
    made = bench.programs()
    if made:
        n = bench.settings.n
        plan = Plan(
            closed=n(2000, 300, 20), rates={100: n(500, 50, 10), PACED: n(1000, 250, 10)}, calls=calls_ticks(bench)
        )
        chains = {"agents_ipc": _launch(bench, "socket"), "agents_rest": _launch(bench, "rest")}
        chains |= {f"bare_{way}": _bare(bench, way) for way in OVER}
        if n(1, 1, 0):
            chains |= {f"agents_{kind}": _dialect(bench, kind) for kind in DIALECTS}
        tell(bench, drive(bench, chains, plan, made["feed"]))


def _launch(bench: Bench, orders_over: Literal["socket", "rest"]) -> Launch:
    cpu, beside = bench.settings.cpu, bench.settings.helper_cpu

    def launch(processes: Processes, folder: Path, tape: Path) -> Callable[[], Served]:
        port = free_port()
        venue = {
            "rest_url": f"http://127.0.0.1:{port}",
            "ws_url": f"ws://127.0.0.1:{port}",
            "ws_api_url": f"ws://127.0.0.1:{port}/ws-api/v3",
            "credentials": CREDENTIALS,
        }
        config = desk_config(folder, venue=venue, orders_over=orders_over)
        env = {f"{CREDENTIALS}_{end}": secrets.token_hex(32) for end in ("KEY", "SECRET")}
        processes.python("venue", "bench.venue", str(tape), str(port), cpu=beside)
        for name in (*CHAIN, BESIDE):
            at = beside if name == BESIDE else cpu
            processes.python(name, "bench.agent", name, str(folder / "config.json"), cpu=at, env=env)
        return lambda: histograms_of(config)

    return launch


def _dialect(bench: Bench, kind: str) -> Launch:
    cpu, beside = bench.settings.cpu, bench.settings.helper_cpu

    def launch(processes: Processes, folder: Path, tape: Path) -> Callable[[], Served]:
        port = free_port()
        venue = {
            "kind": kind,
            "rest_url": f"http://127.0.0.1:{port}",
            "ws_url": f"ws://127.0.0.1:{port}",
            **({"ws_api_url": f"ws://127.0.0.1:{port}{ORDER_PATHS[kind]}"} if kind in ORDER_PATHS else {}),
            "credentials": CREDENTIALS,
        }
        symbol = "BTC-USDT" if kind == "okx" else "BTCUSDT"
        traded = [instrument(1, symbol, base="BTC", category=CATEGORIES.get(kind, "spot"), min_notional="0")]
        config = desk_config(folder, venue=venue, instruments=traded, paper_port=port)
        env = {f"{CREDENTIALS}_{end}": secrets.token_hex(32) for end in ("KEY", "SECRET", "PASSPHRASE")}
        processes.python("venue", "bench.dialect_venue", str(folder / "config.json"), str(tape), cpu=beside, env=env)
        for name in (*CHAIN, BESIDE):
            at = beside if name == BESIDE else cpu
            processes.python(name, "bench.agent", name, str(folder / "config.json"), cpu=at, env=env)
        return lambda: histograms_of(config)

    return launch


def _bare(bench: Bench, way: str) -> Launch:
    cpu, beside = bench.settings.cpu, bench.settings.helper_cpu

    def launch(processes: Processes, folder: Path, tape: Path) -> None:
        port = free_port()
        processes.python("venue", "bench.venue", str(tape), str(port), cpu=beside)
        processes.python("client", "bench.peers.bare_venue", way, str(port), cpu=cpu)

    return launch
