"""What each role tells of itself in its status: one Struct a role, tagged, so that a status says which it has.

Who reads them (report, end of a run, verdict) reads fields: one that is renamed is an error of the type checker and never a
silent zero. Decimal texts are exact; positions are in the base currency, by the instrument's symbol.

Rule of evolution, as for messages: fields are only ever appended, with a default.
"""

from typing import Any

import msgspec


class RoleFigures(msgspec.Struct, frozen=True, kw_only=True, tag_field="role"):
    """Base of the figures of all roles."""


class FiguresPart(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what figures are made of."""


class TickFigures(FiguresPart, frozen=True):
    """Frames with ticks that came from the venue, and the messages that were published of them.

    Both hold the trades that were missed and asked for afterwards, of which there are `filled`.
    """

    received: int
    published: int
    filled: int = 0


class BookFigures(FiguresPart, frozen=True):
    """One book: how often its best prices were held against the venue's ticker, and the first updates that differed."""

    instrument: str
    id: int
    levels: int
    compared: int
    equal: int
    unequal: list[int]


class MarketDataFigures(RoleFigures, frozen=True, tag="market_data"):
    """Ticks of this process and of those before it, books, what is wrong with the listing, and feeds by stream.

    `clock` is how far the venue's clock is from ours, `breakers` are those that are not CLOSED. `trades_lost` are trades
    that were missed and not to be had, by symbol, `trade_holes` where nobody knows how many, `bars_lost` likewise bars.
    `silent` are the streams that the venue took the subscription of and that have not spoken since, `subscriptions` those
    that it refused or did not answer and is asked for again. `weaker` says by stream what it does not promise.
    """

    ticks: TickFigures
    published_before: int
    books: list[BookFigures]
    listing: str
    faults: dict[str, str]
    feeds: dict[str, str]
    clock: str = ""
    breakers: dict[str, str] = {}
    trades_lost: dict[str, int] = {}
    trade_holes: dict[str, str] = {}
    bars_lost: dict[str, int] = {}
    silent: dict[str, str] = {}
    subscriptions: dict[str, str] = {}
    weaker: dict[str, str] = {}


class StrategyFigures(FiguresPart, frozen=True):
    """One strategy: its signals (of all epochs), bars and fills, its open orders and positions.

    `state` is waiting, running, stopped or on probation; `error` what it raised last, and where; `warm` which of its bars
    lack what was before, and why, empty if none does.
    """

    signals: int
    bars: int
    fills: int
    open_orders: int
    positions: dict[str, str]
    state: str = ""
    error: str = ""
    warm: str = ""


class SignalFigures(RoleFigures, frozen=True, tag="signal"):
    """Signals (of all epochs) and bars (since the start), bars not to be had whole, and each strategy by name."""

    signals: int
    bars: int
    books_damaged: int
    late_trades: int
    strategies: dict[str, StrategyFigures]
    bars_left_out: int = 0


class DecisionFigures(FiguresPart, frozen=True):
    """Decisions of all epochs, denials by reason."""

    approved: int
    denied: dict[str, int]


class HeldFigures(FiguresPart, frozen=True):
    """What counts against the limits: open orders, approvals not yet seen in execution's events, unknown outcomes."""

    orders: int
    reserved: int
    unknown: int


class AccountFigures(FiguresPart, frozen=True):
    """One account of risk: what counts against its limits, its exposure, equity and free margin as far as they are known.

    `trouble` is why nothing can be ordered on it now, empty if it can.
    """

    open: HeldFigures
    exposure_gross: str
    trouble: str = ""
    equity: str = ""
    margin_available: str = ""


class RiskFigures(RoleFigures, frozen=True, tag="risk"):
    """Decisions, trading modes that are set, what is held, exposure, positions, and what is wrong with feeds by symbol.

    `trading` has a line for each mode, `flattening` one for each scope that is being flattened, with what is left of it.
    `accounts` has what is of each account, by its execution agent, `coins` the worst exposure of each coin at all venues.
    """

    decisions: DecisionFigures
    released: int
    trading: list[str]
    open: HeldFigures
    exposure_gross: str
    positions: dict[str, str]
    feed_faults: dict[str, str]
    books_damaged: int
    flattening: list[str] = []
    accounts: dict[str, AccountFigures] = {}
    coins: dict[str, str] = {}


class OrderFigures(FiguresPart, frozen=True):
    """Orders submitted and orders that only the venue told of, and how many orders are in each state now."""

    submitted: int
    external: int
    new: int
    partially_filled: int
    pending_cancel: int
    unknown: int
    filled: int
    canceled: int
    rejected: int
    expired: int


class OpenOrder(FiguresPart, frozen=True):
    """One order that has not ended."""

    client_order_id: str
    instrument: str
    side: str
    status: str
    price_ticks: int
    qty_lots: int
    cum_qty_lots: int
    venue_order_id: str
    external: bool


class ContractFigures(FiguresPart, frozen=True):
    """How contracts are traded: the account's mode, margin mode and leverage of each, which are not to be traded and why.

    `forced` are fills of orders that the venue itself made, such as a liquidation, the newest last.
    """

    mode: str
    terms: dict[str, str]
    faults: dict[str, str]
    forced: list[str]


class ExecutionFigures(RoleFigures, frozen=True, tag="execution"):
    """Orders by state, the first of the open ones, balances, whether it is reconciled, and trading modes.

    `amounts` are the balances as decimals, of any size; `balances` (times 10**8) lacks those that do not fit in 64 bits.
    `breakers` has the state of each circuit breaker and why, `venue_clock` what is known of the venue's clock, and
    `venue_budget` what is used of each of the venue's limits.
    `dead_man_switch` says whether the venue cancels all when execution is gone, and after how long; `orders_over` which way
    orders go. `contracts` is there where the account trades any.
    """

    orders: OrderFigures
    open: list[OpenOrder]
    reconciled: bool
    trouble: str
    passes: int
    balances: dict[str, int]
    trading: list[str]
    amounts: dict[str, str] = {}
    breakers: dict[str, str] = {}
    venue_clock: str = ""
    venue_budget: dict[str, str] = {}
    dead_man_switch: str = ""
    orders_over: str = ""
    contracts: ContractFigures | None = None


class ReaperFigures(RoleFigures, frozen=True, tag="reaper"):
    """Whether the account can be reached, what is done, how long execution is silent, and what the last reap came to."""

    armed: bool
    state: str
    silent_ms: int
    canceled: int
    left: int
    positions: dict[str, str]
    trouble: str


class PnlFigures(FiguresPart, frozen=True):
    """Money in the desk's currency; `funding` of contracts is a part of what was realised."""

    realised: str
    unrealised: str
    fees: str
    equity: str
    funding: str = "0"


class AccountEquity(FiguresPart, frozen=True):
    """What one account, or all together, came to, and why that is not known now, empty if it is."""

    pnl: PnlFigures
    opening: str
    transfers: str
    not_known: str


class PortfolioFigures(RoleFigures, frozen=True, tag="portfolio"):
    """Positions, P&L, the number of fills, and fees by the asset that they were paid in, if neither base nor quote.

    `opening` is the equity at the first agreement with the venues, `transfers` what was paid in since. `not_known` says why
    there is no equity now. `dead_marks` are positions too small to matter whose market is dead, with the price they count
    at; `doubted_marks` prices that no mark has moved to. `not_valued` are balances that nothing values, and `differences`
    what the venue holds more than it should by fills and transfers, by asset (`VENUE:ASSET` where accounts are several).
    Where they are, `accounts` has each one's money by its venue. `currencies` are what joined currencies are worth now, in
    `currency`, empty where that is not known, and `depegged` what is wrong with those that are not worth one.
    """

    positions: dict[str, str]
    pnl: PnlFigures
    fills: int
    fees_by_asset: dict[str, str]
    opening: str = "0"
    transfers: str = "0"
    not_known: str = ""
    dead_marks: dict[str, str] = {}
    doubted_marks: dict[str, str] = {}
    not_valued: dict[str, str] = {}
    differences: dict[str, str] = {}
    accounts: dict[str, AccountEquity] = {}
    currency: str = ""
    currencies: dict[str, str] = {}
    depegged: dict[str, str] = {}


class ArchiveFigures(RoleFigures, frozen=True, tag="archive"):
    """Rows in ClickHouse by table, what waits for it, and by publisher and stream how far (epoch, seq) it is archived."""

    rows: dict[str, int]
    archived_ticks: int
    pending: int
    batches: int
    gap_messages: int
    away: str
    positions: dict[str, dict[str, tuple[int, int]]]
    breakers: dict[str, str] = {}


class PaperBalance(FiguresPart, frozen=True):
    """One balance of the paper venue's account, what it was at first, and what was paid in less what was paid out."""

    free: str
    locked: str
    initial: str
    transferred: str = "0.00000000"


class PaperFigures(RoleFigures, frozen=True, tag="paper"):
    """The paper venue: its market, what it sent, its account, and its orders by status.

    `done` says that a capture was played to its end and nothing waits to be sent any more. `contracts` are positions in
    contracts that are held against margin, by symbol: none of the account's balances says of them. `funding` is what
    holding them was paid by asset, below zero if it cost. `put_off_ms` is how long the model stood still in all because
    the host or the readers did not follow it.
    """

    market: str
    captured: int
    sent: int
    frames_sent: int
    frames_unheard: int
    done: bool
    connections: int
    account: dict[str, PaperBalance]
    positions: dict[str, str]
    commission: dict[str, str]
    orders: dict[str, int]
    open_orders: int
    fills: int
    creates_by_client_id_max: int
    listening: str = ""
    slow_closed: int = 0
    failure: str = ""
    contracts: dict[str, str] = {}
    funding: dict[str, str] = {}
    put_off_ms: int = 0


class OtherFigures(RoleFigures, frozen=True, tag="other"):
    """What an agent that is none of the roles tells, by names of its own; nobody but who wrote it reads them."""

    values: dict[str, Any]


Figures = (
    MarketDataFigures
    | SignalFigures
    | RiskFigures
    | ExecutionFigures
    | ReaperFigures
    | PortfolioFigures
    | ArchiveFigures
    | PaperFigures
    | OtherFigures
)
"""The figures of any agent."""


class KeyLook(msgspec.Struct, frozen=True):
    """What a venue tells of a key: its number of the account, and what the key may do, None where it does not tell.

    Of an account that trades contracts also how: its mode, margin mode and leverage of each, and what speaks against
    trading them so.
    """

    account: str = ""
    trades: bool | None = None
    withdraws: bool | None = None
    trouble: str = ""
    """Why nothing is known, empty if it is."""
    mode: str = ""
    terms: dict[str, str] = {}
    faults: tuple[str, ...] = ()
