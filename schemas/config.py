"""The configuration of the whole mesh: one TOML file, one frozen Struct for each table.

Every host of a mesh has the same file; an agent is started by its name and finds itself and its peers in it. Unknown
keys are refused by name. A role's settings stand in the agent's own table, chosen by its `role`.
"""

from typing import Annotated, Literal

from msgspec import Meta

from schemas.backtest_config import BacktestConfig as BacktestConfig
from schemas.backtest_config import QueueName
from schemas.config_types import (
    DecimalText,
    Dsn,
    Fraction,
    GroupName,
    Name,
    NotNegative,
    NotNegativeFloat,
    Number16,
    Positive,
    PositiveFloat,
    Table,
)
from schemas.venue_config import InstrumentConfig as InstrumentConfig
from schemas.venue_config import VenueConfig as VenueConfig


class MeshConfig(Table, frozen=True, kw_only=True):
    """What all agents share.

    `state_dir` holds logs, epochs and the embedded ClickHouse; `run_dir` the sockets (a short path: at most 80 bytes).
    `same_host` is how agents without `tcp` reach each other: through the publisher's mapped log and Unix sockets
    (`mesh.transport.same_host`), or over ZeroMQ's ipc, as agents of several hosts do over its tcp. `strategy_dir` is where
    strategies of one's own are looked for: the configuration's own folder unless given, a relative one counts from there.
    `record_inputs` keeps what reached each agent beside its log, so that it can be run again (`tickmesh replay verify`): of
    those that are a process each, for a hundredth of a tick's way, or of those in groups too, where that is a tenth of it.
    `inputs_retention_bytes` bounds what is kept for each agent, by whole starts, and 0 keeps it for ever.
    `log_moved_to` is where `tickmesh anchor` moves segments of logs that lie before an anchor (`mesh.history.moving`): one
    that is relative counts from `state_dir`, and the links to it do too. Empty: they stay.
    """

    state_dir: str = "var/state"
    run_dir: str = ""
    strategy_dir: str = ""
    beat_interval_ms: Positive = 100
    suspect_beats: Positive = 3
    down_beats: Positive = 10
    repair_timeout_ms: Positive = 200
    log_segment_bytes: Annotated[int, Meta(ge=1 << 16, le=1 << 31, multiple_of=4096)] = 1 << 26
    log_sync_ms: NotNegative = 5
    log_moved_to: str = ""
    stop_timeout_ms: Positive = 10_000
    same_host: Literal["memory", "zmq"] = "memory"
    record_inputs: Literal["always", "processes", "never"] = "processes"
    inputs_retention_bytes: NotNegative = 0


class BreakerConfig(Table, frozen=True, kw_only=True):
    """When a circuit breaker opens, and how it closes again.

    `failures_max` failures within `window_ms` open it. It waits `wait_ms`, twice as long each time that a probe fails, at
    most `wait_ms_max`, and closes after `probes` probes that succeeded.
    """

    failures_max: Positive = 5
    window_ms: Positive = 60_000
    wait_ms: Positive = 1_000
    wait_ms_max: Positive = 60_000
    probes: Positive = 3


class AgentConfig(Table, frozen=True, kw_only=True):
    """What every agent's table may hold, whatever its role.

    `id` is the sender number in frame headers. `tcp` is `HOST:PORT` for agents on several hosts: PORT publishes, PORT+1
    answers, PORT+2 is the tap; empty means ipc. `log_retention_bytes` 0 keeps the log for ever. Agents that name the same
    `group` run in one process of that name, and hand their frames to each other in memory.

    What follows tunes the agent's process to its host (`mesh.node.tuning`, `tickmesh doctor`). `priority` is that of the
    `fifo` scheduler, below the kernel's interrupt threads (50). `memory_lock` locks the mapped log too: bound it by
    `log_retention_bytes`. `address_layout` "fixed" gives every agent's code the same addresses. `cpu_latency_us_max` keeps
    CPUs out of idle states that take longer to leave; -1 lets the host decide.
    """

    id: Number16
    tcp: str = ""
    group: GroupName = ""
    log_retention_bytes: NotNegative = 0
    send_hwm: Positive = 10_000
    receive_hwm: Positive = 10_000
    tap_hwm: Positive = 1_000
    cpus: tuple[NotNegative, ...] = ()
    scheduler: Literal["other", "fifo"] = "other"
    priority: Annotated[int, Meta(ge=1, le=49)] = 10
    idle: Literal["block", "busy_poll"] = "block"
    memory_lock: bool = False
    huge_pages: Literal["host", "never"] = "host"
    address_layout: Literal["random", "fixed"] = "random"
    cpu_latency_us_max: Annotated[int, Meta(ge=-1, le=1_000_000)] = -1
    breaker: BreakerConfig = BreakerConfig()


