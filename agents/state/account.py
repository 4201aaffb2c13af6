"""One venue account as its follower sees it: exact positions, own orders, and how far they reach together.

Folded from the account's ORDER stream alone, from its first event on. `reach` answers what every limit asks: where would
the position stand if all that may still trade on one side did.
"""

from agents.instruments import InstrumentInfo, InstrumentTable
from agents.state.causes import add_cause
from agents.state.holdings import Holdings
from agents.state.message_fields import ORDER_FILLED
from agents.state.positions import Ledger
from agents.state.saturating import times, wide
from agents.state.working_orders import WorkingOrder, WorkingOrders
from core.frame import Header
from schemas.messages import E8, Cause, FundingSettled, Message, OrderFilled, OrderUpdated, Reconciled, Transfer
from schemas.streams import stream_venue


class PositionRange:
    """Position of one instrument and the quantities that its open orders may still buy and sell, times 10**8.

    `long_e8` is the position if every buy fills and no sell does, `short_e8` if every sell fills and no buy does. What is
    beyond `WIDE_MAX` counts as that.
    """

    def __init__(self, net_qty_e8: int, buys_e8: int, sells_e8: int) -> None:
        """Take the position and what is open; unchangeable from then on."""
        self.begin(net_qty_e8, buys_e8, sells_e8)

    def begin(self, net_qty_e8: int, buys_e8: int, sells_e8: int) -> None:
        """Take the position and what is open; compiled code begins with this, which needs no Python numbers."""
        self.net_qty_e8 = net_qty_e8
        self.buys_e8 = buys_e8
        self.sells_e8 = sells_e8
        self.long_e8 = net_qty_e8 + buys_e8
        self.short_e8 = net_qty_e8 - sells_e8


