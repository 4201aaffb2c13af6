"""The judgement on one signal: every limit in turn, what is cheap and fundamental first.

The first check that fails is the answer. The rate limit comes last, so that only an order that passes takes a token.

There are two ways through. What could open or add to a position, whatever else fills, meets every limit. What can only
bring it nearer to zero (all that is on its way, UNKNOWN or canceled with fills to come counted as if it traded) is let out:
it must be an order that the venue takes, not meet an own order, and not be priced far through the market as it was last
known; no limit on exposure, loss, count, age, rate, correlation or UNKNOWN orders holds it, and it takes no token. It is
refused while execution is not reachable or has not agreed with the venue: then the position is not known, and nothing can
be told to reduce it. The largest quantity and value of an order hold for it too: it can be done in several.
"""

from collections.abc import Mapping

from agents.risk.buying_power import BuyingPower
from agents.risk.correlations import Correlations
from agents.risk.exposure import Exposures, JudgedMarket
from agents.risk.filters import (
    check_band,
    check_bracket,
    check_form,
    check_position_max,
    check_size,
)
from agents.risk.limits import (
    Denial,
    Limits,
    check_collar,
    check_equity,
    check_position,
    check_self_trade,
    collared,
    is_through,
    reduces,
)
from agents.risk.modes import Modes
from agents.risk.strategy_limits import StrategyLimits
from agents.state.account import Account, PositionRange
from agents.state.market_view import Figures, MarketView
from agents.state.message_fields import SIGNAL
from agents.state.positions import text_e8
from agents.state.trading_states import HALTED
from agents.state.venue_filters import filters_of
from core.token_bucket import TokenBucket
from mesh.context import Context
from schemas.config import LimitsConfig
from schemas.messages import Equity, Instrument, Signal, TradingState
from schemas.orders import ExecInst, Reason, Side
from schemas.streams import StreamState
from schemas.units import MS

LIVE = StreamState.LIVE
BUY = int(Side.BUY)
REDUCE_ONLY = int(ExecInst.REDUCE_ONLY)
ASKED_BY_STRATEGY = REDUCE_ONLY
NOTHING: list[int] = []
ASKED_BY_RISK = int(ExecInst.REDUCE_ONLY | ExecInst.CLOSE)


