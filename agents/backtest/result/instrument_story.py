"""What happened in one instrument at one account: counts, sums, and the lines that a report draws of it."""

import msgspec

from agents.backtest.result.figures import ratio
from agents.backtest.result.run_figures import InstrumentFigures
from agents.backtest.result.thinned import Thinned
from agents.instruments import InstrumentInfo
from agents.state.positions import text_e8, text_of
from schemas.messages import E8, OrderFilled, Position

MARKS = 1_000
"""Buckets of a side's fills: of each the first, last, lowest and highest are drawn."""


class InstrumentStory:
    """Takes orders, fills and positions of one instrument, each in the order of time."""

    def __init__(self, info: InstrumentInfo, first_ns: int, last_ns: int) -> None:
        """Take the instrument, and the times that charts begin and end at."""
        self.info = info
        self.orders = self.filled = self.filled_in_part = self.fills = 0
        self.price = Thinned(first_ns, last_ns)
        self.marks = Thinned(first_ns, last_ns)
        """What the portfolio valued it at, which is told where no market data lies in the run's logs."""
        self.position = Thinned(first_ns, last_ns)
        self.own = {side: Thinned(first_ns, last_ns, MARKS) for side in (1, -1)}
        self.worth_e16 = 0
        self._ordered_lots = self._filled_lots = 0
        self._last: Position | None = None

    def add_order(self, qty_lots: int, filled_lots: int) -> None:
        """Take an order that has ended, or is open at the end."""
        self.orders += 1
        self.filled += filled_lots >= qty_lots
        self.filled_in_part += 0 < filled_lots < qty_lots
        self._ordered_lots += qty_lots
        self._filled_lots += filled_lots

    def add_fill(self, fill: OrderFilled) -> None:
        """Take an own fill."""
        self.fills += 1
        px_e8, qty_e8 = self.info.px_e8(fill.last_px_ticks), self.info.qty_e8(fill.last_qty_lots)
        self.worth_e16 += px_e8 * qty_e8
        self.own[fill.side].add(fill.ts_recv_ns, px_e8 / E8)

    def add_position(self, ts_ns: int, position: Position) -> None:
        """Take what the portfolio told of it."""
        self._last = position
        self.position.add(ts_ns, position.net_qty_e8 / E8)
        if position.mark_px_e8:
            self.marks.add(ts_ns, position.mark_px_e8 / E8)

    def figures(self) -> InstrumentFigures:
        """Return its figures."""
        found = InstrumentFigures(
            account=self.info.venue.name,
            instrument=self.info.symbol,
            currency=self.info.config.quote,
            orders=self.orders,
            orders_filled=self.filled,
            orders_filled_in_part=self.filled_in_part,
            fills=self.fills,
            turnover=text_of(self.worth_e16, 16),
            fill_ratio=ratio(self._filled_lots, self._ordered_lots),
        )
        last = self._last
        if last is None:
            return found
        return msgspec.structs.replace(
            found,
            pnl=text_e8(last.realised_pnl_e8 + last.unrealised_pnl_e8 - last.fees_e8),
            realised=text_e8(last.realised_pnl_e8),
            unrealised=text_e8(last.unrealised_pnl_e8),
            fees=text_e8(last.fees_e8),
            funding=text_e8(last.funding_e8),
            position=last.net_qty or text_e8(last.net_qty_e8),
        )
