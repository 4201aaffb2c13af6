"""Which orders open a position, and which only reduce the one that the account has traded together.

The position is the sum of the account's own fills, less commission in the base asset; of an account that cannot be short it
is what the venue says is there of the base asset, if that is more: what came in by no trade is held too. An order only
reduces it if the position covers what the order may still trade, together with the orders of its side that were there
before it; orders that are not ours, are UNKNOWN, or are being canceled take of that cover too, for they may trade.
"""

from agents.execution.account_balances import AccountBalances
from agents.execution.order_table import Order, OrderTable
from agents.instruments import InstrumentInfo
from schemas.orders import Side


class OpeningOrders:
    """Tells the open orders of an account that open a position from those that reduce it."""

    def __init__(
        self, table: OrderTable, instruments: dict[int, InstrumentInfo], balances: AccountBalances, *, spot: bool
    ) -> None:
        """Take the orders, which know what was filled, the account's instruments, and what it holds at the venue."""
        self._table = table
        self._instruments = instruments
        self._balances = balances
        self._spot = spot

    def position_e8(self, instrument_id: int) -> int:
        """Return what the account's own fills come to, in base currency times 10**8."""
        info = self._instruments[instrument_id]
        costs_e8 = self._table.commissions_e8.get((instrument_id, info.config.base), 0)
        return info.qty_e8(self._table.traded_lots.get(instrument_id, 0)) - costs_e8

    def opens(self, instrument_id: int, side: int, qty_lots: int) -> bool:
        """Return whether an order that is not there yet would open a position, if all that are there trade."""
        return qty_lots > self.spare_lots(instrument_id, side)

    def spare_lots(self, instrument_id: int, side: int) -> int:
        """Return how much more can be ordered on a side and only reduces the position, if all that are there trade."""
        before_lots = sum(
            _leaves_lots(order)
            for order in self._table.open.values()
            if order.instrument_id == instrument_id and order.side == side
        )
        return max(0, self.cover_lots(instrument_id, side) - before_lots)

    def cover_lots(self, instrument_id: int, side: int) -> int:
        """Return how much can be traded on a side before that opens a position."""
        info = self._instruments[instrument_id]
        covers_e8 = max(0, -side * self.position_e8(instrument_id))
        if self._spot and side == Side.SELL:
            covers_e8 = max(covers_e8, self._balances.held_e8.get(info.config.base, 0))
        return covers_e8 // info.lot_e8

    def find(self) -> list[Order]:
        """Return our own open orders that open a position, the oldest first."""
        found: list[Order] = []
        covers_lots: dict[tuple[int, int], int] = {}
        for order in self._table.open.values():
            key = (order.instrument_id, order.side)
            if key not in covers_lots:
                covers_lots[key] = self.cover_lots(*key)
            covers_lots[key] -= _leaves_lots(order)
            if covers_lots[key] < 0 and not order.external:
                found.append(order)
        return found


def _leaves_lots(order: Order) -> int:
    return max(0, order.qty_lots - order.cum_qty_lots)
