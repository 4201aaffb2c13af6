"""Which streams the archive follows: everything that its sources publish, by their role."""

from agents.archive.arrivals import Arrivals
from agents.instruments import InstrumentInfo, InstrumentTable
from schemas.config import (
    ArchiveConfig,
    Config,
    ExecutionConfig,
    MarketDataConfig,
    PortfolioConfig,
    RiskConfig,
    SignalConfig,
)
from schemas.errors import ConfigError
from schemas.markets import feed_stream
from schemas.streams import AGENT_STREAM, STATES_STREAM, Kind, StreamClass, stream_class, stream_id

_MARKET_DATA_KINDS = (Kind.TRADE, Kind.BOOK, Kind.QUOTE, Kind.MARK, Kind.INSTRUMENT)
_SELF = (AGENT_STREAM, "", "")
"""What any agent tells of itself."""


def followed_links(config: Config, name: str) -> list[Arrivals]:
    """Return a link for each stream that the archive `name` follows, numbered from 0.

    Raises:
        ConfigError: If a source or one of its instruments is not defined.
    """
    archive = config.agents[name]
    assert isinstance(archive, ArchiveConfig)
    table = InstrumentTable(config)
    links: list[Arrivals] = []
    for source in archive.sources:
        for stream, venue, symbol in (*_streams(config, table, source, f"agents.{name}.sources"), _SELF):
            links.append(
                Arrivals(
                    number=len(links),
                    publisher=source,
                    stream=stream,
                    venue=venue,
                    symbol=symbol,
                    restarts=stream_class(stream) == StreamClass.STATE,
                    local=not config.agents[source].tcp,
                    symbols={} if symbol else {info.id: info.symbol for info in table.at_venue(venue)},
                )
            )
    return links


def _kinds(info: InstrumentInfo) -> tuple[Kind, ...]:
    """Return what is published of an instrument: bars only where it has them among its feeds."""
    has_bars = any(feed_stream(feed) == Kind.BAR for feed in info.feeds)
    return (*_MARKET_DATA_KINDS, Kind.BAR) if has_bars else _MARKET_DATA_KINDS


def _streams(config: Config, table: InstrumentTable, source: str, key: str) -> list[tuple[int, str, str]]:
    """Return (stream, venue, symbol) of all that `source` publishes."""
    match config.agents.get(source):
        case MarketDataConfig() as role:
            infos = [_instrument(table, role.venue, symbol, f"agents.{source}") for symbol in role.instruments]
            return [
                *((info.stream(kind), info.venue.name, info.symbol) for info in infos for kind in _kinds(info)),
                (stream_id(Kind.CLOCK, table.venues[role.venue].id), role.venue, ""),
            ]
        case SignalConfig() as role:
            names = {name for strategy in role.strategies for name in strategy.instruments}
            traded = _traded(config, table, role.market_data)
            infos = [info for info in traded if any(info.is_named(name) for name in names)]
            return [(STATES_STREAM, "", ""), *(_of_instrument(Kind.SIGNAL, info) for info in infos)]
        case RiskConfig() as role:
            infos = _traded(config, table, role.market_data)
            return [
                (stream_id(Kind.DECISION), "", ""),
                *(_of_instrument(Kind.DECISION, info) for info in infos),
            ]
        case ExecutionConfig() as role:
            return [
                (stream_id(kind, table.venues[role.venue].id), role.venue, "") for kind in (Kind.ORDER, Kind.ACCOUNT)
            ]
        case PortfolioConfig() as role:
            infos = _traded(config, table, role.execution)
            return [
                (stream_id(Kind.EQUITY), "", ""),
                *(_of_accounts(config, table, role.execution) if len(role.execution) > 1 else ()),
                *((info.stream(Kind.POSITION), info.venue.name, info.symbol) for info in infos),
            ]
        case None:
            raise ConfigError(f"{key}: {source!r} is not in agents")
        case _:
            return []


def _instrument(table: InstrumentTable, venue: str, symbol: str, key: str) -> InstrumentInfo:
    info = table.by_symbol.get((venue, symbol))
    if info is None:
        raise ConfigError(f"{key}.instruments: {symbol!r} at {venue!r} is not in instruments")
    return info


def _traded(config: Config, table: InstrumentTable, agents: tuple[str, ...]) -> list[InstrumentInfo]:
    """Return the instruments at the venues of `agents`, in order of the configuration."""
    roles = [config.agents.get(agent) for agent in agents]
    venues = {role.venue for role in roles if isinstance(role, MarketDataConfig | ExecutionConfig)}
    return [info for info in table.by_id.values() if info.venue.name in venues]


def _of_accounts(config: Config, table: InstrumentTable, executions: tuple[str, ...]) -> list[tuple[int, str, str]]:
    """Return the equity of each account of several, which has its venue's name in the archive; that of all has none."""
    roles = [config.agents.get(name) for name in executions]
    venues = [role.venue for role in roles if isinstance(role, ExecutionConfig)]
    return [(stream_id(Kind.EQUITY, table.venues[venue].id), venue, "") for venue in venues]


def _of_instrument(kind: Kind, info: InstrumentInfo) -> tuple[int, str, str]:
    return stream_id(kind, 0, info.id), info.venue.name, info.symbol
