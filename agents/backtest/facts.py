"""What came of a backtest, as agents and venues tell it at the end: the whole of `result.json`.

Nothing here depends on when, where or by which version of Python it was run: the same data, configuration and seed give
the same bytes. Amounts are decimal texts, times are Unix nanoseconds.

Rule of evolution: keys are only ever added.
"""

from typing import Any

import msgspec

from agents.backtest.desk import BacktestDesk
from agents.paper.money import format_e8
from schemas.figures import ExecutionFigures, PnlFigures, PortfolioFigures, RiskFigures, SignalFigures

FORMAT = 1


class DataFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was played: each source with its hash, the time from the first message to the last, and how many there were.

    `clock_ahead_ns` is by market data agent how much the venue's clock showed more than the one that received.
    """

    sources: list[dict[str, str]]
    sha256: str
    first_ns: int = 0
    last_ns: int = 0
    messages: int = 0
    clock_ahead_ns: dict[str, int] = {}


class VenueFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One venue: what was assumed, its orders by status, and what its account came to."""

    models: dict[str, Any]
    orders: dict[str, int]
    fills: int
    fills_maker: int
    balances: dict[str, str]
    balances_begun: dict[str, str]
    positions: dict[str, str]
    fees: dict[str, str]
    funding: dict[str, str]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One backtest."""

    format: int = FORMAT
    tickmesh: str
    seed: int
    config_sha256: str
    data: DataFacts
    venues: dict[str, VenueFacts]
    strategies: dict[str, dict[str, Any]]
    signals: int
    approved: int
    denied: dict[str, int]
    orders: dict[str, int]
    fills: int
    positions: dict[str, str]
    currency: str
    equity_opening: str
    equity_final: str
    pnl: dict[str, str]
    equity_not_known: str = ""


def facts_of(desk: BacktestDesk, *, tickmesh: str, seed: int, config_sha256: str, data: DataFacts) -> Facts:
    """Return what came of a backtest that was played to its end, and not stopped yet."""
    figures = [node.agent.figures() for node in desk.nodes.values()]
    signal = [each for each in figures if isinstance(each, SignalFigures)]
    risk = [each for each in figures if isinstance(each, RiskFigures)]
    execution = [each for each in figures if isinstance(each, ExecutionFigures)]
    portfolio = next((each for each in figures if isinstance(each, PortfolioFigures)), None)
    pnl = portfolio.pnl if portfolio is not None else PnlFigures("0", "0", "0", "0")
    return Facts(
        tickmesh=tickmesh,
        seed=seed,
        config_sha256=config_sha256,
        data=data,
        venues={name: _venue(desk, name) for name in desk.exchanges},
        strategies={n: msgspec.to_builtins(each) for one in signal for n, each in one.strategies.items()},
        signals=sum(each.signals for each in signal),
        approved=sum(each.decisions.approved for each in risk),
        denied=_sum([each.decisions.denied for each in risk]),
        orders=_sum([msgspec.to_builtins(each.orders) for each in execution]),
        fills=0 if portfolio is None else portfolio.fills,
        positions={} if portfolio is None else dict(portfolio.positions),
        currency="" if portfolio is None else portfolio.currency,
        equity_opening="0" if portfolio is None else portfolio.opening,
        equity_final=pnl.equity,
        pnl={name: getattr(pnl, name) for name in ("realised", "unrealised", "fees", "funding")},
        equity_not_known="" if portfolio is None else portfolio.not_known,
    )


def _venue(desk: BacktestDesk, name: str) -> VenueFacts:
    exchange = desk.exchanges[name]
    figures, account = exchange.figures(), exchange.account
    return VenueFacts(
        models=desk.assumed[name].named(),
        orders=dict(sorted(figures.orders.items())),
        fills=figures.fills,
        fills_maker=sum(fill.maker for order in exchange.trading.orders.values() for fill in order.fills),
        balances={asset: format_e8(each.total_e8) for asset, each in account.balances.items()},
        balances_begun={asset: format_e8(each.initial_e8) for asset, each in account.balances.items()},
        positions=dict(figures.positions),
        fees=dict(figures.commission),
        funding=dict(figures.funding),
    )


def _sum(counted: list[dict[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in counted:
        for name, count in each.items():
            found[name] = found.get(name, 0) + count
    return dict(sorted(found.items()))