class MarketDataConfig(AgentConfig, frozen=True, kw_only=True, tag_field="role", tag="market_data"):
    """Publishes the normalised market data of one venue's instruments.

    A book whose best prices differ from the venue's own ticker `book_unequal_max` times in a row is made anew. The breaker
    is one for each book: it opens when a book fails again and again, and one probe closes it.
    """

    venue: Name
    instruments: tuple[str, ...]
    stale_after_ms: Positive = 3_000
    silent_after_ms: Positive = 10_000
    silent_trades_after_ms: Positive = 300_000
    snapshot_depth: Annotated[int, Meta(ge=5, le=5000)] = 1000
    book_unequal_max: Positive = 5
    breaker: BreakerConfig = BreakerConfig(failures_max=3, wait_ms=5_000, probes=1)


class StrategyBreakerConfig(BreakerConfig, frozen=True, kw_only=True):
    """When a strategy is stopped, and let in again: by the first handler that raises, unless it says otherwise."""

    failures_max: Positive = 1


class StrategyConfig(Table, frozen=True, kw_only=True):
    """One strategy: `name` in signals and orders, `params` handed to its constructor.

    `path` is `module:Class` or `FILE.py:Class`; modules and relative files are found in `mesh.strategy_dir` too. Its
    `instruments` are named by symbol, `VENUE:SYMBOL` where several venues have one of that name. It
    gets bars of each length in `bar_ms`, and of each as many of the venue's as `warm_up_bars` before it begins; -1 are
    as many as its indicators remember (none if it takes no bars). They are built from trades, but for those of the one
    length that `venue_bar_ms` names (0: none), which are the venue's own as its stream tells them. `on_error` says what
    becomes of its orders that open a position when it raises.
    """

    name: Name
    path: str
    instruments: tuple[str, ...]
    bar_ms: Positive | tuple[Positive, ...] = 1_000
    venue_bar_ms: Annotated[int, Meta(ge=0)] = 0
    warm_up_bars: Annotated[int, Meta(ge=-1, le=5_000)] = -1
    on_error: Literal["cancel", "keep"] = "cancel"
    params: dict[str, float | int | str | bool] = {}


class SignalConfig(AgentConfig, frozen=True, kw_only=True, tag_field="role", tag="signal"):
    """Runs strategies on the instruments that it is given (a shard), and asks risk, on whose accounts they trade."""

    market_data: tuple[Name, ...]
    risk: Name
    strategies: tuple[StrategyConfig, ...]
    request_ttl_ms: Annotated[int, Meta(ge=1, le=60_000)] = 1_000
    breaker: StrategyBreakerConfig = StrategyBreakerConfig()


class LimitsConfig(Table, frozen=True, kw_only=True):
    """Limits of risk; money as decimal strings in quote currency, quantities in base currency. "0" money: no limit.

    A correlation is known after as many seconds as its half-life has, and until then counts as too high: 15 seconds weigh
    some 40 samples, enough to tell 0.95 from chance, and hold a new desk back only so long. `correlation_max` 1 is none.
    `liquidation_distance_min` is how far a position's mark must be from the price at which the venue liquidates it.
    """

    order_qty_max: DecimalText = "1"
    order_notional_max: DecimalText = "100000"
    position_max: DecimalText = "5"
    short_allowed: bool = False
    open_orders_max: Positive = 20
    exposure_gross_max: DecimalText = "1000000"
    exposure_net_max: DecimalText = "1000000"
    orders_per_second_max: PositiveFloat = 20.0
    orders_burst_max: Positive = 20
    price_collar: Fraction = 0.01
    daily_loss_max: DecimalText = "10000"
    drawdown_max: Fraction = 0.2
    correlation_max: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.95
    correlation_half_life_ms: Positive = 15_000
    market_data_age_max_ms: Positive = 2_000
    unknown_orders_max: NotNegative = 0
    fee_reserve: Fraction = 0.001
    liquidation_distance_min: Fraction = 0.05


