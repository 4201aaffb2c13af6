"""The trading desk that scenarios run: one configuration of the real agents, wide limits, every check on.

Every money limit is set, to a figure that is never reached, so that each check is worked out for each order; the rate limit
is wide too. Queues are long enough for a burst. Logs, beats and the group sync are at their defaults.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from bench.shells import LOT, SYMBOL
from schemas.config import (
    AgentConfig,
    ArchiveConfig,
    Config,
    ExecutionConfig,
    InstrumentConfig,
    LimitsConfig,
    MarketDataConfig,
    MeshConfig,
    PaperConfig,
    PortfolioConfig,
    RiskConfig,
    RoleConfig,
    SignalConfig,
    StrategyConfig,
    VenueConfig,
)

VENUE = "bench"
HWM = 1_000_000
HOUR_MS = 3_600_000
CHAIN = ("execution", "risk", "signal", "md")
"""The four agents that a tick passes, last first."""

BESIDE = "portfolio"
"""Risk needs its equity; it stands beside the path."""

ARCHIVE = "archive"
PAPER = "paper"
PORTS_EACH = 3
GROUP = "desk"

LIMITS = LimitsConfig(
    order_qty_max="100000000",
    order_notional_max="1000000000",
    position_max="1000000000",
    open_orders_max=10_000_000,
    exposure_gross_max="10000000000",
    exposure_net_max="10000000000",
    orders_per_second_max=1e7,
    orders_burst_max=10_000_000,
    price_collar=0.5,
    daily_loss_max="1000000000",
    drawdown_max=0.9,
    market_data_age_max_ms=HOUR_MS,
)


def has_groups() -> bool:
    """Return whether agents can be put in one process by configuration."""
    return "group" in AgentConfig.__struct_fields__


def _unlimited() -> dict[str, Any]:
    """Return the keys that lift a venue's limits, where the revision under test knows them."""
    known = VenueConfig.__struct_fields__
    return {key: 10**9 for key in ("weight_per_minute_max", "orders_per_10s_max", "orders_per_day_max") if key in known}


def _patient() -> dict[str, Any]:
    """Return the keys that keep risk from tripping while nothing is sent, where the revision under test knows them."""
    return {"market_grace_ms": HOUR_MS} if "market_grace_ms" in RiskConfig.__struct_fields__ else {}


def desk_config(
    folder: Path,
    *,
    tcp_port: int = 0,
    grouped: bool = False,
    fixed: bool = False,
    archived: bool = False,
    paper_port: int = 0,
    strategies: Sequence[StrategyConfig] | None = None,
    instruments: Sequence[InstrumentConfig] | None = None,
    venue: Mapping[str, Any] | None = None,
    orders_over: Literal["socket", "rest"] = "socket",
) -> Config:
    """Return the desk with everything of it in `folder`, written to `folder/config.json` too.

    Args:
        folder: A short path: the sockets lie in it.
        tcp_port: The first of fifteen ports if the agents are to talk over TCP, 0 for ipc.
        grouped: All four agents of the path in one process.
        fixed: With the code of every agent at the same addresses.
        archived: With an archive of the market data.
        paper_port: With a paper venue on this port of loopback; `venue` must name credentials then.
        strategies: What the signal agent runs; by default an order at every tick.
        instruments: By default the one that the tape trades.
        venue: Kind, URLs and credentials of a venue that is really there.
        orders_over: Which way its orders go.
    """
    instruments = tuple(instruments or [instrument(1, SYMBOL)])
    symbols = tuple(each.symbol for each in instruments)
    path = StrategyConfig(name="every", path="bench.strategies:EveryTick", instruments=symbols)
    agents: dict[str, RoleConfig] = {
        "md": MarketDataConfig(venue=VENUE, instruments=symbols, stale_after_ms=HOUR_MS, **_own(2, tcp_port, grouped)),
        "signal": SignalConfig(
            market_data=("md",),
            risk="risk",
            strategies=tuple(strategies or [path]),
            request_ttl_ms=60_000,
            **_own(3, tcp_port, grouped),
        ),
        "risk": RiskConfig(
            market_data=("md",),
            execution=("execution",),
            portfolio=BESIDE,
            limits=LIMITS,
            submit_ttl_ms=60_000,
            **_patient(),
            **_own(4, tcp_port, grouped),
        ),
        "execution": ExecutionConfig(
            venue=VENUE,
            reconcile_interval_ms=HOUR_MS,
            open_orders_max=10_000_000,
            orders_over=orders_over,
            **_own(5, tcp_port, grouped),
        ),
        BESIDE: PortfolioConfig(execution=("execution",), market_data=("md",), **_own(6, tcp_port, False)),
    }
    if archived:
        agents[ARCHIVE] = ArchiveConfig(id=7, sources=("md",))
    if paper_port:
        prices = dict.fromkeys(symbols, "100")
        balances = {"USDT": "1000000000"}
        listen = f"127.0.0.1:{paper_port}"
        agents[PAPER] = PaperConfig(id=8, venue=VENUE, listen=listen, prices=prices, balances=balances)
    if fixed:
        agents = {name: msgspec.structs.replace(table, address_layout="fixed") for name, table in agents.items()}
    named = {"kind": "binance_spot"} | _unlimited() | dict(venue or {})
    venues = (VenueConfig(id=1, name=VENUE, **named),)
    return _written(folder, Config(mesh=_mesh(folder), venues=venues, instruments=instruments, agents=agents))


def market_config(folder: Path, kind: str, instruments: Sequence[InstrumentConfig]) -> Config:
    """Return market data alone, of a venue of that kind, in `folder`."""
    symbols = tuple(each.symbol for each in instruments)
    agents = {"md": MarketDataConfig(venue=VENUE, instruments=symbols, stale_after_ms=HOUR_MS, **_own(2, 0, False))}
    venues = (VenueConfig(id=1, name=VENUE, kind=kind, **_unlimited()),)
    return _written(folder, Config(mesh=_mesh(folder), venues=venues, instruments=tuple(instruments), agents=agents))


def _mesh(folder: Path) -> MeshConfig:
    return MeshConfig(state_dir=str(folder / "state"), run_dir=str(folder / "run"))


def _written(folder: Path, config: Config) -> Config:
    (folder / "config.json").write_bytes(msgspec.json.encode(config))
    return config


def instrument(number: int, symbol: str, **options: object) -> InstrumentConfig:
    """Return an instrument of the bench's venue, fine enough that a tick's number fits its quantity."""
    base = {
        "tick_size": "0.01",
        "lot_size": LOT,
        "base": symbol[:-4],
        "quote": "USDT",
        "feeds": ("trade", "bookTicker"),
    }
    return InstrumentConfig(id=number, venue=VENUE, symbol=symbol, **(base | options))  # type: ignore[arg-type]


def _own(number: int, tcp_port: int, grouped: bool) -> dict[str, Any]:
    own: dict[str, Any] = {"id": number, "send_hwm": HWM, "receive_hwm": HWM}
    if tcp_port:
        own["tcp"] = f"127.0.0.1:{tcp_port + number * PORTS_EACH}"
    if grouped:
        own["group"] = GROUP
    return own
