"""The figures of a backtest as `result.json` has them, under `figures`.

Amounts are decimal texts, ratios are numbers, times are nanoseconds; what is not defined is null. What each figure is, and
where its formula comes from, stands in `agents.backtest.result.figures` and `agents.backtest.result.order_rows`.

Rule of evolution: keys are only ever added.
"""

import msgspec


class LatencyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How long one hop took in recorded time, in nanoseconds, by nearest rank; `count` is of how many."""

    count: int
    p50: int
    p90: int
    p99: int
    max: int


class InstrumentFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument at one account; money is in its quote currency, `pnl` is after fees and with funding.

    `fill_ratio` is filled quantity by ordered quantity.
    """

    account: str
    instrument: str
    currency: str
    pnl: str = "0"
    realised: str = "0"
    unrealised: str = "0"
    fees: str = "0"
    funding: str = "0"
    position: str = "0"
    orders: int = 0
    orders_filled: int = 0
    orders_filled_in_part: int = 0
    fills: int = 0
    turnover: str = "0"
    fill_ratio: float | None = None


class HourFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What equity changed by in an hour (UTC), but for transfers, in the desk's currency."""

    hour_ns: int
    pnl: str


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one backtest.

    `sample_ns` is the period of the `returns` that volatility, Sharpe and Sortino are made of; `turnover` is by quote
    currency, and its ratio to the mean of equity is there where all of it is in the desk's. `orders` are those
    that were sent.
    """

    sample_ns: int
    returns: int
    periods_per_year: float
    pnl: str
    total_return: float | None = None
    volatility: float | None = None
    sharpe: float | None = None
    sortino: float | None = None
    drawdown_max: str = "0"
    drawdown_max_share: float = 0.0
    drawdown_peak_ns: int | None = None
    drawdown_trough_ns: int | None = None
    drawdown_longest_ns: int = 0
    turnover: dict[str, str] = {}
    turnover_ratio: float | None = None
    fees: str = "0"
    fees_by_asset: dict[str, str] = {}
    orders: int = 0
    orders_filled: int = 0
    orders_filled_in_part: int = 0
    fill_ratio: float | None = None
    fills: int = 0
    fills_maker: int = 0
    closed_trades: int = 0
    closed_won: int = 0
    hit_rate: float | None = None
    closed_profit: dict[str, str] = {}
    closed_loss: dict[str, str] = {}
    profit_factor: float | None = None
    by_instrument: list[InstrumentFigures] = []
    by_hour: list[HourFigures] = []
    latency_ns: dict[str, LatencyFigures] = {}
