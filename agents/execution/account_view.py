"""What an operator is told of an account: the orders of a scope that may still trade, and what is held at the venue."""

from collections.abc import Iterable

from agents.amounts import amount_text
from agents.execution.account_balances import AccountBalances
from agents.execution.order_table import OrderTable
from agents.execution.readiness import Readiness
from agents.execution.venue_margin import VenueMargin
from agents.instruments import InstrumentInfo
from agents.venues.reports import PositionReport
from schemas.messages import OpenOrdersAnswer, OpenOrdersRequest
from schemas.orders import OrderStatus


class AccountView:
    """Answers which orders are open and which positions the venue's account has."""

    def __init__(
        self,
        table: OrderTable,
        readiness: Readiness,
        instruments: list[InstrumentInfo],
        balances: AccountBalances,
        margin: VenueMargin,
    ) -> None:
        """Take the orders, the venue's balances, and its positions in contracts."""
        self._table = table
        self._readiness = readiness
        self._instruments = instruments
        self._balances = balances
        self._margin = margin

    def answer(self, asked: OpenOrdersRequest) -> OpenOrdersAnswer:
        """Return the open orders of a scope, and the positions in its instruments; a strategy has none of its own."""
        fitting = [
            order
            for order in self._table.open.values()
            if asked.instrument_id in (0, order.instrument_id) and asked.strategy in ("", order.strategy)
        ]
        return OpenOrdersAnswer(
            open=tuple(order.client_order_id for order in fitting),
            unknown=tuple(order.client_order_id for order in fitting if order.status == OrderStatus.UNKNOWN),
            positions={
                info.symbol: amount_text(self._held_e8(info))
                for info in self._instruments
                if asked.instrument_id in (0, info.id) and self.position_lots(info)
            },
            trouble="" if self._readiness.reconciled else self._readiness.trouble,
            canceling=tuple(order.client_order_id for order in fitting if order.cancel_reason),
        )

    def _held_e8(self, info: InstrumentInfo) -> int:
        if info.id in self._margin.contracts:
            return info.qty_e8(self._margin.held_lots(info.id))
        return self._balances.held_e8[info.config.base]

    def take_positions(self, positions: Iterable[PositionReport]) -> None:
        """Take all positions in contracts as the venue has just told them."""
        self._margin.replace(positions)

    def take_balances(self, balances_e8: dict[str, int]) -> None:
        """Take all balances as the venue has just told them."""
        self._balances.replace(balances_e8)

    def position_lots(self, info: InstrumentInfo) -> int:
        """Return how much of an instrument the venue's account holds, negative if that is short.

        Of a coin that is 0 if it is less than can be ordered: what the least order is worth is told by the price of the
        last fill, as far as there was one.
        """
        if info.id in self._margin.contracts:
            return self._margin.held_lots(info.id)
        lots = self._balances.held_e8.get(info.config.base, 0) // info.lot_e8
        price_ticks = self._table.last_px_ticks.get(info.id, 0)
        too_small = price_ticks and info.notional_e8(price_ticks, lots) < info.min_notional_e8
        return 0 if too_small else max(0, lots)
