"""Reads the logs of a backtest once: tables are written on the way, and what figures and report are made of is kept.

Memory does not grow with the length of a run but by eight bytes for each order and hop, which are sorted at the end.
"""

from array import array
from contextlib import closing
from pathlib import Path
from typing import Any

from agents.backtest.facts import Facts
from agents.backtest.result.equity_curve import EquityCurve
from agents.backtest.result.figures import YEAR_NS, quantile, ratio
from agents.backtest.result.instrument_story import InstrumentStory
from agents.backtest.result.order_rows import OrderRows, OrderState, Row
from agents.backtest.result.parquet_table import ParquetTable, decimal_of
from agents.backtest.result.run_figures import Figures, HourFigures, LatencyFigures
from agents.backtest.result.run_logs import RunLogs
from agents.instruments import InstrumentInfo, InstrumentTable
from agents.state.positions import text_e8, text_of
from core.frame import Header
from schemas.config import Config
from schemas.messages import E8, Approved, Equity, InflowValued, OrderFilled, Position, Quote, Signal, Trade
from schemas.orders import Liquidity
from schemas.streams import Kind, stream_instrument, stream_venue

HOPS = (
    "tick_to_signal",
    "tick_to_decision",
    "tick_to_order",
    "order_to_accepted",
    "order_to_first_fill",
    "order_to_end",
)
"""Ways whose times are told, in this order; from a tick they are those of the agents, which a replay takes no time for."""


