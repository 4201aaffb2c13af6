"""Makes a portfolio of its configuration: which accounts, which marks, what money is, and what values other assets."""

from collections.abc import Iterable, Mapping

from agents.instruments import InstrumentInfo, InstrumentTable, setting_e8
from agents.portfolio.agent import PortfolioAgent
from agents.portfolio.currencies import AT_PAR, Currencies
from agents.portfolio.followed_account import FollowedAccount
from agents.portfolio.marks import Mark, MarkLimits
from agents.portfolio.pegs import PegWatch
from agents.portfolio.valuation import Valuation
from agents.state.account import Account
from agents.state.market_view import feeds_of
from schemas.config import Config, DeskConfig, ExecutionConfig, PortfolioConfig
from schemas.errors import ConfigError
from schemas.markets import feed_stream
from schemas.streams import Kind, stream_id

_MARKS = (Kind.MARK, Kind.QUOTE, Kind.TRADE)
"""Streams that an instrument can be marked by, the best first."""


def build(name: str, config: Config) -> PortfolioAgent:
    """Return the portfolio agent `name` of the configuration.

    Raises:
        ConfigError: If a peer has another role, an instrument is quoted in a currency that is not joined to the desk's, one
            of them has no feed to mark it by, a mark is neither a price nor a followed instrument, or `cash` is set.
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
    executions = _executions(name, config, own)
    traded = {info.id: info for peer, each in executions.items() for info in table.traded_by(peer, each)}
    currency = _currency(name, config.desk, {info.config.quote for info in traded.values()})
    followed = _marks(name, config, own, table)
    missing = [info.name for number, info in traded.items() if number not in followed]
    if missing:
        raise ConfigError(
            f"agents.{name}.market_data: {missing} are traded and have no feed to mark them by "
            "(markPrice, bookTicker, trade or aggTrade)"
        )
    currencies = Currencies(currency, _joined(name, config.desk, currency, followed.values()))
    asset_marks = _asset_marks(name, own, currencies, traded, followed)
    for_assets = [mark.info.id for mark in asset_marks.values() if isinstance(mark, Mark)]
    wanted = {*traded, *for_assets, *(mark.info.id for mark in currencies.marked.values())}
    marks = {number: mark for number, mark in followed.items() if number in wanted}
    dust_e8 = setting_e8(own.dust_max, f"agents.{name}.dust_max")
    valuation = Valuation(marks, asset_marks, currencies, dust_e8)
    accounts = [
        FollowedAccount(
            peer, stream_id(Kind.ORDER, table.venues[each.venue].id, 0), each.venue, Account(table), valuation
        )
        for peer, each in executions.items()
    ]
    pegs = PegWatch(config.desk, currencies, traded)
    return PortfolioAgent(own, table.by_id, accounts, marks, currencies, valuation, pegs)


def _executions(name: str, config: Config, own: PortfolioConfig) -> dict[str, ExecutionConfig]:
    """Return the execution agents whose accounts are followed."""
    found: dict[str, ExecutionConfig] = {}
    for peer in own.execution:
        execution = config.agents.get(peer)
        if not isinstance(execution, ExecutionConfig):
            raise ConfigError(f"agents.{name}.execution: {peer!r} is not an agent of role execution")
        found[peer] = execution
    return found


def _currency(name: str, desk: DeskConfig, quotes: set[str]) -> str:
    """Return the currency of the desk: the one that is named, or that everything traded is quoted in."""
    if not desk.currency and len(quotes) > 1:
        raise ConfigError(
            f"agents.{name}.execution: what is traded is quoted in {', '.join(sorted(quotes))}: name one of them in "
            "desk.currency, and what each of the others is worth in desk.joined"
        )
    currency = desk.currency or next(iter(quotes), "")
    if currency in desk.joined:
        raise ConfigError(f"desk.joined.{currency}: remove it: {currency} is the desk's own currency")
    strange = sorted(quotes - {currency} - desk.joined.keys())
    if strange:
        raise ConfigError(
            f"agents.{name}.execution: instruments are quoted in {', '.join(strange)}, which desk.joined does not join to "
            f"{currency} (found: {', '.join(desk.joined) or 'none'}): name there what each is worth, or '{AT_PAR}'"
        )
    return currency


def _joined(name: str, desk: DeskConfig, currency: str, marks: Iterable[Mark]) -> dict[str, Mark | None]:
    """Return what marks each joined currency, None if it counts at one."""
    found: dict[str, Mark | None] = {}
    for joined, text in desk.joined.items():
        key = f"desk.joined.{joined}"
        mark = None if text == AT_PAR else _named(key, text, f"'{AT_PAR}'", name, marks)
        if mark is not None:
            config, category = mark.info.config, mark.info.category
            if (config.base, config.quote, category) != (joined, currency, "spot"):
                raise ConfigError(
                    f"{key}: {text} does not tell what {joined} is worth in {currency}: name a coin market of {joined} "
                    f"that is quoted in {currency} (found: {category}, {config.base} in {config.quote}), or '{AT_PAR}'"
                )
        found[joined] = mark
    return found


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
    name: str,
    own: PortfolioConfig,
    currencies: Currencies,
    traded: Mapping[int, InstrumentInfo],
    marks: Mapping[int, Mark],
) -> dict[str, int | Mark]:
    """Return what values each asset: what is traded in it, or what the configuration says, which wins."""
    found: dict[str, int | Mark] = {info.config.base: marks[number] for number, info in traded.items()}
    for asset, text in own.asset_marks.items():
        key = f"agents.{name}.asset_marks.{asset}"
        if currencies.is_money(asset) and asset != currencies.currency:
            raise ConfigError(f"{key}: remove it: desk.joined.{asset} says what that is worth")
        if text[:1].isdigit():
            found[asset] = setting_e8(text, key) * 10
        else:
            found[asset] = _named(key, text, "a price", name, marks.values())
    return found


def _named(key: str, text: str, otherwise: str, name: str, marks: Iterable[Mark]) -> Mark:
    """Return the mark of the instrument that is named by its symbol, or by `VENUE:SYMBOL`."""
    found = [mark for mark in marks if mark.info.is_named(text)]
    if len(found) > 1:
        raise ConfigError(f"{key}: {text!r} is at several venues: name one of {_names(found)}")
    if not found:
        raise ConfigError(
            f"{key}: {text!r} is neither {otherwise} nor an instrument with a mark in market_data of agents.{name} "
            f"(found: {_names(marks)})"
        )
    return found[0]


def _names(marks: Iterable[Mark]) -> str:
    return ", ".join(sorted(mark.info.name for mark in marks))
