"""The judgement on one signal: every limit in turn, what is cheap and fundamental first.

The first check that fails is the answer. The rate limit comes last, so that only an order that passes takes a token.
Exposure is that of all instruments together, each at the worst that its open orders allow, valued at the middle price
(at the last trade, the order's price or the last fill where there is none).
"""

from collections.abc import Mapping

from agents.risk.correlations import Correlations
from agents.risk.limits import (
    Denial,
    Limits,
    check_collar,
    check_equity,
    check_form,
    check_position,
    check_self_trade,
    check_size,
    exposure_e8,
    filters_of,
    is_beyond,
    reduces,
)
from agents.state.account import Account, PositionRange
from agents.state.market_view import Figures, MarketView
from agents.state.message_fields import SIGNAL
from agents.state.positions import text_e8
from agents.state.trading_states import HALTED, TradingStates
from core.token_bucket import TokenBucket
from mesh.context import Context
from schemas.config import LimitsConfig
from schemas.messages import Equity, Instrument, Signal
from schemas.orders import Reason, Side
from schemas.streams import StreamState
from schemas.units import MS

LIVE = StreamState.LIVE
BUY = int(Side.BUY)


class _Market:
    """One instrument as it is judged: its feed, and what the venue takes."""

    def __init__(self, feed: MarketView) -> None:
        self.feed = feed
        self.filters = filters_of(feed.info, None)


