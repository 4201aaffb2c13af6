"""What holds trading back, by what an agent's figures tell: modes that are set, breakers that are open, and trouble."""

from collections.abc import Iterator

from schemas.figures import (
    ArchiveFigures,
    ExecutionFigures,
    Figures,
    MarketDataFigures,
    PortfolioFigures,
    ReaperFigures,
    RiskFigures,
    SignalFigures,
)
from schemas.messages import AgentStatus

CLOSED = "CLOSED"
SOUND = ("", "waiting", "running")
"""States of a strategy that is as it should be."""


def trading(status: AgentStatus) -> list[str]:
    """Return the trading modes that an agent holds, and what it closes on an operator's word."""
    figures = status.figures
    if isinstance(figures, RiskFigures):
        return [*figures.trading, *(f"closing {line}" for line in figures.flattening)]
    return list(figures.trading) if isinstance(figures, ExecutionFigures) else []


def trouble(status: AgentStatus) -> list[str]:
    """Return the breakers of an agent that are not closed, and what is wrong otherwise."""
    return [*_breakers(status.figures), *(text for text in _trouble(status.figures) if text)]


def _breakers(figures: Figures | None) -> Iterator[str]:
    if isinstance(figures, ArchiveFigures | ExecutionFigures | MarketDataFigures):
        for name, state in figures.breakers.items():
            if not state.startswith(CLOSED):
                yield f"breaker {name} {state}"
    elif isinstance(figures, SignalFigures):
        for name, strategy in figures.strategies.items():
            if strategy.state not in SOUND:
                yield f"strategy {name} {strategy.state}: {strategy.error}"


def _trouble(figures: Figures | None) -> Iterator[str]:
    if isinstance(figures, ExecutionFigures | ReaperFigures):
        yield figures.trouble
    elif isinstance(figures, SignalFigures):
        for name, strategy in figures.strategies.items():
            yield strategy.warm and f"strategy {name} lacks history: {strategy.warm}"
    elif isinstance(figures, ArchiveFigures):
        yield figures.away
    elif isinstance(figures, RiskFigures):
        yield from (f"{symbol}: {fault}" for symbol, fault in figures.feed_faults.items())
    elif isinstance(figures, MarketDataFigures):
        yield from (f"{symbol}: {fault}" for symbol, fault in figures.faults.items())
        yield from (f"{symbol}: {count} trades are missing" for symbol, count in figures.trades_lost.items())
        yield from (f"{symbol}: {text}" for symbol, text in figures.trade_holes.items())
        yield from (f"{symbol}: {count} bars are missing" for symbol, count in figures.bars_lost.items())
        yield from figures.silent.values()
        yield from figures.subscriptions.values()
    elif isinstance(figures, PortfolioFigures):
        yield figures.not_known
        yield from figures.depegged.values()
        yield from (f"{symbol}: marked at {mark}, its market is dead" for symbol, mark in figures.dead_marks.items())
        yield from (f"{symbol}: no mark has moved to {price}" for symbol, price in figures.doubted_marks.items())
        yield from (f"{asset}: {balance} that nothing values" for asset, balance in figures.not_valued.items())
        yield from (
            f"{asset}: the venue holds {more} more than it should" for asset, more in figures.differences.items()
        )
