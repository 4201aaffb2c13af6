"""Which accounts an operator's word is about, and what of them: a strategy, an instrument, or everything."""

from collections.abc import Iterable

import msgspec

from schemas.config import (
    Config,
    ExecutionConfig,
    InstrumentConfig,
    PortfolioConfig,
    ReaperConfig,
    RiskConfig,
    SignalConfig,
)
from schemas.errors import ConfigError


class VenueAccount(msgspec.Struct, frozen=True):
    """One venue account: the agent that acts on it, those that decide, and those that may only cancel.

    `venue_id` is its number, by which a risk agent that stands above several tells it from the others.
    """

    venue: str
    execution: str
    risks: tuple[str, ...]
    reapers: tuple[str, ...]
    venue_id: int = 0


class Scope(msgspec.Struct, frozen=True):
    """Accounts, and what of them is meant: empty and 0 are all strategies and all instruments.

    `symbol` is the instrument's at its venue, by which an account tells what it holds, however an operator named it.
    `one` is the account that is meant of those that its risk agent stands above, None if they all are.
    """

    accounts: tuple[VenueAccount, ...]
    strategy: str = ""
    instrument_id: int = 0
    symbol: str = ""
    one: VenueAccount | None = None

    def venue_id(self, agent: str) -> int:
        """Return the number of the account by which an agent is to take this scope: risk's, if it has others too."""
        return self.one.venue_id if self.one is not None and agent in self.one.risks else 0

    def __str__(self) -> str:
        named = (("strategy", self.strategy), ("instrument", self.symbol))
        parts = [f"{name} {value}" for name, value in named if value]
        venues = ", ".join(account.venue for account in self.accounts)
        return f"{', '.join(parts) or 'everything'} at {venues}"


def find_scope(config: Config, *, strategy: str = "", instrument: str = "", venue: str = "") -> Scope:
    """Return the scope that is named by a strategy, an instrument's symbol and a venue, each all if it is empty.

    Raises:
        ConfigError: If there is no such name, or it does not go with the others; the message tells what is allowed.
    """
    accounts = list(everything(config).accounts)
    if not accounts:
        raise ConfigError("agents: none of role execution, so there is no account to act on")
    _known("venue", venue, [account.venue for account in accounts])
    if venue:
        accounts = [account for account in accounts if account.venue == venue]
    if strategy:
        traded = _executions_of(config, strategy)
        accounts = [account for account in accounts if account.execution in traded]
        if not accounts:
            raise ConfigError(f"strategy {strategy!r} does not trade at {venue} (allowed: its own venue)")
    found = _instrument(config, accounts, instrument) if instrument else None
    if found is not None:
        accounts = [account for account in accounts if account.venue == found.venue]
    one = accounts[0] if venue and not found and _stands_above_others(config, accounts[0]) else None
    number, symbol = (found.id, found.symbol) if found else (0, "")
    return Scope(tuple(accounts), strategy, number, symbol, one)


def portfolios(config: Config) -> list[str]:
    """Return the agents that keep equity, peak and day's start."""
    return [name for name, table in config.agents.items() if isinstance(table, PortfolioConfig)]


def executions(config: Config) -> list[str]:
    """Return the agents that hold an account each."""
    return [name for name, table in config.agents.items() if isinstance(table, ExecutionConfig)]


def everything(config: Config) -> Scope:
    """Return the scope of all accounts; none, if there is no execution agent."""
    tables = config.agents.items()
    accounts = [
        VenueAccount(
            table.venue,
            name,
            tuple(risk for risk, each in tables if isinstance(each, RiskConfig) and name in each.execution),
            tuple(reaper for reaper, each in tables if isinstance(each, ReaperConfig) and each.execution == name),
            next((venue.id for venue in config.venues if venue.name == table.venue), 0),
        )
        for name, table in tables
        if isinstance(table, ExecutionConfig)
    ]
    return Scope(tuple(accounts))


def _stands_above_others(config: Config, account: VenueAccount) -> bool:
    """Return whether a risk agent of the account decides for others too."""
    tables = [config.agents[risk] for risk in account.risks]
    return any(isinstance(table, RiskConfig) and len(table.execution) > 1 for table in tables)


def _executions_of(config: Config, strategy: str) -> set[str]:
    """Return the execution agents of the accounts that a strategy may trade on."""
    tables = [table for table in config.agents.values() if isinstance(table, SignalConfig)]
    names = [each.name for table in tables for each in table.strategies]
    _known("strategy", strategy, names)
    risks = [config.agents[table.risk] for table in tables if strategy in [each.name for each in table.strategies]]
    return {name for risk in risks if isinstance(risk, RiskConfig) for name in risk.execution}


def _instrument(config: Config, accounts: Iterable[VenueAccount], symbol: str) -> InstrumentConfig:
    traded = [each for account in accounts for each in _traded_by(config, account)]
    found = [each for each in traded if symbol in (each.symbol, f"{each.venue}:{each.symbol}")]
    if not found:
        _known("instrument", symbol, [each.symbol for each in traded])
    if len(found) > 1:
        venues = ", ".join(each.venue for each in found)
        raise ConfigError(f"instrument {symbol!r} is traded at {venues}: name one of them with --venue")
    return found[0]


def _traded_by(config: Config, account: VenueAccount) -> list[InstrumentConfig]:
    table = config.agents[account.execution]
    assert isinstance(table, ExecutionConfig)
    there = [each for each in config.instruments if each.venue == account.venue]
    return [each for each in there if not table.instruments or each.symbol in table.instruments]


def _known(what: str, name: str, allowed: Iterable[str]) -> None:
    names = list(dict.fromkeys(allowed))
    if name and name not in names:
        raise ConfigError(f"there is no {what} {name!r} that is traded (allowed: {', '.join(names) or 'none'})")