class PreTradeChecks:
    """Decides whether a signal may become an order; knows the market, the account and its equity.

    `order_source` and `equity_source` are (publisher, stream) of the account's order events and of its equity, which is
    of use for `equity_age_ns_max`. `modes` are the trading modes that are set.
    """

    def __init__(
        self,
        limits: Limits,
        config: LimitsConfig,
        feeds: Mapping[int, MarketView],
        account: Account,
        modes: Modes,
        strategy_limits: StrategyLimits,
        order_source: tuple[str, int],
        equity_source: tuple[str, int],
        equity_age_ns_max: int,
    ) -> None:
        """Start without market data, equity or tokens."""
        self.limits = limits
        self.markets = {number: JudgedMarket(feed) for number, feed in feeds.items()}
        self.equity: Equity | None = None
        self._equity_seen_ns = 0
        self._equity_age_ns_max = equity_age_ns_max
        self.bucket = TokenBucket(config.orders_per_second_max, config.orders_burst_max)
        self.correlations = Correlations(list(feeds), config.correlation_half_life_ms)
        self.exposures = Exposures(limits, self.markets, account, self.correlations)
        self._config = config
        self._account = account
        self._modes = modes
        self._buying_power = BuyingPower(account, limits.fee_reserve_ppb)
        self._strategy_limits = strategy_limits
        self._by_strategy = bool(strategy_limits)
        self._order_publisher, self._order_stream = order_source
        self._equity_publisher, self._equity_stream = equity_source

    def set_filters(self, instrument: Instrument) -> None:
        """Take the venue's filters of an instrument."""
        market = self.markets.get(instrument.instrument_id)
        if market is not None:
            market.filters = filters_of(market.feed.info, instrument)

    def set_equity(self, equity: Equity, now_ns: int, wall_ns: int) -> None:
        """Take the account's equity: as old as its publisher's clock says that it was on arrival, and older from then."""
        self.equity = equity
        self._equity_seen_ns = now_ns - max(0, wall_ns - equity.ts_recv_ns)

    def judge(self, ctx: Context, signal: Signal, closing: bool = False) -> Denial | None:
        """Return why the signal may not become an order now, None if it may; takes a token if it may open a position.

        `closing` is what risk itself asks for, on an operator's word; it passes while trading is halted, and only reduces.
        """
        instrument_id = SIGNAL.instrument_id.of(signal)
        mode: TradingState | None = None
        if self._modes.any:
            mode = self._modes.strictest(SIGNAL.strategy.of(signal), instrument_id)
            if mode is not None and mode.mode == HALTED and not closing:
                return Denial(Reason.HALTED, {"mode": "HALTED", "reason": mode.text})
        market = self.markets.get(instrument_id)
        if market is None:
            known = " ".join([str(number) for number in self.markets])
            return Denial(Reason.INSTRUMENT_NOT_FOUND, {"instrument_id": instrument_id, "instrument_ids": known})
        feed = market.feed
        denial = check_form(signal, ASKED_BY_RISK if closing else ASKED_BY_STRATEGY) or check_size(
            self.limits, feed.info, market.filters, signal
        )
        if denial is not None:
            return denial
        if SIGNAL.take_profit_ticks.int_of(signal) or SIGNAL.stop_ticks.int_of(signal):
            denial = check_bracket(market.filters, signal)
            if denial is not None:
                return denial
        # The size was checked, so these fit.
        side, qty_e8 = SIGNAL.side.int_of(signal), SIGNAL.qty_lots.int_of(signal) * feed.lot_e8
        reach = self._account.reach(instrument_id)
        reducing = reduces(reach, side, qty_e8)
        denial = self._check_execution(ctx) or self._check_own_orders(signal, market, reducing)
        if denial is not None:
            return denial
        if reducing:
            return self._check_closing_price(signal, market, side)
        if SIGNAL.exec_inst.int_of(signal) & REDUCE_ONLY:
            return _does_not_reduce(reach, side, qty_e8)
        if mode is not None:
            return _only_reducing(mode)
        return (
            self._check_counts(signal)
            or self._check_market(ctx, signal, market)
            or check_position(self.limits, reach, side, qty_e8)
            or self._check_more_risk(ctx, signal, market, reach, side, qty_e8)
            or self._check_rate(ctx)
        )

    def is_well(self, ctx: Context) -> bool:
        """Return whether account, equity and every market are known and within what sets a trading mode."""
        if self.equity is not None and check_equity(self.limits, self.equity) is not None:
            return False
        if self.reconciling(ctx) is not None or self.equity_fault(ctx) is not None:
            return False
        for market in self.markets.values():
            feed = market.feed
            if feed.fault(ctx, self.limits.market_data_age_ns_max) is not None and not self.is_out_of_use(feed):
                return False
        return True

    def is_out_of_use(self, feed: MarketView) -> bool:
        """Return whether an instrument was never heard of, and no order of it is out."""
        if feed.trades.epoch or feed.books.epoch or feed.quotes.epoch:
            return False
        return feed.info.id not in self._account.orders.instruments()

    def reconciling(self, ctx: Context) -> Denial | None:
        """Return why the account is not known although execution is there, None if it is or execution is not."""
        is_live = ctx.stream_state(self._order_publisher, self._order_stream) is LIVE
        return self._check_execution(ctx) if is_live else None

    def equity_fault(self, ctx: Context) -> Denial | None:
        """Return why equity is not known although a limit is on it, None if it is or none is."""
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
        return None

    def _check_execution(self, ctx: Context) -> Denial | None:
        state = ctx.stream_state(self._order_publisher, self._order_stream)
        if state is not LIVE:
            figures: Figures = {"stream_state": StreamState(state).name, "stream_state_required": "LIVE"}
            return Denial(Reason.EXECUTION_UNAVAILABLE, figures)
        if not self._account.is_reconciled():
            account = self._account
            figures = {"reconciled_epoch": account.reconciled_epoch, "execution_epoch": account.epoch}
            return Denial(Reason.RECONCILING, figures)
        return None

    def _check_counts(self, signal: Signal) -> Denial | None:
        unknown = self._account.orders.count_unknown
        if unknown > self.limits.unknown_orders_max:
            figures: Figures = {"unknown_orders": unknown, "unknown_orders_max": self.limits.unknown_orders_max}
            return Denial(Reason.UNKNOWN_ORDERS_OUTSTANDING, figures)
        count = self._account.orders.count_open
        if count >= self.limits.open_orders_max:
            # What it takes the place of is canceled before it is sent.
            replaced = self._account.orders.get(SIGNAL.replaces.of(signal))
            count -= replaced is not None and replaced.open
        if count >= self.limits.open_orders_max:
            figures = {"open_orders": count, "open_orders_max": self.limits.open_orders_max}
            return Denial(Reason.MAX_OPEN_ORDERS, figures)
        return None

    def _check_market(self, ctx: Context, signal: Signal, market: JudgedMarket) -> Denial | None:
        feed = market.feed
        fault = feed.fault(ctx, self.limits.market_data_age_ns_max)
        if fault is not None:
            return Denial(*fault)
        side, price_ticks = SIGNAL.side.int_of(signal), SIGNAL.price_ticks.int_of(signal)
        if market.filters.banded and (denial := check_band(market.filters, feed, side, price_ticks)) is not None:
            return denial
        last_ticks = feed.last_px_ticks if feed.trades.healthy else 0
        return check_collar(self.limits, side, price_ticks, feed.bid_ticks(), feed.ask_ticks(), last_ticks)

    def _check_closing_price(self, signal: Signal, market: JudgedMarket, side: int) -> Denial | None:
        """Deny a price that is further through what it would meet than the collar, as that was last known."""
        feed, filters = market.feed, market.filters
        price_ticks = SIGNAL.price_ticks.int_of(signal)
        if filters.banded and (denial := check_band(filters, feed, side, price_ticks)) is not None:
            return denial
        best_ticks = self.opposite_ticks(feed, side)
        if best_ticks == 0:
            return Denial(Reason.STALE_MARKET_DATA, {"market_seen": 0})
        if is_through(self.limits, side, price_ticks, 2 * best_ticks):
            return collared(self.limits, "ask" if side == BUY else "bid", price_ticks, 2 * best_ticks)
        return None

    def opposite_ticks(self, feed: MarketView, side: int) -> int:
        """Return the best price that an order would meet as it was last known, else the last trade's, else our last fill's.

        0 if no price was ever known.
        """
        best_ticks = feed.ask_ticks() if side == BUY else feed.bid_ticks()
        if best_ticks:
            return best_ticks
        ledger = self._account.ledgers.get(feed.info.id)
        own = 0 if ledger is None else ledger.last_px_e8 // feed.info.tick_e8
        return feed.last_px_ticks or own

    def _check_own_orders(self, signal: Signal, market: JudgedMarket, reducing: bool) -> Denial | None:
        # What is UNKNOWN may rest nowhere, so it stands in no close's way; where it does rest, the venue prevents a trade.
        replaces, instrument_id, most = SIGNAL.replaces.of(signal), market.feed.info.id, market.filters.max_open_orders
        if replaces and (denial := self._check_replaced(signal, replaces)) is not None:
            return denial
        count = 0
        order = self._account.orders.binding.oldest
        while order is not None:
            if order.instrument_id == instrument_id and order.client_order_id != replaces:
                denial = None if reducing and order.unknown else check_self_trade(signal, order)
                if denial is not None:
                    return denial
                count += order.open
            order = order.newer
        if most and count >= most:
            return Denial(Reason.MAX_OPEN_ORDERS, {"open_orders": count, "venue_open_orders_max": most})
        return None

    def _check_replaced(self, signal: Signal, replaces: str) -> Denial | None:
        order = self._account.orders.get(replaces)
        if order is None or order.strategy == signal.strategy:
            return None
        figures: Figures = {"replaces": replaces, "strategy": signal.strategy, "its_strategy": order.strategy}
        return Denial(Reason.NOT_OWN_ORDER, figures)

    def _check_more_risk(
        self, ctx: Context, signal: Signal, market: JudgedMarket, reach: PositionRange, side: int, qty_e8: int
    ) -> Denial | None:
        # Mostly there is nothing anywhere else, and then nothing else to look at.
        instrument_id = SIGNAL.instrument_id.of(signal)
        alone = self._account.is_alone(instrument_id)
        denial = self._check_account(signal, market, reach, side, qty_e8, alone)
        if denial is not None:
            return denial
        others = NOTHING if alone else self.exposures.others(instrument_id)
        return (
            self.exposures.check(ctx, signal, market.feed, reach, others)
            or self.equity_fault(ctx)
            or (None if self.equity is None else check_equity(self.limits, self.equity))
            or (self.exposures.check_correlation(ctx, signal, others) if others else None)
        )

    def _check_account(
        self, signal: Signal, market: JudgedMarket, reach: PositionRange, side: int, qty_e8: int, alone: bool
    ) -> Denial | None:
        """Deny what the venue does not let the account hold, its strategy may not have, or it cannot pay for."""
        info = market.feed.info
        if side == BUY and (denial := check_position_max(market.filters, info, reach, qty_e8)) is not None:
            return denial
        if self._by_strategy and (denial := self._strategy_limits.check(signal, info)) is not None:
            return denial
        if market.on_margin:
            return None
        return self._buying_power.check(market, side, SIGNAL.price_ticks.int_of(signal), qty_e8, alone)

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


def _only_reducing(state: TradingState) -> Denial:
    """Return the denial of what opens: by what set the mode, if that was not an operator."""
    by = Reason(state.reason) if state.reason in Reason._value2member_map_ else Reason.NONE
    return Denial(by or Reason.TRADING_REDUCING, {"mode": "REDUCING", "reason": state.text})


def _does_not_reduce(reach: PositionRange, side: int, qty_e8: int) -> Denial:
    """Return the denial of an order that was to reduce only, with what would have."""
    buys = side == BUY
    figures: Figures = {
        "position": text_e8(reach.net_qty_e8),
        "open_orders": text_e8(reach.buys_e8 if buys else reach.sells_e8),
        "order_qty": text_e8(qty_e8),
        "order_qty_max": text_e8(max(0, -reach.long_e8 if buys else reach.short_e8)),
    }
    return Denial(Reason.DOES_NOT_REDUCE, figures)