class Account:
    """Positions and own orders of one account, by instrument number."""

    def __init__(self, table: InstrumentTable) -> None:
        """Start flat, without orders and not reconciled."""
        self.orders = WorkingOrders()
        self.ledgers: dict[int, Ledger] = {}
        self.holdings = Holdings(table, self.ledgers)
        self.epoch = 0
        """Epoch of the last event; 0 until there is one."""
        self.reconciled_epoch = 0
        self._strategies: dict[tuple[str, int], int] = {}
        """By strategy and instrument, what its fills come to in base currency times 10**8."""
        self.funded = False
        """Whether the venue has told its balances, so that it is known what is held."""
        self.balances_changed = 0
        """How often anything has changed a balance."""
        self._balances_e16: dict[str, int] = {}
        """By asset that was asked for, what is held; forgotten with each event that changes it by no trade."""
        self._stream = 0
        self._seq = 0
        self._infos = table.by_id

    def apply(self, header: Header, message: Message, now_ns: int) -> OrderFilled | None:
        """Apply the next event of the ORDER stream; return it if it is a fill that was booked."""
        self._stream, self.epoch, self._seq = header.stream, header.epoch, header.seq
        fill = self.orders.apply(message, now_ns)
        if fill is None:
            if type(message) is not OrderUpdated:
                self._apply_balances(header, message)
            return None
        ledger = self.ledger(fill.instrument_id)
        if ledger is None:
            return None
        self.balances_changed += 1
        balance_e16 = self._other_than(ledger) if self._balances_e16 else None
        if ledger.apply(fill):
            asset, commission_e8 = ORDER_FILLED.commission_asset.of(fill), ORDER_FILLED.commission_e8.of(fill)
            self.holdings.charge(stream_venue(self._stream), asset, commission_e8)
            balance_e16 = None
        if self._balances_e16:
            self._balances_e16.clear()
            if balance_e16 is not None:
                self._balances_e16[ledger.info.config.quote] = balance_e16 + ledger.flow_e16
        self._book_strategy(fill, ledger.info)
        return fill

    def _apply_balances(self, header: Header, message: Message) -> None:
        if type(message) is Reconciled:
            self.reconciled_epoch = header.epoch
            self.holdings.agree(stream_venue(self._stream), header.seq, message)
            self._forget_balances()
        elif type(message) is Transfer:
            self.holdings.transfer(stream_venue(self._stream), header.seq, message)
            self._forget_balances()
        elif type(message) is FundingSettled:
            self.holdings.settle(stream_venue(self._stream), message)
            self._forget_balances()

    def _forget_balances(self) -> None:
        self.funded = self.holdings.opened
        self.balances_changed += 1
        self._balances_e16.clear()

    def _other_than(self, ledger: Ledger) -> int | None:
        """Return what is held of an instrument's quote currency but for its own trades, None if that is not known."""
        balance_e16 = self._balances_e16.get(ledger.info.config.quote)
        if balance_e16 is None or ledger.info.margin:
            return None
        return balance_e16 - ledger.flow_e16

    def held_e8(self, asset: str) -> int:
        """Return how much of an asset the account holds, rounded down."""
        held_e16 = self._balances_e16.get(asset)
        if held_e16 is None:
            held_e16 = self._balances_e16[asset] = self.holdings.held_e16(asset)
        return held_e16 // E8

    def cost_e8(self, instrument_id: int) -> int:
        """Return what the open buys of an instrument may still pay in its quote currency."""
        held = self.orders.held(instrument_id)
        if held is None or not held.buys:
            return 0
        info: InstrumentInfo = self._infos[instrument_id]
        return times(held.cost, info.tick_e8 * info.lot_e8) // E8

    def promised_e8(self, asset: str) -> int:
        """Return how much of an asset open orders may still pay: buys that are quoted in it, sells of it.

        Orders of contracts pay neither; what they are margined by the venue alone knows.
        """
        promised_e8 = 0
        for number, held in self.orders.all_held.items():
            info = self._infos.get(number)
            if info is None or info.margin or not (held.buys or held.sells):
                continue
            if info.config.quote == asset:
                promised_e8 += times(held.cost, info.tick_e8 * info.lot_e8) // E8
            if info.config.base == asset:
                promised_e8 += times(held.sells, info.lot_e8)
        return promised_e8

    def strategy_qty_e8(self, strategy: str, instrument_id: int) -> int:
        """Return what the fills of a strategy come to in an instrument, less commission in its base asset."""
        return self._strategies.get((strategy, instrument_id), 0)

    def strategies_in(self, instrument_id: int) -> list[str]:
        """Return the strategies whose fills come to a position in an instrument."""
        return [name for (name, number), qty_e8 in self._strategies.items() if number == instrument_id and qty_e8]

    def _book_strategy(self, fill: OrderFilled, info: InstrumentInfo) -> None:
        qty_e8 = fill.side * fill.last_qty_lots * info.lot_e8
        if fill.commission_e8 and fill.commission_asset == info.config.base:
            qty_e8 -= fill.commission_e8
        key = (fill.strategy, fill.instrument_id)
        self._strategies[key] = self._strategies.get(key, 0) + qty_e8

    def is_reconciled(self) -> bool:
        """Return whether execution has compared itself with the venue since it last started."""
        return self.epoch != 0 and self.epoch == self.reconciled_epoch

    def add_cause(self, found: list[Cause]) -> None:
        """Add the position of the last event, if there was one and it is not in `found` yet."""
        if self.epoch:
            add_cause(found, self._stream, self.epoch, self._seq)

    def info(self, instrument_id: int) -> InstrumentInfo:
        """Return the instrument of that number."""
        return self._infos[instrument_id]

    def find(self, instrument_id: int) -> InstrumentInfo | None:
        """Return the instrument of that number, None if it is not defined."""
        return self._infos.get(instrument_id)

    def ledger(self, instrument_id: int) -> Ledger | None:
        """Return the ledger of an instrument, begun if it is new; None if the instrument is not defined."""
        ledger = self.ledgers.get(instrument_id)
        if ledger is None and (info := self._infos.get(instrument_id)) is not None:
            ledger = self.ledgers[instrument_id] = Ledger(info)
        return ledger

    def reach(self, instrument_id: int) -> PositionRange:
        """Return the position in an instrument and what its open orders may still trade."""
        buys_e8 = sells_e8 = 0
        held = self.orders.held(instrument_id)
        if held is not None and (held.buys or held.sells):
            info: InstrumentInfo = self._infos[instrument_id]
            buys_e8, sells_e8 = times(held.buys, info.lot_e8), times(held.sells, info.lot_e8)
        ledger = self.ledgers.get(instrument_id)
        reach = PositionRange.__new__(PositionRange)
        reach.begin(0 if ledger is None else wide(ledger.net_qty_e8), buys_e8, sells_e8)
        return reach

    def opening_orders(self, instrument_id: int) -> list[WorkingOrder]:
        """Return the open orders of an instrument that could open a position or add to one, oldest first.

        An order only reduces the position if that covers what it may still trade, with all that is older on its side.
        """
        found = []
        reach = self.reach(instrument_id)
        covers_e8 = {1: -reach.net_qty_e8, -1: reach.net_qty_e8}
        for order in self.orders.of(instrument_id):
            covers_e8[order.side] -= order.leaves_qty_lots * self._infos[instrument_id].lot_e8
            if order.open and covers_e8[order.side] < 0:
                found.append(order)
        return found

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
        return [number for number in found if number in self._infos]
