"""Cancels what the trading modes in force do not let rest, until it is gone.

HALTED: every order of the scope. REDUCING: those that would open a position, or add to one. What was on its way to the
venue when a mode was set shows up late, and a cancel may be lost, so it is asked for again each second while anything of
the scope is open. Execution sees to the modes that it published itself.
"""

from agents.risk.modes import Modes
from agents.state.account import Account
from agents.state.trading_states import HALTED, OPERATOR
from agents.state.working_orders import WorkingOrder
from mesh.context import Context
from schemas.config import RiskConfig
from schemas.messages import CancelAll, TradingState
from schemas.orders import Reason
from schemas.units import MS

INTERVAL_NS = 1_000 * MS
TIMER = "cancel_all"


class ModeCancels:
    """The cancels that one account's trading modes ask for."""

    def __init__(self, config: RiskConfig, account: Account, modes: Modes) -> None:
        """Begin with none; `bind` comes before anything else."""
        self._execution = config.execution[0]
        self._ttl_ms = config.submit_ttl_ms
        self._account = account
        self._modes = modes
        self._answered: set[CancelAll] = set()
        """The cancels of modes in force that execution has taken on at least once."""
        self._requests: dict[int, CancelAll] = {}

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def begin(self, state: TradingState) -> None:
        """Ask at once for what a mode that has just been set does not let rest."""
        self._answered.discard(_cancel_of(state))
        self.enforce()

    def enforce(self) -> None:
        """Ask for every cancel that is due, and again in a second as long as any mode is set."""
        wanted = {_cancel_of(state): None for state in self._modes.in_force(but_of=self._execution)}
        self._answered &= set(wanted)
        if not wanted:
            self._ctx.cancel_timer(TIMER)
            return
        self._ctx.set_timer(TIMER, self._ctx.now_ns + INTERVAL_NS)
        for cancel in wanted:
            if cancel not in self._answered or self._resting(cancel):
                self._requests[self._ctx.request(self._execution, cancel, ttl_ms=self._ttl_ms)] = cancel

    def take_reply(self, request_id: int, accepted: bool) -> bool:
        """Take execution's answer to a cancel; return whether it was one of these."""
        cancel = self._requests.pop(request_id, None)
        if cancel is not None and accepted:
            self._answered.add(cancel)
        return cancel is not None

    def _resting(self, cancel: CancelAll) -> bool:
        """Return whether anything that a cancel is about is still open."""
        numbers = [cancel.instrument_id] if cancel.instrument_id else self._account.orders.instruments()
        return any(_fits(order, cancel) for number in numbers for order in self._open(number, cancel.opening_only))

    def _open(self, instrument_id: int, opening_only: bool) -> list[WorkingOrder]:
        if opening_only:
            return [order for order in self._account.opening_orders(instrument_id) if not order.external]
        return [order for order in self._account.orders.of(instrument_id) if order.open]


def _cancel_of(state: TradingState) -> CancelAll:
    reason = Reason.CANCELED_BY_OPERATOR if state.reason == OPERATOR else Reason.CANCELED_BY_LIMIT
    return CancelAll(state.instrument_id, int(reason), state.strategy, opening_only=state.mode != HALTED)


def _fits(order: WorkingOrder, cancel: CancelAll) -> bool:
    return cancel.strategy in ("", order.strategy)
