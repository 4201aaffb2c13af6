"""Whether positions are what venues say that their accounts hold.

A position is held against the account of a paper venue alone, which nobody else uses: deposits, and whoever else trades
there, change the account of any other. What no balance tells apart is not compared: coins that are paid with, too.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from mesh.report.balances import Gains, paper_venues, traded_at
from schemas.config import Config, ExecutionConfig, PortfolioConfig
from schemas.venue_config import instrument_names

Positions = Mapping[str, Decimal]
"""By an instrument's name."""


def compared_venues(config: Config) -> list[str]:
    """Return the paper venues whose execution agent a portfolio follows."""
    return sorted(paper_venues(config) & set(followed_venues(config)))


def followed_venues(config: Config) -> list[str]:
    """Return the venues whose execution agent a portfolio follows."""
    names = [name for t in config.agents.values() if isinstance(t, PortfolioConfig) for name in t.execution]
    tables = [config.agents[name] for name in dict.fromkeys(names)]
    return [table.venue for table in tables if isinstance(table, ExecutionConfig)]


def differences(config: Config, positions: Positions, held: Gains, contracts: Gains, venue: str) -> Iterator[str]:
    """Yield a line for each position at `venue` that is not what its account holds, in coins or in contracts."""
    if venue not in held:
        return
    names = instrument_names(config.instruments)
    traded = traded_at(config, venue)
    margined = contracts.get(venue, {})
    for each in traded:
        account = margined.get(each.symbol)
        name = names[each.id]
        if account is not None and positions[name] != account:
            yield f"the position in {name} is {positions[name]:f}, but the account of {venue} holds {account:f}"
    coins = [each for each in traded if each.symbol not in margined]
    for asset in dict.fromkeys(each.base for each in coins):
        if asset in {each.quote for each in traded}:
            continue
        of_asset = [names[each.id] for each in coins if each.base == asset]
        position, account = sum(positions[name] for name in of_asset), held[venue].get(asset, Decimal(0))
        if position != account:
            holds = f"the account of {venue} holds {account:f} {asset}"
            yield f"the position in {', '.join(of_asset)} is {position:f}, but {holds}"
