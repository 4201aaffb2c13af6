"""Whether a run was whole: all that its report shows to be wrong, one line each.

Only what the mesh answers for counts. A position is held against the account of a paper venue alone, which nobody else
uses: deposits, and whoever else trades there, change the account of any other. Ticks are held against the archive only if
it follows every market data agent.
"""

from collections.abc import Iterator
from decimal import Decimal

from mesh.report.balances import paper_venues, traded_at
from mesh.report.figures import DOWN, LinkLine, Report
from schemas.config import ArchiveConfig, Config, ExecutionConfig, InstrumentConfig, MarketDataConfig, PortfolioConfig

LINKS_MAX = 3
LEFT_MAX = 5


def problems(config: Config, report: Report) -> list[str]:
    """Return what is wrong, the gravest first; empty if nothing is."""
    return [
        *_down(report),
        *_lost(report),
        *_not_archived(config, report),
        *_unequal_books(report),
        *unequal_positions(config, report),
        *_unknown_orders(report),
        *_left_orders(report),
    ]


def unequal_positions(config: Config, report: Report) -> list[str]:
    """Return the assets of paper venues of which the portfolio's positions are not what the account holds."""
    return [
        text for venue in sorted(paper_venues(config) & _followed(config)) for text in _unequal(config, report, venue)
    ]


def _down(report: Report) -> Iterator[str]:
    down = [agent.name for agent in report.agents if agent.state == DOWN]
    if down:
        yield f"no answer from {', '.join(down)}"


def _lost(report: Report) -> Iterator[str]:
    if report.lost:
        worst = sorted((link for link in report.links if link.lost), key=lambda link: -link.lost)
        named = ", ".join(_name(link) for link in worst[:LINKS_MAX])
        more = f" and {len(worst) - LINKS_MAX} more links" if len(worst) > LINKS_MAX else ""
        yield f"{report.lost} messages were lost: {named}{more}"


def _name(link: LinkLine) -> str:
    return f"{link.lost} on {link.publisher} > {link.subscriber} {link.stream}"


def _not_archived(config: Config, report: Report) -> Iterator[str]:
    sources = {name for t in config.agents.values() if isinstance(t, ArchiveConfig) for name in t.sources}
    publishers = {name for name, t in config.agents.items() if isinstance(t, MarketDataConfig)}
    ticks = report.ticks
    if publishers <= sources and ticks.archived < ticks.published:
        yield f"{ticks.published - ticks.archived} of {ticks.published} published ticks are not in the archive"


def _unequal_books(report: Report) -> Iterator[str]:
    for book in report.books:
        if book.equal < book.compared:
            wrong = book.compared - book.equal
            yield f"the book of {book.instrument} is not as the venue's ticker says at {wrong} of {book.compared} updates"


def _unknown_orders(report: Report) -> Iterator[str]:
    if report.orders.unknown:
        yield f"the outcome of {report.orders.unknown} orders is not known"


def _left_orders(report: Report) -> Iterator[str]:
    if report.left:
        named = ", ".join(report.left[:LEFT_MAX])
        more = f" and {len(report.left) - LEFT_MAX} more" if len(report.left) > LEFT_MAX else ""
        yield f"{len(report.left)} orders are left open at the venue: {named}{more}"


def _followed(config: Config) -> set[str]:
    """Return the venues whose execution agent a portfolio follows."""
    names = {name for t in config.agents.values() if isinstance(t, PortfolioConfig) for name in t.execution}
    tables = [config.agents[name] for name in names]
    return {table.venue for table in tables if isinstance(table, ExecutionConfig)}


def _unequal(config: Config, report: Report, venue: str) -> Iterator[str]:
    held = report.held.get(venue)
    if held is None or any(agent.state == DOWN for agent in report.agents):
        return
    contracts = report.contracts.get(venue, {})
    for symbol, account in contracts.items():
        if report.positions[symbol] != account:
            holds = f"the account of {venue} holds {account:f}"
            yield f"the position in {symbol} is {report.positions[symbol]:f}, but {holds}"
    traded = [each for each in traded_at(config, venue) if each.symbol not in contracts]
    for asset in dict.fromkeys(each.base for each in traded):
        symbols = [each.symbol for each in traded if each.base == asset]
        if _can_be_told(config, asset, symbols, traded):
            position, account = sum(report.positions[s] for s in symbols), held.get(asset, Decimal(0))
            if position != account:
                holds = f"the account of {venue} holds {account:f} {asset}"
                yield f"the position in {', '.join(symbols)} is {position:f}, but {holds}"


def _can_be_told(config: Config, asset: str, symbols: list[str], traded: list[InstrumentConfig]) -> bool:
    """Return whether only these instruments move the asset, and a symbol is not that of another venue too."""
    everywhere = [each.symbol for each in config.instruments]
    return asset not in {each.quote for each in traded} and all(everywhere.count(symbol) == 1 for symbol in symbols)
