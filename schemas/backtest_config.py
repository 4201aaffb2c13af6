"""The table of backtests: what is not recorded and has to be assumed, each by a model that the result names."""

from typing import Literal

from schemas.config_types import DecimalText, Name, NotNegative, NotNegativeFloat, PositiveFloat, Table

QueueName = Literal["risk_averse", "optimistic", "power", "log"]
"""The names of `agents.paper.market.queue_models`."""


class LatencyConfig(Table, frozen=True, kw_only=True):
    """How long something takes: always `us` microseconds, as it was measured in a run, or, of a feed, as it was recorded.

    What was measured is in `file`, a JSON document: a list of `[from_ns, to_ns, count]`, the steps of a histogram; or the
    report of a run (`tickmesh up --json`), of which it is the latency of the `hop`, as far as its percentiles tell it.
    """

    model: Literal["constant", "measured", "recorded"] = "constant"
    us: NotNegativeFloat = 0.0
    file: str = ""
    hop: str = ""


class BacktestVenueConfig(Table, frozen=True, kw_only=True, omit_defaults=True):
    """One venue in a backtest: what its account begins with, what it charges, and how far it is.

    Balances and fees that are not set are those of the paper venue of this name, if the configuration has one; whatever
    else is not set is the whole backtest's.
    """

    balances: dict[str, DecimalText] | None = None
    maker_fee: DecimalText | None = None
    taker_fee: DecimalText | None = None
    queue: QueueName | None = None
    queue_power: PositiveFloat | None = None
    feed: LatencyConfig | None = None
    entry: LatencyConfig | None = None
    answer: LatencyConfig | None = None


class BacktestConfig(Table, frozen=True, kw_only=True):
    """What a backtest assumes: how orders queue, and how long ticks, orders and answers are on their way.

    `feed` is from the venue to the agents, `entry` from the agents to the venue, `answer` back; a venue's own stand in
    `venues`. `seed` is that of whatever is drawn.
    """

    seed: NotNegative = 1
    queue: QueueName = "risk_averse"
    queue_power: PositiveFloat = 3.0
    feed: LatencyConfig = LatencyConfig(model="recorded")
    entry: LatencyConfig = LatencyConfig(us=5_000.0)
    answer: LatencyConfig = LatencyConfig(us=5_000.0)
    maker_fee: DecimalText = "0.001"
    taker_fee: DecimalText = "0.001"
    venues: dict[Name, BacktestVenueConfig] = {}
