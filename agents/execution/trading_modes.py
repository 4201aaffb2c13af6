"""The trading modes of an account as execution holds them, whatever becomes of risk.

An operator sets a mode at risk and here. Risk decides by it; execution enforces it once more on what it is told to create,
and cancels: HALTED every order of the scope, REDUCING those that open a position. So a halt holds while risk is dead, and
against a decision that was on its way. What is wrong with a contract keeps it to what reduces too, and risk hears of that.
Modes are in execution's log and come back with it. While one is set the orders are looked at again each second: what
reduced a position opens one when the position has gone another way.
"""

from agents.execution.mass_cancel import MassCancel
from agents.execution.opening_orders import OpeningOrders
from agents.state.trading_states import OPERATOR, TradingStates, next_operator_mode
from mesh.context import Context, Request
from schemas.messages import Ack, Approved, SetTradingMode, TradingState
from schemas.orders import ExecInst, Reason, TradingMode
from schemas.streams import AGENT_STREAM
from schemas.units import MS

MODES = "modes"
LOOK_AGAIN_NS = 1_000 * MS
OPERATOR_SENDER = 0
TEXT_MAX = 400


class TradingModes:
    """Takes modes from operators, refuses and cancels what they do not allow."""

    def __init__(self, venue_id: int, opening: OpeningOrders, mass_cancel: MassCancel) -> None:
        """Begin with everything ACTIVE on the account of the venue `venue_id`."""
        self.states = TradingStates()
        self._venue_id = venue_id
        self._opening = opening
        self._mass_cancel = mass_cancel

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def start(self) -> None:
        """Hold the modes of earlier lives."""
        if self.states.any:
            self._ctx.set_timer(MODES, self._ctx.now_ns)

    def set(self, request: Request, asked: SetTradingMode) -> None:
        """Set a mode, if an operator asks for it, and cancel what it does not allow."""
        scope = (0, asked.strategy, asked.instrument_id, OPERATOR)
        mode = next_operator_mode(self.states.mode_of(scope), asked.mode)
        if request.header.sender != OPERATOR_SENDER:
            self._ctx.reply(request, Ack(False, Reason.FENCED, "trading modes are set by operators only"))
        elif asked.mode not in TradingMode._value2member_map_:
            self._ctx.reply(request, Ack(False, Reason.NONE, f"there is no trading mode {asked.mode}"))
        elif mode is None:
            self._ctx.reply(request, Ack(False, Reason.NONE, "from HALTED trading goes back to REDUCING first"))
        else:
            now_ns = self._ctx.wall_ns
            self._set(TradingState(mode, asked.text, 0, asked.strategy, asked.instrument_id, ts_ns=now_ns))
            self._ctx.reply(request, Ack(True, text=asked.text))

    def halt(self, instrument_id: int, text: str) -> None:
        """Halt the account, or one of its instruments, because an operator has it flattened."""
        self._set(TradingState(int(TradingMode.HALTED), text, 0, "", instrument_id, ts_ns=self._ctx.wall_ns))

    def keep_closed(self, instrument_id: int, reason: Reason, text: str) -> bool:
        """Let nothing open in an instrument, for a reason that no operator gave; an empty text lifts that again.

        Returns:
            Whether that is so since now, and was not before.
        """
        before = self.states.modes.get((self._venue_id, "", instrument_id, int(reason)))
        if text[:TEXT_MAX] == ("" if before is None else before.text):
            return False
        mode = int(TradingMode.REDUCING if text else TradingMode.ACTIVE)
        told = text[:TEXT_MAX] or f"{reason.name} no more"
        self._set(TradingState(mode, told, int(reason), "", instrument_id, self._venue_id, self._ctx.wall_ns))
        return before is None

    def text_of(self, instrument_id: int, reason: Reason) -> str:
        """Return for what that reason keeps an instrument to what reduces, empty if it does not."""
        state = self.states.modes.get((self._venue_id, "", instrument_id, int(reason)))
        return "" if state is None or state.mode == TradingMode.ACTIVE else state.text

    def _set(self, state: TradingState) -> None:
        self.states.apply(state)
        self._ctx.publish(AGENT_STREAM, state)
        if state.mode == TradingMode.HALTED:
            self._mass_cancel.all(Reason.CANCELED_BY_OPERATOR, state.instrument_id, state.strategy)
        self.on_timer()

    def on_timer(self) -> None:
        """Cancel what the modes do not allow, and look again later."""
        for state in list(self.states.modes.values()):
            reason = Reason.CANCELED_BY_OPERATOR if state.reason == OPERATOR else Reason.CANCELED_BY_LIMIT
            if state.mode == TradingMode.HALTED:
                self._mass_cancel.but_closing(reason, state.instrument_id, state.strategy)
            else:
                self._mass_cancel.opening(reason, state.instrument_id, state.strategy)
        if self.states.any:
            self._ctx.set_timer(MODES, self._ctx.now_ns + LOOK_AGAIN_NS)

    def refusal(self, terms: Approved) -> Ack | None:
        """Return why the modes do not allow an order on these terms, None if they do; asked while any is set."""
        state = self.states.of(self._venue_id, terms.strategy, terms.instrument_id)
        if state is None:
            return None
        reduces = not self._opening.opens(terms.instrument_id, terms.side, terms.qty_lots)
        if state.mode == TradingMode.HALTED:
            closes = reduces and terms.exec_inst & ExecInst.CLOSE
            return None if closes else Ack(False, Reason.HALTED, state.text)
        return None if reduces else Ack(False, Reason.TRADING_REDUCING, state.text)
