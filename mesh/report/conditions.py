"""What holds trading back, by what an agent's figures tell: modes that are set, breakers that are open, and trouble."""

from collections.abc import Iterator

from schemas.figures import (
    ArchiveFigures,
    ExecutionFigures,
    MarketDataFigures,
    ReaperFigures,
    RiskFigures,
)
from schemas.messages import AgentStatus


def trading(status: AgentStatus) -> list[str]:
    """Return the trading modes that an agent holds, and what it closes on an operator's word."""
    figures = status.figures
    if isinstance(figures, RiskFigures):
        return [*figures.trading, *(f"closing {line}" for line in figures.flattening)]
    return list(figures.trading) if isinstance(figures, ExecutionFigures) else []


def trouble(status: AgentStatus) -> list[str]:
    """Return the breakers of an agent that are not closed, and what is wrong otherwise."""
    return list(_trouble(status))


def _trouble(status: AgentStatus) -> Iterator[str]:
    figures = status.figures
    if isinstance(figures, ArchiveFigures | MarketDataFigures):
        yield from (f"breaker {name} {state}" for name, state in figures.breakers.items())
    if isinstance(figures, ArchiveFigures):
        yield from [figures.away] if figures.away else []
    elif isinstance(figures, ExecutionFigures | ReaperFigures):
        yield from [figures.trouble] if figures.trouble else []
    elif isinstance(figures, RiskFigures):
        yield from (f"{symbol}: {fault}" for symbol, fault in figures.feed_faults.items())
    elif isinstance(figures, MarketDataFigures):
        yield from (f"{symbol}: {fault}" for symbol, fault in figures.faults.items())
