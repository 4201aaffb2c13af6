"""One venue account as its follower sees it: exact positions, own orders, and how far they reach together.

Folded from the account's ORDER stream alone, from its first event on. `reach` answers what every limit asks: where would
the position stand if all that may still trade on one side did.
"""

from agents.common import InstrumentInfo, InstrumentTable
from agents.positions import Ledger
from agents.working import WorkingOrders
from core.frame import Header
from schemas.messages import Cause, Message, OrderFilled, Reconciled
from schemas.orders import Side

BUY, SELL = int(Side.BUY), int(Side.SELL)


class Reach:
    """Position of one instrument and the quantities that its open orders may still buy and sell, times 10**8.

    `long_e8` is the position if every buy fills and no sell does, `short_e8` if every sell fills and no buy does.
    """

    def __init__(self, net_qty_e8: int, buys_e8: int, sells_e8: int) -> None:
        """Take the position and what is open; unchangeable from then on."""
        self.net_qty_e8 = net_qty_e8
        self.buys_e8 = buys_e8
        self.sells_e8 = sells_e8
        self.long_e8 = net_qty_e8 + buys_e8
        self.short_e8 = net_qty_e8 - sells_e8

    def with_order(self, side: int, qty_e8: int) -> "Reach":
        """Return the reach with one more order."""
        if side == BUY:
            return Reach(self.net_qty_e8, self.buys_e8 + qty_e8, self.sells_e8)
        return Reach(self.net_qty_e8, self.buys_e8, self.sells_e8 + qty_e8)


class Account:
    """Positions and own orders of one account, by instrument number."""

    def __init__(self, table: InstrumentTable) -> None:
        """Start flat, without orders and not reconciled."""
        self.orders = WorkingOrders()
        self.ledgers: dict[int, Ledger] = {}
        self.epoch = 0
        """Epoch of the last event; 0 until there is one."""
        self.reconciled_epoch = 0
        self._stream = 0
        self._seq = 0
        self._table = table

    def apply(self, header: Header, message: Message, now_ns: int) -> OrderFilled | None:
        """Apply the next event of the ORDER stream; return it if it is a fill that was booked."""
        self._stream, self.epoch, self._seq = header.stream, header.epoch, header.seq
        fill = self.orders.apply(message, now_ns)
        if fill is None:
            if type(message) is Reconciled:
                self.reconciled_epoch = header.epoch
            return None
        ledger = self.ledger(fill.instrument_id)
        if ledger is None:
            return None
        ledger.apply(fill)
        return fill

    @property
    def reconciled(self) -> bool:
        """Whether execution has compared itself with the venue since it last started."""
        return self.is_reconciled()

    def is_reconciled(self) -> bool:
        """Return `reconciled`."""
        return self.epoch != 0 and self.epoch == self.reconciled_epoch

    @property
    def cause(self) -> Cause | None:
        """Position of the last event, None until there is one."""
        return (self._stream, self.epoch, self._seq) if self.epoch else None

    def info(self, instrument_id: int) -> InstrumentInfo:
        """Return the instrument of that number."""
        return self._table.by_id[instrument_id]

    def ledger(self, instrument_id: int) -> Ledger | None:
        """Return the ledger of an instrument, begun if it is new; None if the instrument is not defined."""
        ledger = self.ledgers.get(instrument_id)
        if ledger is None and (info := self._table.by_id.get(instrument_id)) is not None:
            ledger = self.ledgers[instrument_id] = Ledger(info)
        return ledger

    def net_qty_e8(self, instrument_id: int) -> int:
        """Return the position in an instrument, times 10**8."""
        ledger = self.ledgers.get(instrument_id)
        return ledger.net_qty_e8 if ledger is not None else 0

    def reach(self, instrument_id: int) -> Reach:
        """Return the position in an instrument and what its open orders may still trade."""
        lot_e8 = self._table.by_id[instrument_id].lot_e8
        buys = self.orders.leaves_qty_lots(instrument_id, BUY) * lot_e8
        sells = self.orders.leaves_qty_lots(instrument_id, SELL) * lot_e8
        return Reach(self.net_qty_e8(instrument_id), buys, sells)

    def is_alone(self, instrument_id: int) -> bool:
        """Return whether no other instrument has a position or orders that hold quantity."""
        for number, ledger in self.ledgers.items():
            if number != instrument_id and ledger.net_qty_e8:
                return False
        return self.orders.hold_only(instrument_id)

    def instruments(self) -> list[int]:
        """Return the instruments with a position or an open order, each once, in the order of their first event."""
        found = {number: None for number, ledger in self.ledgers.items() if ledger.net_qty_e8}
        found.update(dict.fromkeys(self.orders.instruments()))
        return [number for number in found if number in self._table.by_id]
