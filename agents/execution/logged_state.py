"""What execution knows from its own log: the fold of it, event by event or from an anchor.

Orders, which fills are booked and how far, balances as last told, funding, transfers, breakers and modes. Of what has ended
only the newest are remembered (`order_table`, `funding`): a fill that is older is told apart by the place in the venue's
list up to which all are booked (`fill_lookup`), so the state is bounded however long the log is.
"""

import msgspec

from agents.execution.account_balances import AccountBalances
from agents.execution.contracts import Contracts
from agents.execution.order_anchor import AnchoredOrders, anchored
from agents.execution.order_anchor import resume as resume_orders
from agents.execution.order_desk import OrderDesk
from agents.execution.transfers import TransferBook
from agents.execution.venue_watch import VenueWatch
from agents.state.trading_states import TradingStates
from core.frame import Header
from schemas.errors import FrameError
from schemas.messages import BreakerChanged, Message, Reconciled, TradingState

VERSION = 2
"""Of `_ExecutionState`."""


class _ExecutionState(msgspec.Struct, frozen=True, array_like=True):
    orders: AnchoredOrders
    since_ns: int
    cursors: list[tuple[int, str]]
    balances_e8: dict[str, str]
    breaker: BreakerChanged | None
    banned_until_wall_ns: int
    opened: list[int]
    funding_since_ns: int
    funding_whole_ns: int
    funding: list[tuple[int, str]]
    transfers_since_ns: int
    transfers_whole_ns: int
    transfers: list[str]
    modes: list[TradingState]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_ExecutionState)


class LoggedState:
    """The parts of an execution agent that its log is folded into."""

    def __init__(
        self,
        stream: int,
        desk: OrderDesk,
        balances: AccountBalances,
        contracts: Contracts,
        transfers: TransferBook,
        watch: VenueWatch,
        modes: TradingStates,
    ) -> None:
        """Take them; `stream` is that of the orders."""
        self._stream = stream
        self._desk = desk
        self._balances = balances
        self._contracts = contracts
        self._transfers = transfers
        self._watch = watch
        self._modes = modes

    def restore(self, header: Header, message: Message) -> None:
        """Fold one event of the own log."""
        if isinstance(message, BreakerChanged):
            self._watch.restore(message)
        self._contracts.restore(header, message)
        if header.stream != self._stream:
            if isinstance(message, TradingState):
                self._modes.apply(message)
            return
        self._desk.restore(header, message)
        if isinstance(message, Reconciled):
            self._desk.fills.since_ns = message.since_ns
            self._desk.fills.cursors = dict(message.fill_cursors)
            self._balances.restore(message)
        self._transfers.restore(message)

    def anchor(self) -> bytes:
        """Return all of it as plain values."""
        contracts, funding = self._contracts, self._contracts.funding
        return _ENCODER.encode(
            _ExecutionState(
                orders=anchored(self._desk.table),
                since_ns=self._desk.fills.since_ns,
                cursors=list(self._desk.fills.cursors.items()),
                balances_e8={asset: str(held) for asset, held in self._balances.held_e8.items()},
                breaker=self._watch.restored,
                banned_until_wall_ns=self._watch.banned_until_wall_ns,
                opened=sorted(contracts.opened),
                funding_since_ns=funding.since_ns,
                funding_whole_ns=funding.whole_ns,
                funding=list(funding.known),
                transfers_since_ns=self._transfers.since_ns,
                transfers_whole_ns=self._transfers.whole_ns,
                transfers=list(self._transfers.known),
                modes=list(self._modes.modes.values()),
            )
        )

    def resume(self, data: bytes) -> None:
        """Begin with what `anchor` returned.

        Raises:
            FrameError: If it cannot be read; nothing has changed then.
        """
        try:
            state = _DECODER.decode(data)
        except msgspec.MsgspecError as error:
            raise FrameError(f"{len(data)} bytes are no state of execution: {error}") from error
        resume_orders(self._desk.table, state.orders)
        self._desk.fills.since_ns = state.since_ns
        self._desk.fills.cursors = dict(state.cursors)
        self._balances.resume({asset: int(text) for asset, text in state.balances_e8.items()})
        self._watch.restored, self._watch.banned_until_wall_ns = state.breaker, state.banned_until_wall_ns
        self._contracts.opened.update(state.opened)
        self._contracts.funding.resume(state.funding_since_ns, state.funding_whole_ns, state.funding)
        self._transfers.resume(state.transfers_since_ns, state.transfers_whole_ns, state.transfers)
        for mode in state.modes:
            self._modes.apply(mode)
