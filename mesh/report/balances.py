"""What the venues say that their accounts hold and gained, by asset, and which instrument that belongs to.

The paper venue tells what each balance began with. Of any other venue, execution knows the balances: what they were when it
first agreed with the venue is in its log, as long as that is on this host.

A venue tells of assets, not of instruments. What is held of an asset is the position in the one instrument that is traded
there and has it as base; where several have it, or it is what another one is paid with, it cannot be told apart, and is
told by asset only.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from mesh.trace.logs import Logs
from schemas.config import Config, ExecutionConfig, InstrumentConfig, PaperConfig
from schemas.figures import ExecutionFigures, PaperFigures
from schemas.messages import E8, AgentStatus, Reconciled
from schemas.streams import Kind
from schemas.venue_config import instrument_names

Gains = dict[str, dict[str, Decimal]]
"""By venue and asset, what the balance is now, or that less what it was at the start and what was paid in since."""


def paper_venues(config: Config) -> set[str]:
    """Return the venues that are paper venues: nobody else uses their accounts."""
    return {table.venue for table in config.agents.values() if isinstance(table, PaperConfig)}


def opening_e8(config: Config) -> dict[str, dict[str, int]]:
    """Return the balances that each execution agent had when it first agreed with its venue, out of its log; blocks.

    An agent at a paper venue, or without a log here that tells of it, is missing.
    """
    paper = paper_venues(config)
    wanted = {n for n, t in config.agents.items() if isinstance(t, ExecutionConfig) and t.venue not in paper}
    folder = Path(config.mesh.state_dir).absolute()
    if not any((folder / name / "log").is_dir() for name in wanted):
        return {}
    logs = Logs(folder, config)
    try:
        found = {name: _first_reconciled(logs, name) for name in wanted & set(logs.agents)}
    finally:
        logs.close()
    return {name: _held_e8(first.balances, first.balances_e8) for name, first in found.items() if first is not None}


def gains(config: Config, statuses: Mapping[str, AgentStatus], opening: Mapping[str, Mapping[str, int]]) -> Gains:
    """Return what the account of each venue gained; a venue that cannot be told is missing.

    Args:
        config: The mesh.
        statuses: The agents' statuses.
        opening: What `opening_e8` returned.
    """
    found: Gains = {}
    for name, status in statuses.items():
        table, figures = config.agents[name], status.figures
        if isinstance(table, PaperConfig) and isinstance(figures, PaperFigures):
            found[table.venue] = {
                asset: Decimal(held.free) + Decimal(held.locked) - Decimal(held.initial) - Decimal(held.transferred)
                for asset, held in figures.account.items()
            }
        elif isinstance(table, ExecutionConfig) and isinstance(figures, ExecutionFigures) and name in opening:
            now, before = _held_e8(figures.amounts, figures.balances), opening[name]
            found[table.venue] = {
                asset: Decimal(now.get(asset, 0) - before.get(asset, 0)) / E8
                for asset in (*before, *(now.keys() - before))
            }
    return found


def holdings(config: Config, statuses: Mapping[str, AgentStatus]) -> Gains:
    """Return what the account of each venue holds now; the paper venue knows best of its own."""
    found: Gains = {}
    for name, status in statuses.items():
        table, figures = config.agents[name], status.figures
        if isinstance(table, PaperConfig) and isinstance(figures, PaperFigures):
            found[table.venue] = {
                asset: Decimal(held.free) + Decimal(held.locked) for asset, held in figures.account.items()
            }
        elif isinstance(table, ExecutionConfig) and isinstance(figures, ExecutionFigures):
            now = _held_e8(figures.amounts, figures.balances)
            found.setdefault(table.venue, {asset: Decimal(value) / E8 for asset, value in now.items()})
    return found


def contracts(config: Config, statuses: Mapping[str, AgentStatus]) -> Gains:
    """Return by paper venue and symbol the positions in contracts, which no balance says of."""
    found: Gains = {}
    for name, status in statuses.items():
        table, figures = config.agents[name], status.figures
        if isinstance(table, PaperConfig) and isinstance(figures, PaperFigures) and figures.contracts:
            found[table.venue] = {symbol: Decimal(qty) for symbol, qty in figures.contracts.items()}
    return found


def account(config: Config, found: Gains, held: Gains) -> dict[str, Decimal]:
    """Return by instrument what is held of its base, where that can be told, or what is `held` of its contracts."""
    names = instrument_names(config.instruments)
    return {
        names[each.id]: held[each.venue][each.symbol]
        if each.symbol in held.get(each.venue, {})
        else found[each.venue].get(each.base, Decimal(0))
        for each in config.instruments
        if each.symbol in held.get(each.venue, {})
        or (each.venue in found and _only_one_with_base(each, _coins(config, each.venue, held)))
    }


def traded_at(config: Config, venue: str) -> list[InstrumentConfig]:
    """Return the instruments that are traded at a venue: those of its execution agent, all if it has none."""
    there = [each for each in config.instruments if each.venue == venue]
    for table in config.agents.values():
        if isinstance(table, ExecutionConfig) and table.venue == venue and table.instruments:
            return [each for each in there if each.symbol in table.instruments]
    return there


def _coins(config: Config, venue: str, held: Gains) -> list[InstrumentConfig]:
    """Return the traded instruments of a venue of which a balance says."""
    return [each for each in traded_at(config, venue) if each.symbol not in held.get(venue, {})]


def _held_e8(texts: Mapping[str, str], older_e8: Mapping[str, int]) -> dict[str, int]:
    """Return balances times 10**8, whatever their size; an agent of an older version tells of integers only."""
    return {asset: int(Fraction(text) * E8) for asset, text in texts.items()} or dict(older_e8)


def _only_one_with_base(instrument: InstrumentConfig, traded: Iterable[InstrumentConfig]) -> bool:
    others = [each for each in traded if each.symbol != instrument.symbol]
    return not any(instrument.base in (each.base, each.quote) for each in others)


def _first_reconciled(logs: Logs, name: str) -> Reconciled | None:
    for stream in logs.streams(name, Kind.ORDER):
        for record in logs.records(name, stream):
            if isinstance(record.message, Reconciled):
                return record.message
    return None
