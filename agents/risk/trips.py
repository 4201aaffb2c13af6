"""Limits that trip: what sets trading to REDUCING by itself, and what lifts that again.

A limit that denies new orders is half of it: what rests would go on opening positions. So a limit that is reached also
sets a trading mode, with its reason and figures, which cancels what would open and stays until its cause has gone:

- DAILY_LOSS, of an account or of the desk: until the next day begins, or an operator has the day begin anew.
- DRAWDOWN, of an account or of the desk: until an operator has the peak begin anew.
- STALE_MARKET_DATA, BOOK_INVALID and what else is wrong with a feed, of its instrument: until it was healthy for a while.
- RECONCILING and PORTFOLIO_UNAVAILABLE, as RECONCILIATION_TROUBLE of an account, and under its own name of an account or of
  the desk: until execution has agreed with the venue, and equity is known.

What may be a short gap has to last before it trips, and to be over for as long before it is lifted, so that nothing is
canceled and ordered again and again. Nothing here is done for each tick: `check` is called by a timer, and while nothing
is wrong and nothing is set, one question in compiled code answers it.
"""

from agents.risk.desk import Desk
from agents.risk.judged_market import JudgedMarket
from agents.risk.known_equity import KnownEquity
from agents.risk.limits import Denial, LossLimits, check_daily_loss, check_drawdown
from agents.risk.modes import Modes
from agents.risk.pre_trade import PreTradeChecks
from agents.state.market_view import Figures
from mesh.context import Context
from schemas.config import RiskConfig
from schemas.messages import Equity, EquityReset, TradingState
from schemas.orders import Reason, TradingMode
from schemas.units import MS, SECOND

DAY_NS = 86_400 * SECOND
TEXT_MAX = 400
ACTIVE, REDUCING = int(TradingMode.ACTIVE), int(TradingMode.REDUCING)


class _Watched:
    """Since when a cause is there, or has gone; 0 if it never was."""

    def __init__(self) -> None:
        self.bad_ns = 0
        self.good_ns = 0

    def note(self, bad: bool, now_ns: int) -> None:
        """Take how it is now."""
        if bad:
            self.bad_ns = self.bad_ns or now_ns
            self.good_ns = 0
        else:
            self.bad_ns = 0
            self.good_ns = self.good_ns or now_ns

    def is_bad_for(self, duration_ns: int, now_ns: int) -> bool:
        return self.bad_ns > 0 and now_ns - self.bad_ns >= duration_ns

    def is_good_for(self, duration_ns: int, now_ns: int) -> bool:
        return self.good_ns > 0 and now_ns - self.good_ns >= duration_ns


