"""Makes a portfolio of its configuration: which accounts, which marks, and what values other assets."""

from collections.abc import Mapping

from agents.instruments import InstrumentInfo, InstrumentTable, setting_e8
from agents.portfolio.agent import PortfolioAgent
from agents.portfolio.marks import Mark, MarkLimits
from agents.portfolio.valuation import Valuation
from agents.state.account import Account
from agents.state.market_view import feeds_of
from schemas.config import Config, ExecutionConfig, PortfolioConfig
from schemas.errors import ConfigError
from schemas.markets import feed_stream
from schemas.streams import Kind, stream_id

_MARKS = (Kind.MARK, Kind.QUOTE, Kind.TRADE)
"""Streams that an instrument can be marked by, the best first."""


def build(name: str, config: Config) -> PortfolioAgent:
    """Return the portfolio agent `name` of the configuration.

    Raises:
        ConfigError: If a peer has another role, the accounts' instruments are not quoted in one currency, one of them has
            no feed to mark it by, an asset's mark is neither a price nor a followed instrument, or `cash` is set.
    """
    own = config.agents[name]
    if not isinstance(own, PortfolioConfig):
        raise ConfigError(f"agents.{name}: not an agent of role portfolio")
    if own.cash:
        raise ConfigError(
            f"agents.{name}.cash: remove it (found: {own.cash!r}): equity begins with what the venue says that the account "
            "holds; a paper venue's account begins with the balances of its own table"
        )
    table = InstrumentTable(config)
    accounts: dict[tuple[str, int], Account] = {}
    traded: dict[int, InstrumentInfo] = {}
    for peer in own.execution:
        execution = config.agents.get(peer)
        if not isinstance(execution, ExecutionConfig):
            raise ConfigError(f"agents.{name}.execution: {peer!r} is not an agent of role execution")
        accounts[(peer, stream_id(Kind.ORDER, table.venues[execution.venue].id, 0))] = Account(table)
        traded |= {info.id: info for info in table.traded_by(peer, execution)}
    quotes = sorted({info.config.quote for info in traded.values()})
    if len(quotes) > 1:
        found = ", ".join(quotes)
        raise ConfigError(f"agents.{name}.execution: equity adds up in one quote currency only (found: {found})")
    followed = _marks(name, config, own, table)
    missing = [info.name for number, info in traded.items() if number not in followed]
    if missing:
        raise ConfigError(
            f"agents.{name}.market_data: {missing} are traded and have no feed to mark them by "
            "(markPrice, bookTicker, trade or aggTrade)"
        )
    asset_marks = _asset_marks(name, own, traded, followed)
    wanted = traded.keys() | {mark.info.id for mark in asset_marks.values() if isinstance(mark, Mark)}
    marks = {number: mark for number, mark in followed.items() if number in wanted}
    valuation = Valuation(
        {stream >> 16 & 0xFF: account for (_, stream), account in accounts.items()},
        marks,
        asset_marks,
        quotes[0] if quotes else "",
        setting_e8(own.dust_max, f"agents.{name}.dust_max"),
    )
    return PortfolioAgent(own, table.by_id, accounts, marks, valuation)


def _marks(name: str, config: Config, own: PortfolioConfig, table: InstrumentTable) -> dict[int, Mark]:
    """Return a mark for each instrument of the market data that has a feed for one, by number."""
    limits = MarkLimits(own.mark_jump_max, own.mark_spread_max, own.mark_confirm_ms)
    marks: dict[int, Mark] = {}
    for feed in feeds_of(config, table, own.market_data, f"agents.{name}.market_data"):
        kinds = {feed_stream(each) for each in feed.info.feeds}
        kind = next((kind for kind in _MARKS if kind in kinds), None)
        if kind is not None and feed.info.id not in marks:
            trades = feed.info.stream(Kind.TRADE) if kind is not Kind.TRADE and Kind.TRADE in kinds else 0
            marks[feed.info.id] = Mark(feed.info, feed.publisher, feed.info.stream(kind), limits, trades)
    return marks


def _asset_marks(
    name: str, own: PortfolioConfig, traded: Mapping[int, InstrumentInfo], marks: Mapping[int, Mark]
) -> dict[str, int | Mark]:
    """Return what values each asset: what is traded in it, or what the configuration says, which wins."""
    found: dict[str, int | Mark] = {info.config.base: marks[number] for number, info in traded.items()}
    by_symbol = {mark.info.name: mark for mark in marks.values()}
    for asset, text in own.asset_marks.items():
        key = f"agents.{name}.asset_marks.{asset}"
        if text[:1].isdigit():
            found[asset] = setting_e8(text, key) * 10
        elif text in by_symbol:
            found[asset] = by_symbol[text]
        else:
            raise ConfigError(
                f"{key}: {text!r} is neither a price nor an instrument with a mark in market_data "
                f"(found: {', '.join(sorted(by_symbol))})"
            )
    return found