class Gathering:
    """What is known of a run; `read` first."""

    def __init__(self, config: Config, facts: Facts, folder: Path) -> None:
        """Take what was run, what came of it, and where the tables are written."""
        self.table = InstrumentTable(config)
        self.facts = facts
        self.curve = EquityCurve(facts.data.first_ns, facts.data.last_ns)
        self.stories: dict[int, InstrumentStory] = {}
        """By instrument number, in the order in which they were first ordered."""
        self.hops: dict[str, array[int]] = {name: array("q") for name in HOPS}
        self._folder = folder
        self._fees_e8: dict[str, int] = {}
        self._makers = 0
        self._closed: dict[str, list[int]] = {}
        """By quote currency: how many closed trades won, how many there were, profits and losses times 10**16."""

    def read(self, logs: RunLogs) -> None:
        """Read everything, and write the tables."""
        inflows = self._read_equity(logs)
        self._read_orders(logs, inflows)
        self._read_positions(logs)
        for kind, told, hop in ((Kind.SIGNAL, Signal, HOPS[0]), (Kind.DECISION, Approved, HOPS[1])):
            for agent, stream in logs.streams(kind):
                for header, message in logs.records(agent, stream):
                    if isinstance(message, told):
                        self._since_tick(hop, header)
        for agent, stream in logs.streams(Kind.TRADE):
            self._read_prices(logs, agent, stream)

    def _read_equity(self, logs: RunLogs) -> list[InflowValued]:
        inflows: list[InflowValued] = []
        names = {venue.id: venue.name for venue in self.table.venues.values()} | {0: ""}
        with closing(ParquetTable(self._folder, "equity")) as table:
            for agent, stream in logs.streams(Kind.EQUITY):
                account = names[stream_venue(stream)]
                for _, message in logs.records(agent, stream):
                    if isinstance(message, Equity):
                        table.add(_equity_row(message, account))
                        if not account:
                            self.curve.add(message)
                    elif isinstance(message, InflowValued):
                        inflows.append(message)
        self.curve.end()
        return inflows

    def _read_orders(self, logs: RunLogs, inflows: list[InflowValued]) -> None:
        with (
            closing(ParquetTable(self._folder, "orders")) as orders,
            closing(ParquetTable(self._folder, "trades")) as trades,
        ):

            def ended(row: Row, state: OrderState) -> None:
                orders.add(row)
                self._count_order(state)

            def traded(row: Row, fill: OrderFilled) -> None:
                trades.add(row)
                self._count_fill(row, fill)

            for agent, stream in logs.streams(Kind.ORDER):
                rows = OrderRows(self.table, stream_venue(stream), inflows, ended, traded)
                rows.fold(logs.records(agent, stream), logs.wall_ns)

    def _read_positions(self, logs: RunLogs) -> None:
        with closing(ParquetTable(self._folder, "positions")) as table:
            for agent, stream in logs.streams(Kind.POSITION):
                for header, message in logs.records(agent, stream):
                    info = self.table.by_id.get(stream_instrument(stream))
                    if isinstance(message, Position) and info is not None:
                        ts_ns = logs.wall_ns(header.send_ns)
                        table.add(_position_row(message, ts_ns, info))
                        self._story(info.id).add_position(ts_ns, message)

    def _read_prices(self, logs: RunLogs, agent: str, stream: int) -> None:
        """Read the prices of an instrument that was ordered: trades, or the middle of quotes where there are none."""
        story = self.stories.get(stream_instrument(stream))
        if story is None:
            return
        for _, message in logs.records(agent, stream):
            if isinstance(message, Trade):
                story.price.add(message.ts_recv_ns, story.info.px_e8(message.price_ticks) / E8)
        if story.price.taken:
            return
        quotes = story.info.stream(Kind.QUOTE)
        for _, message in logs.records(agent, quotes) if (agent, quotes) in logs.streams(Kind.QUOTE) else ():
            if isinstance(message, Quote):
                middle_e8 = story.info.px_e8(message.bid_ticks + message.ask_ticks) / 2
                story.price.add(message.ts_recv_ns, middle_e8 / E8)

    def _story(self, number: int) -> InstrumentStory:
        if number not in self.stories:
            data = self.facts.data
            self.stories[number] = InstrumentStory(self.table.by_id[number], data.first_ns, data.last_ns)
        return self.stories[number]

    def _count_order(self, state: OrderState) -> None:
        self._story(state.event.instrument_id).add_order(state.event.qty_lots, state.filled_lots)
        if state.tick_ns:
            self.hops["tick_to_order"].append(state.sent_ns - state.tick_ns)
        for hop, ts_ns in zip(HOPS[3:], (state.accepted_ns, state.first_fill_ns, state.ended_ns), strict=True):
            if ts_ns:
                self.hops[hop].append(ts_ns - state.created_ns)

    def _count_fill(self, row: Row, fill: OrderFilled) -> None:
        self._story(fill.instrument_id).add_fill(fill)
        self._makers += fill.liquidity == Liquidity.MAKER
        if fill.commission_e8:
            self._fees_e8[fill.commission_asset] = self._fees_e8.get(fill.commission_asset, 0) + fill.commission_e8
        if row["closed_pnl"] is not None:
            counted = self._closed.setdefault(row["quote"], [0, 0, 0, 0])
            gained_e16 = int(row["closed_pnl"].scaleb(16))
            counted[0] += gained_e16 > 0
            counted[1] += 1
            counted[2 if gained_e16 > 0 else 3] += abs(gained_e16)

    def _since_tick(self, hop: str, header: Header) -> None:
        if header.origin_ns:
            self.hops[hop].append(header.send_ns - header.origin_ns)

    def figures(self) -> Figures:
        """Return the figures of what was read."""
        curve, stories = self.curve, list(self.stories.values())
        orders, filled = sum(each.orders for each in stories), sum(each.filled for each in stories)
        in_part = sum(each.filled_in_part for each in stories)
        falls = curve.drawdown
        closed = self._closed
        won, all_closed = sum(each[0] for each in closed.values()), sum(each[1] for each in closed.values())
        return Figures(
            sample_ns=curve.sample_ns,
            returns=len(curve.returns),
            periods_per_year=YEAR_NS / curve.sample_ns,
            pnl=text_e8(curve.gained_e8),
            **curve.figures(),
            drawdown_max=text_e8(falls.amount),
            drawdown_max_share=falls.share,
            drawdown_peak_ns=falls.peak_ns or None,
            drawdown_trough_ns=falls.trough_ns or None,
            drawdown_longest_ns=falls.longest_ns,
            turnover={name: text_of(value, 16) for name, value in self._turnover_e16().items()},
            turnover_ratio=self._turnover_ratio(),
            fees=self.facts.pnl["fees"],
            fees_by_asset={name: text_e8(value) for name, value in sorted(self._fees_e8.items())},
            orders=orders,
            orders_filled=filled,
            orders_filled_in_part=in_part,
            fill_ratio=ratio(filled + in_part, orders),
            fills=sum(each.fills for each in stories),
            fills_maker=self._makers,
            closed_trades=all_closed,
            closed_won=won,
            hit_rate=ratio(won, all_closed),
            closed_profit={name: text_of(each[2], 16) for name, each in sorted(closed.items())},
            closed_loss={name: text_of(each[3], 16) for name, each in sorted(closed.items())},
            profit_factor=ratio(*next(iter(closed.values()))[2:]) if len(closed) == 1 else None,
            by_instrument=[each.figures() for each in stories],
            by_hour=[HourFigures(hour_ns=hour, pnl=text_e8(value)) for hour, value in sorted(curve.hours.items())],
            latency_ns={name: _latency(values) for name, values in self.hops.items() if values},
        )

    def _turnover_e16(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for each in self.stories.values():
            currency = each.info.config.quote
            found[currency] = found.get(currency, 0) + each.worth_e16
        return dict(sorted(found.items()))

    def _turnover_ratio(self) -> float | None:
        turnover, mean_e8 = self._turnover_e16(), self.curve.mean_e8()
        if not mean_e8 or set(turnover) - {self.facts.currency}:
            return None
        return turnover.get(self.facts.currency, 0) / E8 / mean_e8


def _latency(values: "array[int]") -> LatencyFigures:
    ordered = sorted(values)
    p50, p90, p99 = (quantile(ordered, share) for share in (0.5, 0.9, 0.99))
    return LatencyFigures(count=len(ordered), p50=p50 or 0, p90=p90 or 0, p99=p99 or 0, max=ordered[-1])


def _equity_row(message: Equity, account: str) -> dict[str, Any]:
    names = ("equity", "realised", "unrealised", "fees", "transfers", "opening")
    amounts = {name: decimal_of(getattr(message, f"{name}_e8")) for name in names}
    return {
        "time": message.ts_recv_ns,
        "account": account,
        **amounts,
        "day_start": decimal_of(message.day_start_equity_e8),
        "peak": decimal_of(message.peak_equity_e8),
    }


def _position_row(message: Position, ts_ns: int, info: InstrumentInfo) -> dict[str, Any]:
    return {
        "time": ts_ns,
        "account": info.venue.name,
        "instrument": info.symbol,
        "qty": decimal_of(message.net_qty_e8),
        "average_price": decimal_of(message.avg_px_e8),
        "mark_price": decimal_of(message.mark_px_e8),
        "realised": decimal_of(message.realised_pnl_e8),
        "unrealised": decimal_of(message.unrealised_pnl_e8),
        "fees": decimal_of(message.fees_e8),
        "funding": decimal_of(message.funding_e8),
    }
