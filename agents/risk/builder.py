"""Builds a risk agent from the configuration, and says what of it does not fit."""

from agents.instruments import InstrumentTable, require_whole_log
from agents.risk.agent import RiskAgent
from agents.risk.desk import Desk
from agents.risk.judged_account import JudgedAccount
from agents.risk.known_equity import KnownEquity
from agents.risk.limits import parse_desk_limits, parse_limits
from agents.risk.strategy_limits import StrategyLimits
from agents.state.market_view import MarketView, feeds_of
from core.correlation import SERIES_MAX
from schemas.config import Config, DeskConfig, ExecutionConfig, PortfolioConfig, RiskConfig, SignalConfig
from schemas.errors import ConfigError
from schemas.streams import Kind, stream_id
from schemas.units import MS

EQUITY_AGE_NS_MAX = 3_000 * MS
EQUITY_INTERVALS_MAX = 3
"""Equity is too old after three seconds, or three times as long as the portfolio takes from one to the next."""


def build(name: str, config: Config) -> RiskAgent:
    """Return the risk agent `name` of the configuration.

    Raises:
        ConfigError: If a peer has another role, a limit is not exact, instruments are quoted in currencies that do not add
            up, or its log would not be kept.
    """
    own = config.agents[name]
    if not isinstance(own, RiskConfig):
        raise ConfigError(f"agents.{name}: not an agent of role risk")
    executions = _executions(name, own, config)
    portfolio = config.agents.get(own.portfolio)
    if not isinstance(portfolio, PortfolioConfig):
        raise ConfigError(f"agents.{name}.portfolio: {own.portfolio!r} is not an agent of role portfolio")
    missing = [account for account in executions if account not in portfolio.execution]
    if missing:
        raise ConfigError(
            f"agents.{name}.portfolio: {own.portfolio!r} does not follow {missing[0]!r}, and its equity would "
            f"never come (it follows {', '.join(portfolio.execution) or 'none'})"
        )
    require_whole_log(name, own)
    _refuse_rivals(name, own, config)
    table = InstrumentTable(config)
    feeds = _feeds(name, own, config, table, executions)
    _require_one_currency(name, config.desk, {feed.info.config.quote for feed in feeds.values()})
    strategies = frozenset(
        strategy.name
        for agent in config.agents.values()
        if isinstance(agent, SignalConfig) and agent.risk == name
        for strategy in agent.strategies
    )
    _check_strategies(name, own, strategies)
    age_ns_max = max(EQUITY_AGE_NS_MAX, EQUITY_INTERVALS_MAX * portfolio.equity_interval_ms * MS)
    desk = _desk(name, own, table, executions, (len(portfolio.execution), age_ns_max))
    return RiskAgent(own, desk, table.by_id, feeds, strategies)


def _executions(name: str, own: RiskConfig, config: Config) -> dict[str, ExecutionConfig]:
    """Return the execution agents of the accounts, in order."""
    found: dict[str, ExecutionConfig] = {}
    for account in own.execution:
        execution = config.agents.get(account)
        if not isinstance(execution, ExecutionConfig):
            raise ConfigError(f"agents.{name}.execution: {account!r} is not an agent of role execution")
        there = [other for other, each in found.items() if each.venue == execution.venue]
        if there:
            raise ConfigError(
                f"agents.{name}.execution: {there[0]!r} and {account!r} are both at {execution.venue!r}; one account for "
                "each venue, a venue stands twice in `venues` under two names"
            )
        found[account] = execution
    if not found:
        raise ConfigError(f"agents.{name}.execution: names no agent")
    strange = sorted(set(own.accounts) - set(found))
    if strange:
        raise ConfigError(f"agents.{name}.accounts: {strange[0]!r} is not in its `execution` ({', '.join(found)})")
    return found


def _refuse_rivals(name: str, own: RiskConfig, config: Config) -> None:
    for other, agent in config.agents.items():
        shared = [account for account in own.execution if isinstance(agent, RiskConfig) and account in agent.execution]
        if other != name and shared:
            raise ConfigError(
                f"agents.{name}.execution: {shared[0]!r} takes orders of {other!r} too, and each would spend all of "
                "the limits; one risk agent for each execution"
            )


def _feeds(
    name: str, own: RiskConfig, config: Config, table: InstrumentTable, executions: dict[str, ExecutionConfig]
) -> dict[int, MarketView]:
    """Return a feed for each instrument that is traded on an account and published, by number."""
    traded = {info.id for account, each in executions.items() for info in table.traded_by(account, each)}
    feeds: dict[int, MarketView] = {}
    for feed in feeds_of(config, table, own.market_data, f"agents.{name}.market_data"):
        if feed.info.id in traded:
            feeds.setdefault(feed.info.id, feed)
    if len(feeds) > SERIES_MAX:
        raise ConfigError(
            f"agents.{name}.market_data: {len(feeds)} instruments, at most {SERIES_MAX} can be correlated"
        )
    return feeds


def _require_one_currency(name: str, desk: DeskConfig, quotes: set[str]) -> None:
    """Refuse quote currencies that are neither the desk's nor joined to it."""
    apart = sorted(quotes - set(desk.joined) - {desk.currency})
    if not desk.currency and len(apart) <= 1:
        return
    if apart:
        found, to = ", ".join(sorted(quotes)), desk.currency or apart[0]
        raise ConfigError(
            f"agents.{name}.market_data: exposure adds up in one quote currency only (found: {found}); where they are "
            f"worth the same, {apart[-1]} can be joined to {to} in desk.joined"
        )


def _check_strategies(name: str, own: RiskConfig, strategies: frozenset[str]) -> None:
    StrategyLimits(own.strategies, [], f"agents.{name}.strategies")
    unknown = sorted(set(own.strategies) - strategies)
    if unknown:
        known = ", ".join(sorted(strategies)) or "none"
        raise ConfigError(
            f"agents.{name}.strategies: {unknown[0]!r} is not a strategy that asks it (those are: {known})"
        )


def _desk(
    name: str, own: RiskConfig, table: InstrumentTable, executions: dict[str, ExecutionConfig], told: tuple[int, int]
) -> Desk:
    """Return the desk; `told` is of how many accounts equity is told, and how old that may be.

    Of several accounts each is told by itself too.
    """
    followed, age_ns_max = told
    equity = KnownEquity(own.portfolio, stream_id(Kind.EQUITY, 0, 0), age_ns_max)
    accounts = []
    for account, execution in executions.items():
        key = f"agents.{name}.accounts.{account}" if account in own.accounts else f"agents.{name}.limits"
        limits = own.accounts.get(account, own.limits)
        venue_id = table.venues[execution.venue].id
        single = equity
        if followed > 1:
            single = KnownEquity(own.portfolio, stream_id(Kind.EQUITY, venue_id, 0), age_ns_max)
        parsed = parse_limits(limits, key), limits
        accounts.append(JudgedAccount(account, venue_id, table, parsed, single, own.submit_ttl_ms))
    return Desk(accounts, equity, parse_desk_limits(own.desk, f"agents.{name}.desk"), table.by_id)