class PreTradeChecks:
    """Decides whether a signal may become an order; knows the market, the account and its equity.

    `order_source` and `equity_source` are (publisher, stream) of the account's order events and of its equity, which is
    of use for `equity_age_ns_max`.
    """

    def __init__(
        self,
        limits: Limits,
        config: LimitsConfig,
        feeds: Mapping[int, MarketView],
        account: Account,
        order_source: tuple[str, int],
        equity_source: tuple[str, int],
        equity_age_ns_max: int,
    ) -> None:
        """Start without market data, equity or tokens."""
        self.limits = limits
        self.feeds = feeds
        self._markets = {number: _Market(feed) for number, feed in feeds.items()}
        self.states = TradingStates()
        self.equity: Equity | None = None
        self._equity_seen_ns = 0
        self._equity_age_ns_max = equity_age_ns_max
        self.bucket = TokenBucket(config.orders_per_second_max, config.orders_burst_max)
        self.correlations = Correlations(list(feeds), config.correlation_half_life_ms)
        self._config = config
        self._account = account
        self._order_publisher, self._order_stream = order_source
        self._equity_publisher, self._equity_stream = equity_source

    def set_filters(self, instrument: Instrument) -> None:
        """Take the venue's filters of an instrument."""
        market = self._markets.get(instrument.instrument_id)
        if market is not None:
            market.filters = filters_of(market.feed.info, instrument)

    def set_equity(self, equity: Equity, now_ns: int, wall_ns: int) -> None:
        """Take the account's equity: as old as its publisher's clock says that it was on arrival, and older from then."""
        self.equity = equity
        self._equity_seen_ns = now_ns - max(0, wall_ns - equity.ts_recv_ns)

    def judge(self, ctx: Context, signal: Signal) -> Denial | None:
        """Return why the signal may not become an order now, None if it may; takes a token if it may."""
        if self.states.any:
            state = self.states.of(0, SIGNAL.strategy.of(signal), SIGNAL.instrument_id.of(signal))
            if state is not None and state.mode == HALTED:
                return Denial(Reason.HALTED, {"mode": "HALTED", "reason": state.text})
        instrument_id = SIGNAL.instrument_id.of(signal)
        market = self._markets.get(instrument_id)
        if market is None:
            known = " ".join([str(number) for number in self.feeds])
            return Denial(Reason.INSTRUMENT_NOT_FOUND, {"instrument_id": instrument_id, "instrument_ids": known})
        feed = market.feed
        denial = check_form(signal) or check_size(self.limits, feed.info, market.filters, signal)
        if denial is not None:
            return denial
        # The size was checked, so these fit.
        side, qty_e8 = SIGNAL.side.int_of(signal), SIGNAL.qty_lots.int_of(signal) * feed.lot_e8
        price_ticks = SIGNAL.price_ticks.int_of(signal)
        reach = self._account.reach(instrument_id)
        denial = (
            self._check_execution(ctx)
            or self._check_market(ctx, feed, price_ticks)
            or self._check_orders(signal, instrument_id)
            or check_position(self.limits, reach, side, qty_e8)
        )
        if denial is None and not reduces(reach, side, qty_e8):
            denial = self._check_more_risk(ctx, signal, instrument_id, feed, reach)
        return denial or self._check_rate(ctx)

    def exposure_gross_e8(self) -> int:
        """Return the exposure of all instruments now."""
        gross_e8 = 0
        for number in self._account.instruments():
            reach = self._account.reach(number)
            gross_e8 += _worst_e8(reach.long_e8, reach.short_e8, self._mark_px_e8(number))
        return gross_e8

    def _check_execution(self, ctx: Context) -> Denial | None:
        state = ctx.stream_state(self._order_publisher, self._order_stream)
        if state is not LIVE:
            figures: Figures = {"stream_state": StreamState(state).name, "stream_state_required": "LIVE"}
            return Denial(Reason.EXECUTION_UNAVAILABLE, figures)
        if not self._account.is_reconciled():
            account = self._account
            figures = {"reconciled_epoch": account.reconciled_epoch, "execution_epoch": account.epoch}
            return Denial(Reason.RECONCILING, figures)
        unknown = self._account.orders.count_unknown
        if unknown > self.limits.unknown_orders_max:
            figures = {"unknown_orders": unknown, "unknown_orders_max": self.limits.unknown_orders_max}
            return Denial(Reason.UNKNOWN_ORDERS_OUTSTANDING, figures)
        return None

    def _check_market(self, ctx: Context, feed: MarketView, price_ticks: int) -> Denial | None:
        fault = feed.fault(ctx, self.limits.market_data_age_ns_max)
        if fault is not None:
            return Denial(*fault)
        last_ticks = feed.last_px_ticks if feed.trades.healthy else 0
        return check_collar(self.limits, price_ticks, feed.bid_ticks(), feed.ask_ticks(), last_ticks)

    def _check_orders(self, signal: Signal, instrument_id: int) -> Denial | None:
        count = self._account.orders.count_open
        order = self._account.orders.binding.oldest
        while order is not None:
            if order.instrument_id == instrument_id and (denial := check_self_trade(signal, order)) is not None:
                return denial
            order = order.newer
        if count >= self.limits.open_orders_max:
            return Denial(
                Reason.MAX_OPEN_ORDERS, {"open_orders": count, "open_orders_max": self.limits.open_orders_max}
            )
        return None

    def _check_more_risk(
        self, ctx: Context, signal: Signal, instrument_id: int, feed: MarketView, reach: PositionRange
    ) -> Denial | None:
        # Mostly there is nothing anywhere else, and then nothing else to look at.
        alone = self._account.is_alone(instrument_id)
        others = [] if alone else [number for number in self._account.instruments() if number != instrument_id]
        return (
            self._check_exposure(signal, feed, reach, others)
            or self._check_equity(ctx)
            or (None if alone else self._check_correlation(signal))
        )

    def _check_exposure(
        self, signal: Signal, feed: MarketView, reach: PositionRange, others: list[int]
    ) -> Denial | None:
        gross_max_e8, net_max_e8 = self.limits.exposure_gross_max_e8, self.limits.exposure_net_max_e8
        if not (gross_max_e8 or net_max_e8):
            return None
        side, qty_e8 = SIGNAL.side.int_of(signal), SIGNAL.qty_lots.int_of(signal) * feed.lot_e8
        mark = feed.mid_e8() or _px_e8(feed, SIGNAL.price_ticks.int_of(signal))
        long_e8, short_e8 = reach.long_e8, reach.short_e8
        if side == BUY:
            long_e8 += qty_e8
        else:
            short_e8 -= qty_e8
        gross_e8 = _worst_e8(long_e8, short_e8, mark)
        net_e8 = exposure_e8(long_e8 if side == BUY else -short_e8, mark)
        added_e8 = gross_e8 - _worst_e8(reach.long_e8, reach.short_e8, mark)
        # Beyond the bound neither a difference nor a sum tells anything, and nothing more may be added.
        beyond = is_beyond(gross_e8)
        for number in others:
            other, other_mark = self._account.reach(number), self._mark_px_e8(number)
            worst_e8 = _worst_e8(other.long_e8, other.short_e8, other_mark)
            beyond = beyond or is_beyond(worst_e8)
            gross_e8 += worst_e8
            net_e8 += exposure_e8(other.long_e8 if side == BUY else -other.short_e8, other_mark)
        if (added_e8 > 0 or beyond) and 0 < gross_max_e8 < gross_e8:
            figures: Figures = {"exposure_gross": text_e8(gross_e8), "exposure_gross_max": text_e8(gross_max_e8)}
            return Denial(Reason.MAX_EXPOSURE_GROSS, figures)
        if net_max_e8 > 0 and (net_max_e8 < net_e8 or beyond):
            figures = {"exposure_net": text_e8(side * net_e8), "exposure_net_max": text_e8(net_max_e8)}
            return Denial(Reason.MAX_EXPOSURE_NET, figures)
        return None

    def _check_equity(self, ctx: Context) -> Denial | None:
        if self.limits.daily_loss_max_e8 == 0 and self._config.drawdown_max >= 1.0:
            return None
        state = ctx.stream_state(self._equity_publisher, self._equity_stream)
        if state is not LIVE or self.equity is None:
            figures: Figures = {
                "stream_state": StreamState(state).name,
                "stream_state_required": "LIVE",
                "equity_seen": int(self.equity is not None),
            }
            return Denial(Reason.PORTFOLIO_UNAVAILABLE, figures)
        age_ns = ctx.now_ns - self._equity_seen_ns
        if age_ns > self._equity_age_ns_max:
            figures = {"age_ms": age_ns // MS, "age_ms_max": self._equity_age_ns_max // MS}
            return Denial(Reason.PORTFOLIO_UNAVAILABLE, figures)
        return check_equity(self.limits, self.equity)

    def _check_correlation(self, signal: Signal) -> Denial | None:
        if self.limits.correlation_max >= 1.0:
            return None
        for number in self._account.instruments():
            reach = self._account.reach(number)
            sides = _sides(reach, self._account.info(number).lot_e8)
            if number != signal.instrument_id and sides:
                denial = self._compare(signal, number, reach, sides)
                if denial is not None:
                    return denial
        return None

    def _compare(self, signal: Signal, number: int, reach: PositionRange, sides: tuple[int, ...]) -> Denial | None:
        """Deny more of what moves with an exposure that the account has or may get, or may do so for all that is known."""
        correlation = self.correlations.between(signal.instrument_id, number)
        figures: Figures = {
            "with": self._account.info(number).symbol,
            "with_position": text_e8(reach.net_qty_e8),
            "with_open_buys": text_e8(reach.buys_e8),
            "with_open_sells": text_e8(reach.sells_e8),
        }
        if correlation is None:
            figures |= {"samples": self.correlations.samples, "samples_needed": self.correlations.samples_needed}
            return Denial(Reason.CORRELATION, {"correlation": "unknown", **figures})
        together = max(signal.side * side * correlation for side in sides)
        if together <= self.limits.correlation_max:
            return None
        compared: Figures = {"correlation": together, "correlation_max": self.limits.correlation_max}
        return Denial(Reason.CORRELATION, compared | figures)

    def _check_rate(self, ctx: Context) -> Denial | None:
        if self.bucket.take(ctx.now_ns):
            return None
        figures: Figures = {
            "orders_available": self.bucket.level(ctx.now_ns),
            "orders_needed": 1,
            "orders_per_second_max": self._config.orders_per_second_max,
            "orders_burst_max": self._config.orders_burst_max,
        }
        return Denial(Reason.ORDER_RATE, figures)

    def _mark_px_e8(self, number: int) -> int:
        market = self._markets.get(number)
        mark = market.feed.mid_e8() if market is not None else 0
        if mark:
            return mark
        ledger, info = self._account.ledgers.get(number), self._account.info(number)
        return (ledger.last_px_e8 if ledger is not None else 0) or max(
            [info.px_e8(order.price_ticks) for order in self._account.orders.of(number)], default=0
        )


def _sides(reach: PositionRange, lot_e8: int) -> tuple[int, ...]:
    """Return the signs that the position may have once open orders have traded; less than a lot is none."""
    long, short = reach.long_e8 >= lot_e8, reach.short_e8 <= -lot_e8
    return (1,) * long + (-1,) * short


def _worst_e8(long_e8: int, short_e8: int, mark_px_e8: int) -> int:
    return exposure_e8(max(long_e8, -long_e8, short_e8, -short_e8), mark_px_e8)


def _px_e8(feed: MarketView, price_ticks: int) -> int:
    return price_ticks * feed.tick_e8
