"""What stops trading and starts it again: operators' words, limits that trip, and what peers tell of themselves.

All of it ends in one place, the trading modes (`modes`); each that is set is in risk's log before it holds, and what it
does not let rest is canceled (`mode_cancels`). `trips` says when a limit sets or lifts one by itself, `flatten` closes
positions. None of this comes with a tick or a signal.
"""

from collections.abc import Callable

from agents.risk.desk import Desk
from agents.risk.flatten import INTERVAL_NS as FLATTEN_INTERVAL_NS
from agents.risk.flatten import TIMER as FLATTEN_TIMER
from agents.risk.flatten import Flattening, scope_of
from agents.risk.limits import Denial
from agents.risk.mode_cancels import TIMER as CANCEL_TIMER
from agents.risk.mode_cancels import ModeCancels
from agents.risk.modes import Modes
from agents.risk.pre_trade import PreTradeChecks
from agents.risk.trips import Trips
from agents.state.trading_states import HALTED, OPERATOR, next_operator_mode
from mesh.context import Context, Request
from schemas.config import RiskConfig
from schemas.messages import Ack, EquityReset, Flatten, Message, SetTradingMode, Signal, TradingState
from schemas.orders import Reason, TradingMode
from schemas.streams import AGENT_STREAM
from schemas.units import MS

WATCH_INTERVAL_NS = 200 * MS
WATCH_TIMER = "watch"
MODES = frozenset(int(mode) for mode in TradingMode)


class Controls:
    """The trading modes of a desk, and all that sets them.

    `strategies` are those that may be named; `close` judges and submits an order that closes a position.
    """

    def __init__(
        self,
        config: RiskConfig,
        desk: Desk,
        checks: PreTradeChecks,
        modes: Modes,
        strategies: frozenset[str],
        close: Callable[[Signal], Denial | None],
    ) -> None:
        """Begin with everything ACTIVE; `bind` comes before anything else."""
        self._desk = desk
        self._checks = checks
        self._modes = modes
        self._strategies = strategies
        self._trips = Trips(config, desk, checks, modes)
        self._cancels = ModeCancels(config, desk, modes)
        self.flattening = Flattening(desk, checks, close)

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx
        self._cancels.bind(ctx)

    def begin(self) -> None:
        """Take up what was in force before a restart: it is canceled again."""
        self._trips.begin()
        self._cancels.enforce()
        self._ctx.set_timer(WATCH_TIMER, self._ctx.now_ns + WATCH_INTERVAL_NS)

    def take_notice(self, peer: str, message: Message) -> None:
        """Take what a peer tells of itself: its trading modes, and where equity was begun anew."""
        if isinstance(message, TradingState):
            self._modes.apply_of(peer, message)
            self._cancels.enforce()
        elif isinstance(message, EquityReset):
            self._trips.take_reset(message)

    def take_request(self, request: Request) -> bool:
        """Answer an operator; return whether it was one."""
        message = request.message
        if isinstance(message, SetTradingMode):
            self._ctx.reply(request, self._set_mode(message))
        elif isinstance(message, Flatten):
            self._ctx.reply(request, self._flatten(message))
        else:
            return False
        return True

    def take_reply(self, request_id: int, accepted: bool) -> bool:
        """Take execution's answer to a cancel; return whether it was one of these."""
        return self._cancels.take_reply(request_id, accepted)

    def on_timer(self, name: str) -> None:
        """Look after limits that trip, repeat cancels, or make a step of flattening."""
        if name == WATCH_TIMER:
            self._ctx.set_timer(name, self._ctx.now_ns + WATCH_INTERVAL_NS)
            for change in self._trips.check(self._ctx):
                self._apply(change)
        elif name == CANCEL_TIMER:
            self._cancels.enforce()
        elif name == FLATTEN_TIMER:
            self._step()

    def _set_mode(self, asked: SetTradingMode) -> Ack:
        refused = self._refusal(asked)
        if refused is not None:
            return refused
        if asked.mode not in MODES:
            allowed = ", ".join(f"{int(mode)} {mode.name}" for mode in TradingMode)
            return Ack(accepted=False, text=f"mode: one of {allowed} (found: {asked.mode})")
        before = self._modes.own.mode_of((asked.venue_id, asked.strategy, asked.instrument_id, OPERATOR))
        if next_operator_mode(before, asked.mode) is None:
            return Ack(accepted=False, text="from HALTED trading goes back to REDUCING first")
        if asked.mode != HALTED:
            self.flattening.end(scope_of(asked))
        self._apply(self._state_of(asked.mode, asked))
        return Ack(accepted=True, text=asked.text)

    def _flatten(self, asked: Flatten) -> Ack:
        refused = self._refusal(asked)
        if refused is not None:
            return refused
        if asked.ended:
            ended = self.flattening.end(scope_of(asked))
            return Ack(accepted=True, text="flattening ended" if ended else "nothing was being flattened")
        if self._modes.own.mode_of((asked.venue_id, asked.strategy, asked.instrument_id, OPERATOR)) != HALTED:
            self._apply(self._state_of(HALTED, asked))
        self.flattening.begin(scope_of(asked), asked.text)
        self._step()
        return Ack(accepted=True, text=asked.text)

    def _step(self) -> None:
        self.flattening.step()
        if self.flattening:
            self._ctx.set_timer(FLATTEN_TIMER, self._ctx.now_ns + FLATTEN_INTERVAL_NS)
        else:
            self._ctx.cancel_timer(FLATTEN_TIMER)

    def _apply(self, state: TradingState) -> None:
        self._ctx.publish(AGENT_STREAM, state)
        self._modes.apply(state)
        self._cancels.begin(state)

    def _state_of(self, mode: int, asked: SetTradingMode | Flatten) -> TradingState:
        return TradingState(
            mode=mode,
            text=asked.text,
            strategy=asked.strategy,
            instrument_id=asked.instrument_id,
            venue_id=asked.venue_id,
            ts_ns=self._ctx.wall_ns,
        )

    def _refusal(self, asked: SetTradingMode | Flatten) -> Ack | None:
        """Return why a scope cannot be named, with those that can; None if it can."""
        strategy, number, venue_id = asked.strategy, asked.instrument_id, asked.venue_id
        if strategy and strategy not in self._strategies:
            known = ", ".join(sorted(self._strategies)) or "none"
            return Ack(accepted=False, text=f"strategy: one of {known} (found: {strategy})"[:400])
        if not self._desk.at(venue_id):
            known = ", ".join(f"{own.venue_id} {own.execution}" for own in self._desk.accounts)
            return Ack(accepted=False, text=f"account: one of {known} (found: {venue_id})"[:400])
        markets = {n: each for n, each in self._checks.markets.items() if venue_id in (0, each.account.venue_id)}
        if number and number not in markets:
            known = ", ".join(f"{n} {market.feed.info.name}" for n, market in markets.items())
            reason = int(Reason.INSTRUMENT_NOT_FOUND)
            return Ack(accepted=False, reason=reason, text=f"instrument: one of {known} (found: {number})"[:400])
        return None