class Trips:
    """The limits of the desk and its accounts that have tripped, as entries of risk's own trading modes."""

    def __init__(self, config: RiskConfig, desk: Desk, checks: PreTradeChecks, modes: Modes) -> None:
        """Watch what `checks` judge by; `modes` know what has tripped, over restarts too."""
        self._config = config
        self._desk = desk
        self._checks = checks
        self._modes = modes
        self._watched: dict[tuple[int, int, int], _Watched] = {}
        """By venue (0: the desk), instrument (0: the account) and reason."""
        self._market_reasons: dict[int, int] = {}
        """Of each instrument that has tripped, the reason that its mode is set by."""
        self._reset_ns = {Reason.DAILY_LOSS: 0, Reason.DRAWDOWN: 0}
        """When an operator last had the day, or the peak, begin anew."""
        self._was_well = False
        """Whether no cause was there when all were last looked at, so that none has lasted since before."""

    def begin(self) -> None:
        """Take up what had tripped before a restart."""
        for state in self._modes.own.modes.values():
            if state.instrument_id and state.reason:
                self._market_reasons[state.instrument_id] = state.reason

    def take_reset(self, reset: EquityReset) -> None:
        """Take note that an operator had the peak, or the day's start, begin anew."""
        if reset.day_start:
            self._reset_ns[Reason.DAILY_LOSS] = reset.ts_recv_ns
        if reset.peak:
            self._reset_ns[Reason.DRAWDOWN] = reset.ts_recv_ns

    def check(self, ctx: Context) -> list[TradingState]:
        """Return the modes that are to be set or lifted now."""
        is_well = self._checks.is_well(ctx)
        if is_well and self._was_well and not self._modes.own.any:
            return []
        self._was_well = is_well
        changes: list[TradingState] = []
        for own in self._desk.accounts:
            changes += self._money(ctx, own.venue_id, own.equity, own.limits)
            changes += self._of_account(ctx, own.venue_id, Reason.RECONCILIATION_TROUBLE, own.reconciling(ctx))
        changes += self._money(ctx, 0, self._desk.equity, self._desk.limits)
        for number, market in self._checks.markets.items():
            changes += self._market(ctx, number, market)
        return changes

    def _money(self, ctx: Context, venue_id: int, known: KnownEquity, limits: LossLimits) -> list[TradingState]:
        """Return the changes for the equity of an account, or of the desk."""
        changes: list[TradingState] = []
        equity = known.equity
        if equity is not None:
            daily, fall = check_daily_loss(limits, equity), check_drawdown(limits, equity)
            changes += self._loss(ctx, venue_id, equity, Reason.DAILY_LOSS, daily)
            changes += self._loss(ctx, venue_id, equity, Reason.DRAWDOWN, fall)
        return changes + self._of_account(ctx, venue_id, Reason.PORTFOLIO_UNAVAILABLE, known.fault(ctx, limits))

    def _of_account(self, ctx: Context, venue_id: int, reason: Reason, denial: Denial | None) -> list[TradingState]:
        return self._lasting(ctx, venue_id, 0, reason, denial, self._config.account_grace_ms, 0)

    def _loss(
        self, ctx: Context, venue_id: int, equity: Equity, reason: Reason, denial: Denial | None
    ) -> list[TradingState]:
        state = self._modes.own.modes.get((venue_id, "", 0, int(reason)))
        if state is None:
            return [] if denial is None else [_state(ctx, REDUCING, reason, venue_id, 0, denial.figures)]
        is_next_day = reason is Reason.DAILY_LOSS and equity.ts_recv_ns // DAY_NS > state.ts_ns // DAY_NS
        is_over = is_next_day or self._reset_ns[reason] > state.ts_ns
        return [_state(ctx, ACTIVE, reason, venue_id, 0, {})] if denial is None and is_over else []

    def _market(self, ctx: Context, number: int, market: JudgedMarket) -> list[TradingState]:
        own = market.account
        fault = market.feed.fault(ctx, own.limits.market_data_age_ns_max)
        denial = None if fault is None else Denial(*fault)
        if self._checks.is_out_of_use(market):
            return []
        tripped = self._market_reasons.get(number)
        reason = Reason(tripped) if tripped else denial.reason if denial is not None else Reason.STALE_MARKET_DATA
        graces_ms = self._config.market_grace_ms, self._config.market_heal_ms
        changes = self._lasting(ctx, own.venue_id, number, reason, denial, *graces_ms)
        for state in changes:
            if state.mode == ACTIVE:
                del self._market_reasons[number]
            else:
                self._market_reasons[number] = state.reason
        return changes

    def _lasting(
        self,
        ctx: Context,
        venue_id: int,
        number: int,
        reason: Reason,
        denial: Denial | None,
        grace_ms: int,
        heal_ms: int,
    ) -> list[TradingState]:
        """Return the change of a mode whose cause has to last before it trips, and to be over before it is lifted."""
        key = (venue_id, number, 0 if number else int(reason))
        watched = self._watched.setdefault(key, _Watched())
        watched.note(denial is not None, ctx.now_ns)
        is_set = (venue_id, "", number, int(reason)) in self._modes.own.modes
        if denial is not None and not is_set and watched.is_bad_for(grace_ms * MS, ctx.now_ns):
            return [_state(ctx, REDUCING, reason, venue_id, number, denial.figures)]
        if is_set and watched.is_good_for(heal_ms * MS, ctx.now_ns):
            return [_state(ctx, ACTIVE, reason, venue_id, number, {})]
        return []


def _state(ctx: Context, mode: int, reason: Reason, venue_id: int, number: int, figures: Figures) -> TradingState:
    told = ", ".join(f"{name} {value}" for name, value in figures.items()) or "its cause has gone"
    return TradingState(
        mode=mode,
        text=told[:TEXT_MAX],
        reason=int(reason),
        instrument_id=number,
        venue_id=venue_id,
        ts_ns=ctx.wall_ns,
    )
