"""Cancels what the trading modes in force do not let rest, until it is gone.

HALTED: every order of the scope. REDUCING: those that would open a position, or add to one. What was on its way to the
venue when a mode was set shows up late, and a cancel may be lost, so it is asked for again each second while anything of
the scope is open. Execution sees to the modes that it published itself.
"""

from agents.risk.desk import Desk
from agents.risk.judged_account import JudgedAccount
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

Wanted = tuple[int, CancelAll]
"""An account, by its venue, and what is to be canceled on it."""


class ModeCancels:
    """The cancels that trading modes ask for, on each account that they hold for."""

    def __init__(self, config: RiskConfig, desk: Desk, modes: Modes) -> None:
        """Begin with none; `bind` comes before anything else."""
        self._ttl_ms = config.submit_ttl_ms
        self._desk = desk
        self._modes = modes
        self._answered: set[Wanted] = set()
        """The cancels of modes in force that execution has taken on at least once."""
        self._requests: dict[int, Wanted] = {}

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def begin(self, state: TradingState) -> None:
        """Ask at once for what a mode that has just been set does not let rest."""
        cancel = _cancel_of(state)
        self._answered -= {(own.venue_id, cancel) for own in self._desk.accounts}
        self.enforce()

    def enforce(self) -> None:
        """Ask for every cancel that is due, and again in a second as long as any mode is set."""
        wanted = {each: None for own in self._desk.accounts for each in self._wanted(own)}
        self._answered &= set(wanted)
        if not wanted:
            self._ctx.cancel_timer(TIMER)
            return
        self._ctx.set_timer(TIMER, self._ctx.now_ns + INTERVAL_NS)
        for venue_id, cancel in wanted:
            (own,) = self._desk.at(venue_id)
            if (venue_id, cancel) not in self._answered or _is_resting(own.account, cancel):
                self._requests[self._ctx.request(own.execution, cancel, ttl_ms=self._ttl_ms)] = venue_id, cancel

    def take_reply(self, request_id: int, accepted: bool) -> bool:
        """Take execution's answer to a cancel; return whether it was one of these."""
        wanted = self._requests.pop(request_id, None)
        if wanted is not None and accepted:
            self._answered.add(wanted)
        return wanted is not None

    def _wanted(self, own: JudgedAccount) -> list[Wanted]:
        """Return the cancels that the modes in force ask for on an account, but for what execution sees to itself."""
        return [
            (own.venue_id, _cancel_of(state))
            for state in self._modes.in_force(own.venue_id, but_of=own.execution)
            if state.instrument_id == 0 or self._desk.of_instrument(state.instrument_id) is own
        ]


def _is_resting(account: Account, cancel: CancelAll) -> bool:
    """Return whether anything that a cancel is about is still open."""
    numbers = [cancel.instrument_id] if cancel.instrument_id else account.orders.instruments()
    return any(_fits(order, cancel) for number in numbers for order in _open(account, number, cancel.opening_only))


def _open(account: Account, instrument_id: int, opening_only: bool) -> list[WorkingOrder]:
    if opening_only:
        return [order for order in account.opening_orders(instrument_id) if not order.external]
    return [order for order in account.orders.of(instrument_id) if order.open]


def _cancel_of(state: TradingState) -> CancelAll:
    reason = Reason.CANCELED_BY_OPERATOR if state.reason == OPERATOR else Reason.CANCELED_BY_LIMIT
    return CancelAll(state.instrument_id, int(reason), state.strategy, opening_only=state.mode != HALTED)


def _fits(order: WorkingOrder, cancel: CancelAll) -> bool:
    return cancel.strategy in ("", order.strategy)
