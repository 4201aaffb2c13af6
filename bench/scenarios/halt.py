"""From an operator's halt to the last cancel that the venue has confirmed, with a hundred orders resting.

A whole desk on the paper venue, whose order-flow model trades on: a strategy rests its orders far below the market and
places again whatever goes. The operator is that of `tickmesh halt`, asked in this process, so that the start of an
interpreter is not in the figure; the time runs from its first question to the look at which none is open any more.
"""

import secrets
from pathlib import Path

import msgspec

from bench.desk import BESIDE, CHAIN, PAPER, desk_config, instrument
from bench.processes import Processes
from bench.scenario import Bench
from bench.shells import SYMBOL
from mesh.operate.operator import Operator
from mesh.operate.scope import Scope, find_scope
from mesh.run.default_config import free_port
from mesh.transport.client import Client
from schemas.config import Config, StrategyConfig
from schemas.figures import PaperFigures
from schemas.orders import TradingMode

NAME = "halt"
TITLE = "From an operator's halt to the last cancel confirmed"
WEIGHT = 0.6
CREDENTIALS = "TICKMESH_BENCH_HALT"
WAIT_S_MAX = 60.0
HALT_S_MAX = 10.0


def run(bench: Bench) -> None:
    """Measure."""
    orders = bench.settings.n(100, 100, 10)
    with bench.folder() as folder, Processes(folder) as processes:
        config = _start(processes, folder, orders)
        with Client(config) as client:
            operator = Operator(client)
            scope = find_scope(config)
            found = bench.rounds({"halt": lambda: _halt(processes, client, operator, orders, scope)})
    if found["halt"]:
        bench.figure("confirmed", "ms", [taken_ms for taken_ms, _ in found["halt"]])
        bench.figure("orders", "orders", [float(gone) for _, gone in found["halt"]], source="info")


def _start(processes: Processes, folder: Path, orders: int) -> Config:
    """Start the desk, its strategy with so many orders to rest."""
    port = free_port()
    sizes = {"lot_size": "0.001", "feeds": ("trade", "depth@100ms", "bookTicker")}
    config = desk_config(
        folder,
        paper_port=port,
        strategies=[
            StrategyConfig(name="rest", path="bench.strategies:Rest", instruments=(SYMBOL,), params={"orders": orders})
        ],
        instruments=[instrument(1, SYMBOL, **sizes)],
        venue={
            "rest_url": f"http://127.0.0.1:{port}",
            "ws_url": f"ws://127.0.0.1:{port}",
            "ws_api_url": f"ws://127.0.0.1:{port}/ws-api/v3",
            "credentials": CREDENTIALS,
        },
    )
    paper = msgspec.structs.replace(config.agents[PAPER], balances={"USDT": "1000000"})  # type: ignore[call-arg]
    config = msgspec.structs.replace(config, agents=config.agents | {PAPER: paper})
    (folder / "config.json").write_bytes(msgspec.json.encode(config))
    keys = {f"{CREDENTIALS}_{end}": secrets.token_hex(16) for end in ("KEY", "SECRET")}
    for name in (PAPER, BESIDE, *CHAIN):
        processes.python(name, "bench.agent", name, str(folder / "config.json"), env=keys)
    return config


def _halt(processes: Processes, client: Client, operator: Operator, orders: int, scope: Scope) -> tuple[float, int]:
    """Halt when all orders rest; return the ms until none does and how many that were, with trading resumed."""
    processes.until(lambda: _resting(client) >= orders, WAIT_S_MAX, f"{orders} orders rest")
    halted = operator.set_mode(scope, TradingMode.HALTED, "measured", HALT_S_MAX)
    (account,) = halted.accounts
    for _ in range(2):
        operator.resume(scope, "measured")
    return account.gone_ms, account.gone


def _resting(client: Client) -> int:
    status = client.statuses([PAPER]).get(PAPER)
    return status.figures.open_orders if status and isinstance(status.figures, PaperFigures) else 0