class StrategyLimitsConfig(Table, frozen=True, kw_only=True):
    """What one strategy alone may hold in an instrument, order at once and have open; "0" and 0: no limit of its own."""

    position_max: DecimalText = "0"
    order_notional_max: DecimalText = "0"
    open_orders_max: NotNegative = 0


class DeskLimitsConfig(Table, frozen=True, kw_only=True):
    """Limits of all accounts of a risk agent together, beside those of each; money in the desk's currency, "0": no limit.

    Of one coin what is held and ordered at all venues counts together, spot and contracts: long here and short there is
    little. `coin_exposure_max` bounds that for each coin; gross exposure adds up coins. A correlation is between coins.
    """

    exposure_gross_max: DecimalText = "0"
    exposure_net_max: DecimalText = "0"
    coin_exposure_max: DecimalText = "0"
    daily_loss_max: DecimalText = "0"
    drawdown_max: Fraction = 1.0
    correlation_max: Annotated[float, Meta(ge=0.0, le=1.0)] = 1.0


class RiskConfig(AgentConfig, frozen=True, kw_only=True, tag_field="role", tag="risk"):
    """Decides every signal, and is the only one that may create orders, on the accounts of `execution`.

    `limits` hold for each account; one that is named in `accounts` has limits of its own, and `desk` bounds all together.
    A market that has a fault for `market_grace_ms` has what would open there canceled, until it was well for
    `market_heal_ms`; so has the account whose execution or equity is in trouble for `account_grace_ms`.
    """

    market_data: tuple[Name, ...]
    execution: tuple[Name, ...]
    portfolio: Name
    limits: LimitsConfig = LimitsConfig()
    accounts: dict[Name, LimitsConfig] = {}
    desk: DeskLimitsConfig = DeskLimitsConfig()
    strategies: dict[str, StrategyLimitsConfig] = {}
    submit_ttl_ms: Annotated[int, Meta(ge=1, le=60_000)] = 1_000
    market_grace_ms: Positive = 1_000
    market_heal_ms: Positive = 2_000
    account_grace_ms: Positive = 10_000


class ExecutionConfig(AgentConfig, frozen=True, kw_only=True, tag_field="role", tag="execution"):
    """One writer of one venue account: places, follows, cancels and reconciles orders.

    `instruments` are those that are traded on the account, by symbol; none means all of the venue. An order that has rested
    for `order_lifetime_ms` is canceled, unless its strategy chose another time (0: never). What opens a position is
    canceled when risk, or the signal agent that wanted it, is gone for `peer_timeout_ms`. `at_stop` says what becomes of
    orders when this agent stops in order, `at_start` of those that it finds. `market_data` agents tell the prices at which
    positions are closed here, where risk is not there to do it. A venue with a dead man's switch cancels all orders when it
    has not heard execution for `dead_man_ms` (0: it is not armed). Orders go `orders_over` a websocket where the venue
    has one for them, and over REST while that is not open; "rest" never opens it.

    Of what the venue allows (`agents.execution.budget`) `cancel_reserve` is the share that is left for cancels, queries and
    what closes a position. While our clock differs from the venue's by more than `clock_offset_max_ms`, or by nobody knows
    how much, nothing is created that opens one.
    """

    venue: Name
    instruments: tuple[str, ...] = ()
    reconcile_interval_ms: Positive = 5_000
    open_orders_max: Positive = 200
    order_lifetime_ms: NotNegative = 3_600_000
    peer_timeout_ms: Positive = 2_000
    at_stop: Literal["cancel", "leave"] = "cancel"
    at_start: Literal["keep", "cancel"] = "keep"
    cancel_reserve: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.1
    clock_offset_max_ms: Positive = 500
    market_data: tuple[Name, ...] = ()
    dead_man_ms: NotNegative = 10_000
    orders_over: Literal["socket", "rest"] = "socket"


class ReaperConfig(AgentConfig, frozen=True, kw_only=True, tag_field="role", tag="reaper"):
    """Cancels all orders of an account whose execution agent was silent for `silence_ms`: a restart has so long.

    `credentials` are those of a key that may cancel and look, as in a venue's table; empty means the venue's own.
    """

    execution: Name
    credentials: str = ""
    silence_ms: Positive = 3_000
    repeat_ms: Positive = 200
    call_timeout_ms: Positive = 1_000
    probe_interval_ms: Positive = 60_000


