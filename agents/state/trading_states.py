"""The trading modes that hold for an account: who set which for what, and which of them holds for one order.

One table for all: what an operator sets, what a limit that trips sets, and what the degraded modes of a part of the mesh
come to. NORMAL and CAUTION are ACTIVE; REDUCE_ONLY is REDUCING; CANCEL_ONLY, HALT and FENCED are HALTED. A mode has a scope
(account, strategy, instrument, each all if not named) and a reason; setting it to ACTIVE removes it. For one order the
strictest of those that fit holds. Folded from `TradingState` messages, so the table is the same after a restart.

This file is compiled (`trading_states.pxd` has the C types): risk and execution ask for every order, and mostly there is
nothing in the table.
"""

from schemas.messages import TradingState
from schemas.orders import Reason, TradingMode

Scope = tuple[int, str, int, int]
"""Account (venue number), strategy, instrument, Reason; what is 0 or empty is all, and Reason NONE an operator."""

ACTIVE, HALTED = int(TradingMode.ACTIVE), int(TradingMode.HALTED)
OPERATOR = int(Reason.NONE)
MODE_NAMES = tuple(mode.name for mode in TradingMode)


def scope_of(state: TradingState) -> Scope:
    """Return what a mode is of, and what set it."""
    return state.venue_id, state.strategy, state.instrument_id, state.reason


class TradingStates:
    """The modes that are set, by scope, and the strictest of them for an order."""

    def __init__(self) -> None:
        """Begin with everything ACTIVE."""
        self.modes: dict[Scope, TradingState] = {}
        self.any = False
        """Whether any mode but ACTIVE is set; while none is, nothing need be looked up."""

    def apply(self, state: TradingState) -> bool:
        """Take a mode; return whether that changed anything."""
        scope = scope_of(state)
        before = self.modes.get(scope)
        if state.mode == ACTIVE:
            self.modes.pop(scope, None)
        else:
            self.modes[scope] = state
        self.any = bool(self.modes)
        return (ACTIVE if before is None else before.mode) != state.mode

    def of(self, venue_id: int, strategy: str, instrument_id: int) -> TradingState | None:
        """Return the strictest mode for an order of a strategy in an instrument, None if it is ACTIVE."""
        found: TradingState | None = None
        for (venue, name, instrument, _), state in self.modes.items():
            fits = venue in (0, venue_id) and name in ("", strategy) and instrument in (0, instrument_id)
            if fits and (found is None or state.mode > found.mode):
                found = state
        return found

    def mode_of(self, scope: Scope) -> int:
        """Return the mode that is set for exactly that scope and reason."""
        state = self.modes.get(scope)
        return ACTIVE if state is None else state.mode

    def figures(self) -> list[str]:
        """Return each mode in a line for people: `HALTED strategy=x instrument=2: reason`, the strictest first."""
        return [_line(state) for state in sorted(self.modes.values(), key=lambda each: -each.mode)]


def next_operator_mode(before: int, wanted: int) -> int | None:
    """Return the mode that an operator may set now: any that is stricter, or one step back; None if that is no step."""
    return wanted if wanted >= before or before - wanted == 1 else None


def _line(state: TradingState) -> str:
    named = (("account", state.venue_id), ("strategy", state.strategy), ("instrument", state.instrument_id))
    scope = " ".join(f"{name}={value}" for name, value in named if value) or "all"
    by = "operator" if state.reason == OPERATOR else _reason_name(state.reason)
    return f"{MODE_NAMES[state.mode]} {scope}: {by}: {state.text}"


def _reason_name(reason: int) -> str:
    return Reason(reason).name if reason in Reason._value2member_map_ else str(reason)
