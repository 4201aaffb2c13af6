"""The venue's positions in contracts held against what fills come to, at each pass that asks for them.

A position may be told before the fill that made it, and fills may be booked while it is asked for. So it is equal if it is
what was booked at some moment from asking to the end of the pass; and a difference counts only when it is there again as
long as the venue's lists may lag behind. Until then a pass that would let orders be created does not agree. A difference
that counts is told with both figures, as a trading mode of the instrument (RECONCILIATION_TROUBLE): only what reduces may
be ordered, here and at risk, until the two are equal again.

A position that was there before this account was first compared in an instrument is what the account opens with. It is
booked as fills of an order that is not ours (`opening-...`), at the venue's average price of entry: what the position gains
or loses counts from there, which is how the venue counts it too. Nobody else needs to know of it: whoever folds the order
stream has the position. What differs later is booked in the same way when an operator has looked into it and says so.
"""

from collections.abc import Iterable

from agents.amounts import amount_text
from agents.execution.order_desk import OrderDesk
from agents.execution.trading_modes import TradingModes
from agents.execution.venue_calls import ReconcilePass
from agents.execution.venue_margin import VenueMargin
from agents.instruments import InstrumentInfo
from agents.venues.reports import FillReport, OrderReport
from schemas.counters import Counter
from schemas.orders import Liquidity, OrderStatus, Reason, Side, TimeInForce
from schemas.units import MS

OPEN_NS = 1_000 * MS
"""How long a position that was there before must be the same before the account opens with it."""


class PositionCheck:
    """What differs, since when, and in which instruments the two were compared before."""

    def __init__(
        self,
        desk: OrderDesk,
        instruments: Iterable[InstrumentInfo],
        venue: VenueMargin,
        modes: TradingModes,
        query_lag_ns: int,
    ) -> None:
        """Compare the contracts among `instruments`; a venue's lists lag behind by `query_lag_ns` at most."""
        self.opened: set[int] = set()
        """Instruments that were compared before: what is held there beyond the fills is trouble, and not what was there."""
        self.looks_again = False
        """Whether something differs that has to be looked at once more."""
        self._desk = desk
        self._infos = tuple(instruments)
        self._venue = venue
        self._modes = modes
        self._query_lag_ns = query_lag_ns
        self._seen: dict[int, tuple[int, int]] = {}
        """By instrument a difference, and when the pass began that saw it first."""
        self._count = 0
        """Of the orders that were made up for positions from before."""

    def booked_lots(self) -> dict[int, int]:
        """Return what fills come to now, by instrument."""
        traded_lots = self._desk.table.traded_lots
        return {info.id: traded_lots.get(info.id, 0) for info in self._infos}

    def check(self, before_lots: dict[int, int], run: ReconcilePass) -> str:
        """Compare; `before_lots` was booked when the positions were asked for. Return what is not decided, if any is."""
        after_lots = self.booked_lots()
        undecided = [
            self._line(info, after_lots[info.id])
            for info in self._infos
            if not self._is_decided(info, before_lots[info.id], after_lots[info.id], run)
        ]
        self.looks_again = bool(undecided)
        return f"positions are looked at again: {'; '.join(undecided[:3])}" if undecided else ""

    def _is_decided(self, info: InstrumentInfo, before_lots: int, booked_lots: int, run: ReconcilePass) -> bool:
        told_lots = self._venue.held_lots(info.id)
        if min(before_lots, booked_lots) <= told_lots <= max(before_lots, booked_lots):
            self._seen.pop(info.id, None)
            self.opened.add(info.id)
            self._modes.keep_closed(info.id, Reason.RECONCILIATION_TROUBLE, "")
            return True
        difference_lots = told_lots - booked_lots
        seen_lots, since_ns = self._seen.get(info.id, (0, 0))
        if before_lots != booked_lots or seen_lots != difference_lots:
            self._seen[info.id] = (difference_lots, run.started_ns)
            return False
        is_new = info.id not in self.opened
        if run.started_ns - since_ns < (OPEN_NS if is_new else self._query_lag_ns):
            return False
        if is_new:
            return self._open(info, difference_lots, run)
        text = self._line(info, booked_lots)
        if self._modes.keep_closed(info.id, Reason.RECONCILIATION_TROUBLE, text):
            self._desk.ctx.count(Counter.POSITIONS_UNEQUAL)
        return True

    def _line(self, info: InstrumentInfo, booked_lots: int) -> str:
        return f"{info.name}: venue {_text(info, self._venue.held_lots(info.id))}, booked {_text(info, booked_lots)}"

    def book_differences(self) -> list[str]:
        """Have the next pass book what positions differ by; return of which instruments."""
        found = [info for info in self._infos if info.id in self._seen and info.id in self.opened]
        self.opened -= {info.id for info in found}
        self.looks_again = self.looks_again or bool(found)
        return [info.name for info in found]

    def _open(self, info: InstrumentInfo, lots: int, run: ReconcilePass) -> bool:
        """Book a position that was there before, at two neighbouring prices where its entry is between them.

        One that is there no more has no entry: what is missing of it went at the last price. Without any nothing is booked.
        """
        desk = self._desk
        entry_px_e8 = self._venue.entry_px_e8(info.id) or info.px_e8(desk.table.last_px_ticks.get(info.id, 0))
        if not entry_px_e8:
            return False
        self._seen.pop(info.id, None)
        self.opened.add(info.id)
        self._count += 1
        ticks, rest_e8 = divmod(entry_px_e8, info.tick_e8)
        above_lots = (abs(lots) * rest_e8 + info.tick_e8 // 2) // info.tick_e8
        side, now_ns = int(Side.BUY if lots > 0 else Side.SELL), desk.ctx.wall_ns
        name = f"opening-{desk.ctx.epoch}-{self._count}"
        working, gtc = int(OrderStatus.NEW), int(TimeInForce.GTC)
        price_ticks = ticks + (rest_e8 > 0)
        order = desk.order_of(OrderReport(info.id, name, name, working, side, abs(lots), price_ticks, gtc, 0, now_ns))
        for number, (part_lots, px_ticks) in enumerate(((abs(lots) - above_lots, ticks), (above_lots, ticks + 1)), 1):
            if part_lots:
                trade_id, liquidity = f"{name}-{number}", int(Liquidity.UNSTATED)
                quote = info.config.quote
                desk.book(
                    order,
                    FillReport(info.id, name, trade_id, side, part_lots, px_ticks, 0, quote, liquidity, now_ns),
                    run,
                    reconciled=True,
                )
        desk.ctx.count(Counter.POSITIONS_OPENED)
        self._modes.keep_closed(info.id, Reason.RECONCILIATION_TROUBLE, "")
        return True


def _text(info: InstrumentInfo, lots: int) -> str:
    return amount_text(info.qty_e8(lots))