class PortfolioConfig(AgentConfig, frozen=True, kw_only=True, tag_field="role", tag="portfolio"):
    """Positions, P&L and equity of accounts, from their order events and marks.

    `asset_marks` values assets that nothing traded does, such as the one that fees are paid in: by a price in quote
    currency or by the symbol of an instrument of `market_data`. `dust_max` is money: a position or a difference of balances
    worth no more stops nothing. Marks are guarded as `agents.portfolio.marks` says. `cash` has no meaning any more.
    """

    execution: tuple[Name, ...]
    market_data: tuple[Name, ...]
    asset_marks: dict[str, str] = {}
    dust_max: DecimalText = "10"
    mark_jump_max: Fraction = 0.05
    mark_spread_max: Fraction = 0.1
    mark_confirm_ms: Positive = 1_000
    equity_interval_ms: Positive = 1_000
    cash: str = ""


KeptKind = Literal["ticks", "bars", "decisions", "orders", "accounts", "agents"]
"""Kinds of rows of an archive that may be kept for some days only (`agents.archive.retention` has their tables)."""


class ArchiveConfig(AgentConfig, frozen=True, kw_only=True, tag_field="role", tag="archive"):
    """Writes every publication of its sources to ClickHouse; an empty `dsn` is the embedded engine in `state_dir`.

    `keep_days` is how many whole days rows of a kind are kept; a kind that is not named is kept for good.
    """

    sources: tuple[Name, ...]
    dsn: Dsn = ""
    database: Annotated[str, Meta(pattern="^[a-z_][a-z0-9_]*$")] = "tickmesh"
    flush_rows: Positive = 50_000
    flush_ms: Positive = 250
    keep_days: dict[KeptKind, Annotated[int, Meta(ge=1, le=36_500)]] = {}


class PaperConfig(AgentConfig, frozen=True, kw_only=True, tag_field="role", tag="paper"):
    """The paper venue: a recorded capture or a seeded order-flow model behind Binance's protocol on loopback.

    `balances` are decimal strings by asset. `listen` is HOST:PORT, port 0 takes a free one (told in its status).
    `prices` are the model's starting mids by symbol, where the typical price of the asset will not do. `forget_after_s` is
    how long an order is known that was canceled without a fill; 0: as long as the venue's kind does. On a capture, resting
    orders `queue` by a model (`agents.paper.market.queue_models`).
    """

    venue: Name
    listen: str = "127.0.0.1:8090"
    captures: tuple[str, ...] = ()
    speed: PositiveFloat = 1.0
    lead_in_ms: NotNegative = 1_000
    seed: NotNegative = 7
    balances: dict[str, DecimalText] = {}
    maker_fee: DecimalText = "0.001"
    taker_fee: DecimalText = "0.001"
    prices: dict[str, DecimalText] = {}
    forget_after_s: NotNegativeFloat = 0.0
    queue: QueueName = "risk_averse"
    queue_power: PositiveFloat = 3.0


RoleConfig = (
    MarketDataConfig
    | SignalConfig
    | RiskConfig
    | ExecutionConfig
    | ReaperConfig
    | PortfolioConfig
    | ArchiveConfig
    | PaperConfig
)


class DeskConfig(Table, frozen=True, kw_only=True):
    """What money is counted in: one `currency`, and the quote currencies that are `joined` to it, one for one.

    Empty is the one that everything traded is quoted in. What a joined one is really worth is told by an instrument (its
    symbol, `VENUE:SYMBOL` where several have it), or is taken on trust ("1"). While that is further from one than
    `peg_deviation_max` for `peg_grace_ms`, nothing is opened that is quoted in it.
    """

    currency: str = ""
    joined: dict[str, str] = {}
    peg_deviation_max: Fraction = 0.01
    peg_grace_ms: Positive = 5_000


class Config(Table, frozen=True, kw_only=True):
    """The whole file: `[mesh]`, `[desk]`, `[[venues]]`, `[[instruments]]`, `[agents.NAME]`, `[backtest]`."""

    mesh: MeshConfig = MeshConfig()
    desk: DeskConfig = DeskConfig()
    venues: tuple[VenueConfig, ...]
    instruments: tuple[InstrumentConfig, ...]
    agents: dict[Name, RoleConfig]
    backtest: BacktestConfig = BacktestConfig()
